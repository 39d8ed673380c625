"""Validates the same weights on the same data with evotop-yolo and with a YOLOv5 checkout, and compares.

    python bench/val_parity.py --yolov5 CHECKOUT --weights W.pt --data D.yaml --img 160 --batch 16
    python bench/val_parity.py --yolov5 CHECKOUT --weights W.safetensors --cfg MODEL.yaml ...

Weights in safetensors (evotop's own) are first written as a checkpoint for the reference. The data set must lie where both may read it;
the reference writes label caches beside the labels, so name a copy. Ends with 1 where P or R differ by more than 0.01, mAP by more than
0.003. Picture by picture (--batch 1) the two were seen to agree to 0.00001 on PNG and JPEG of many shapes, some turned by their EXIF, scaled up
and down; in batches too where all have one shape. Where pictures of several shapes share a batch, which of them do is decided by ties in the
order of their shapes, which NumPy breaks otherwise on other processors: on 100 to 150 such pictures that moved P by up to 0.0068, R by 0.0076,
mAP50 by 0.0012 and mAP by 0.0017.
"""

import argparse
import pathlib
import sys
import tempfile

import yaml
from reference import NAMES, all_row, run, to_checkpoint

LIMITS = {"precision": 0.01, "recall": 0.01, "mAP50": 0.003, "mAP50-95": 0.003}


# The reference prints three digits; this prints all of its numbers in the same row. Newer checkouts round the size of a loaded picture up,
# v7.0 (which evotop follows) cut it: so that no pixel column more or less is compared, `ceil` in its loader cuts here.
PRECISE = """
import math, sys, types
sys.path.insert(0, '.')
sys.argv[0] = 'val.py'
import utils.dataloaders
utils.dataloaders.math = types.SimpleNamespace(**{**vars(math), 'ceil': int})
import val
results = val.run(**vars(val.parse_opt()))
print('all 0 0', *(f'{number:.6f}' for number in results[0][:4]))
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--yolov5", type=pathlib.Path, required=True)
    parser.add_argument("--evotop", type=pathlib.Path, default="target/debug/evotop-yolo")
    parser.add_argument("--weights", type=pathlib.Path, required=True)
    parser.add_argument("--cfg", type=pathlib.Path, help="model YAML, for weights in safetensors")
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--img", type=int, default=160)
    parser.add_argument("--batch", type=int, default=16)
    ask = parser.parse_args()
    checkout, data, weights = ask.yolov5.resolve(), ask.data.resolve(), ask.weights.resolve()

    common = ["--data", data, "--img", ask.img]
    ours = all_row(run([ask.evotop, "val", "--weights", weights, "--batch", ask.batch, *common]))
    with tempfile.TemporaryDirectory() as folder:
        if weights.suffix == ".safetensors":
            names = yaml.safe_load(data.read_text())["names"]
            names = list(names.values()) if isinstance(names, dict) else names
            checkpoint = pathlib.Path(folder) / "reference.pt"
            to_checkpoint(weights, ask.cfg.resolve(), checkout, checkpoint, names)
            weights = checkpoint
        theirs = all_row(run([sys.executable, "-c", PRECISE, "--weights", weights, "--batch", ask.batch,
                              "--workers", 0, "--project", folder, *common], checkout))

    bad = False
    print(f"{'':>10} {'evotop':>9} {'reference':>9} {'apart':>9} {'limit':>6}")
    for name, place in NAMES.items():
        apart = abs(ours[place] - theirs[place])
        bad |= apart > LIMITS[name]
        print(f"{name:>10} {ours[place]:9.6f} {theirs[place]:9.6f} {apart:9.6f} {LIMITS[name]:6.3f}")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
