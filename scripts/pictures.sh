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
trap '"$evotop" stop digits --now >/dev/null 2>&1 || true; rm -rf "$place"' EXIT
cd "$place"
"$evotop" run --detach --trainer sim --sim-epoch-ms 150 --epochs 5 --devices 'cpu*4' --sim-diverge 0.03 --name digits
sleep 30
"$picture" "$out/live.$kind" 120 34 2 'p++' "$evotop" attach digits
"$picture" "$out/density.$kind" 120 34 2 '2' "$evotop" attach digits
"$picture" "$out/chart.$kind" 120 34 2 '2<enter>' "$evotop" attach digits
"$picture" "$out/history.$kind" 120 34 2 '3o' "$evotop" attach digits
