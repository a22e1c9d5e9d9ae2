"""ALS: the kernels against dense float64, and what the model adds."""

import json
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
import reference
import scipy.sparse as sp
from hypothesis import HealthCheck, given, settings

import pyrec
from pyrec import ALS, _kernels
from pyrec.errors import ConfigError, DataError, NumericalError
from pyrec.interactions import as_csr

DEFAULTS = dict(
    solver="exact",
    regularization=0.1,
    alpha=1.0,
    unobserved_weight=1.0,
    regularization_exponent=0.0,
    cg_steps=3,
)
per_level = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def half_step(matrix, factors, start, threads=1, **options):
    side = _kernels.AlsSide(_kernels.AlsOptions(**(DEFAULTS | options)))
    side.prepare(factors, threads=threads)
    solved = start.copy()
    _kernels.als_solve(as_csr(matrix), side, solved, _kernels.AlsScratch(), threads=threads)
    return solved


def objective(matrix, users, items, **options):
    options = _kernels.AlsOptions(**(DEFAULTS | options))
    return _kernels.als_objective(as_csr(matrix), users, items, options, threads=2)


def random_matrix(rng, rows, columns, weight):
    """Rows from empty to full."""
    density = rng.random((rows, 1)) ** 3
    density[: rows // 4] = 1.5 / columns
    mask = rng.random((rows, columns)) < density
    mask[rng.integers(rows)] = True
    mask[rng.integers(rows)] = False
    row, column = np.nonzero(mask)
    return sp.csr_array((weight(len(row)).astype(np.float32), (row, column)), mask.shape)


@st.composite
def problems(draw):
    """A sparse matrix, both sides' factors, and options, down to what float32 cannot solve."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    rows, columns = draw(st.integers(1, 40)), draw(st.integers(1, 90))
    n_factors = draw(st.integers(1, 70))
    weight = draw(
        st.sampled_from(
            [
                np.ones,
                lambda n: rng.random(n) * 30,
                lambda n: rng.integers(-2, 3, n),  # dislikes and stored zeros
                lambda n: 10.0 ** rng.uniform(-6, 4, n),
            ]
        )
    )
    matrix = random_matrix(rng, rows, columns, weight)
    rank = draw(st.sampled_from([n_factors, max(1, n_factors // 2)]))
    mixing = rng.standard_normal((rank, n_factors))
    factors = rng.standard_normal((columns, rank)) @ mixing / np.sqrt(rank * n_factors)
    start = rng.standard_normal((rows, n_factors)) * 0.1
    options = dict(
        regularization=draw(st.sampled_from([1e-6, 1e-3, 0.1, 10.0])),
        alpha=draw(st.sampled_from([0.5, 1.0, 40.0])),
        unobserved_weight=draw(st.sampled_from([0.0, 0.02, 1.0, 3.0])),
        regularization_exponent=draw(st.sampled_from([0.0, 1.0, -0.5])),
    )
    return matrix, factors.astype(np.float32), start.astype(np.float32), options


def equations(matrix, factors, options):
    """Each row that has entries, with its reference matrix and right side."""
    for row in range(matrix.shape[0]):
        entries = reference.row_of(matrix, row)
        if entries:
            columns, values = map(list, zip(*entries, strict=True))
            yield row, *reference.als_normal_equations(columns, values, factors, options)


def gradient(matrix, right, x):
    """The gradient of a row, relative to the terms that it is the difference of."""
    size = np.linalg.norm(matrix, 2) * np.linalg.norm(x) + np.linalg.norm(right) + 1e-30
    return np.linalg.norm(right - matrix @ x) / size


# -- the exact solver -----------------------------------------------------------------------------


@per_level
@given(problem=problems())
def test_exact_rows_have_no_gradient(simd, problem):
    matrix, factors, start, options = problem
    solved = half_step(matrix, factors, start, **options)
    assert not solved[np.diff(matrix.indptr) == 0].any()
    gram = options["unobserved_weight"] * np.linalg.norm(factors.astype(np.float64), 2) ** 2
    for row, normal, right in equations(matrix, factors, DEFAULTS | options):
        assert gradient(normal, right, solved[row]) < 1e-4
        # The matrix is known to the precision of the parts that it is the sum of.
        parts = gram + np.linalg.norm(normal, 2)
        condition = parts / np.linalg.eigvalsh(normal)[0]
        if 0 < condition < 1e4:
            expected = np.linalg.solve(normal, right)
            error = np.linalg.norm(solved[row] - expected)
            assert error <= 5e-6 * condition * np.linalg.norm(expected)


def test_a_row_solved_with_others_or_alone_has_the_same_bits(simd):
    rng = np.random.default_rng(1)
    matrix = random_matrix(rng, 60, 150, lambda n: rng.random(n) * 5 + 1)
    factors = rng.standard_normal((150, 33)).astype(np.float32)
    start = rng.standard_normal((60, 33)).astype(np.float32)
    for solver in ("exact", "cg"):
        together = half_step(matrix, factors, start, solver=solver)
        for row in range(60):
            alone = half_step(matrix[[row]], factors, start[[row]], solver=solver)
            np.testing.assert_array_equal(alone[0], together[row])


@pytest.mark.parametrize("solver", ["exact", "cg"])
def test_the_same_bits_for_any_number_of_threads(simd, solver):
    rng = np.random.default_rng(2)
    matrix = random_matrix(rng, 900, 2500, lambda n: rng.random(n) * 5)
    start = rng.standard_normal((900, 20)).astype(np.float32)
    factors = rng.standard_normal((2500, 20)).astype(np.float32)
    once = half_step(matrix, factors, start, solver=solver)
    for threads in (2, 7):
        again = half_step(matrix, factors, start, threads=threads, solver=solver)
        np.testing.assert_array_equal(again, once)


def test_each_exact_half_step_lowers_the_objective(simd):
    rng = np.random.default_rng(3)
    matrix = random_matrix(rng, 50, 70, lambda n: rng.integers(1, 6, n))
    users = rng.standard_normal((50, 12)).astype(np.float32)
    items = rng.standard_normal((70, 12)).astype(np.float32)
    for options in (
        dict(),
        dict(unobserved_weight=0.05, regularization_exponent=1.0),
        dict(alpha=0.1),
    ):
        losses = [objective(matrix, users, items, **options)]
        for _ in range(4):
            users = half_step(matrix, items, users, **options)
            losses.append(objective(matrix, users, items, **options))
            items = half_step(sp.csr_array(matrix.T), users, items, **options)
            losses.append(objective(matrix, users, items, **options))
        assert (np.diff(losses) < 0).all()


def test_confidence_below_that_of_the_unobserved(simd):
    """All of a row observed with almost no confidence: what is left is a difference of millions."""
    rng = np.random.default_rng(4)
    factors = rng.standard_normal((300, 24)).astype(np.float32)
    matrix = sp.csr_array(np.full((2, 300), 1e-4, np.float32))
    for solver in ("exact", "cg"):
        solved = half_step(
            matrix, factors, np.zeros((2, 24), np.float32), solver=solver, unobserved_weight=1e3
        )
        for row, normal, right in equations(
            matrix, factors, DEFAULTS | dict(unobserved_weight=1e3)
        ):
            np.testing.assert_allclose(solved[row], np.linalg.solve(normal, right), rtol=2e-4)


def test_singular_equations_are_an_error_that_names_the_row(simd):
    factors = np.zeros((4, 3), np.float32)
    factors[:, 0] = 1  # rank 1: two directions of three have no value
    matrix = sp.csr_array(np.array([[0, 0, 0, 0], [1, 0, 0, 0]], np.float32))
    start = np.ones((2, 3), np.float32)
    with pytest.raises(NumericalError, match=r"row 1: .* singular.*raise `regularization`"):
        half_step(matrix, factors, start, regularization=0.0)


def test_broken_factors_are_an_error_and_never_a_silent_nan(simd):
    matrix = sp.csr_array(np.ones((2, 4), np.float32))
    start = np.ones((2, 3), np.float32)
    for solver in ("exact", "cg"):
        for bad in (np.nan, np.inf):
            factors = np.ones((4, 3), np.float32)
            factors[2, 1] = bad
            with pytest.raises(NumericalError, match="raise `regularization`"):
                half_step(matrix, factors, start, solver=solver)
    factors[2, 1] = 3e38  # its square is beyond float32: solved in double
    assert np.isfinite(half_step(matrix, factors, start, solver="cg")).all()
    with pytest.raises(NumericalError, match="too large: raise `regularization`"):
        half_step(matrix, factors, start)


# -- conjugate gradients --------------------------------------------------------------------------


@per_level
@given(problem=problems(), steps=st.integers(1, 4))
def test_conjugate_gradients_follow_the_reference(simd, problem, steps):
    matrix, factors, start, options = problem
    solved = half_step(matrix, factors, start, solver="cg", cg_steps=steps, **options)
    assert not solved[np.diff(matrix.indptr) == 0].any()
    for row, normal, right in equations(matrix, factors, DEFAULTS | options):
        expected = reference.als_cg(normal, right, start[row], steps)

        def value(x, normal=normal, right=right):
            return x @ normal @ x - 2 * right @ x

        scale = abs(value(expected)) + np.linalg.norm(normal, 2) * (start[row] @ start[row])
        reached = value(solved[row].astype(np.float64))
        assert reached <= value(start[row].astype(np.float64)) + 1e-4 * scale
        if np.linalg.cond(normal) < 1e3:
            assert reached <= value(expected) + 1e-2 * scale
        if np.linalg.cond(normal) < 100 and steps <= 2:  # later, float32 loses conjugacy
            # A row that float32 cannot follow is solved exactly.
            allowed = (expected, np.linalg.solve(normal, right))
            error = min(np.linalg.norm(solved[row] - x) for x in allowed)
            assert error <= 1e-3 * (np.linalg.norm(expected) + np.linalg.norm(start[row]))


# -- the objective --------------------------------------------------------------------------------


@given(problem=problems())
def test_the_objective_is_the_sum_over_all_pairs(problem):
    matrix, items, users, options = problem
    expected = reference.als_objective(matrix, users, items, DEFAULTS | options)
    np.testing.assert_allclose(objective(matrix, users, items, **options), expected, rtol=1e-5)


def test_a_half_step_equals_one_of_implicit(simd):
    """Factors that implicit 0.7.3 computed from the same start, by both of its solvers."""
    golden = json.loads((Path(__file__).parent / "golden" / "als_implicit.json").read_text())
    matrix = sp.csr_array(np.array(golden["confidence"], np.float32))
    items = np.array(golden["item_factors"], np.float32)
    users = np.array(golden["user_factors"], np.float32)
    options = dict(regularization=golden["regularization"])
    for solver in ("exact", "cg"):
        solved = half_step(matrix, items, users, solver=solver, **options)
        np.testing.assert_allclose(solved, golden[solver], rtol=1e-4, atol=5e-6)
    cells = matrix.shape[0] * matrix.shape[1] - matrix.nnz
    # It divides by the sum of all confidences, and adds that of a disliked pair once more.
    total = objective(matrix, users, items, **options) + np.abs(matrix.data[matrix.data < 0]).sum()
    mean = total / (np.abs(matrix.data).sum() + cells)
    np.testing.assert_allclose(mean, golden["loss"], rtol=1e-5)


# -- the model ------------------------------------------------------------------------------------


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


def test_folding_in_solves_the_persons_own_row(shop):
    model = ALS(factors=6, alpha=4, regularization=0.3, unobserved_weight=0.2).fit(shop)
    factors = model.fold_in(as_csr(shop))
    options = dict(alpha=4, regularization=0.3, unobserved_weight=0.2)
    for row, normal, right in equations(shop, model.item_factors, DEFAULTS | options):
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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(factors=0), "factors"),
        (dict(factors=2000), "factors"),
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


def read_adjacency(path):
    import gzip

    with gzip.open(path, "rt") as file:
        rows = [list(map(int, line.split())) for line in file]
    users = np.repeat([row[0] for row in rows], [len(row) - 1 for row in rows])
    items = np.array([item for row in rows for item in row[1:]])
    return users, items


@pytest.mark.real_data
def test_quality_on_gowalla(real_data):
    """Tuned iALS finds a sixth of the held-out items within twenty."""
    users, items = read_adjacency(real_data / "gowalla" / "train.txt.gz")
    test_users, test_items = read_adjacency(real_data / "gowalla" / "test.txt.gz")
    shape = (max(users.max(), test_users.max()) + 1, max(items.max(), test_items.max()) + 1)
    train = sp.csr_array((np.ones(len(users), np.float32), (users, items)), shape)
    als = ALS(
        factors=128,
        solver="exact",
        iterations=6,
        unobserved_weight=0.02,
        regularization=0.002,
        regularization_exponent=1,
    )
    found = als.fit(train).recommend(np.arange(shape[0]), k=20, unknown="empty").rows
    held_out = sp.csr_array((np.ones(len(test_users)), (test_users, test_items)), shape)
    hits = held_out[np.arange(shape[0])[:, None], np.maximum(found, 0)] * (found >= 0)
    wanted = held_out.sum(axis=1)
    recall = np.asarray(hits.sum(axis=1))[wanted > 0] / wanted[wanted > 0]
    assert recall.mean() > 0.17
