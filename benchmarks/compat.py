"""One program, two imports: implicit, and `pyrec.compat.implicit` in its place.

``python benchmarks/compat.py gowalla`` runs the program in turns, each time in a new process, and
prints the fastest seconds of each step, their ratio, and how far the answers agree. The
interpreter that ``--peer`` names has implicit; by default it is this one.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from time import perf_counter

import numpy as np
import scipy.sparse as sp

K = 20
ALONE = 500  # users who ask one by one


def program(name, likes, answers):
    """Fit, recommend and judge through the module of that name; return seconds per step."""
    parts = ("als", "bpr", "nearest_neighbours", "evaluation")
    als, bpr, nearest, judge = (import_module(f"{name}.{part}") for part in parts)
    train, test = judge.train_test_split(sp.load_npz(likes), random_state=1)
    users, seconds, found = np.arange(train.shape[0]), {}, {}

    def timed(step, work):
        started = perf_counter()
        result = work()
        seconds[step] = perf_counter() - started
        return result

    model = als.AlternatingLeastSquares(factors=64, alpha=5.0, random_state=1)
    timed("ALS: fit", lambda: model.fit(train, show_progress=False))
    everybody = timed("ALS: everybody's list", lambda: model.recommend(users, train, N=K))
    found["lists"] = everybody[0]
    timed(
        f"ALS: {ALONE} users one by one",
        lambda: [model.recommend(user, train[user], N=K) for user in users[:ALONE]],
    )
    found["similar"] = timed(
        "ALS: similar items", lambda: model.similar_items(np.arange(train.shape[1]), N=K)
    )[0]
    metrics = timed(
        "ranking_metrics_at_k",
        lambda: judge.ranking_metrics_at_k(model, train, test, K, show_progress=False),
    )
    found["als"] = np.array(list(metrics.values()))
    knn = nearest.BM25Recommender(K=100)
    timed("BM25: fit", lambda: knn.fit(train, show_progress=False))
    found["neighbours"] = timed("BM25: everybody's list", lambda: knn.recommend(users, train, N=K))[
        0
    ]
    model = bpr.BayesianPersonalizedRanking(63, 0.1, iterations=20, random_state=1)
    timed("BPR: fit", lambda: model.fit(train, show_progress=False))
    metrics = judge.ranking_metrics_at_k(model, train, test, K, show_progress=False)
    found["bpr"] = np.array(list(metrics.values()))
    np.savez(answers, **found)
    return seconds


def run(interpreter, name, likes, folder):
    """Run the program in a process of its own."""
    answers = Path(folder, f"{name}.npz")
    done = subprocess.run(
        [interpreter, "-W", "ignore", __file__, "--run", name, likes, str(answers)],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # as implicit asks for
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1]), np.load(answers)


def main():
    """Run the program in turns, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("set", help="a set below $PYREC_DATA, or of those that data.py generates")
    parser.add_argument("--peer", default=sys.executable, help="an interpreter with implicit")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    import data  # needs pyrec, which an interpreter with implicit may lack

    with tempfile.TemporaryDirectory() as folder:
        likes = str(Path(folder, "likes.npz"))
        sp.save_npz(likes, data.matrix(options.set))
        theirs, ours = [], []
        for _ in range(options.rounds):
            theirs.append(run(options.peer, "implicit", likes, folder))
            ours.append(run(sys.executable, "pyrec.compat.implicit", likes, folder))
        print(f"{'step':32}{'implicit':>10}{'pyrec':>10}{'ratio':>8}")
        for step in theirs[0][0]:
            slow, fast = (min(seconds[step] for seconds, _ in runs) for runs in (theirs, ours))
            print(f"{step:32}{slow:9.2f}s{fast:9.2f}s{slow / fast:8.1f}")
        for name in ("lists", "similar", "neighbours"):
            pairs = zip(theirs[0][1][name], ours[0][1][name], strict=True)
            shared = np.mean([len(np.intersect1d(a, b)) / K for a, b in pairs])
            print(f"{name}: {shared:.1%} of the items are the same")
        for model in ("als", "bpr"):
            for runs, who in ((theirs, "implicit"), (ours, "pyrec")):
                print(f"{who}, {model}: precision, map, ndcg, auc: {runs[0][1][model].round(4)}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        print(json.dumps(program(*sys.argv[2:5])))
    else:
        main()
