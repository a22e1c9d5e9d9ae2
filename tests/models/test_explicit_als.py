import numpy as np
import pytest
import scipy.sparse as sp

import pyrec
from pyrec import ExplicitALS
from pyrec.errors import ConfigError, OutOfMemoryError


@pytest.fixture(scope="module")
def ratings():
    """Two factors, biases, and a third of all pairs known."""
    rng = np.random.default_rng(0)
    true = 3 + rng.normal(0, 0.5, (60, 1)) + rng.normal(0, 0.5, 40)
    true = true + rng.normal(0, 0.7, (60, 2)) @ rng.normal(0, 0.7, (2, 40))
    return true, rng.random(true.shape) < 0.4


def fitted(ratings, **options):
    true, known = ratings
    return ExplicitALS(**{"factors": 2, "regularization": 0.005} | options).fit(
        sp.csr_array(np.where(known, true, 0))
    )


def predicted(model):
    users, items = (np.arange(n) for n in model.interactions.shape)
    return model.score(users[:, None], items[None, :])


def test_ratings_that_were_left_out_are_predicted(ratings):
    true, known = ratings
    errors = (predicted(fitted(ratings, iterations=30)) - true)[~known]
    by_mean = (true - true[known].mean())[~known]
    assert np.sqrt(np.mean(errors**2)) < 0.25 * np.sqrt(np.mean(by_mean**2))


def test_users_are_ridge_regressions_on_the_items(ratings):
    """The last half-step is the items'; newcomers with the same ratings are the users' next one."""
    true, known = ratings
    model = fitted(ratings)
    mean = true[known].mean()
    items = model.item_factors.astype(float)
    people = model.fold_in(model.interactions.csr)
    for user in (0, 31, 59):
        rated = np.flatnonzero(known[user])
        features = np.column_stack([items[rated, :2], np.ones(len(rated))])
        targets = true[user, rated] - mean - items[rated, 3]
        normal = features.T @ features + 0.005 * len(rated) * np.eye(3)
        expected = np.linalg.solve(normal, features.T @ targets)
        np.testing.assert_allclose(people[user, :2], expected[:2], atol=1e-4)
        assert people[user, 2] == pytest.approx(mean + expected[2], abs=1e-4)
        assert people[user, 3] == 1


def test_the_error_falls_and_a_callback_may_stop(ratings):
    losses = []
    true, known = ratings
    matrix = sp.csr_array(np.where(known, true, 0))
    estimator = ExplicitALS(factors=2, regularization=0.005, iterations=10)
    estimator.fit(matrix, callback=lambda step: losses.append(step.loss))
    assert losses == sorted(losses, reverse=True)
    assert len(losses) == 10
    stopped = estimator.fit(matrix, callback=lambda step: step.iteration == 3)
    np.testing.assert_array_equal(
        stopped.item_factors, estimator.replace(iterations=3).fit(matrix).item_factors
    )


def test_similar_items_are_compared_without_their_biases():
    items = np.array([[1, 0, 1, 9], [1, 0.1, 1, -9], [-1, 0, 1, 9]], np.float32)
    interactions = pyrec.Interactions.from_scipy(sp.csr_array(np.ones((2, 3), np.float32)))
    model = fitted((np.ones((2, 3)), np.ones((2, 3), bool)))
    model = type(model)(model.estimator, interactions, items[:2], items)
    assert model.similar_items(0, k=2).ids.tolist() == [1, 2]


def test_what_cannot_be_is_named():
    with pytest.raises(ConfigError, match="regularization: expected `float` > 0"):
        ExplicitALS(regularization=0)
    wide = sp.csr_array(([1.0], ([0], [0])), shape=(20_000_000, 20_000_000))
    with pytest.raises(OutOfMemoryError, match="ask for fewer `factors`"):
        ExplicitALS(factors=1024).fit(wide)


@pytest.mark.real_data
def test_on_movielens(real_data):
    """Ratings of MovieLens-1M, one in ten left out by chance."""
    table = np.loadtxt(real_data / "ml-1m" / "ratings.csv.gz", delimiter=",", skiprows=1, dtype=int)
    held = np.random.default_rng(0).random(len(table)) < 0.1
    user, item, rating = table[~held].T
    model = ExplicitALS(factors=16, regularization=0.04).fit(
        sp.csr_array((rating.astype(np.float32), (user, item)), shape=table.max(axis=0)[:2] + 1)
    )
    errors = model.score(table[held, 0], table[held, 1]) - table[held, 2]
    assert np.sqrt(np.mean(errors**2)) < 0.87
