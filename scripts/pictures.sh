#!/usr/bin/env bash
# The README's pictures, made from the running program: scripts/pictures.sh [svg|png] [directory]
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:-svg}
out=$(mkdir -p "${2:-docs/pictures}" && cd "${2:-docs/pictures}" && pwd)
cargo build -q -p evotop --bin evotop --example picture
evotop=$PWD/target/debug/evotop
picture=$PWD/target/debug/examples/picture
place=$(mktemp -d)
export XDG_STATE_HOME=$place/state
trap '"$evotop" stop tour --now >/dev/null 2>&1 || true; sleep 1; rm -rf "$place"' EXIT
real=$PWD/assets/sessions/digits-30
end=$(printf ']%.0s' {1..50})
cd "$place"
"$evotop" run --detach --trainer sim --sim-epoch-ms 150 --epochs 5 --devices 'cpu*4' --sim-diverge 0.03 --name tour
sleep 30
"$picture" "$out/live.$kind" 120 34 2 'p++' "$evotop" attach tour
# A real evolution, played to its end.
"$picture" "$out/density.$kind" 120 34 2 "2$end" "$evotop" replay "$real"
"$picture" "$out/chart.$kind" 120 34 2 "2$end<enter>" "$evotop" replay "$real"
"$picture" "$out/history.$kind" 120 34 2 "3${end}oo" "$evotop" replay "$real"
