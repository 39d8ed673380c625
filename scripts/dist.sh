#!/usr/bin/env bash
# dist.sh: one static evotop in dist/, which runs on any Linux of this processor, and a try of it.
#
# With musl where Rust has it (rustup fetches it), with glibc linked in otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."

processor=$(uname -m)
target=$processor-unknown-linux-musl
has() { [ -d "$(rustc --print target-libdir --target "$1" 2>/dev/null || echo /nowhere)" ]; }
if ! has "$target" && command -v rustup >/dev/null; then
  rustup target add "$target" || true
fi
if ! has "$target"; then
  echo "Rust has no $target here: glibc is linked in instead"
  target=$processor-unknown-linux-gnu
  export RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=+crt-static"
fi

began=$SECONDS
"${CARGO:-cargo}" build --release -p evotop --bin evotop --target "$target"
took=$((SECONDS - began))
mkdir -p dist
program=$PWD/dist/evotop
cp "${CARGO_TARGET_DIR:-target}/$target/release/evotop" "$program"

if ldd "$program" 2>&1 | grep -q '=>'; then
  echo "dist/evotop needs libraries:"
  ldd "$program"
  exit 1
fi

# It has to do what people start it for: say its version, run, verify, and show itself.
world=$(mktemp -d)
trap '"$program" stop run --now >/dev/null 2>&1 || true; rm -rf "$world"' EXIT
export HOME=$world XDG_STATE_HOME=$world/state
cd "$world"
env -i "$program" --version
"$program" run --headless --trainer sim --sim-epoch-ms 0 --devices cpu --generations 20 --dir tried >/dev/null
"$program" verify tried
"$program" run --detach --trainer sim --sim-epoch-ms 200 --devices cpu --generations 1000 --dir run >/dev/null
if command -v script >/dev/null; then
  TERM=xterm-256color timeout --foreground 5 script -qec "stty rows 40 cols 120; '$program' attach run" screen.txt </dev/null >/dev/null 2>&1 || true
  grep -aq Hyperparameters screen.txt || { echo "the screen did not come up"; exit 1; }
  echo "the screen comes up"
else
  echo "the screen was not tried: there is no script(1) here"
fi
echo "dist/evotop: $target, $(stat -c %s "$program" | awk '{ printf "%.1f MB", $1 / 1e6 }'), statically linked, built in $took s"
