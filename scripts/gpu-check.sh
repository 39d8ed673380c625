#!/usr/bin/env bash
# gpu-check.sh: whether training on this machine's GPU does what training on its CPU does.
#
#   DEVICE=cuda:0   the device that is checked
#
# With the word "asked" it only says whether there is one, before anything is fetched or built for it.
# The built programs have to know CUDA; a validation and a short training have to agree with the CPU; five generations have to end well.
set -euo pipefail
cd "$(dirname "$0")/.."

device=${DEVICE:-cuda:0}
evotop=$PWD/target/debug/evotop yolo=$PWD/target/debug/evotop-yolo
say() { printf 'gpu-check: %s\n' "$*"; }
die() { say "$*" >&2; exit 1; }

if [[ $device == cuda* ]]; then
  gpus=$(nvidia-smi -L 2>/dev/null) || die "no NVIDIA driver answers here (nvidia-smi -L), so there is nothing to check"
  say "$gpus"
elif [[ $device == mps ]]; then
  [ "$(uname -s)" = Darwin ] || die "device mps is on macOS alone, so there is nothing to check"
fi
[ "${1:-}" != asked ] || exit 0
if [[ $device == cuda* ]]; then
  readelf -d "$yolo" | grep -q 'NEEDED.*libtorch_cuda' || die "$yolo does not link libtorch_cuda: run make libtorch CUDA=1, then build again"
  say "evotop-yolo links libtorch_cuda"
fi

world=$(mktemp -d)
trap 'rm -rf "$world"' EXIT
export XDG_STATE_HOME=$world/state

# Two columns of numbers, and how far they may be from one another. Half precision is what a GPU trains in.
near() { # WHAT LEAST: lines of "name cpu gpu" on standard input
  awk -v what="$1" -v most="$2" '
    { far = $2 - $3; if (far < 0) far = -far; printf "%28s %10.6f %10.6f  %.6f\n", $1, $2, $3, far; if (!(far <= most)) bad = bad " " $1 }
    END { if (NR == 0) bad = " nothing to compare"; if (bad) { print "gpu-check: " what ": further than " most ":" bad; exit 1 } print "gpu-check: " what ": all within " most }'
}

rows() { "$yolo" val --weights assets/digits/yolov5p.safetensors --data digits --img 160 --device "$1" | awk '/^ +(all|[0-9]+) / { print "mAP50(" $1 ")", $6; print "mAP(" $1 ")", $7 }'; }
say "a validation: name, cpu, $device, difference"
join <(rows cpu | sort) <(rows "$device" | sort) | near "validation" 0.003

losses() { # DEVICE: name and value of every loss of every epoch
  "$yolo" train --data digits --epochs 3 --seed 1 --device "$1" --project "$world/$1" --name one >/dev/null
  awk -F, 'NR == 1 { split($0, name) } NR > 1 { for (i = 2; i <= 4; i++) { gsub(/ /, "", name[i]); print $1 + 0 ":" name[i], $i + 0 } }' "$world/$1/one/results.csv"
}
say "three epochs of training: name, cpu, $device, difference"
join <(losses cpu | sort) <(losses "$device" | sort) | near "training" 0.01

say "five generations on $device"
"$evotop" run --headless --generations 5 --devices "$device" --seed 1 --dir "$world/run"
"$evotop" verify "$world/run"
[ "$(tail -n +2 "$world/run/evolve.csv" | wc -l)" = 5 ] || die "not five generations"
say "all well"
