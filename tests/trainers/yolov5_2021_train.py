"""A stand-in for YOLOv5's train.py of March 2021: --notest, and a results.txt without a header."""
import argparse
import os

parser = argparse.ArgumentParser()
parser.add_argument('--hyp', type=str, default='data/hyp.scratch.yaml')
parser.add_argument('--epochs', type=int, default=300)
parser.add_argument('--nosave', action='store_true')
parser.add_argument('--notest', action='store_true')
parser.add_argument('--device', default='')
parser.add_argument('--project', default='runs/train')
parser.add_argument('--name', default='exp')
parser.add_argument('--exist-ok', action='store_true')
opt = parser.parse_args()

assert opt.notest and opt.nosave and os.path.exists(opt.hyp)
os.makedirs(os.path.join(opt.project, opt.name), exist_ok=opt.exist_ok)
for epoch in range(opt.epochs):
    s = ('%10s' * 2 + '%10.4g' * 6) % ('%g/%g' % (epoch, opt.epochs - 1), '2.1G', 0.1171, 0.03026, 0.02751, 0.1749, 37, 320)
    results = (0.0123, 0.3333, 0.01234, 0.004321, 0.1102, 0.02801, 0.02633) if epoch == opt.epochs - 1 else (0,) * 7
    with open(os.path.join(opt.project, opt.name, 'results.txt'), 'a') as f:
        f.write(s + '%10.4g' * 7 % results + '\n')
