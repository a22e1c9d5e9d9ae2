"""Inputs for the property tests: empty rows, ties, one column, duplicates, huge and tiny values."""

import hypothesis.strategies as st
import numpy as np
from hypothesis.extra import numpy as hnp

from pyrec import Events, Vocabulary

# Whole numbers make inner products exact in float32 in any order of the sums, and ties common.
whole = st.integers(-4, 4).map(float)


@st.composite
def factor_pairs(draw, max_rows=12, max_factors=40):
    """Two matrices with the same number of columns."""
    factors = draw(st.integers(1, max_factors))
    users = draw(hnp.arrays(np.float32, (draw(st.integers(0, max_rows)), factors), elements=whole))
    items = draw(hnp.arrays(np.float32, (draw(st.integers(1, max_rows)), factors), elements=whole))
    return users, items


@st.composite
def hard_factors(draw):
    """Two matrices that are hard to bound: duplicates, equal norms, extremes, one large factor.

    No inner product overflows.
    """
    factors = draw(st.sampled_from([1, 2, 3, 5, 16, 17, 40]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))

    def matrix(rows):
        normal = rng.standard_normal((rows, factors))
        kind = draw(st.sampled_from(["normal", "whole", "repeated", "scaled", "tiny", "spiked",
                                     "sparse", "signs", "zero"]))  # fmt: skip
        values = {
            "normal": normal,
            "whole": np.rint(normal),
            "repeated": normal[rng.integers(0, 3, rows) % rows],
            "scaled": normal * 10.0 ** rng.uniform(-30, 15, (rows, 1)),
            "tiny": normal * 1e-40,
            "spiked": normal * np.where(np.arange(factors) == 0, 1e4, 1.0),
            "sparse": normal * (rng.random((rows, factors)) < 0.1),
            "signs": np.sign(normal),
            "zero": normal * 0.0,
        }[kind]
        return values.astype(np.float32)

    return (
        matrix(draw(st.sampled_from([1, 15, 16, 40, 200]))),
        matrix(draw(st.sampled_from([1, 2, 63, 64, 65, 300]))),
    )


@st.composite
def logs(draw, max_events=30, **require):
    """Small logs with every combination of columns, repeated pairs, and equal times.

    A column named in `require` is present if it says True and absent if it says False.
    """
    n = draw(st.integers(0, max_events))

    def column(name, dtype, elements):
        if not (require[name] if name in require else draw(st.booleans())):
            return None
        return draw(hnp.arrays(dtype, n, elements=elements))

    return Events(
        Vocabulary.range(5),
        Vocabulary([f"item {j}" for j in range(6)]),
        draw(hnp.arrays(np.int32, n, elements=st.integers(0, 4))),
        draw(hnp.arrays(np.int32, n, elements=st.integers(0, 5))),
        kinds := column("kinds", np.uint8, st.integers(0, 2)),
        () if kinds is None else ("view", "cart", "buy"),
        column("weights", np.float32, whole),
        column("timestamps", np.int64, st.integers(0, 8)),
        column("sessions", np.int64, st.integers(0, 3)),
    )


@st.composite
def judged_lists(draw, max_users=8, max_items=25):
    """Ranked lists, short ones padded with -1, and what their users wanted with what gain."""
    n_items = draw(st.integers(1, max_items))
    k = draw(st.integers(1, n_items + 3))
    items = st.lists(st.integers(0, n_items - 1), unique=True)
    lists, wanted = [], []
    for _ in range(draw(st.integers(1, max_users))):
        ranked = draw(items)[:k]
        lists.append(ranked + [-1] * (k - len(ranked)))
        wanted.append({item: float(draw(st.integers(0, 3))) for item in draw(items)})
    return np.array(lists, np.int32), wanted, n_items


@st.composite
def sparse_matrices(draw, max_rows=12, max_columns=40, elements=whole):
    """A small dense array to be made sparse: empty rows, repeated columns, negative weights."""
    shape = (draw(st.integers(1, max_rows)), draw(st.integers(1, max_columns)))
    values = draw(hnp.arrays(np.float32, shape, elements=elements))
    if draw(st.booleans()):
        values = np.abs(values)
    if draw(st.booleans()):
        values = (values > 0).astype(np.float32)
    repeated = draw(st.integers(0, shape[1] - 1))
    values[:, repeated] = values[:, 0]
    return values
