"""Evolves YOLOv5's own train.py: three generations on digits scenes, one of them interrupted, and shows what was seen.

    python bench/real_yolov5.py --yolov5 CHECKOUT [--generations 3] [--epochs 1]

Prints the transcript of `evotop run --preset yolov5`, kills the session while a generation trains, resumes it by the same command, and checks
that evolve.csv has every generation once, with values that the checkout's results.csv had, and that `evotop verify` is clean.
"""

import argparse
import csv
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from reference import QUIET


def rows(path):
    with path.open() as file:
        return [{name.strip(): float(cell) for name, cell in row.items()} for row in csv.DictReader(file)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--yolov5", type=pathlib.Path, required=True)
    parser.add_argument("--evotop", type=pathlib.Path, default="target/debug/evotop")
    parser.add_argument("--generations", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=1)
    ask = parser.parse_args()
    evotop, checkout = ask.evotop.resolve(), ask.yolov5.resolve()
    env = {**os.environ, **QUIET}

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        subprocess.run([evotop.with_name("evotop-yolo"), "digits", "--out", folder / "scenes", "--train", "64", "--val", "32"], check=True)
        directory = folder / "session"
        command = [evotop, "run", "--headless", "--dir", directory, "--preset", "yolov5", "--hyp", "digits", "--devices", "cpu", "--seed", "1",
                   "--generations", str(ask.generations), "--", sys.executable, "train.py", "--data", folder / "scenes/digits.yaml",
                   "--weights", "", "--cfg", "yolov5n.yaml", "--epochs", str(ask.epochs), "--batch", "16", "--img", "160", "--workers", "1"]
        words = [str(word) for word in command]
        print("$", " ".join(words), flush=True)
        first = subprocess.Popen(words, cwd=checkout, env=env)
        table = directory / "evolve.csv"
        while not (table.exists() and rows(table)):
            if first.poll() is not None:
                sys.exit(f"ended with {first.returncode} before its first generation did")
            time.sleep(0.5)
        time.sleep(3)
        first.send_signal(signal.SIGKILL)
        print(f"# killed with SIGKILL after {len(rows(table))} of {ask.generations} generations; the same command again", flush=True)
        first.wait()
        subprocess.run(words, cwd=checkout, env=env, check=True)

        found = rows(table)
        assert len(found) == ask.generations, f"{len(found)} rows for {ask.generations} generations"
        print(table.read_text(), end="")
        for results in sorted(directory.glob("trials/*/*/**/results.csv")):
            last = rows(results)[-1]
            print(results.relative_to(directory), {name: last[name] for name in ("metrics/mAP_0.5", "metrics/mAP_0.5:0.95", "val/box_loss")})
        subprocess.run([evotop, "verify", directory], check=True)


if __name__ == "__main__":
    main()
