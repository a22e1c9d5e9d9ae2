"""Everybody's lists: the rate and the peak memory of a whole job, on random factors.

``python benchmarks/batch.py --users 200000 --items 1000000 --factors 32 --memory 300 lists`` writes
to the folder `lists`; stopped and called again, it goes on there, and tells of the rest.
"""

import argparse
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
import scipy.sparse as sp

import pyrec
from pyrec.models.als import ALSModel

HISTORY = 20  # items that everybody has seen


def save(users, items, factors, folder):
    """Save a model of random factors: no norm falls off, which is the most to search."""
    rng = np.random.default_rng(0)
    rows = np.repeat(np.arange(users), HISTORY)
    pairs = (rows, rng.integers(0, items, len(rows)))
    seen = sp.csr_array((np.ones(len(rows), np.float32), pairs), shape=(users, items))
    sides = [rng.standard_normal((n, factors), np.float32) for n in (users, items)]
    ALSModel(pyrec.ALS(factors=factors), pyrec.Interactions.from_scipy(seen), *sides).save(folder)


def status(name):
    """Return a figure of this process in MB (proc(5))."""
    return int(Path("/proc/self/status").read_text().split(f"{name}:")[1].split()[0]) * 1024 / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, default in {"users": 200_000, "items": 1_000_000, "factors": 32, "k": 10}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--memory", type=int, metavar="MB")
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as model_folder:
        save(options.users, options.items, options.factors, model_folder)
        model = pyrec.load(model_folder)
        Path("/proc/self/clear_refs").write_text("5")  # forget the peak of the making
        before, start, done = status("VmRSS"), perf_counter(), 0

        def progress(users, total):
            nonlocal done
            done = users

        memory = options.memory and options.memory * 1_000_000
        pyrec.write_recommendations(
            model, options.folder, options.k, memory=memory, progress=progress
        )
        seconds, peak = perf_counter() - start, status("VmHWM") - before
        files = sum(file.stat().st_size for file in Path(model_folder).iterdir()) / 1e6
    print(f"{done:,} users in {seconds:,.0f} s: {done / seconds:,.0f} a second")
    print(f"memory: {peak:,.0f} MB at most, pages of the model ({files:,.0f} MB on disk) included")


if __name__ == "__main__":
    main()
