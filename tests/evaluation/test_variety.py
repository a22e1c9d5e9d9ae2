"""Diversity and calibration of lists, against slow and obvious sums."""

import hypothesis.strategies as st
import numpy as np
import scipy.sparse as sp
from hypothesis import given
from hypothesis.extra import numpy as hnp
from rerank_cases import batches

from pyrec.data.groups import Groups
from pyrec.data.interactions import as_csr
from pyrec.evaluation import variety
from pyrec.evaluation.variety import intra_list_diversity, miscalibration
from pyrec.rerank.context import unit_vectors


@given(batch=batches(), sparse=st.booleans(), at_once=st.integers(1, 20))
def test_diversity_is_the_mean_over_pairs(batch, sparse, at_once):
    directions = unit_vectors(sp.csr_array(batch.vectors) if sparse else batch.vectors)
    unit = unit_vectors(batch.vectors)
    before, variety._AT_ONCE = variety._AT_ONCE, at_once
    try:
        found = intra_list_diversity(batch.rows, directions)
    finally:
        variety._AT_ONCE = before
    for row, value in zip(batch.rows, found, strict=True):
        items = [item for item in row if item >= 0 and unit[item].any()]
        pairs = [1 - unit[a] @ unit[b] for i, a in enumerate(items) for b in items[:i]]
        expected = np.mean(pairs) if pairs else np.nan
        np.testing.assert_allclose(value, max(0, expected) if pairs else expected, atol=1e-6)


@given(batch=batches(), data=st.data())
def test_miscalibration_is_the_divergence(batch, data):
    n, n_items = len(batch.rows), len(batch.vectors)
    labels = st.lists(st.sets(st.sampled_from("abc")), min_size=n_items, max_size=n_items)
    groups = Groups.of_lists(data.draw(labels))
    weights = hnp.arrays(np.float32, (n, n_items), elements=st.integers(0, 3).map(float))
    had = data.draw(weights)
    found = miscalibration(batch.rows, as_csr(sp.csr_array(had)), groups)
    of = groups.memberships
    parts = sp.csr_array((of.values, of.columns, of.offsets), of.shape).toarray()
    for row, history, value in zip(batch.rows, had, found, strict=True):
        wanted, shown = history @ parts, parts[row[row >= 0]].sum(axis=0)
        if not wanted.any() or not shown.any():
            assert np.isnan(value)
            continue
        p, q = wanted / wanted.sum(), shown / shown.sum()
        mixed = 0.01 * p[p > 0] + 0.99 * q[p > 0]
        np.testing.assert_allclose(value, np.sum(p[p > 0] * np.log(p[p > 0] / mixed)), atol=1e-5)
