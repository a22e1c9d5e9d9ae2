import numpy as np
import pytest
import scipy.sparse as sp

import pyrec
from pyrec import BPR, _kernels
from pyrec.data.interactions import as_csr
from pyrec.errors import ConfigError, DataError

MASK = 2**64 - 1


class Random:
    """SplitMix64, and numbers below n by the high half of a product."""

    def __init__(self, seed, stream):
        self.state = seed
        self.state = self.next() ^ (stream * 0xD1342543DE82EF95 & MASK)
        self.state = self.next()

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = ((self.state ^ (self.state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def below(self, n):
        return (self.next() * n) >> 64

    def deal(self, n):
        order = np.arange(n)
        for i in range(n - 1, 0, -1):
            j = self.below(i + 1)
            order[[i, j]] = order[[j, i]]
        return order


def hardest(drawn, had, user, items):
    """The one that the user likes best of those drawn that they have not had, or None."""
    return max((j for j in drawn if not had[j]), key=lambda j: user @ items[j], default=None)


def epoch(x, users, items, number, rate, regularization, candidates, seed):
    """An epoch of few items, which are one block, step by step in double precision."""
    users, items = users.astype(float), items.astype(float)
    order = Random(seed, number * 3).deal(len(users))
    dealt = Random(seed, number * 3 + 1).deal(len(items))
    random = Random(seed, number * 3 + 2)
    for user in order:
        for item in np.flatnonzero(x[user]):
            drawn = [dealt[random.below(len(items))] for _ in range(candidates)]
            other = hardest(drawn, x[user], users[user], items)
            if other is None:
                continue
            u, i, j = users[user].copy(), items[item].copy(), items[other].copy()
            gain = rate / (1 + np.exp(u @ (i - j)))
            keep = 1 - rate * regularization
            users[user] = keep * u + gain * (i - j)
            items[item] = keep * i + gain * u
            items[other] = keep * j - gain * u
    return users, items


def factors(rng, *shape):
    return (0.3 * rng.standard_normal(shape)).astype(np.float32)


@pytest.mark.parametrize("candidates", [1, 7])
@pytest.mark.parametrize("n", [1, 5, 16, 21, 64])
def test_an_epoch_step_by_step(simd, n, candidates):
    rng = np.random.default_rng(0)
    x = rng.random((14, 30)) < 0.3
    x[3] = True  # had everything: nothing is drawn for them
    users, items = factors(rng, 14, n), factors(rng, 30, n)
    expected = epoch(x, users, items, 2, 0.2, 0.05, candidates, seed=11)
    _kernels.bpr_epoch(as_csr(sp.csr_array(x)), users, items, epoch=2, learning_rate=0.2,
                       regularization=0.05, candidates=candidates, seed=11, threads=2)  # fmt: skip
    np.testing.assert_allclose(users, expected[0], atol=1e-5)
    np.testing.assert_allclose(items, expected[1], atol=1e-5)


@pytest.mark.parametrize("candidates", [1, 7])
@pytest.mark.parametrize("n", [1, 5, 16, 21, 64])
def test_folding_in_step_by_step(simd, n, candidates):
    rng = np.random.default_rng(1)
    x = rng.random((6, 30)) < 0.3
    items = factors(rng, 30, n)
    expected = np.zeros((6, n))
    for user, history in enumerate(x):
        random = Random(11, 0)
        for rate in 0.2 * np.array([1, 2 / 3, 1 / 3]):
            for item in np.flatnonzero(history):
                drawn = [random.below(30) for _ in range(candidates)]
                other = hardest(drawn, history, expected[user], items)
                if other is None:
                    continue
                difference = items[item].astype(float) - items[other]
                gain = rate / (1 + np.exp(expected[user] @ difference))
                expected[user] = (1 - rate * 0.05) * expected[user] + gain * difference
    found = _kernels.bpr_fold_in(as_csr(sp.csr_array(x)), items, epochs=3, learning_rate=0.2,
                                 regularization=0.05, candidates=candidates, seed=11,
                                 threads=2)  # fmt: skip
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_same_bits_for_any_number_of_threads():
    """With so many items that there are blocks, and enough to do that threads are started."""
    matrix = sp.random_array((600, 2000), density=0.05, rng=np.random.default_rng(0))
    fits = []
    for threads in (1, 2, 5, 30):
        with pyrec.threads(threads):
            fits.append(BPR(factors=65, epochs=2).fit(matrix))
    for model in fits[1:]:
        np.testing.assert_array_equal(model.user_factors, fits[0].user_factors)
        np.testing.assert_array_equal(model.item_factors, fits[0].item_factors)


def test_what_was_chosen_comes_first():
    rng = np.random.default_rng(0)
    taste = rng.integers(0, 3, 200)[:, None] == rng.integers(0, 3, 600)[None, :]
    chosen = sp.csr_array((rng.random(taste.shape) < np.where(taste, 0.2, 0.004)) * 1.0)
    lists = BPR(factors=8, epochs=30).fit(chosen).recommend(np.arange(200), k=20).rows
    assert np.take_along_axis(taste, lists, axis=1).mean() > 0.95


def test_the_hardest_of_several_negatives_ranks_the_top_better():
    """Items of two kinds: what a taste likes, and what everybody leaves, which teaches nothing."""
    rng = np.random.default_rng(0)
    taste = rng.integers(0, 4, 300)[:, None] == np.append(rng.integers(0, 4, 200), [-1] * 800)
    chosen = rng.random(taste.shape) < 0.2 * taste
    train = sp.csr_array(chosen * (rng.random(taste.shape) < 0.8))
    shares = []
    for candidates in (1, 8):
        model = BPR(factors=8, epochs=10, candidates=candidates).fit(train * 1.0)
        lists = model.recommend(np.arange(300), k=10).rows
        shares.append(np.take_along_axis(taste, lists, axis=1).mean())
    assert shares[1] > shares[0]


def test_only_weights_above_0_count():
    rng = np.random.default_rng(0)
    dense = rng.integers(-1, 3, (30, 20)) * 1.0
    one = BPR(factors=4, epochs=5).fit(sp.csr_array(dense))
    other = BPR(factors=4, epochs=5).fit(sp.csr_array((dense > 0) * 1.0))
    np.testing.assert_array_equal(one.item_factors, other.item_factors)
    with pytest.raises(DataError, match="no weight is above 0, so nobody chose anything"):
        BPR().fit(sp.csr_array([[-1.0, 0]]))


def test_newcomers_are_trained_like_users():
    matrix = sp.random_array((80, 50), density=0.2, rng=np.random.default_rng(1)).tocsr()
    model = BPR(factors=6, epochs=100).fit(matrix)
    people = model.fold_in(as_csr(matrix))
    lengths = [np.linalg.norm(side, axis=1) for side in (people, model.user_factors)]
    cosines = np.sum(people * model.user_factors, axis=1) / lengths[0] / lengths[1]
    assert np.median(cosines) > 0.9


def test_passes_are_shown_and_may_end_it():
    matrix = sp.random_array((80, 50), density=0.2, rng=np.random.default_rng(1))
    seen = []

    def stop_at_five(step):
        seen.append((step.iteration, step.loss))
        return step.iteration == 5

    model = BPR(factors=6, regularization=0.01, candidates=1).fit(matrix, callback=stop_at_five)
    assert [iteration for iteration, _ in seen] == [1, 2, 3, 4, 5]
    assert seen[-1][1] < seen[0][1]
    steps = []
    BPR(factors=6, epochs=5).fit(matrix, callback=lambda step: steps.append(step.model()) and None)
    assert len(steps) == 5
    assert not np.array_equal(steps[0].item_factors, steps[4].item_factors)
    assert model.recommend(0, k=3).counts == 3


def test_what_cannot_be_is_named():
    with pytest.raises(ConfigError, match="learning_rate: expected `float` > 0"):
        BPR(learning_rate=0)
