#!/bin/sh
# A trainer in shell: hyperparameters from a YAML file, metrics into results.csv in the trial's directory.
set -eu
lr=$(sed -n 's/^lr: //p' "$1")
echo "epoch,acc,loss" > "$2/results.csv"
for epoch in 1 2 3; do
    awk -v e="$epoch" -v lr="$lr" 'BEGIN { printf "%d,%.4f,%.4f\n", e, 0.3 * e - lr, 1 / e }' >> "$2/results.csv"
done
