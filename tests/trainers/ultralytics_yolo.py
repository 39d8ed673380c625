"""A stand-in for Ultralytics' `yolo detect train data=... lr0=...`: its argument names and its results.csv."""
import os
import sys
import time

words = sys.argv[1:]
assert words[:2] == ["detect", "train"], words
args = dict(word.split("=", 1) for word in words[2:])
known = {"data", "model", "epochs", "project", "name", "exist_ok", "device", "seed", "plots",
         "lr0", "lrf", "momentum", "weight_decay", "warmup_epochs", "warmup_momentum", "box", "cls", "dfl",
         "hsv_h", "hsv_s", "hsv_v", "degrees", "translate", "scale", "shear", "perspective", "flipud", "fliplr",
         "bgr", "mosaic", "mixup", "copy_paste"}
for name in args:
    if name not in known:
        sys.exit("SyntaxError: '%s' is not a valid YOLO argument." % name)
save_dir = os.path.join(args["project"], args["name"])
os.makedirs(save_dir, exist_ok=args["exist_ok"] == "True")
keys = ["time", "train/box_loss", "train/cls_loss", "train/dfl_loss", "metrics/precision(B)", "metrics/recall(B)",
        "metrics/mAP50(B)", "metrics/mAP50-95(B)", "val/box_loss", "val/cls_loss", "val/dfl_loss",
        "lr/pg0", "lr/pg1", "lr/pg2"]
epochs = int(args["epochs"])
lr = float(args["lr0"])
for epoch in range(epochs):
    print("\n%11s%11s" % ("Epoch", "GPU_mem"))
    print("%11s%11s   1.1  2.2  1.3  17  640: 100%%|██████████| 4/4 [00:01<00:00,  3.10it/s]" % ("%d/%d" % (epoch + 1, epochs), "0G"))
    values = [1.5 * (epoch + 1), 1.1, 2.2, 1.3, 0.5, 0.6, 0.3 + 0.1 * epoch, 0.2 + 0.1 * epoch - lr, 1.2, 1.9, 1.4, lr, lr, lr]
    with open(os.path.join(save_dir, "results.csv"), "a") as file:
        if epoch == 0:
            file.write(("%s," * 15 % tuple(["epoch"] + keys)).rstrip(",") + "\n")
        file.write(("%.6g," * 15 % tuple([epoch + 1] + values)).rstrip(",") + "\n")
    time.sleep(0.01)
print("Results saved to " + save_dir)
