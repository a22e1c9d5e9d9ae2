"""What comes next: models of sequences beside others, on published logs of sessions.

``PYREC_DATA=... python benchmarks/next_item.py yoochoose_100k diginetica amazon_beauty_seq``

Yoochoose and Diginetica are judged at every step of the held-out sessions, all items ranked, those
of the session included (hit rate and MRR at 20); Amazon Beauty on each user's last item, items seen
before left out, as SASRec and its successors are. All models have their default options.
"""

import argparse
import gzip
import time

import pyrec
from data import folder
from pyrec.models.sequential import Sequential
from pyrec.preparation.split import LastSplit, SessionSplit, split

MODELS = [
    pyrec.Popularity(), pyrec.ItemKNN(), pyrec.GraphFilter(), pyrec.Transitions(),
    pyrec.SessionKNN(),
]  # fmt: skip
STEPS = {"metrics": ["hit_rate@20", "mrr@20"], "pairs": ("all", "new"), "cold_items": "drop"}


def yoochoose_100k():
    columns = {"user": "SessionId", "item": "ItemId", "timestamp": "Time"}
    train, test = (
        pyrec.read_events(
            folder("yoochoose_100k") / f"yoochoose-clicks-100k_{part}.txt.gz",
            **columns, timestamp_unit="s", delimiter="\t",
        )
        for part in ("train_full", "test")
    )  # fmt: skip
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


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    logs = {made.__name__: made for made in (yoochoose_100k, diginetica, amazon_beauty_seq)}
    parser.add_argument("data", nargs="+", choices=logs)
    for name in parser.parse_args().data:
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
