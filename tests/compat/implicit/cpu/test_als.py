import logging
import pickle

import numpy as np
import pytest
import scipy.sparse as sp

from pyrec import ALS
from pyrec.compat.implicit.als import AlternatingLeastSquares
from pyrec.compat.implicit.cpu.als import calculate_loss
from pyrec.compat.implicit.recommender_base import ModelFitError, OutOfModelError
from pyrec.errors import ConfigError, DataError

LIKES = sp.csr_matrix(
    [[1, 4, 0, 0, 0], [2, 1, 3, 0, 0], [0, 0, 1, -2, 0], [0, 1, 0, 5, 1], [0, 0, 0, 0, 0]],
    dtype=np.float32,
)
OPTIONS = {"factors": 3, "regularization": 0.1, "alpha": 2.0, "random_state": 7}


def fitted(likes=LIKES, **options):
    model = AlternatingLeastSquares(**{**OPTIONS, **options})
    model.fit(likes, show_progress=False)
    return model


def solved(confidences, others, regularization):
    """Return the best factors for each row of dense confidences, one by one."""
    found = []
    for row in confidences:
        weight = np.where(row == 0, 1.0, np.abs(row))
        normal = (others.T * weight) @ others + regularization * np.eye(others.shape[1])
        found.append(np.linalg.solve(normal, others.T @ (weight * (row > 0))))
    return np.array(found)


def test_an_exact_iteration_is_the_papers():
    model = fitted(use_cg=False, iterations=1)
    rng = np.random.default_rng(7)
    rng.random((5, 3), dtype=np.float32)  # the users' start, which does not matter
    items = rng.random((5, 3), dtype=np.float32) * 0.01
    confidences = 2.0 * LIKES.toarray()
    users = solved(confidences, items.astype(float), 0.1)
    np.testing.assert_allclose(model.user_factors, users, rtol=1e-3, atol=1e-5)
    items = solved(confidences.T, users, 0.1)
    np.testing.assert_allclose(model.item_factors, items, rtol=1e-3, atol=1e-5)


def test_the_objective_is_that_of_als():
    model = fitted(use_cg=False, iterations=200)
    ours = ALS(
        factors=3, regularization=0.1, alpha=2, iterations=200, solver="exact",
        unobserved_weight=1, regularization_exponent=0,
    ).fit(LIKES)  # fmt: skip
    mine, theirs = (
        calculate_loss(2 * LIKES, m.user_factors, m.item_factors, 0.1) for m in (model, ours)
    )
    assert mine == pytest.approx(theirs, rel=1e-3)


def test_the_loss_is_the_mean_over_confidences():
    rng = np.random.default_rng(1)
    users, items = rng.standard_normal((5, 3)), rng.standard_normal((5, 3))
    confidence = np.where(LIKES.toarray() == 0, 1.0, np.abs(LIKES.toarray()))
    squares = confidence * ((LIKES.toarray() > 0) - users @ items.T) ** 2
    penalty = 0.3 * ((users**2).sum() + (items**2).sum())
    expected = (squares.sum() + penalty) / confidence.sum()
    assert calculate_loss(LIKES, users, items, 0.3) == pytest.approx(expected, rel=1e-5)
    with pytest.raises(DataError, match="5 users and 4 items"):
        calculate_loss(LIKES, users, items[:4], 0.3)


def test_callback_and_loss(caplog):
    seen = []
    with caplog.at_level(logging.INFO, logger="pyrec"):
        model = AlternatingLeastSquares(**OPTIONS, iterations=4, calculate_training_loss=True)
        model.fit(LIKES, show_progress=False, callback=lambda *step: seen.append(step))
    assert [step[0] for step in seen] == [0, 1, 2, 3]
    assert seen[0][2] > seen[-1][2]
    assert "iteration 3: loss" in caplog.text
    expected = calculate_loss(2 * LIKES, model.user_factors, model.item_factors, 0.1)
    assert seen[-1][2] == pytest.approx(expected, rel=1e-5)
    model = AlternatingLeastSquares(**OPTIONS, iterations=1)
    model.fit(LIKES, show_progress=False, callback=lambda *step: seen.append(step))
    assert seen[-1][2] is None


def test_a_second_fit_goes_on_and_one_of_another_shape_starts_anew():
    twice, whole = fitted(iterations=3), fitted(iterations=6)
    twice.fit(LIKES, show_progress=False)
    np.testing.assert_array_equal(twice.item_factors, whole.item_factors)
    grown = sp.csr_matrix((LIKES.data, LIKES.indices, LIKES.indptr), shape=(5, 8))
    twice.fit(grown, show_progress=False)
    assert twice.item_factors.shape == (8, 3)
    np.testing.assert_array_equal(twice.item_factors[5:], 0)


def test_threads_and_formats_change_nothing():
    factors = [fitted(num_threads=n).item_factors for n in (1, 4)]
    factors.append(fitted(sp.csr_array(LIKES.astype(np.float64))).item_factors)
    for other in factors[1:]:
        np.testing.assert_array_equal(other, factors[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_that_of_what_is_kept(dtype):
    model = fitted(dtype=dtype)
    assert model.user_factors.dtype == model.item_factors.dtype == dtype
    assert model.recommend(0, LIKES[0])[1].dtype == dtype
    assert model.recalculate_user(0, LIKES[0]).dtype == dtype


def test_recalculated_is_the_exact_solution():
    model = fitted()
    expected = solved(2.0 * LIKES.toarray(), model.item_factors.astype(float), 0.1)
    np.testing.assert_allclose(model.recalculate_user(range(5), LIKES), expected, atol=1e-5)
    np.testing.assert_allclose(model.recalculate_user(99, LIKES[3]), expected[3], atol=1e-5)
    expected = solved(2.0 * LIKES.toarray().T, model.user_factors.astype(float), 0.1)
    found = model.recalculate_item(range(5), LIKES.T.tocsr())
    np.testing.assert_allclose(found, expected, atol=1e-5)
    ids, scores = model.recommend(99, LIKES[3], recalculate_user=True)
    np.testing.assert_allclose(
        scores, model.item_factors[ids] @ model.recalculate_user(3, LIKES[3]), rtol=1e-5
    )


def test_changed_parameters_change_what_is_recalculated():
    model = fitted()
    before = model.recalculate_user(0, LIKES[0])
    model.regularization = 5.0
    assert np.linalg.norm(model.recalculate_user(0, LIKES[0])) < np.linalg.norm(before)


def test_partial_fit_replaces_and_grows():
    model = fitted()
    before = model.user_factors
    model.partial_fit_users([1, 7], LIKES[[0, 1]])
    assert model.user_factors.shape == (8, 3)
    np.testing.assert_array_equal(model.user_factors[[0, 2, 3]], before[[0, 2, 3]])
    np.testing.assert_array_equal(model.user_factors[5:7], 0)
    np.testing.assert_array_equal(
        model.user_factors[[1, 7]], model.recalculate_user([1, 7], LIKES[[0, 1]])
    )
    model.partial_fit_items([6], LIKES.T.tocsr()[1])
    assert model.item_factors.shape == (7, 3)
    assert model.recommend(7, LIKES[1])[0].tolist()[0] in (3, 4, 6)
    with pytest.raises(OutOfModelError, match="-1"):
        model.partial_fit_users([-1], LIKES[0])
    with pytest.raises(DataError, match="1 row for each"):
        model.partial_fit_users([1, 2], LIKES[0])


def test_explanations_add_up():
    model = fitted(alpha=1.5)
    for user, item in [(0, 2), (1, 4), (2, 0)]:
        total, parts, weights = model.explain(user, LIKES, item)
        score = model.recalculate_user(user, LIKES[user]) @ model.item_factors[item]
        assert total == pytest.approx(score, rel=1e-4)
        assert sum(part for _, part in parts) == pytest.approx(total)
        assert sorted(i for i, _ in parts) == [i for i in range(5) if LIKES[user, i] > 0]
        assert [p for _, p in parts] == sorted((p for _, p in parts), reverse=True)
        again = model.explain(user, LIKES, item, user_weights=weights, N=1)
        assert again[0] == total
        assert again[1] == parts[:1]
    with pytest.raises(OutOfModelError, match="itemid"):
        model.explain(0, LIKES, 5)


def test_singular_equations_are_named():
    model = fitted(regularization=0)
    model.item_factors = np.ones((5, 3), np.float32)
    with pytest.raises(ModelFitError, match=r"regularization|singular"):
        model.explain(0, LIKES, 1)


@pytest.mark.parametrize(
    ("option", "value"),
    [("factors", 0), ("regularization", -1), ("alpha", 0), ("factors", 5000)],
)
def test_parameters_out_of_range(option, value):
    with pytest.raises(ConfigError, match=option):
        fitted(**{option: value})


def test_dtype_out_of_range():
    with pytest.raises(ConfigError, match="float16"):
        AlternatingLeastSquares(dtype=np.float16)


def test_no_interactions_no_factors():
    model = fitted(sp.csr_matrix((4, 6)))
    assert not model.user_factors.any()
    assert not model.item_factors.any()


def test_saved_pickled_and_loaded(tmp_path):
    model = fitted(dtype=np.float64, num_threads=2)
    model.recommend(0, LIKES[0])
    model.recalculate_user(0, LIKES[0])
    model.save(tmp_path / "model")
    for again in (
        AlternatingLeastSquares.load(tmp_path / "model"),
        pickle.loads(pickle.dumps(model)),
    ):
        np.testing.assert_array_equal(again.user_factors, model.user_factors)
        assert again.dtype == np.float64
        for name in ("factors", "alpha", "random_state", "num_threads", "use_cg"):
            assert getattr(again, name) == getattr(model, name)
        assert again.recommend(0, LIKES[0])[0].tolist() == model.recommend(0, LIKES[0])[0].tolist()


def test_a_generator_is_not_saved(tmp_path):
    model = fitted(random_state=np.random.default_rng(1))
    model.save(tmp_path / "model.npz")
    assert AlternatingLeastSquares.load(tmp_path / "model.npz").random_state is None
