"""Views, carts and purchases: what each kind of event is worth for foreseeing purchases.

``PYREC_DATA=... python benchmarks/behaviours.py retailrocket --model graph_filter``

Judged on the published tests, two cases apart: purchases that are new to the user, by lists that
leave out all that the user had touched, and purchases of what was touched before, by lists that
leave out only what was bought. The one is to find, the other to rank again. Weights are learnt for
either case on a tenth of the purchases of training; the test takes no part. NDCG and recall at 20,
with 95% intervals.
"""

import argparse

import numpy as np

import pyrec
from data import folder
from pyrec.data.interactions import select
from pyrec.evaluation.cases import found_in
from pyrec.evaluation.metrics import measure
from pyrec.models.query import Filter
from pyrec.models.registry import estimator_class
from pyrec.preparation.split import GivenSplit, RandomSplit, split

# Kinds of event from the weakest to the target, and the test's file.
LOGS = {
    "retailrocket": (("view", "addtocart", "transaction"), "test_transactions.csv.gz"),
    "taobao_events": (("fav", "cart", "buy"), "test_buy.csv.gz"),
    "taobao_mb": (("view", "cart", "buy"), "buy_test.txt.gz"),
}
HAND_SET = (1, 3, 5)


def read(name):
    """Return training and test of a log."""
    kinds, test = LOGS[name]
    if name != "taobao_mb":
        columns = {"user": "visitorid" if name == "retailrocket" else "user",
                   "item": "itemid" if name == "retailrocket" else "item"}  # fmt: skip
        log = pyrec.read_events(
            folder(name) / "events.csv.gz", **columns, event="event", timestamp="timestamp"
        )
        return split(log, GivenSplit(target=kinds[-1]),
                     pyrec.read_events(folder(name) / test, **columns))  # fmt: skip
    parts = []
    for kind, file in zip((*kinds, kinds[-1]), (*[f"{k}_train.txt.gz" for k in kinds], test),
                          strict=True):  # fmt: skip
        pairs = pyrec.Events.from_interactions(pyrec.read_adjacency(folder(name) / file))
        parts.append(
            pyrec.Events(pairs.users, pairs.items, pairs.user_rows, pairs.item_rows,
                         np.zeros(len(pairs), np.uint8), (kind,))
        )  # fmt: skip
    *train, test = parts
    return split(pyrec.Events.concat(train), GivenSplit(target=kinds[-1]), test)


def told(model, cut, target):
    """Return the two cases' recall and NDCG in words."""
    touched, wanted = cut.train.aggregate().csr, cut.test.aggregate().csr
    before = found_in(touched, wanted)
    words = []
    for case, pairs, hide in (("new", ~before, True), ("touched", before, False)):
        tested = select(wanted, pairs)
        users = np.flatnonzero(np.diff(tested.offsets)).astype(np.int32)
        if len(users) == 0:
            continue
        hidden = Filter(exclude=touched.take(users)) if hide else Filter()
        rows, _ = model.recommend_rows(users, 20, exclude_seen=target, filter_=hidden)
        chosen = pyrec.Interactions(
            cut.test.users, cut.test.items, tested
        ).take_users(users).to_scipy()  # fmt: skip
        for label, values in measure(rows, chosen, ["recall@20", "ndcg@20"]).items():
            half = 1.96 * values.std() / np.sqrt(len(values))
            words.append(f"{case} {label} {values.mean():.4f} ({half:.4f})")
    return "  ".join(words)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", choices=LOGS)
    parser.add_argument("--model", default="graph_filter")
    asked = parser.parse_args()
    cut, kinds = read(asked.data), LOGS[asked.data][0]
    target, estimator = kinds[-1], estimator_class(asked.model)()
    weights = {
        "purchases alone": dict(zip(kinds, (0.0, 0.0, 1.0), strict=True)),
        "all alike": dict.fromkeys(kinds, 1.0),
        "set by hand": dict(zip(kinds, HAND_SET, strict=True)),
    }
    for case, repeats, options in (("new", "hold_out", {"pairs": "new"}),
                                   ("all", "keep", {"exclude_seen": target})):  # fmt: skip
        validation = [split(cut.train, RandomSplit(ratio=0.1, target=target, repeats=repeats))]
        found = pyrec.learn_kind_weights(estimator, validation, target, **options)
        weights[f"learnt for {case}"] = found.weights
    for name, chosen in weights.items():
        model = estimator.fit(cut.train.aggregate(kind_weights=chosen))
        plain = ", ".join(f"{kind} {chosen[kind]:g}" for kind in kinds)
        print(f"{asked.data}  {asked.model}  {name}: {plain}\n   {told(model, cut, target)}",
              flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
