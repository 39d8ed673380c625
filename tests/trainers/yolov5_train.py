"""A stand-in for YOLOv5's train.py: its options, its output and its results.csv, without training anything."""
import argparse
import math
import os
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("--weights", default="yolov5s.pt")
parser.add_argument("--data", default="data/coco128.yaml")
parser.add_argument("--hyp", required=True)
parser.add_argument("--epochs", type=int, default=3)
parser.add_argument("--project", default="runs/train")
parser.add_argument("--name", default="exp")
parser.add_argument("--device", default="")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--exist-ok", action="store_true")
parser.add_argument("--noval", action="store_true")
parser.add_argument("--nosave", action="store_true")
opt = parser.parse_args()

hyp = {}
with open(opt.hyp) as file:
    for line in file:
        name, value = line.split(":")
        hyp[name] = float(value)

os.makedirs(os.path.join(opt.project, opt.name), exist_ok=opt.exist_ok)
path = os.path.join(opt.project, opt.name, "results.csv")
keys = ["train/box_loss", "train/obj_loss", "train/cls_loss", "metrics/precision", "metrics/recall",
        "metrics/mAP_0.5", "metrics/mAP_0.5:0.95", "val/box_loss", "val/obj_loss", "val/cls_loss",
        "x/lr0", "x/lr1", "x/lr2"]
quality = math.exp(-abs(math.log10(hyp["lr0"] / 0.02)))
sys.stderr.write("train: weights=%s, device=%s, seed=%d\n" % (opt.weights, opt.device, opt.seed))
for epoch in range(opt.epochs):
    sys.stderr.write(("\n" + "%11s" * 7 + "\n") % ("Epoch", "GPU_mem", "box_loss", "obj_loss", "cls_loss", "Instances", "Size"))
    for batch in range(1, 9):
        text = ("%11s" * 2 + "%11.4g" * 5) % ("%d/%d" % (epoch, opt.epochs - 1), "2.1G", 0.1171, 0.03026, 0.02751, 37, 320)
        bar = "█" * batch + " " * (8 - batch)
        sys.stderr.write("\r%s: %3d%%|%s| %d/8 [00:0%d<00:00,  9.35it/s]" % (text, batch * 100 // 8, bar, batch, batch // 4))
        time.sleep(0.005)
    sys.stderr.write("\n")
    loss = float("nan") if hyp["lr0"] > 0.09 else 0.11871 - 0.01 * epoch
    results = [0.0] * 7
    if not opt.noval or epoch == opt.epochs - 1:
        results = [0.5 * quality, 0.6 * quality, 0.7 * quality, 0.5 * quality, 0.1131, 0.028, 0.026]
    values = [loss, 0.03026, 0.02751] + results + [hyp["lr0"]] * 3
    header = "" if os.path.exists(path) else ("%20s," * 14 % tuple(["epoch"] + keys)).rstrip(",") + "\n"
    with open(path, "a") as file:
        file.write(header + ("%20.5g," * 14 % tuple([epoch] + values)).rstrip(",") + "\n")
print("%d epochs completed in 0.001 hours." % opt.epochs)
