"""The kernels of ALS against dense float64."""

import json
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
import reference
import scipy.sparse as sp
from half_steps import DEFAULTS, half_step, per_level, problems, random_matrix
from hypothesis import given

from pyrec import _kernels
from pyrec.data.interactions import as_csr
from pyrec.errors import NumericalError


def objective(matrix, users, items, **options):
    options = _kernels.AlsOptions(**(DEFAULTS | options))
    return _kernels.als_objective(as_csr(matrix), users, items, options, threads=2)


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
    for row, normal, right in reference.als_equations(matrix, factors, DEFAULTS | options):
        assert gradient(normal, right, solved[row]) < 1e-4
        # Both sides are known to the precision of the parts that they are the sums of.
        parts = gram + np.linalg.norm(normal, 2)
        smallest = np.linalg.eigvalsh(normal)[0]
        if 0 < parts < 1e4 * smallest:
            entries = slice(*matrix.indptr[row : row + 2])
            seen, weights = factors[matrix.indices[entries]], matrix.data[entries]
            added = (DEFAULTS | options)["alpha"] * np.linalg.norm(np.abs(seen).T @ np.abs(weights))
            expected = np.linalg.solve(normal, right)
            error = np.linalg.norm(solved[row] - expected)
            assert error <= 5e-6 * (parts * np.linalg.norm(expected) + added) / smallest


@pytest.mark.parametrize("regularization", [1e-7, 1e-5, 1e-3])
@pytest.mark.parametrize("unobserved_weight", [0.0, 1e-3, 1.0])
def test_exact_at_hard_settings(simd, regularization, unobserved_weight):
    """Almost singular Gram matrices, weights over six orders, regularization next to nothing."""
    rng = np.random.default_rng(7)
    options = dict(regularization=regularization, unobserved_weight=unobserved_weight)
    for factors in (3, 24, 64):
        matrix = random_matrix(rng, 60, 90, lambda n: 10.0 ** rng.uniform(-3, 3, n))
        spread = 10.0 ** -np.linspace(0, 3, factors)
        rotation = np.linalg.qr(rng.standard_normal((factors, factors)))[0]
        fixed = (rng.standard_normal((90, factors)) * spread @ rotation).astype(np.float32)
        solved = half_step(matrix, fixed, np.zeros((60, factors), np.float32), **options)
        for row, normal, right in reference.als_equations(matrix, fixed, DEFAULTS | options):
            assert gradient(normal, right, solved[row]) < 1e-5
            best = np.linalg.solve(normal, right)
            # The objective is a constant less right . best where the gradient vanishes.
            lost = (solved[row] - best) @ normal @ (solved[row] - best)
            assert lost <= 1e-4 * (right @ best)


def test_short_rows_whose_items_depend_on_one_another(simd):
    """The dual system of such a row is worse conditioned than the row's own."""
    rng = np.random.default_rng(8)
    factors = rng.standard_normal((63, 7)) @ rng.standard_normal((7, 16)) / 8
    factors = factors.astype(np.float32)
    mask = rng.random((500, 63)) < 9 / 63
    weights = mask * 10.0 ** rng.uniform(-3, 3, mask.shape)
    matrix = sp.csr_array(weights.astype(np.float32))
    options = dict(regularization=3e-3, unobserved_weight=0.0)
    solved = half_step(matrix, factors, np.zeros((500, 16), np.float32), **options)
    for row, normal, right in reference.als_equations(matrix, factors, DEFAULTS | options):
        assert gradient(normal, right, solved[row]) < 1e-5


def test_items_that_cancel_in_the_right_side(simd):
    """The sum of a row's items is a ten-thousandth of their size: known to three digits less."""
    rng = np.random.default_rng(11)
    matrix = sp.csr_array(rng.uniform(1, 3, (40, 30)).astype(np.float32))
    for n_factors in (3, 60):  # direct, and dual
        factors = rng.standard_normal((30, 1)) @ rng.standard_normal((1, n_factors)) / 10
        factors[0] -= factors.sum(axis=0) * (1 - 1e-4)
        even = sp.csr_array(np.sign(matrix.toarray()))
        factors = factors.astype(np.float32)
        start = np.zeros((40, n_factors), np.float32)
        for weights in (matrix, even):
            solved = half_step(weights, factors, start)
            for row, normal, right in reference.als_equations(weights, factors, DEFAULTS):
                assert gradient(normal, right, solved[row]) < 2e-5


def test_a_row_solved_with_others_or_alone_has_the_same_bits(simd):
    rng = np.random.default_rng(1)
    matrix = random_matrix(rng, 60, 150, lambda n: rng.random(n) * 5 + 1)
    factors = rng.standard_normal((150, 33)).astype(np.float32)
    start = rng.standard_normal((60, 33)).astype(np.float32)
    for solver in ("exact", "cg", "subspace"):
        together = half_step(matrix, factors, start, solver=solver)
        for row in range(60):
            alone = half_step(matrix[[row]], factors, start[[row]], solver=solver)
            np.testing.assert_array_equal(alone[0], together[row])


def test_rows_whose_factors_overflow_the_cache(simd):
    """Conjugate gradients take fewer rows at a time then."""
    rng = np.random.default_rng(12)
    matrix = sp.random_array((9, 7000), density=0.3, rng=rng, dtype=np.float32)
    factors = rng.standard_normal((7000, 64)).astype(np.float32) / 8
    start = rng.standard_normal((9, 64)).astype(np.float32)
    options = dict(solver="cg", regularization=1.0)
    solved = half_step(matrix, factors, start, threads=2, **options)
    matrix = sp.csr_array(matrix)
    for row, normal, right in reference.als_equations(matrix, factors, DEFAULTS | options):
        expected = reference.als_cg(normal, right, start[row], 3)
        np.testing.assert_allclose(solved[row], expected, atol=1e-4 * np.abs(expected).max())
        alone = half_step(matrix[[row]], factors, start[[row]], **options)
        np.testing.assert_array_equal(alone[0], solved[row])


@pytest.mark.parametrize("solver", ["exact", "cg", "subspace"])
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
        for row, normal, right in reference.als_equations(
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
    for solver in ("exact", "cg", "subspace"):
        for bad in (np.nan, np.inf):
            factors = np.ones((4, 3), np.float32)
            factors[2, 1] = bad
            with pytest.raises(NumericalError, match="raise `regularization`"):
                half_step(matrix, factors, start, solver=solver, cg_steps=2)
    factors[2, 1] = 3e38  # its square is beyond float32: solved in double
    assert np.isfinite(half_step(matrix, factors, start, solver="cg", cg_steps=2)).all()
    with pytest.raises(NumericalError, match="too large: raise `regularization`"):
        half_step(matrix, factors, start)


# -- blocks of factors ----------------------------------------------------------------------------


@per_level
@given(problem=problems(), block_size=st.sampled_from([16, 32, 48]))
def test_subspaces_follow_the_reference(simd, problem, block_size):
    matrix, factors, start, options = problem
    solved = half_step(matrix, factors, start, solver="subspace", block_size=block_size, **options)
    assert not solved[np.diff(matrix.indptr) == 0].any()
    for row, normal, right in reference.als_equations(matrix, factors, DEFAULTS | options):
        expected = reference.als_subspace(normal, right, start[row], block_size)

        def value(x, normal=normal, right=right):
            return x @ normal @ x - 2 * right @ x

        reached = value(solved[row].astype(np.float64))
        scale = abs(value(expected)) + np.linalg.norm(normal, 2) * (start[row] @ start[row])
        assert reached <= value(start[row].astype(np.float64)) + 1e-4 * scale
        assert reached <= value(expected) + 1e-3 * scale
        if np.linalg.cond(normal) < 1e3:
            # A row that float32 cannot follow is solved exactly.
            allowed = (expected, np.linalg.solve(normal, right))
            error = min(np.linalg.norm(solved[row] - x) for x in allowed)
            assert error <= 1e-3 * (np.linalg.norm(expected) + np.linalg.norm(start[row]))


def test_sweeps_over_blocks_end_at_the_exact_solution(simd):
    rng = np.random.default_rng(10)
    matrix = random_matrix(rng, 50, 200, lambda n: rng.integers(-1, 6, n))
    factors = rng.standard_normal((200, 40)).astype(np.float32)
    solved = rng.standard_normal((50, 40)).astype(np.float32)
    for _ in range(40):
        solved = half_step(matrix, factors, solved, solver="subspace")
    exact = half_step(matrix, factors, solved, solver="exact")
    np.testing.assert_allclose(solved, exact, rtol=1e-3, atol=1e-4)


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
