"""What the comparisons share: reading evotop's weights, running evotop-yolo and a YOLOv5 checkout.

The checkout and a Python with torch are the caller's; nothing of either is part of this project.
"""

import importlib.util
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile


def settings():
    """A folder of settings for the checkout that holds the font it would download otherwise: one of matplotlib's, which it needs anyway."""
    folder = tempfile.TemporaryDirectory(prefix="yolov5-settings-")
    matplotlib = importlib.util.find_spec("matplotlib")
    if matplotlib:
        fonts = pathlib.Path(matplotlib.submodule_search_locations[0]) / "mpl-data/fonts/ttf"
        for name in ("Arial.ttf", "Arial.Unicode.ttf"):
            shutil.copy(fonts / "DejaVuSans.ttf", pathlib.Path(folder.name) / name)
    return folder


SETTINGS = settings()  # gone when the program ends
# Keeps the checkout from asking the network for fonts, updates and packages.
QUIET = {
    "YOLOV5_CONFIG_DIR": SETTINGS.name,
    "WANDB_MODE": "disabled",
    "YOLO_OFFLINE": "true",
    "YOLO_AUTOINSTALL": "false",
    "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1",
}
COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
NAMES = {"precision": 2, "recall": 3, "mAP50": 4, "mAP50-95": 5}


def environment(threads=None):
    """That of a program of the checkout."""
    return {**os.environ, **QUIET, **({"OMP_NUM_THREADS": str(threads)} if threads else {})}


def run(command, folder=None, threads=None):
    """Runs a program; gives its output, standard error included; ends this one where it fails."""
    done = subprocess.run([str(word) for word in command], cwd=folder, env=environment(threads), text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    text = COLOUR.sub("", done.stdout).replace("\r", "\n")
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\nended with {done.returncode}:\n{text[-3000:]}")
    return text


def all_row(text):
    """The numbers of the last row called `all`: images, instances, P, R, mAP50, mAP50-95."""
    rows = [line.split() for line in text.splitlines() if line.split()[:1] == ["all"] and len(line.split()) >= 7]
    if not rows:
        sys.exit(f"no row `all` in:\n{text[-3000:]}")
    return [float(cell) for cell in rows[-1][1:7]]


def read_safetensors(path):
    """The tensors of a file as torch's, and its metadata."""
    import numpy
    import torch

    blob = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", blob[:8])
    header = json.loads(blob[8:8 + length])
    kinds = {"F16": numpy.float16, "F32": numpy.float32, "I64": numpy.int64}
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            numbers = numpy.frombuffer(blob[begin:end], kinds[entry["dtype"]]).reshape(entry["shape"])
            tensors[name] = torch.from_numpy(numbers.copy())
    return tensors, header.get("__metadata__", {})


def to_checkpoint(weights, cfg, checkout, out, names):
    """Writes evotop's weights as a checkpoint of the checkout's own; every tensor must find its place."""
    sys.path.insert(0, str(checkout))
    os.environ.update(QUIET)
    import torch
    from models.yolo import Model

    tensors, _ = read_safetensors(weights)
    # The checkout looks these modules up in torch.nn.
    text = re.sub(r"\b(Upsample|MaxPool2d|ZeroPad2d)\b", r"nn.\1", pathlib.Path(cfg).read_text())
    theirs = pathlib.Path(out).with_suffix(".yaml")
    theirs.write_text(text)
    model = Model(str(theirs), ch=3, nc=len(names))
    missing, unknown = model.load_state_dict(tensors, strict=False)
    if missing or unknown:
        sys.exit(f"weights and {cfg} do not fit: missing {missing}, unknown {unknown}")
    model.nc, model.names = len(names), dict(enumerate(names))
    model.hyp = {}
    torch.save({"epoch": -1, "best_fitness": None, "model": model.half(), "ema": None, "updates": None,
                "optimizer": None, "opt": {}, "git": None, "date": ""}, out)
