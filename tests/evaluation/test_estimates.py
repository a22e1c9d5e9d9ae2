import numpy as np
import pytest
import scipy.stats

from pyrec.errors import ConfigError
from pyrec.evaluation.estimates import Estimate, Values, bootstrap, checked_resampling, estimates


def test_the_interval_is_that_of_the_percentile_bootstrap():
    values = np.random.default_rng(3).random(400) ** 3
    found = estimates({"ndcg@5": Values(values)}, 20_000, 1)["ndcg@5"]
    expected = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    width = expected.high - expected.low
    assert found.mean == pytest.approx(values.mean(), rel=1e-12)
    assert found.low == pytest.approx(expected.low, abs=0.04 * width)
    assert found.high == pytest.approx(expected.high, abs=0.04 * width)
    assert found.users == 400


def test_the_interval_covers_the_truth_as_often_as_promised():
    rng = np.random.default_rng(7)
    covered = 0
    for i in range(300):
        found = estimates({"hit": Values((rng.random(200) < 0.3).astype(float))}, 400, i)["hit"]
        covered += found.low <= 0.3 <= found.high
    assert 270 <= covered <= 298  # 285 expected


def test_means_are_weighted_and_of_a_power():
    squares = Values(np.array([1.0, 3.0, np.nan]), np.array([3.0, 1.0, 0.0]), power=2)
    assert squares.mean() == pytest.approx(np.sqrt((3 * 1 + 1 * 9) / 4))
    assert Values(np.array([1.0, np.nan, 2.0])).mean() == 1.5
    assert np.isnan(Values(np.array([np.nan])).mean())
    found = estimates({"rmse": squares}, 500, 0)["rmse"]
    assert found.users == 2
    assert 1 <= found.low <= found.mean <= found.high <= 3


def test_what_does_not_vary_has_an_interval_of_one_point():
    found = estimates({"hit_rate@5": Values(np.full(20, 0.25))}, 100, 0)["hit_rate@5"]
    assert (found.mean, found.low, found.high) == (0.25, 0.25, 0.25)


def test_without_draws_or_values_there_is_no_interval():
    assert estimates({"a": Values(np.array([0.0, 1.0]))}, 0, 0)["a"] == Estimate(0.5, None, None, 2)
    nothing = estimates({"a": Values(np.array([np.nan]))}, 10, 0)["a"]
    assert nothing.to_dict() == {"mean": None, "low": None, "high": None, "users": 0}


def test_columns_of_one_draw_stay_paired():
    column = np.random.default_rng(0).random(50)
    sums = bootstrap([column, np.ones(50), 2 * column], 200, 4)
    np.testing.assert_allclose(sums[:, 2], 2 * sums[:, 0], rtol=1e-12)
    assert (sums[:, 1] == 50).all()
    np.testing.assert_array_equal(bootstrap([column], 200, 4)[:, 0], sums[:, 0])
    assert not np.array_equal(bootstrap([column], 200, 5)[:, 0], sums[:, 0])


@pytest.mark.parametrize("wrong", [-1, 0.5, "9", True, None])
def test_wrong_numbers_of_draws_and_seeds_are_named(wrong):
    with pytest.raises(ConfigError, match="resamples: must be a whole number of 0 or more"):
        checked_resampling(wrong, 0)
    with pytest.raises(ConfigError, match="random_state: must be a whole number of 0 or more"):
        checked_resampling(1, wrong)
