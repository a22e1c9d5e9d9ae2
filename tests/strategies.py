"""Inputs for the property tests: empty rows, ties, one column, duplicates, huge and tiny values."""

import hypothesis.strategies as st
import numpy as np
from hypothesis.extra import numpy as hnp

# Whole numbers make inner products exact in float32 in any order of the sums, and ties common.
whole = st.integers(-4, 4).map(float)


@st.composite
def factor_pairs(draw, max_rows=12, max_factors=40):
    """Two matrices with the same number of columns."""
    factors = draw(st.integers(1, max_factors))
    users = draw(hnp.arrays(np.float32, (draw(st.integers(0, max_rows)), factors), elements=whole))
    items = draw(hnp.arrays(np.float32, (draw(st.integers(1, max_rows)), factors), elements=whole))
    return users, items
