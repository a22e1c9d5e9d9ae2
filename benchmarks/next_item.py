"""What comes next: models of sequences beside others, on published logs of sessions.

``PYREC_DATA=... python benchmarks/next_item.py yoochoose_100k diginetica amazon_beauty_seq``

Yoochoose and Diginetica are judged at every step of the held-out sessions, all items ranked, those
of the session included (hit rate and MRR at 20); Amazon Beauty on each user's last item, items seen
before left out, as SASRec and its successors are. All models have their default options,
but `ItemKNN` those of its paper.
``--reference`` judges beside them on Yoochoose what the program of V-SKNN's authors (session-rec)
computes with its defaults, written down plainly here.
"""

import argparse
import gzip
import time
from collections import defaultdict

import numpy as np

import pyrec
from data import folder
from pyrec.data.sequences import Sequences
from pyrec.models.sequential import Sequential
from pyrec.preparation.split import LastSplit, SessionSplit, split

MODELS = [
    pyrec.Popularity(), pyrec.ItemKNN(metric="cosine", shrink=0), pyrec.GraphFilter(),
    pyrec.Transitions(), pyrec.SessionKNN(),
]  # fmt: skip
STEPS = {"metrics": ["hit_rate@20", "mrr@20"], "pairs": ("all", "new"), "cold_items": "drop"}


def clicks():
    """Return the training and test clicks of Yoochoose."""
    columns = {"user": "SessionId", "item": "ItemId", "timestamp": "Time"}
    return (
        pyrec.read_events(
            folder("yoochoose_100k") / f"yoochoose-clicks-100k_{part}.txt.gz",
            **columns, timestamp_unit="s", delimiter="\t",
        )
        for part in ("train_full", "test")
    )  # fmt: skip


def yoochoose_100k():
    train, test = clicks()
    return split(train, SessionSplit(), test), STEPS


def diginetica():
    """Read the purchases: the order within a session is that of the file."""
    log = pyrec.read_events(
        folder("diginetica") / "train-purchases.csv.gz",
        user="sessionId", item="itemId", timestamp="eventdate", delimiter=";",
    )  # fmt: skip
    return split(log, SessionSplit()), STEPS


def amazon_beauty_seq():
    users, items = [], []
    with gzip.open(folder("amazon_beauty_seq") / "Beauty.txt.gz", "rt") as lines:
        for line in lines:
            user, *sequence = map(int, line.split())
            users += [user] * len(sequence)
            items += sequence
    log = pyrec.Events.from_ids(users=users, items=items)
    return split(log, LastSplit(order="arrival")), {"metrics": ["hit_rate@10", "ndcg@10"]}


def vsknn(running, sessions, sessions_of, neighbors=100, sample=1000):
    """Return what V-SKNN makes of items, as Ludewig and Jannach's program does by default.

    A shared item weighs its position in the running session over the session's length; of the
    latest sessions the most similar vote, less the longer ago their latest shared item was.
    """
    position = {item: (at + 1) / len(running) for at, item in enumerate(running)}
    latest = sorted(set().union(*(sessions_of[item] for item in position)), reverse=True)[:sample]
    similar = [(sum(position[i] for i in sessions[s] if i in position), s) for s in latest]
    scores = defaultdict(float)
    for similarity, s in sorted(similar, reverse=True)[:neighbors]:
        ago = next(n for n, item in enumerate(reversed(running), 1) if item in sessions[s])
        for item in sessions[s]:
            scores[item] += similarity / len(position) / ago
    return scores


def reference():
    """Judge the plain V-SKNN at every step."""
    train, test = clicks()
    both = pyrec.Events.concat([train, test])
    is_train = np.arange(len(both)) < len(train)
    known, judged = (_item_lists(both.take(part)) for part in (is_train, ~is_train))
    sessions, sessions_of = [set(session) for session in known], defaultdict(list)
    for s, items in enumerate(sessions):
        for item in items:
            sessions_of[item].append(s)
    found = []
    for session in judged:
        steps = [item for item in session if item in sessions_of]
        for n in range(1, len(steps)):
            scores = vsknn(steps[:n], sessions, sessions_of)
            own = scores.pop(steps[n], 0)
            others = np.array([*scores.values(), 0.0])
            # Equal scores come in any order: the mean over the places that the target may have.
            places = np.arange(1 + np.sum(others > own), 2 + np.sum(others >= own))
            hits = (places <= 20) & (own > 0)
            found.append((hits.mean(), (hits / places).mean()))
    hit_rate, mrr = np.mean(found, axis=0)
    print(f"yoochoose_100k  V-SKNN        all  {len(found):>6,}  hit_rate@20 {hit_rate:.4f}  "
          f"mrr@20 {mrr:.4f}", flush=True)  # fmt: skip


def _item_lists(events):
    found = Sequences.of(events)
    return [part.tolist() for part in np.split(found.item_rows, found.offsets[1:-1])]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    logs = {made.__name__: made for made in (yoochoose_100k, diginetica, amazon_beauty_seq)}
    parser.add_argument("data", nargs="+", choices=logs)
    parser.add_argument("--reference", action="store_true", help="Judge the plain V-SKNN, too.")
    asked = parser.parse_args()
    if asked.reference:
        reference()
    for name in asked.data:
        cut, options = logs[name]()
        for estimator in MODELS:
            sequential = isinstance(estimator, Sequential)
            started = time.perf_counter()
            model = estimator.fit(cut.train if sequential else cut.train.aggregate())
            seconds = time.perf_counter() - started
            for part in pyrec.evaluate(model, cut, **options).parts:
                figures = "  ".join(
                    f"{label} {one.mean:.4f} ({one.low:.4f} to {one.high:.4f})"
                    for label, one in part.estimates.items()
                )
                print(f"{name}  {estimator.name:<12}  {part.name:<4} {len(part.users):>6,}  "
                      f"{figures}  fit {seconds:.2f} s", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
