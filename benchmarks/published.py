"""Published protocols on published splits: every model, chosen on validation, judged once.

``PYREC_DATA=... python benchmarks/published.py --data gowalla --json FILE`` goes through the
configurations in `grids.py`. Which one of a model stands for it, the weights of the blends, and
which model is chosen in the end are decided on parts of the training data; the test is looked at
once for each model. The file is written after each model; called again, it goes on there. Fitted
models are kept in the folder of ``--fits``, so that blends fit nothing twice.
"""

import argparse
import gzip
import hashlib
import json
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import scipy.sparse as sp

import grids
import pyrec
from data import folder
from pyrec.models.registry import estimator_class
from pyrec.tuning.blend import blend_of
from pyrec.tuning.validation import Fold, Judge, cut
from pyrec.tuning.weights import weigh

SPLITS = {"amazonelectronics_m1": 5}
NCF = "ml-1m-ncf"
METRICS = ["recall@20", "ndcg@20", "hit_rate@20"]
# Which models are blended: of different families, the best configuration of each.
BLENDS = [
    ("graph_filter", "pure_svd"),  # GF-CF: a linear filter and an ideal one
    ("graph_filter", "als"),
    ("slim", "als"),
    ("graph_filter", "slim", "als"),
    ("sparse_ease", "als"),
    ("graph_filter", "sparse_ease", "als"),
    ("normalised_ease", "als"),
    ("graph_filter", "normalised_ease", "als"),
    ("slim", "als", "user_knn"),
    ("graph_filter", "slim", "als", "user_knn"),
    ("graph_filter", "sparse_ease", "als", "user_knn"),
    ("graph_filter", "sparse_ease", "als", "user_knn", "pure_svd"),
    ("sparse_ease", "slim", "als", "pure_svd"),
    ("sparse_ease", "slim", "als", "pure_svd", "bpr"),
    ("slim", "als", "user_slim"),
    ("sparse_ease", "als", "user_slim"),
    ("sparse_ease", "slim", "als", "user_slim"),
    ("sparse_ease", "slim", "als", "pure_svd", "bpr", "user_slim"),
]


class Published:
    """A published split: its training data, its test, and validation cut from the former."""

    def __init__(self, name):
        self.train, self.test = (
            pyrec.read_adjacency(folder(name) / f"{part}.txt.gz") for part in ("train", "test")
        )
        self.metric, self.metrics, self.options = "ndcg@20", METRICS, {"pairs": "new"}
        self.folds = [cut(self.train, random_state=seed) for seed in range(SPLITS.get(name, 1))]
        self.judges = [Judge(self.metric, pairs="new") for _ in self.folds]

    def judged(self, model):
        """Return the figures of the test, with their intervals."""
        report = pyrec.evaluate(model, self.test, metrics=self.metrics, **self.options)
        return {label: found.to_dict() for label, found in report.main.estimates.items()}


class Sampled(Published):
    """The protocol of He et al. 2017: the latest pair of each user among 99 negatives.

    Validation mirrors it twice: the latest pair of the training part is held out, then the latest
    two, of which the earlier is judged; among 99 others by chance. The split comes without times.
    Those of four pairs in ten are known from MovieLens-1M: the latest is meant of these.
    """

    def __init__(self, name):
        where = folder(name)
        train, test = (np.loadtxt(where / f"{part}.tsv.gz", dtype=int, usecols=(0, 1)).T
                       for part in ("train", "test"))  # fmt: skip
        with gzip.open(where / "test.negative.gz", "rt") as lines:
            negatives = np.array([[int(i) for i in line.split("\t")[1:]] for line in lines])
        self.shape = tuple(np.maximum(train.max(axis=1), test.max(axis=1)) + 1)
        self.train = self._matrix(*train)
        self.test = self._matrix(*test)
        self.metric, self.metrics = "ndcg@10", ["hit_rate@10", "ndcg@10"]
        self.options = {"pairs": "new", "candidates": self._among(*test, negatives)}
        recency = self._recency()
        held_out = [self._held_out(recency, place) for place in range(2)]
        self.folds = [fold for fold, _ in held_out]
        self.judges = [Judge(self.metric, pairs="new", candidates=some) for _, some in held_out]

    def _matrix(self, users, items):
        ones = np.ones(len(users), np.float32)
        return pyrec.Interactions.from_scipy(sp.csr_array((ones, (users, items)), self.shape))

    def _among(self, users, positives, negatives):
        users = np.repeat(users, 1 + negatives.shape[1])
        items = np.column_stack([positives, negatives]).ravel()
        pairs = np.unique(users * self.shape[1] + items)  # a negative may be the positive
        return self._matrix(pairs // self.shape[1], pairs % self.shape[1])

    def _recency(self):
        """Return the place of each training pair, 0 for its user's latest; many if not known."""
        where = folder("ml-1m")
        ratings, known = (np.loadtxt(where / f"{file}.csv.gz", int, delimiter=",", skiprows=1).T
                          for file in ("ratings", "timestamps_subset"))  # fmt: skip
        coded = [_by_appearance(ratings[side], known[side]) for side in (0, 1)]
        moments = sp.csr_array((known[2].astype(float), coded), self.shape).toarray()
        csr = self.train.csr
        users = np.repeat(np.arange(self.shape[0]), np.diff(csr.offsets))
        times = moments[users, csr.columns]  # 0 where it is not known
        order = np.lexsort((np.random.default_rng(0).random(csr.nnz), -times, users))
        places = np.empty(csr.nnz, int)
        places[order] = np.arange(csr.nnz) - np.repeat(csr.offsets[:-1], np.diff(csr.offsets))
        return np.where(times > 0, places, csr.nnz)

    def _held_out(self, recency, place):
        csr = self.train.csr
        held = recency == place
        users = np.repeat(np.arange(self.shape[0]), np.diff(csr.offsets))[held]
        rng = np.random.default_rng(place)
        unknown = self.train.to_scipy().toarray()[users] == 0
        chance = np.where(unknown, rng.random(unknown.shape), 2.0)
        negatives = np.argpartition(chance, 99, axis=1)[:, :99]
        candidates = self._among(users, csr.columns[held], negatives)
        return Fold(self.train.only(recency > place), self.train.only(held)), candidates


def _by_appearance(column, ids):
    """Return the places of ids in the order in which a column first has them."""
    distinct, first = np.unique(column, return_index=True)
    places = np.argsort(np.argsort(first))
    return places[np.searchsorted(distinct, ids)]


class Fits:
    """Fitted models, kept in a folder: all training data, and the part of each validation split."""

    def __init__(self, folder, published):
        self.folder = folder
        self.parts = [published.train, *(fold.train for fold in published.folds)]

    def __call__(self, estimator, part=0):
        """Return the model of a part, 0 for all, and the seconds that fitting it took."""
        told = hashlib.sha256(repr(estimator).encode()).hexdigest()[:16]
        where = self.folder / f"{estimator.name}-{told}-{part}"
        seconds = where.with_suffix(".seconds")
        if not seconds.exists():
            began = time.perf_counter()
            model = estimator.fit(self.parts[part])
            spent = time.perf_counter() - began
            model.save(where)
            seconds.write_text(str(spent))
        return pyrec.load(where), float(seconds.read_text())

    def validating(self, estimator):
        """Return its model for each validation split."""
        return [self(estimator, part)[0] for part in range(1, len(self.parts))]


def validated(published, fits, configurations):
    """Return each configuration with its figure, a mean over the splits, the best one first."""
    found = []
    for estimator in configurations:
        began = time.perf_counter()
        parts = zip(published.judges, fits.validating(estimator), published.folds, strict=True)
        values = [judge(model, fold) for judge, model, fold in parts]
        seconds = time.perf_counter() - began
        print(f"  {estimator}: {np.mean(values):.4f} in {seconds:.0f} s", flush=True)
        found.append((float(np.mean(values)), estimator))
    return sorted(found, key=lambda one: -one[0])


def row(published, estimator, model, seconds, validation, tried):
    """Judge a model, fitted on everything, on the test."""
    began = time.perf_counter()
    figures = published.judged(model)
    return {
        "configuration": {"name": estimator.name, **estimator.get_params()},
        "tried": tried,
        "validation": {published.metric: validation},
        "test": figures,
        "fit_seconds": seconds,
        "judge_seconds": time.perf_counter() - began,
    }


def single(published, fits, configurations):
    """Choose a configuration of a model on validation, and judge it."""
    found = validated(published, fits, configurations)
    tried = [{"name": e.name, **e.get_params(), "validation": value} for value, e in found]
    value, best = found[0]
    return row(published, best, *fits(best), value, tried)


def blended(published, fits, rows, names):
    """Blend the chosen configurations of models, weights learnt on validation."""
    members = [estimator_of(rows[name]["configuration"]) for name in names]
    fitted = zip(*(fits.validating(member) for member in members), strict=True)
    found = weigh(fitted, published.folds, published.metric, 200, "scores")
    estimator = pyrec.Blend(members=members, weights=[float(w) for w in found.weights])
    told = [{"members": list(names), "weights": estimator.weights, "alone": found.alone,
             "gain": found.gain, "error": found.error}]  # fmt: skip
    counting = [fits(m) for m, weight in zip(members, found.weights, strict=True) if weight > 0]
    models, seconds = zip(*counting, strict=True)
    model = blend_of(estimator, estimator, models, found.weights)
    return row(published, estimator, model, sum(seconds), found.value, told)


def estimator_of(configuration):
    options = dict(configuration)
    return estimator_class(options.pop("name"))(**options)


def write(file, name, rows, metric):
    """Write what is there, and what validation chooses of it."""
    revision = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True,
                              text=True, check=False).stdout.strip()  # fmt: skip
    best = max(rows, key=lambda label: rows[label]["validation"][metric])
    found = {
        "data": name,
        "chosen": best,
        "date": datetime.now(UTC).date().isoformat(),
        "revision": revision,
        "runtime": pyrec.runtime.info(),
        "models": rows,
    }
    file.write_text(json.dumps(found, indent=1) + "\n")


def table(rows):
    """Return the rows as Markdown."""
    labels = list(next(iter(rows.values()))["test"])
    lines = [f"| model | validation | {' | '.join(labels)} | fit, s |",
             "|---|---|" + "---|" * (len(labels) + 1)]  # fmt: skip
    for name, one in rows.items():
        figures = " | ".join(f"{one['test'][label]['mean']:.4f}" for label in labels)
        (value,) = one["validation"].values()
        lines.append(f"| {name} | {value:.4f} | {figures} | {one['fit_seconds']:.1f} |")
    return "\n".join(lines)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", required=True, choices=list(grids.GRIDS))
    parser.add_argument("--json", required=True, type=Path, metavar="FILE")
    parser.add_argument("--models", help="Only these, parted by commas.")
    parser.add_argument("--auto", type=float, metavar="SECONDS", help="Auto with this budget, too.")
    parser.add_argument("--fits", type=Path, metavar="FOLDER", help="Keep fitted models here.")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as passing:
        print(table(run(options, options.fits or Path(passing))))


def run(options, folder):
    """Go through the models that are asked for and not yet in the file; return all rows."""
    published = (Sampled if options.data == NCF else Published)(options.data)
    fits = Fits(folder / options.data, published)
    grid = grids.GRIDS[options.data]
    works = {name: lambda rows, c=c: single(published, fits, c) for name, c in grid.items()}
    if options.data != NCF:
        blends = [names for names in BLENDS if set(names) <= grid.keys()]
        works |= {" + ".join(names): lambda rows, names=names: blended(published, fits, rows, names)
                  for names in blends}  # fmt: skip
    if options.auto:
        works["auto"] = lambda rows: automatic(published, options.auto)
    wanted = options.models.split(",") if options.models else list(works)
    rows = json.loads(options.json.read_text())["models"] if options.json.exists() else {}
    for name in wanted:
        if name not in rows:
            print(f"{options.data}: {name}", flush=True)
            rows[name] = works[name](rows)
            write(options.json, options.data, rows, published.metric)
    return rows


def automatic(published, seconds):
    """Let the model choose itself; its validation figure is its own."""
    began = time.perf_counter()
    model = pyrec.Auto(budget_seconds=seconds).fit(published.train)
    fitted = time.perf_counter()
    value = max(one.value for one in model.tried if one.value is not None)
    return {
        "configuration": model.chosen,
        "tried": [{"stage": one.stage, "model": one.model, "validation": one.value,
                   "seconds": one.seconds, "note": one.note} for one in model.tried],
        "validation": {published.metric: value},
        "test": published.judged(model),
        "fit_seconds": fitted - began,
        "judge_seconds": time.perf_counter() - fitted,
    }  # fmt: skip


if __name__ == "__main__":
    main()
