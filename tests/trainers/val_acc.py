"""A script that knows no YAML: flags in, `val acc` out."""
import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, required=True)
parser.add_argument("--momentum", type=float, default=0.9)
parser.add_argument("--epochs", type=int, default=3)
args = parser.parse_args()

for epoch in range(args.epochs):
    print("epoch %d train loss %.4f" % (epoch + 1, 1 / (epoch + 1)))
    print("epoch %d val acc %.4f" % (epoch + 1, (0.9 - abs(args.momentum - 0.8)) * (epoch + 1) / args.epochs))
