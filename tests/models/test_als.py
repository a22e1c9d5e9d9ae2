"""ALS: what the model adds to its kernels (test_half_steps.py, test_conjugate_gradient.py)."""

import numpy as np
import pytest
import reference
import scipy.sparse as sp

import pyrec
from pyrec import ALS
from pyrec.data.interactions import as_csr
from pyrec.errors import ConfigError, DataError, NumericalError


@pytest.fixture(scope="module")
def shop():
    rng = np.random.default_rng(5)
    taste = rng.integers(0, 3, 80)[:, None] == rng.integers(0, 3, 50)[None, :]
    dense = (rng.random((80, 50)) < np.where(taste, 0.4, 0.03)) * rng.integers(1, 4, (80, 50))
    dense[7], dense[:, 9] = 0, 0
    return sp.csr_array(dense.astype(np.float32))


def test_factors_are_read_only_and_zero_without_interactions(shop):
    model = ALS(factors=5, iterations=2).fit(shop)
    assert model.user_factors.dtype == model.item_factors.dtype == np.float32
    assert not model.user_factors.flags.writeable
    assert not model.item_factors.flags.writeable
    assert not model.user_factors[7].any()
    assert not model.item_factors[9].any()


def test_a_fit_depends_on_its_random_state_alone(shop):
    first = ALS(factors=5, iterations=2, random_state=3).fit(shop)
    for threads in (1, 2, 7):
        with pyrec.threads(threads):
            again = ALS(factors=5, iterations=2, random_state=3).fit(shop)
        np.testing.assert_array_equal(again.item_factors, first.item_factors)
        np.testing.assert_array_equal(again.user_factors, first.user_factors)
    other = ALS(factors=5, iterations=2, random_state=4).fit(shop)
    assert not np.array_equal(other.item_factors, first.item_factors)


def test_the_callback_sees_each_step_and_may_stop(shop):
    steps, losses = [], []

    def callback(step):
        steps.append(step.iteration)
        assert step.seconds > 0
        losses.append(step.loss)
        return step.iteration == 3

    stopped = ALS(factors=5, solver="exact", iterations=20).fit(shop, callback=callback)
    assert steps == [1, 2, 3]
    assert losses == sorted(losses, reverse=True)
    short = ALS(factors=5, solver="exact", iterations=3).fit(shop)
    np.testing.assert_array_equal(stopped.item_factors, short.item_factors)


def test_a_model_taken_from_a_step_does_not_change_later(shop):
    models = []
    ALS(factors=5, iterations=3).fit(shop, callback=lambda step: models.append(step.model()))
    first = ALS(factors=5, iterations=1).fit(shop)
    np.testing.assert_array_equal(models[0].user_factors, first.user_factors)
    assert not np.array_equal(models[0].user_factors, models[2].user_factors)


def test_unobserved_items_weigh_together_the_same_in_any_catalogue(shop):
    wide = sp.csr_array(shop)
    wide.resize((shop.shape[0], 1600))
    assert ALS(factors=3, iterations=1).fit(wide).estimator.unobserved_weight == 400 / 1600
    assert ALS(factors=3, iterations=1).fit(shop).estimator.unobserved_weight == 1


def test_folding_in_solves_the_persons_own_row(shop):
    options = dict(alpha=4, regularization=0.3, unobserved_weight=0.2, regularization_exponent=0)
    model = ALS(factors=6, **options).fit(shop)
    factors = model.fold_in(as_csr(shop))
    for row, normal, right in reference.als_equations(shop, model.item_factors, options):
        expected = np.linalg.solve(normal, right)
        np.testing.assert_allclose(factors[row], expected, rtol=1e-3, atol=1e-6)
    assert not factors[7].any()
    assert model.recommend_for([]).counts == 0
    ranking = model.recommend_for(shop[[3]], k=50, exclude_seen=False)
    expected = model.item_factors[ranking.rows[0]] @ factors[3]
    np.testing.assert_allclose(ranking.scores[0], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("k", [1, 3, 50])
def test_contributions_sum_to_the_score_of_the_exact_solution(shop, k):
    model = ALS(factors=6, alpha=4, solver="cg", cg_steps=2, iterations=3).fit(shop)
    exact = model.fold_in(as_csr(shop))
    for user, item in ((0, 4), (1, 9), (30, 2)):
        explanation = model.explain(user, item, k=k)
        score = exact[user].astype(np.float64) @ model.item_factors[item]
        np.testing.assert_allclose(explanation.total, score, rtol=1e-4, atol=1e-7)
        history = [column for column, _ in reference.row_of(shop, user)]
        assert len(explanation.rows) == min(k, len(history))
        assert set(explanation.rows.tolist()) <= set(history)
    assert model.explain(7, 0).total == 0


def test_explanations_of_a_batch_are_those_of_single_pairs(shop):
    model = ALS(factors=20, alpha=4, iterations=3, unobserved_weight=0.1).fit(shop)
    users, items = (
        np.arange(20),
        np.argsort(np.random.default_rng(0).random((20, 12)), axis=1)[:, :5],
    )
    many = model.explain_batch(users, items, k=3)
    for user in range(20):
        for place in range(5):
            found, one = many.of(user, place), model.explain(user, int(items[user, place]), k=3)
            np.testing.assert_allclose(found.contributions, one.contributions, rtol=1e-5, atol=1e-9)
            np.testing.assert_allclose(found.total, one.total, rtol=1e-5, atol=1e-9)


def test_lists_fold_ins_and_explanations_agree(shop):
    model = ALS(factors=6, alpha=4, solver="exact", iterations=3).fit(shop)
    np.testing.assert_allclose(model.fold_in(as_csr(shop)), model.user_factors, atol=1e-5)
    for user, item in ((0, 4), (1, 9), (30, 2)):
        np.testing.assert_allclose(
            model.explain(user, item).total, model.score(user, item), rtol=1e-3, atol=1e-6
        )


def test_similar_items_and_users_by_cosine(shop):
    model = ALS(factors=6, alpha=4).fit(shop)
    for factors, similar in (
        (model.item_factors, model.similar_items),
        (model.user_factors, model.similar_users),
    ):
        ranking = similar(2, k=4)
        assert 2 not in ranking.rows
        norms = np.linalg.norm(factors, axis=1)
        cosines = factors @ factors[2] / np.where(norms > 0, norms, 1) / norms[2]
        np.testing.assert_allclose(ranking.scores, cosines[ranking.rows], rtol=1e-5)
        others = np.delete(np.arange(len(factors)), [2, *ranking.rows])
        assert cosines[others].max() <= ranking.scores[-1] + 1e-6
    assert (model.similar_items(9, k=4).scores == 0).all(), "an item that nobody had"


def test_dislikes_lower_what_they_stand_on():
    rng = np.random.default_rng(6)
    likes = (rng.random((40, 20)) < 0.3).astype(np.float32)
    likes[0, 3] = -5
    disliked = ALS(factors=8, iterations=5).fit(sp.csr_array(likes)).score(0, 3)
    likes[0, 3] = 5
    assert disliked < 0.2 < ALS(factors=8, iterations=5).fit(sp.csr_array(likes)).score(0, 3)


def test_pairs_with_popular_items_say_less(shop):
    plain = ALS(factors=8, iterations=4)
    data = pyrec.Interactions.from_scipy(shop)
    sums = shop.sum(axis=0)
    weights = np.where(sums > 0, sums, 1) ** -0.5
    weighed = shop @ sp.diags_array(weights * sums.sum() / (sums @ weights))
    assert weighed.sum() == pytest.approx(sums.sum())
    model, same = plain.replace(item_exponent=0.5).fit(data), plain.fit(weighed)
    np.testing.assert_allclose(model.item_factors, same.item_factors, rtol=1e-3, atol=1e-5)
    steps = []
    plain.replace(item_exponent=0.5).fit(data, callback=steps.append)
    assert model.interactions is steps[-1].model().interactions is data


def test_damped_items_fold_in_explain_and_update_alike(shop, tmp_path):
    model = ALS(factors=8, solver="exact", item_exponent=0.5).fit(shop)
    folded = model.fold_in(as_csr(shop))
    np.testing.assert_allclose(folded, model.user_factors, rtol=1e-3, atol=1e-5)
    model.save(tmp_path / "model")
    assert np.array_equal(pyrec.load(tmp_path / "model").fold_in(as_csr(shop)), folded)
    score = model.score(3, 2)
    assert model.explain(3, 2).total == pytest.approx(score, rel=1e-3)
    assert model.explain_batch([3], [[2]]).of(0, 0).total == pytest.approx(score, rel=1e-3)
    updated = model.partial_fit(sp.csr_array(([1.0], ([3], [2])), shop.shape))
    again = updated.fold_in(updated.interactions.csr.take(np.array([3], np.int32)))
    np.testing.assert_allclose(again[0], updated.user_factors[3], rtol=1e-3, atol=1e-5)
    assert ALS(factors=4, item_exponent=1).fit(0 * shop).item_factors.shape == (50, 4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(factors=0), "factors"),
        (dict(factors=5000), "factors"),
        (dict(regularization=-1), "regularization"),
        (dict(alpha=0), "alpha"),
        (dict(alpha=float("nan")), "not a finite"),
        (dict(solver="sgd"), "solver"),
        (dict(iterations=0), "iterations"),
        (dict(unobserved_weight=-0.1), "unobserved_weight"),
        (dict(factor=3), "did you mean 'factors'"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ConfigError, match=message):
        ALS(**options)


def test_a_penalty_beyond_all_bounds(shop):
    with pytest.raises(ConfigError, match=r"regularization: .*exponent.*lower either"):
        ALS(regularization_exponent=40.0).fit(shop)


def test_a_training_that_cannot_go_on_names_iteration_side_and_row(shop):
    with pytest.raises(NumericalError, match=r"iteration 1, users: row .*raise `regularization`"):
        ALS(factors=30, solver="exact", regularization=0, unobserved_weight=0).fit(shop)


def test_weights_must_be_finite():
    with pytest.raises(DataError, match=r"matrix\[0, 1\] = nan is not a finite"):
        ALS().fit(sp.csr_array([[1.0, np.nan]]))


# -- real data ------------------------------------------------------------------------------------


@pytest.mark.real_data
def test_quality_on_gowalla(real_data):
    """Tuned iALS finds more than 17% of the held-out items within twenty."""
    train, test = (
        pyrec.read_adjacency(real_data / "gowalla" / f"{part}.txt.gz") for part in ("train", "test")
    )
    als = ALS(
        factors=256,
        solver="exact",
        iterations=6,
        unobserved_weight=0.01,
        regularization=0.003,
        regularization_exponent=1,
    )
    report = pyrec.evaluate(als.fit(train), test, metrics="recall@20", resamples=0)
    assert report["recall@20"] > 0.17


def test_a_dislike_of_somebody_new_lowers_its_like():
    rng = np.random.default_rng(0)
    same = (np.arange(80)[:, None] % 2) == (np.arange(30) % 2)
    model = ALS(factors=2, solver="exact").fit(
        sp.csr_array((rng.random((80, 30)) < np.where(same, 0.6, 0.05)) * 1.0)
    )
    both = model.recommend_for([{0: 1, 1: 1}, {0: 1, 1: -1}], k=28)
    assert both.rows.shape == (2, 28)
    odd = [dict(zip(ids, scores, strict=True)) for ids, scores in zip(
        both.ids.tolist(), both.scores.tolist(), strict=True)]  # fmt: skip
    assert sum(odd[1][i] for i in range(3, 30, 2)) < 0.5 * sum(odd[0][i] for i in range(3, 30, 2))
    one = model.recommend_for({1: -1, 0: 1, 99: 5}, k=28)
    np.testing.assert_array_equal(one.rows, both.rows[1])
    with pytest.raises(DataError, match="give one form to all"):
        model.recommend_for([{0: 1}, [1]])
    with pytest.raises(DataError, match="weights"):
        model.recommend_for({0: "much"})
