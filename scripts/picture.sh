#!/usr/bin/env bash
# picture.sh: the picture in the README, made from the running program (needs tmux; EVOTOP names the program).
set -euo pipefail
cd "$(dirname "$0")/.."
evotop=${EVOTOP:-$PWD/target/debug/evotop}
work=$(mktemp -d)
trap '"$evotop" stop tour --now >/dev/null || true; tmux -L evotop-picture kill-server 2>/dev/null || true; rm -rf "$work"' EXIT
export HOME=$work XDG_STATE_HOME=$work/state
cd "$work"
words="--trainer sim --sim-epoch-ms 300 --sim-noise 0.01 --devices cpu*2 --seed 7 --name tour --generations 300"
tmux -L evotop-picture new-session -d -x 110 -y 30 "TERM=xterm-256color $evotop run $words"
sleep 20
tmux -L evotop-picture send-keys p
sleep 2
tmux -L evotop-picture capture-pane -p | sed 's/ *$//'
