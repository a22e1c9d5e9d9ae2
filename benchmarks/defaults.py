"""What defaults were chosen by: other values beside them, on logs of films, reviews and shops.

``PYREC_DATA=... python benchmarks/defaults.py --models item_knn,p3alpha,pure_svd``

All is judged on a validation split of the training part of each log, NDCG at 20, all items ranked,
what people had left out; the tests take no part.
"""

import argparse
import gzip
import json

import behaviours
import purchases
import pyrec
from data import folder
from next_item import amazon_beauty_seq
from pyrec.models.sequential import weighed
from pyrec.preparation.split import LastSplit, RandomSplit, TimeSplit, split
from pyrec.preparation.weighting import Weighting

PLAIN = {"metric": "cosine", "shrink": 0}
CHOICES = {
    "item_knn": [
        pyrec.ItemKNN(),
        pyrec.ItemKNN(**PLAIN),
        pyrec.ItemKNN(metric="cosine", shrink=10),
        pyrec.ItemKNN(alpha=0.4),
    ],
    "p3alpha": [
        pyrec.P3Alpha(),
        pyrec.P3Alpha(alpha=1.0),
        pyrec.P3Alpha(neighbors_of="target"),
    ],
    "pure_svd": [pyrec.PureSVD(), pyrec.PureSVD(user_exponent=0, item_exponent=0)],
}
CHANCE = RandomSplit(ratio=0.2)


def ml_100k():
    """All ratings, as weights: what somebody who does not look gets."""
    log = pyrec.read_events(
        folder("ml-100k") / "u.data.gz", header=False, delimiter="\t",
        user=0, item=1, weight=2, timestamp=3,
    )  # fmt: skip
    return split(log, CHANCE).train, Weighting(), CHANCE


def epinions():
    """Read the published training part."""
    train = pyrec.read_events(
        folder("epinions") / "fold0_train.tsv.gz", header=False, delimiter="\t", user=0, item=1
    )
    return train, Weighting(), CHANCE


def musical_instruments():
    """Read 1,429 people with seven reviews each."""
    file = folder("amazon_musical_instruments") / "reviews_Musical_Instruments_5.json.gz"
    with gzip.open(file, "rt") as lines:
        reviews = [json.loads(line) for line in lines]
    log = pyrec.Events.from_ids(
        users=[one["reviewerID"] for one in reviews], items=[one["asin"] for one in reviews],
    )  # fmt: skip
    return split(log, CHANCE).train, Weighting(), CHANCE


def beauty():
    """Leave the last item of each for another day."""
    return amazon_beauty_seq()[0].train, Weighting(), LastSplit(order="arrival")


LOGS = {
    "ml-100k": ml_100k, "musical_instruments": musical_instruments, "beauty": beauty,
    "epinions": epinions,
}  # fmt: skip
SHOPS = ("retailrocket", "taobao_events", "online_retail", "complete_journey")


def read(name):
    """Return the training part of a log, how its events weigh, and how validation is cut."""
    if name in LOGS:
        return LOGS[name]()
    cut, weighting = purchases.read(name)
    if name in purchases.BASKETS:
        return cut.train, weighting, TimeSplit(ratio=0.1)
    target = behaviours.LOGS[name][0][-1]
    return cut.train, weighting, RandomSplit(ratio=0.1, target=target)


def judged(estimator, cut, weighting):
    """Return the NDCG of what nobody had before."""
    model = estimator.fit(weighed(estimator, cut.train, weighting))
    return pyrec.evaluate(model, cut, metrics="ndcg@20", pairs="new", resamples=0).main["ndcg@20"]


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    known = [*LOGS, *SHOPS]
    parser.add_argument("data", nargs="*", help=f"Of {', '.join(known)}; all by default.")
    parser.add_argument("--models", default=",".join(CHOICES), help="Parted by commas.")
    asked = parser.parse_args(arguments)
    for name in asked.data or known:
        train, weighting, how = read(name)
        cut = split(train, how)
        for model in asked.models.split(","):
            for estimator in CHOICES[model]:
                print(f"{name}  {judged(estimator, cut, weighting):.4f}  {estimator}", flush=True)


if __name__ == "__main__":
    main()
