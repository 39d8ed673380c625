"""Any program can be evolved: hyperparameters come as flags, metrics are read from what it prints.

    evotop run --param lr=3e-3[1e-5..1e-1,log] --param momentum=0.9[0.5..0.99] \
        --metric acc='val acc ([0-9.]+)' -- python3 examples/any_program.py {args}
"""
import argparse
import math

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, required=True)
parser.add_argument("--momentum", type=float, required=True)
args = parser.parse_args()
for epoch in range(1, 6):  # your training goes here
    distance = abs(math.log10(args.lr / 2e-2)) / 2 + abs(args.momentum - 0.85)
    print(f"epoch {epoch} val acc {math.exp(-distance) * (1 - math.exp(-epoch)):.4f}", flush=True)
