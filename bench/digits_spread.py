"""Trains yolov5n from scratch on 1,000 digits scenes with evotop-yolo and with a YOLOv5 checkout, several seeds of each, and prints mAP50.

    python bench/digits_spread.py --yolov5 CHECKOUT [--seeds 0 1 2] [--epochs 40] [--train 1000]

Ends with 1 where the means lie further apart than 0.03 and than both spreads. Takes minutes per training on a quiet machine.
"""

import argparse
import csv
import pathlib
import statistics
import sys
import tempfile

from reference import run


def last_map50(folder):
    with next(pathlib.Path(folder).rglob("results.csv")).open() as file:
        rows = [{name.strip(): cell for name, cell in row.items()} for row in csv.DictReader(file)]
    return float(rows[-1]["metrics/mAP_0.5"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--yolov5", type=pathlib.Path, required=True)
    parser.add_argument("--evotop", type=pathlib.Path, default="target/debug/evotop-yolo")
    parser.add_argument("--hyp", type=pathlib.Path, default="hyp/digits.yaml")
    parser.add_argument("--cfg", default="yolov5n")
    parser.add_argument("--train", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    ask = parser.parse_args()
    for name in ("yolov5", "evotop", "hyp"):
        setattr(ask, name, getattr(ask, name).resolve())

    found = {"evotop": [], "reference": []}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        run([ask.evotop, "digits", "--out", folder / "scenes", "--train", ask.train, "--val", 200])
        common = ["--data", folder / "scenes/digits.yaml", "--weights", "", "--hyp", ask.hyp, "--epochs", ask.epochs, "--batch", 16,
                  "--img", 160, "--name", "one"]
        for seed in ask.seeds:
            mine, other = folder / f"ours{seed}", folder / f"theirs{seed}"
            run([ask.evotop, "train", "--cfg", ask.cfg, "--seed", seed, "--val", "last", "--project", mine, *common])
            found["evotop"].append(last_map50(mine))
            run([sys.executable, "train.py", "--cfg", f"{ask.cfg}.yaml", "--seed", seed, "--noval", "--noplots", "--cache", "ram", "--workers",
                 2, "--device", "cpu", "--project", other, *common], ask.yolov5)
            found["reference"].append(last_map50(other))
            print(f"seed {seed}: evotop {found['evotop'][-1]:.4f}  reference {found['reference'][-1]:.4f}", flush=True)

    spread = 0.0
    for name, numbers in found.items():
        spread = max(spread, max(numbers) - min(numbers))
        print(f"{name:>10}: mAP50 mean {statistics.mean(numbers):.4f}, {min(numbers):.4f} to {max(numbers):.4f}")
    apart = abs(statistics.mean(found["evotop"]) - statistics.mean(found["reference"]))
    print(f"means {apart:.4f} apart (limit 0.03 or the larger spread, {spread:.4f})")
    sys.exit(1 if apart > max(0.03, spread) else 0)


if __name__ == "__main__":
    main()
