import numpy as np
import pytest
import scipy.sparse as sp

from pyrec.compat.implicit.evaluation import (
    AUC_at_k,
    leave_k_out_split,
    mean_average_precision_at_k,
    ndcg_at_k,
    precision_at_k,
    ranking_metrics_at_k,
    train_test_split,
)
from pyrec.compat.implicit.nearest_neighbours import CosineRecommender
from pyrec.errors import DataError


def matrix(rows=60, columns=40, density=0.3, seed=1):
    rng = np.random.default_rng(seed)
    return sp.random(rows, columns, density, format="csr", dtype=np.float32, random_state=rng)


def test_train_test_split_deals_every_entry_once():
    ratings = matrix()
    train, test = train_test_split(ratings, 0.7, random_state=5)
    assert ((train + test) - ratings).nnz == 0
    assert train.multiply(test).nnz == 0
    again, _ = train_test_split(ratings, 0.7, random_state=5)
    assert (again != train).nnz == 0
    # As implicit draws: one number for each entry, in order.
    drawn = np.random.default_rng(5).random(ratings.nnz) < 0.7
    np.testing.assert_array_equal(train.data, ratings.data[drawn])


def test_negative_entries_are_not_tested():
    _, test = train_test_split(sp.csr_matrix([[-1, 1, -1, 1]]), 0.0)
    assert test.data.tolist() == [1, 1]


@pytest.mark.parametrize("K", [1, 3])
def test_leave_k_out_takes_k_of_those_who_have_enough(K):
    ratings = matrix(density=0.1)
    train, test = leave_k_out_split(ratings, K, random_state=5)
    assert ((train + test) - ratings).nnz == 0
    counts = np.diff(ratings.indptr)
    np.testing.assert_array_equal(np.diff(test.indptr), np.where(counts > K + 1, K, 0))


def test_leave_k_out_follows_the_seed():
    ratings = matrix()
    found = [leave_k_out_split(ratings, 2, 0.5, random_state=s)[1] for s in (1, 1, 2)]
    assert (found[0] != found[1]).nnz == 0
    assert (found[0] != found[2]).nnz > 0
    assert np.count_nonzero(np.diff(found[0].indptr)) == 30


@pytest.mark.parametrize("arguments", [{"K": 0}, {"train_only_size": 1.0}, {"train_only_size": -1}])
def test_leave_k_out_arguments(arguments):
    with pytest.raises(DataError, match=next(iter(arguments))):
        leave_k_out_split(matrix(), **arguments)


class Lists:
    """A model with given lists."""

    def __init__(self, lists):
        self.lists = np.array(lists, np.int32)

    def recommend(self, users, user_items, N):
        assert user_items.shape[0] == len(users)
        return self.lists[users, :N], None


def judged(lists, test, K):
    """Return the metrics as implicit defines them, pair by pair."""
    hits, possible, maps, ndcgs, aucs = 0, 0, [], [], []
    for row, wanted in zip(lists, test.toarray(), strict=True):
        if not wanted.any():
            continue
        liked = [bool(wanted[i]) for i in row[:K]]
        relevant, n = int(wanted.astype(bool).sum()), len(wanted)
        most = min(K, relevant)
        hits, possible = hits + sum(liked), possible + most
        maps.append(sum(sum(liked[: p + 1]) / (p + 1) for p in range(K) if liked[p]) / most)
        gains = 1 / np.log2(np.arange(2, K + 2))
        ndcgs.append(gains[liked].sum() / gains[:most].sum())
        # Behind the list, the rest stands in any order: half of the pairs are right.
        place = {item: p for p, item in enumerate(row[:K])}
        scores = np.array([-place.get(i, K) for i in range(n)])
        pairs = scores[wanted > 0][:, None] - scores[wanted == 0]
        aucs.append(np.mean((pairs > 0) + (pairs == 0) / 2))
    return {
        "precision": hits / possible,
        "map": np.mean(maps),
        "ndcg": np.mean(ndcgs),
        "auc": np.mean(aucs),
    }


@pytest.mark.parametrize("K", [1, 4, 40])
def test_metrics(K):
    rng = np.random.default_rng(3)
    lists = [rng.permutation(40) for _ in range(60)]
    test = matrix(density=0.08)
    assert 0 in np.diff(test.indptr)
    found = ranking_metrics_at_k(Lists(lists), matrix(), test, K, show_progress=False)
    assert found == pytest.approx(judged(lists, test, K))
    for name, metric in [
        ("precision", precision_at_k),
        ("map", mean_average_precision_at_k),
        ("ndcg", ndcg_at_k),
        ("auc", AUC_at_k),
    ]:
        value = metric(Lists(lists), matrix(), test, K, show_progress=False, num_threads=2)
        assert value == found[name]


def test_more_users_than_a_batch():
    rng = np.random.default_rng(3)
    lists, test = rng.permuted(np.tile(np.arange(9), (2500, 1)), axis=1), matrix(2500, 9)
    found = ranking_metrics_at_k(Lists(lists), test, test, 3, show_progress=False)
    assert found == pytest.approx(judged(lists, test, 3))


def test_short_lists_have_no_misses_behind_their_end():
    test = sp.csr_matrix([[1, 0, 0, 0]])
    found = ranking_metrics_at_k(Lists([[0, -1]]), test, test, 2, show_progress=False)
    assert found == {"precision": 1, "map": 1, "ndcg": 1, "auc": 1}


def test_nothing_to_judge():
    empty = sp.csr_matrix((3, 4))
    found = ranking_metrics_at_k(Lists([[0, 1]] * 3), empty, empty, 2, show_progress=False)
    assert all(np.isnan(value) for value in found.values())


def test_matrices_must_fit():
    with pytest.raises(DataError, match="must be equal"):
        precision_at_k(CosineRecommender(), matrix(), matrix(columns=7), show_progress=False)
