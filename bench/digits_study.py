"""Does evolution improve the built-in digits training over its start values? Evolves it several times and measures the gain.

    python bench/digits_study.py [--seeds 1 2 3] [--generations 30] [--repeats 4] [--keep DIR]

Each seed is one evolution, steered in the middle: at a third of the way parents become weighted means and sigma 0.3, at two thirds parents are
single again, sigma 0.15 and warmup_bias_lr is pinned. Then, in a fork, the start candidate and the best one are trained again with further
trial seeds, so that a lucky trial is not taken for a better candidate. Needs `evotop` and `evotop-yolo` (`make demo` builds them); takes about
ten minutes a seed on two cores. --keep keeps the session directories.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile
import time


class Session:
    """One session by name, in one working directory."""

    def __init__(self, evotop, folder, name):
        self.evotop, self.folder, self.name = evotop, folder, name

    def call(self, *words):
        done = subprocess.run([str(self.evotop), *map(str, words)], cwd=self.folder, text=True, capture_output=True, check=False)
        if done.returncode:
            raise SystemExit(f"evotop {' '.join(map(str, words))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def status(self):
        return json.loads(self.call("status", self.name, "--json"))

    def wait(self, reached):
        while not reached(status := self.status()):
            time.sleep(0.5)
        return status


def evolve(session, seed, generations):
    """Runs one evolution, steering it on the way; gives nothing back: the session has it."""
    session.call("run", "--name", session.name, "--detach", "--seed", seed, "--generations", generations, "--devices", "cpu")
    steering = [(generations // 3, "parent weighted"), (generations // 3, "sigma 0.3"), (2 * generations // 3, "parent single"),
                (2 * generations // 3, "sigma 0.15"), (2 * generations // 3, "pin warmup_bias_lr")]
    for at, words in steering:
        session.wait(lambda status: status["done"] >= at)
        session.call("steer", session.name, *words.split())
    session.wait(lambda status: status["state"] == "complete")


def again(session, generations, best, repeats):
    """Trains the start candidate and the best one again, in a fork; gives the fitness of each further trial of both."""
    fork = Session(session.evotop, session.folder, f"{session.name}-again")
    fork.call("fork", session.name, "--at", generations - 1, "--to", fork.name)
    wanted = [0] * repeats + [best] * repeats
    fork.call("run", "--name", fork.name, "--detach", "--generations", generations + len(wanted) + 1)
    for generation in wanted:
        fork.call("steer", fork.name, "repeat", generation)
    fork.wait(lambda status: status["state"] == "complete")
    found = {0: [], best: []}
    for trial in history(fork)[generations:]:
        if trial["candidate"] in found and trial["end"] == "finished":
            found[trial["candidate"]].append(trial["fitness"])
    return found[0], found[best]


def history(session):
    path = session.folder / f"{session.name}.json"
    session.call("export", session.name, "--to", path)
    return json.loads(path.read_text())["trials"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--evotop", type=pathlib.Path, default="target/debug/evotop")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--generations", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=4)
    parser.add_argument("--keep", type=pathlib.Path)
    ask = parser.parse_args()

    with tempfile.TemporaryDirectory() as scratch:
        folder = (ask.keep or pathlib.Path(scratch)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        print("seed   start     best  (gen)   start again      best again       gain of the means", flush=True)
        gains = []
        for seed in ask.seeds:
            session = Session(ask.evotop.resolve(), folder, f"digits-{seed}")
            evolve(session, seed, ask.generations)
            best = session.status()["best"]
            start = history(session)[0]["fitness"]
            low, high = again(session, ask.generations, best["generation"], ask.repeats)
            gains.append(statistics.mean(high) - statistics.mean(low))
            spread = [f"{statistics.mean(trials):.4f} ± {statistics.stdev(trials) / len(trials) ** 0.5:.4f}" for trials in (low, high)]
            print(f"{seed:>4}  {start:.4f}   {best['fitness']:.4f}  ({best['generation']:>3})  {spread[0]}  {spread[1]}  {gains[-1]:+.4f}", flush=True)
        print(f"gain over {len(gains)} seeds: {statistics.mean(gains):+.4f}, {min(gains):+.4f} to {max(gains):+.4f}")


if __name__ == "__main__":
    main()
