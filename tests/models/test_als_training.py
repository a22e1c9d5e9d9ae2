"""What a training starts from, and what a callback sees of it; checkpoints: test_checkpoint.py."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp

from pyrec import ALS, Interactions, ItemKNN, Vocabulary, threads
from pyrec.errors import ConfigError, DataError
from pyrec.models.als_training import Training


@pytest.fixture(scope="module")
def week():
    rng = np.random.default_rng(3)
    taste = rng.integers(0, 4, 90)[:, None] == rng.integers(0, 4, 60)[None, :]
    return (rng.random((90, 60)) < np.where(taste, 0.4, 0.03)).astype(np.float32)


def interactions(dense, users, items):
    """Some rows and columns of a dense array, their numbers as text for ids."""
    matrix = sp.csr_array(dense[np.ix_(users, items)])
    return Interactions.from_scipy(
        matrix,
        users=Vocabulary([f"u{i:03}" for i in users]),
        items=Vocabulary([f"i{i:03}" for i in items]),
    )


def test_a_start_from_a_model_goes_on_where_it_stood(week):
    data = interactions(week, range(90), range(60))
    for solver in ("cg", "exact", "subspace"):
        als = ALS(factors=18, solver=solver, block_size=16)
        first = als.replace(iterations=3).fit(data)
        again = als.replace(iterations=4).fit(data, init=first)
        through = als.replace(iterations=7).fit(data)
        # A model has solved its users once more than the training that it was taken from, which
        # the exact solution does not notice.
        tolerance = 1e-4 if solver == "exact" else 0.1
        np.testing.assert_allclose(again.item_factors, through.item_factors, atol=tolerance)


def test_new_users_and_items_start_at_random_and_the_others_where_they_stood(week):
    als = ALS(factors=6, alpha=5, unobserved_weight=1)
    earlier = als.fit(interactions(week, range(5, 90), range(55)))
    grown = interactions(week, range(85), range(3, 60))
    training, fresh = Training(als, grown), Training(als, grown)
    training.start_from(earlier)
    np.testing.assert_array_equal(training.user_factors[5:], earlier.user_factors[:80])
    np.testing.assert_array_equal(training.user_factors[:5], fresh.user_factors[:5])
    np.testing.assert_array_equal(training.item_factors[:52], earlier.item_factors[3:])
    np.testing.assert_array_equal(training.item_factors[52:], fresh.item_factors[52:])
    losses = []
    als.replace(iterations=1).fit(grown, callback=lambda step: losses.append(step.loss))
    als.replace(iterations=1).fit(
        grown, init=earlier, callback=lambda step: losses.append(step.loss)
    )
    assert losses[1] < losses[0]


def test_what_is_no_start(week):
    data = interactions(week, range(90), range(60))
    model = ALS(factors=5, iterations=1).fit(data)
    with pytest.raises(ConfigError, match="init: has 5 factors and this ALS 6; set factors=5"):
        ALS(factors=6).fit(data, init=model)
    with pytest.raises(DataError, match="init: must be a fitted ALS, not ItemKNNModel"):
        ALS(factors=5).fit(data, init=ItemKNN().fit(data))
    with pytest.raises(DataError, match="init: knows none of these users and items"):
        ALS(factors=5).fit(sp.csr_array(week), init=model)


def memory(name):
    status = Path("/proc/self/status").read_text()
    return 1024 * int(re.search(rf"{name}:\s*(\d+)", status)[1])


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux tells the peak")
@pytest.mark.parametrize("solver", ["cg", "exact", "subspace"])
def test_the_peak_is_little_more_than_matrix_transpose_and_factors(solver):
    users, items, each, factors = 60_000, 12_000, 100, 64
    columns = np.sort(np.random.default_rng(4).integers(0, items - each, (users, each)), axis=1)
    columns = (columns + np.arange(each)).astype(np.int32).ravel()
    offsets = np.arange(0, users * each + 1, each, dtype=np.int32)
    matrix = sp.csr_array((np.ones(len(columns), np.float32), columns, offsets), (users, items))
    del columns, offsets
    needed = 2 * 8 * matrix.nnz + 8 * (users + items) + 4 * factors * (users + items)
    child = os.fork()
    if child == 0:
        Path("/proc/self/clear_refs").write_text("5")
        before = memory("VmRSS") - 8 * matrix.nnz
        with threads(2):
            model = ALS(factors=factors, iterations=1, solver=solver).fit(matrix)
        scratch = 10_000_000  # of two threads, whatever the size
        ratio = (memory("VmHWM") - before - scratch) / needed
        os._exit(int(100 * ratio) if model else 0)
    percent = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert 100 < percent < 160


def test_a_step_gives_its_loss_and_its_model(week):
    data, seen = Interactions.from_scipy(sp.csr_array(week)), []

    def callback(step):
        model = step.model()
        loss = Training(model.estimator, data).loss(model.user_factors, model.item_factors)
        assert loss <= step.loss  # its users are solved for its items
        seen.append(step.iteration)

    ALS(factors=5, iterations=2).fit(data, callback=callback)
    assert seen == [1, 2]
