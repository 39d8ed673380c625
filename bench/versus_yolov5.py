"""Speed against the reference's own training loop: the same data, model, batch, epochs, threads and libtorch version, validation at the end.

    evotop-yolo digits --out scenes --train 1000 --val 200
    python bench/versus_yolov5.py --yolov5 CHECKOUT --data scenes/digits.yaml

Prints images a second while training (epochs after the first, whole loop) on that data, and generations an hour of trainings of three epochs
on the digits of 128 + 64 scenes: ours in a warm worker, theirs by calling the checkout's train() again in one warm process, as its --evolve does.
Both train in turns, since a machine's speed drifts within minutes.
Takes minutes; use a quiet machine. The reference writes label caches beside the labels: name a copy of the data.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import yaml
from reference import environment, run

# Times the epochs of a training by the moments at which its progress bars begin, and whole trainings.
THEIRS = """
import json, sys, time, pathlib
sys.path.insert(0, '.')
sys.argv[0] = 'train.py'
ask = json.loads(sys.argv.pop())
import torch
torch.set_num_threads(ask['threads'])
import train
from utils.callbacks import Callbacks
from utils.torch_utils import select_device
options = train.parse_opt(True)
options.data, options.cfg, options.weights, options.hyp = ask['data'], ask['cfg'], '', ask['hyp']
options.imgsz, options.batch_size, options.epochs, options.workers = ask['img'], ask['batch'], ask['epochs'], ask['workers']
options.noval, options.nosave, options.evolve, options.cache = True, True, 1, 'ram'
options.save_dir = ask['out']
device = select_device('cpu')
for _ in sys.stdin:
    marks = []
    calls = Callbacks()
    calls.register_action('on_train_epoch_start', callback=lambda *a, **k: marks.append(time.perf_counter()))
    calls.register_action('on_train_epoch_end', callback=lambda *a, **k: marks.append(time.perf_counter()))
    import yaml
    hyp = yaml.safe_load(open(ask['hyp']))
    began = time.perf_counter()
    train.train(hyp, options, device, calls)
    report = {'seconds': time.perf_counter() - began, 'epochs': [b - a for a, b in zip(marks[::2], marks[1::2])]}
    print('REPORT' + json.dumps(report), flush=True)
"""


class Reference:
    """A process of the checkout that trains once for each line it gets."""

    def __init__(self, ask, data, epochs, folder):
        words = {"data": str(data), "cfg": f"models/{ask.cfg}.yaml", "hyp": str(ask.hyp), "img": ask.img, "batch": ask.batch,
                 "epochs": epochs, "workers": ask.workers, "threads": ask.threads, "out": folder}
        self.log = open(pathlib.Path(folder) / "errors", "w+")
        self.process = subprocess.Popen([sys.executable, "-c", THEIRS, json.dumps(words)], cwd=ask.yolov5, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.log, text=True, env=environment(ask.threads))

    def train(self, trial):
        self.process.stdin.write("train\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if "REPORT" in line:
                return json.loads(line.split("REPORT")[1])
        self.log.seek(0)
        sys.exit("the reference ended:\n" + self.log.read()[-3000:])

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Worker:
    """evotop-yolo worker, spoken to as evotop does."""

    def __init__(self, ask, data, epochs, folder):
        self.ask, self.folder = ask, folder
        self.process = subprocess.Popen([str(ask.evotop), "worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        options = {"data": data, "cfg": ask.cfg, "weights": "", "epochs": epochs, "batch": ask.batch, "img": ask.img, "val": "last"}
        self.say({"type": "setup", "protocol": 1, "options": {name: str(value) for name, value in options.items()}})

    def say(self, word):
        self.process.stdin.write(json.dumps(word) + "\n")
        self.process.stdin.flush()

    def train(self, trial):
        hyp = yaml.safe_load(self.ask.hyp.read_text())
        began = time.perf_counter()
        self.say({"type": "job", "trial": trial, "attempt": 1, "seed": trial, "hyp": hyp, "dir": self.folder, "previous": None,
                  "device": "cpu", "threads": self.ask.threads})
        epochs = []
        for line in self.process.stdout:
            word = json.loads(line)
            if word["type"] == "epoch":
                epochs.append(word["seconds"])
            elif word["type"] == "result":
                return {"seconds": time.perf_counter() - began, "epochs": epochs}
            elif word["type"] in ("error", "diverged"):
                sys.exit(f"the worker says: {word}")
        sys.exit("the worker ended")

    def close(self):
        self.say({"type": "exit"})
        self.process.wait()


def images(data):
    described = yaml.safe_load(data.read_text())
    folder = pathlib.Path(described.get("path", data.parent)) / described["train"]
    return sum(1 for path in folder.rglob("*") if path.is_file())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--yolov5", type=pathlib.Path, required=True)
    parser.add_argument("--evotop", type=pathlib.Path, default="target/debug/evotop-yolo")
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--hyp", type=pathlib.Path, default="hyp/digits.yaml")
    parser.add_argument("--cfg", default="yolov5n")
    parser.add_argument("--img", type=int, default=160)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=6, help="of the trainings that tell images a second")
    parser.add_argument("--trainings", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2, help="loader processes of the reference")
    ask = parser.parse_args()
    for name in ("yolov5", "evotop", "data", "hyp"):
        setattr(ask, name, getattr(ask, name).resolve())

    print(f"{ask.cfg}, {ask.img} px, batch {ask.batch}, {ask.threads} threads, medians of warm trainings")
    print(f"{'images':>8} {'':>10} {'images/s':>10} {'generations/h':>14}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        small = pathlib.Path(folder) / "digits"
        run([ask.evotop, "digits", "--out", small])
        rate, other = compare(ask, ask.data, ask.epochs)
        print(f"{'times':>19} {rate[0] / other[0]:10.2f}   (goal 1.4)")
        hourly, other = compare(ask, small / "digits.yaml", 3)
        print(f"{'times':>19} {'':10} {hourly[1] / other[1]:14.2f}   (goal 2)")


def compare(ask, data, epochs):
    """Images a second and generations an hour of ours, and of theirs."""
    count = images(data)
    rows = []
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        sides = [Worker(ask, data, epochs, folder), Reference(ask, data, epochs, other)]
        # In turns: a machine's speed drifts by more than a tenth within minutes.
        reports = list(zip(*[[side.train(trial) for side in sides] for trial in range(ask.trainings)]))
        for side in sides:
            side.close()
    for name, report in zip(("evotop", "reference"), reports):
        # The first training warms up: it reads the pictures and fills the allocators.
        warm = report[1:] or report
        # The last epoch of ours has the validation in it; both are compared by those between.
        between = [seconds for one in warm for seconds in (one["epochs"][1:-1] or one["epochs"][:1])]
        rows.append((count / statistics.median(between), 3600 / statistics.median(one["seconds"] for one in warm)))
        print(f"{count:8} {name:>10} {rows[-1][0]:10.1f} {rows[-1][1]:14.1f}", flush=True)
    return rows


if __name__ == "__main__":
    main()
