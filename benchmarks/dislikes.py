"""What bad ratings are worth: MovieLens 1M, ratings of 1 and 2 as dislikes, of 4 and 5 as likes.

``PYREC_DATA=... python benchmarks/dislikes.py``

A random fifth of all ratings is held out. Lists leave out whatever was rated in training, and are
judged by the likes held out (NDCG@20), and by how many of the dislikes held out they show. How much
dislikes weigh is chosen on a fifth of the training data: what shows the fewest and loses no NDCG.
"""

import argparse

import numpy as np

import pyrec
from data import folder
from pyrec.evaluation.metrics import measure
from pyrec.preparation.ratings import Ratings, ratings_as_kinds
from pyrec.preparation.split import RandomSplit, split

K = 20
MODELS = {
    "als": pyrec.ALS(factors=64),
    "ease": pyrec.EASE(),
    "item_knn": pyrec.ItemKNN(metric="cosine", shrink=0),
    "pure_svd": pyrec.PureSVD(factors=48, user_exponent=0, item_exponent=0),
}
INDIFFERENT = (0.0, 0.3)
DISLIKE = (0.0, -0.1, -0.3, -1.0, -3.0)


def ratings():
    path = folder("ml-1m") / "ratings.csv.gz"
    events = pyrec.read_events(path, user="user", item="movie", weight="rating")
    return ratings_as_kinds(events, Ratings(like=4, dislike=2))


def judged(estimator, cut, weights):
    """Return NDCG of likes for each user who has some, and dislikes shown for each who has some."""
    model = estimator.fit(cut.train.aggregate(kind_weights=weights))
    everything = cut.train.aggregate().to_scipy()
    rows = model.recommend(
        model.users.ids, K, exclude_seen=False, exclude=everything, unknown="popular"
    ).rows
    found = []
    for kind, metric in (("like", "ndcg"), ("dislike", "precision")):
        wanted = cut.test.only(kind).aggregate().to_scipy()
        some = np.diff(wanted.indptr) > 0
        found.append(measure(rows[some], wanted[some], metric)[f"{metric}@{K}"])
    return found[0], K * found[1]


def between(values):
    """Return a mean with its 95% interval."""
    half = 1.96 * values.std() / np.sqrt(len(values))
    return f"{values.mean():+.4f} ({values.mean() - half:+.4f} to {values.mean() + half:+.4f})"


def weights_of(indifferent, dislike):
    return {"like": 1.0, "indifferent": indifferent, "dislike": dislike}


def chosen(estimator, inner, indifferent):
    """Return the weights that show the fewest dislikes and lose nothing of the likes."""
    found = {}
    for dislike in DISLIKE:
        ndcg, shown = judged(estimator, inner, weights_of(indifferent, dislike))
        found[dislike] = (ndcg.mean(), shown.mean())
    least = found[DISLIKE[0]][0]
    kept = [dislike for dislike in DISLIKE if found[dislike][0] >= least]
    return weights_of(indifferent, min(kept, key=lambda dislike: found[dislike][1]))


def rows_of(name, estimator, cut, inner):
    """Return the lines of a model: likes alone, all ratings alike, and dislikes below 0."""
    least = judged(estimator, cut, weights_of(0.0, 0.0))
    lines = {"likes alone": weights_of(0.0, 0.0), "all ratings alike": weights_of(1.0, 1.0)}
    for indifferent in INDIFFERENT:
        best = chosen(estimator, inner, indifferent)
        lines[f"3: {indifferent}, 1 and 2: {best['dislike']}"] = best
    for told, weights in lines.items():
        ndcg, shown = judged(estimator, cut, weights)
        yield (
            f"| {name} | {told} | {ndcg.mean():.4f} | {between(ndcg - least[0])} "
            f"| {shown.mean():.3f} | {between(shown - least[1])} |"
        )


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=MODELS)
    asked = parser.parse_args(arguments)
    cut = split(ratings(), RandomSplit(ratio=0.2))
    inner = split(cut.train, RandomSplit(ratio=0.2, random_state=1))
    print("| model | weights | NDCG@20 of likes | less likes alone (95%) | dislikes in 20 "
          "| less likes alone (95%) |\n" + "|---" * 6 + "|")  # fmt: skip
    for name in asked.models:
        for line in rows_of(name, MODELS[name], cut, inner):
            print(line, flush=True)


if __name__ == "__main__":
    main()
