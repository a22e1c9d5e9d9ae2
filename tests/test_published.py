"""Published protocols on published splits: the same figures come out.

Where no figure is published, it is one of an independent computation in numpy.
"""

import gzip

import numpy as np
import pytest
import scipy.sparse as sp
from stubs import GivenModel

import pyrec
from pyrec import _kernels
from pyrec.data.interactions import as_csr
from pyrec.evaluation.metrics import measure

pytestmark = pytest.mark.real_data


def adjacency(path):
    """Read ``user item item ...`` lines as pairs."""
    users, items = [], []
    with gzip.open(path, "rt") as lines:
        for line in lines:
            user, *row = map(int, line.split())
            users += [user] * len(row)
            items += row
    return np.array([users, items])


def matrix(pairs, shape):
    return sp.csr_array((np.ones(pairs.shape[1], np.float32), (pairs[0], pairs[1])), shape=shape)


def published_split(folder):
    train, test = (adjacency(folder / f"{name}.txt.gz") for name in ("train", "test"))
    shape = tuple(np.maximum(train.max(axis=1), test.max(axis=1)) + 1)
    return matrix(train, shape), matrix(test, shape)


class LinearModel(GivenModel):
    """Scores are histories times a sparse matrix of items by items."""

    def _top_k(self, user_rows, k, exclude, allowed, threads):
        histories = self.interactions.csr.take(user_rows)
        return _kernels.recommend_sparse(
            histories, self.scores, exclude, allowed, k=k, threads=threads
        )


@pytest.mark.parametrize(
    ("name", "recall", "ndcg", "hit_rate"),
    [("gowalla", 0.0416, 0.0317, 0.2038), ("yelp2018", 0.0125, 0.0101, 0.0830)],
)
def test_popularity(real_data, name, recall, ndcg, hit_rate):
    train, test = published_split(real_data / name)
    report = pyrec.evaluate(pyrec.Popularity().fit(train), test,
                            metrics=["recall@20", "ndcg@20", "hit_rate@20"])  # fmt: skip
    assert len(report.main.users) == train.shape[0]
    assert report["recall@20"] == pytest.approx(recall, abs=5e-5)
    assert report["ndcg@20"] == pytest.approx(ndcg, abs=5e-5)
    # Equally popular items are in another order there: a user or two may have a hit more.
    assert report["hit_rate@20"] == pytest.approx(hit_rate, abs=1.5e-4)


def test_linear_filter_on_gowalla(real_data):
    """Symmetric normalisation: scores R (Rn' Rn), with Rn = Du^-1/2 R Di^-1/2."""
    train, test = published_split(real_data / "gowalla")
    by_user, by_item = (np.maximum(train.sum(axis=axis), 1) ** -0.5 for axis in (1, 0))
    normal = sp.csr_array(train * by_user[:, None] * by_item[None, :])
    model = LinearModel(train, np.zeros((0, 0)))
    model.scores = as_csr((normal.T @ normal).astype(np.float32))
    report = pyrec.evaluate(model, test, metrics=["recall@20", "ndcg@20", "hit_rate@20"])
    assert report["recall@20"] == pytest.approx(0.1682, abs=5e-5)
    assert report["ndcg@20"] == pytest.approx(0.1331, abs=5e-5)
    assert report["hit_rate@20"] == pytest.approx(0.5389, abs=5e-5)


def test_ease_on_movielens(real_data):
    """EASE (Steck 2019) with a regularisation of 500: the inverse of X'X + 500 I in closed form."""
    train, test = published_split(real_data / "movielens1m_m1")
    gram = (train.T @ train).toarray().astype(np.float64)
    gram[np.diag_indices_from(gram)] += 500
    inverse = np.linalg.inv(gram)
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0)
    rows, _ = pyrec.kernels.top_k(train.toarray(), weights.T, 20, exclude=train)
    wanted = measure(rows, test, ["recall@20", "ndcg@20"])
    assert np.nanmean(wanted["recall@20"]) == pytest.approx(0.2759, abs=5e-5)
    assert np.nanmean(wanted["ndcg@20"]) == pytest.approx(0.2660, abs=5e-5)


def test_one_positive_and_99_negatives(real_data):
    """The protocol of He et al. 2017; TopPopular in Ferrari Dacrema et al. 2021, table 54.

    In 156 cases the published file has the positive among the negatives: kept, and ranked once.
    """
    folder = real_data / "ml-1m-ncf"
    train, test = (
        np.loadtxt(folder / f"{name}.tsv.gz", dtype=int, usecols=(0, 1)).T
        for name in ("train", "test")
    )
    with gzip.open(folder / "test.negative.gz", "rt") as lines:
        negatives = np.array([[int(item) for item in line.split("\t")[1:]] for line in lines])
    shape = (6040, 3706)
    among = np.column_stack([test[1], negatives])
    candidates = matrix(np.array([np.repeat(np.arange(6040), 100), among.ravel()]), shape)
    report = pyrec.evaluate(pyrec.Popularity().fit(matrix(train, shape)), matrix(test, shape),
                            metrics=["hit_rate@10", "ndcg@10"], candidates=candidates)  # fmt: skip
    assert report.counts["pairs_outside_candidates"] == 0
    assert len(report.main.users) == 6040
    assert (np.diff(candidates.indptr) == 99).sum() == 156
    # Equally popular items are in another order there: one hit more in 6,040 is 0.00017.
    assert report["hit_rate@10"] == pytest.approx(0.4533, abs=3e-4)
    assert report["ndcg@10"] == pytest.approx(0.2542, abs=5e-5)
