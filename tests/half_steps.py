"""Half a step of ALS on plain arrays, and problems for it."""

import hypothesis.strategies as st
import numpy as np
import scipy.sparse as sp
from hypothesis import HealthCheck, settings

from pyrec import _kernels
from pyrec.data.interactions import as_csr

DEFAULTS = dict(
    solver="exact",
    regularization=0.1,
    alpha=1.0,
    unobserved_weight=1.0,
    regularization_exponent=0.0,
    cg_steps=3,
    block_size=16,
)
per_level = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def half_step(matrix, factors, start, threads=1, **options):
    side = _kernels.AlsSide(_kernels.AlsOptions(**(DEFAULTS | options)))
    side.prepare(factors, threads=threads)
    solved = start.copy()
    _kernels.als_solve(as_csr(matrix), side, solved, _kernels.AlsScratch(), threads=threads)
    return solved


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
