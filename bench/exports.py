"""Opens what a session exports with the programs it is meant for, and compares.

    python bench/exports.py [--evotop PROGRAM] [--optuna] [--yolov5 CHECKOUT]

--optuna: the Optuna journal is loaded by Optuna itself (pip install optuna): same trials, same best value and parameters.
--yolov5: evolve.csv is drawn by the checkout's own plot_evolve (needs its requirements): same best row. The picture is written into a
temporary directory; nothing of the checkout is changed.

Without either, both. The session is made here: 80 trials of the simulated trainer, some of them pruned, diverged or failed, with
repeats. Ends with 1 where anything differs.
"""

import argparse
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

WORDS = "--trainer sim --sim-epoch-ms 1 --epochs 8 --devices cpu --generations 80 --seed 5 --sim-diverge 0.05 --sim-fail 0.05"
MORE = "--sim-noise 0.01 --prune median --repeat-best 9 --name travels"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--evotop", type=pathlib.Path, default="target/debug/evotop")
    parser.add_argument("--optuna", action="store_true")
    parser.add_argument("--yolov5", type=pathlib.Path)
    args = parser.parse_args()
    if not args.optuna and not args.yolov5:
        parser.error("--optuna, --yolov5 CHECKOUT, or both")
    program = str(args.evotop.resolve())
    checkout = args.yolov5 and str(args.yolov5.resolve())
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        os.environ.update(HOME=place, XDG_STATE_HOME=f"{place}/state")

        def evotop(*words):
            done = subprocess.run([program, *words], capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"evotop {' '.join(words)}: {done.stderr}")
            return done.stdout

        evotop("run", "--headless", *WORDS.split(), *MORE.split())
        evotop("export", "travels", "--to", "history.json")
        history = json.loads(pathlib.Path("history.json").read_text())
        finished = [t for t in history["trials"] if t["end"] == "finished"]
        best = max(finished, key=lambda t: t["fitness"])
        ends = {}
        for trial in history["trials"]:
            ends[trial["end"]] = ends.get(trial["end"], 0) + 1
        print(f"evotop: {ends}, best trial {best['generation']} with {best['fitness']:.6f}")
        good = True
        if args.optuna:
            evotop("export", "travels", "--to", "history.log")
            good &= by_optuna(history, finished, best)
        if checkout:
            good &= by_yolov5(checkout, best)
    sys.exit(0 if good else 1)


def by_optuna(history, finished, best):
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.load_study(study_name="travels", storage=JournalStorage(JournalFileBackend("history.log")))
    states = {"finished": "COMPLETE", "pruned": "PRUNED"}
    wrong = [
        trial["generation"]
        for trial, theirs in zip(history["trials"], study.trials, strict=True)
        if theirs.state.name != states.get(trial["end"], "FAIL")
    ]
    searched = [p["name"] for p in history["space"]["params"]]
    params = {name: best["hyp"][name] for name in searched}
    curves = sum(len(trial.intermediate_values) for trial in study.trials)
    print(f"Optuna {optuna.__version__}: {len(study.trials)} trials, best trial {study.best_trial.number}")
    print(f"  best value {study.best_value:.6f}, {curves} values after epochs, states that differ: {wrong or 'none'}")
    same = study.best_value == best["fitness"] and study.best_params == params and not wrong
    print("  same best value and parameters" if same else f"  DIFFERS: {study.best_value} {study.best_params} and {params}")
    return same and len(study.get_trials(states=[optuna.trial.TrialState.COMPLETE])) == len(finished)


def by_yolov5(checkout, best):
    sys.path.insert(0, checkout)
    os.environ.setdefault("MPLBACKEND", "agg")
    table = pathlib.Path("runs/evolve/travels/evolve.csv").resolve()
    ours = table.with_suffix(".png").rename("evotop.png")
    import matplotlib

    matplotlib.use("agg")
    import pandas
    from utils.metrics import fitness
    from utils.plots import plot_evolve

    plot_evolve(table)
    picture = table.with_suffix(".png")
    rows = pandas.read_csv(table)
    keys = [name.strip() for name in rows.columns]
    scores = fitness(rows.values)
    row = dict(zip(keys, rows.values[scores.argmax()]))
    value = best["hyp"]["lr0"]
    print(f"YOLOv5: {len(rows)} rows, {len(keys)} columns, best fitness {scores.max():.6f} with lr0 {row['lr0']}")
    print(f"  plot_evolve wrote {picture.stat().st_size} bytes; evotop's own picture has {ours.stat().st_size}")
    same = math.isclose(scores.max(), best["fitness"], abs_tol=1e-4) and math.isclose(row["lr0"], value, rel_tol=1e-4)
    print("  same best row" if same else f"  DIFFERS: {best['fitness']}, lr0 {value}")
    return same and picture.stat().st_size > 10_000


if __name__ == "__main__":
    main()
