import json

import hypothesis.strategies as st
import numpy as np
import pytest
import scipy.sparse as sp
import scipy.stats
from hypothesis import given
from stubs import GivenModel

import pyrec
from pyrec.errors import ConfigError, DataError
from pyrec.evaluation.compare import holm

USERS, ITEMS = 300, 25


@pytest.fixture(scope="module")
def reports():
    """Two models, the first of which knows a little more of the test."""
    rng = np.random.default_rng(8)
    train = rng.random((USERS, ITEMS)) < 0.2
    test = (rng.random((USERS, ITEMS)) < 0.15) & ~train
    noise = rng.random((2, USERS, ITEMS))
    metrics = ["ndcg@5", "recall@5", "auc", "rmse", "coverage@5"]
    return [
        pyrec.evaluate(GivenModel(sp.csr_array(train), noise[i] + help_ * test),
                       sp.csr_array(test), metrics=metrics)
        for i, help_ in enumerate((0.3, 0.15))
    ]  # fmt: skip


def test_the_difference_of_means_with_interval_and_p_value(reports):
    first, second = reports
    found = pyrec.compare(first, second, metrics=["ndcg@5"], resamples=20_000)["ndcg@5"]
    a, b = (report.main.values["ndcg@5"].values for report in reports)
    assert found.difference.mean == pytest.approx(np.mean(a - b), rel=1e-12)
    assert found.difference.users == len(a)
    rng = np.random.default_rng(0)
    expected = scipy.stats.bootstrap((a - b,), np.mean, method="percentile", rng=rng)
    width = expected.confidence_interval.high - expected.confidence_interval.low
    assert found.difference.low == pytest.approx(expected.confidence_interval.low, abs=0.04 * width)
    assert found.difference.high == pytest.approx(
        expected.confidence_interval.high, abs=0.04 * width
    )
    test = scipy.stats.permutation_test(
        (a, b), lambda x, y, axis: np.mean(x - y, axis=axis), permutation_type="samples",
        vectorized=True, n_resamples=20_000, rng=rng,
    )  # fmt: skip
    assert found.p_value == pytest.approx(test.pvalue, abs=4 * np.sqrt(0.25 / 20_000))


def test_a_root_of_a_mean_of_squares_is_compared_as_such(reports):
    first, second = reports
    found = pyrec.compare(first, second, metrics="rmse")["rmse"]
    assert (found.first, found.second) == (first["rmse"], second["rmse"])
    assert found.difference.mean == pytest.approx(first["rmse"] - second["rmse"])
    assert found.difference.low < found.difference.mean < found.difference.high


def test_a_model_does_not_differ_from_itself(reports):
    comparison = pyrec.compare(reports[0], reports[0])
    for one in comparison.differences.values():
        assert (one.difference.mean, one.difference.low, one.difference.high) == (0, 0, 0)
        assert one.p_value == one.p_adjusted == 1.0


def test_swapped_reports_give_the_mirror_image(reports):
    one, other = (pyrec.compare(*order, random_state=3) for order in (reports, reports[::-1]))
    for label in one.differences:
        assert one[label].difference.mean == -other[label].difference.mean
        assert one[label].p_value == pytest.approx(other[label].p_value, abs=0.05)


def test_false_alarms_are_as_rare_as_promised():
    """Where both models are equally good, one comparison in ten has p of 0.1 or less."""
    rng = np.random.default_rng(1)
    train = sp.csr_array(np.eye(40, 12))
    test = (rng.random((40, 12)) < 0.3) & ~np.eye(40, 12).astype(bool)
    alarms = 0
    for _ in range(100):
        a, b = (
            pyrec.evaluate(GivenModel(train, rng.random((40, 12))), sp.csr_array(test),
                           metrics="ndcg@3", resamples=0) for _ in range(2)
        )  # fmt: skip
        alarms += pyrec.compare(a, b, resamples=199)["ndcg@3"].p_value <= 0.1
    assert 2 <= alarms <= 20  # 10 expected, three standard deviations to either side


def test_same_comparison_for_any_thread_count(reports):
    first = pyrec.compare(*reports, threads=1).to_dict()
    for threads in (2, 7):
        assert pyrec.compare(*reports, threads=threads).to_dict() == first
    json.dumps(first, allow_nan=False)


def test_the_comparison_can_be_read(reports):
    text = str(pyrec.compare(*reports))
    for part in ("given minus given, new pairs, lists without", "ndcg@5", "p (Holm)"):
        assert part in text
    assert "coverage" not in text


def test_only_shared_users_are_compared(reports):
    train = sp.csr_array((USERS, ITEMS), dtype=np.float32).tolil()
    train[:, 0] = 1
    test = np.zeros((USERS, ITEMS))
    test[:, 3] = 1
    scores = np.random.default_rng(2).random((USERS, ITEMS))
    model = GivenModel(sp.csr_array(train), scores)
    whole = pyrec.evaluate(model, sp.csr_array(test), metrics="mrr")
    test[50:] = 0
    half = pyrec.evaluate(model, sp.csr_array(test), metrics="mrr")
    assert pyrec.compare(whole, half)["mrr@20"].difference.users == 50
    test[:50], test[50:, 3] = 0, 1
    rest = pyrec.evaluate(model, sp.csr_array(test), metrics="mrr")
    with pytest.raises(DataError, match="no users in common"):
        pyrec.compare(half, rest)
    test[60, 4] = 1
    more = pyrec.evaluate(model, sp.csr_array(test), metrics="mrr")
    with pytest.raises(DataError, match="judge different test pairs of the same users"):
        pyrec.compare(whole, more)


def test_reports_of_different_rules_are_refused(reports):
    train = np.eye(4)
    test = sp.csr_array(1 - np.eye(4))
    model = GivenModel(sp.csr_array(train), np.zeros((4, 4)))
    one = pyrec.evaluate(model, test, metrics=["mrr"])
    other = pyrec.evaluate(model, test, metrics=["mrr"], exclude_seen=False)
    with pytest.raises(
        DataError, match="exclude_seen is True in the first and False in the second"
    ):
        pyrec.compare(one, other)
    with pytest.raises(ConfigError, match="no 'repeat' pairs were judged"):
        pyrec.compare(one, one, part="repeat")
    with pytest.raises(ConfigError, match="'ndcg@5' has no value for each user in both reports"):
        pyrec.compare(one, one, metrics="ndcg@5")
    with pytest.raises(ConfigError, match="resamples: must be 1 or more"):
        pyrec.compare(one, one, resamples=0)
    with pytest.raises(ConfigError, match="'coverage@5' has no value for each user"):
        pyrec.compare(*reports, metrics="coverage@5")
    shown = pyrec.evaluate(model, test, metrics=["coverage"])
    with pytest.raises(ConfigError, match="no metric of users in common"):
        pyrec.compare(shown, shown)
    with pytest.raises(ConfigError, match="'mrr@3' was not compared"):
        pyrec.compare(one, one)["mrr@3"]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_rejects_one_after_the_other(p_values):
    """Rejecting at 5% what Holm's own step-down procedure rejects."""
    adjusted = holm(p_values)
    order = np.argsort(p_values, kind="stable")
    rejecting, m = True, len(p_values)
    for step, i in enumerate(order):
        rejecting = rejecting and p_values[i] * (m - step) <= 0.05
        assert (adjusted[i] <= 0.05) == rejecting
