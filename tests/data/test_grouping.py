import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from pyrec.data.grouping import group_pairs


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), max_size=40))
def test_groups_agree_with_a_dictionary(events):
    expected = {}
    for place, pair in enumerate(events):
        expected.setdefault(pair, []).append(place)
    rows, columns = np.array(events, np.int32).reshape(-1, 2).T.copy()
    groups = group_pairs(rows, columns, 5)
    pairs = list(zip(groups.rows.tolist(), groups.columns.tolist(), strict=True))
    assert pairs == sorted(expected)
    found = [part.tolist() for part in np.split(groups.order, groups.starts[1:-1])]
    assert found[: len(pairs)] == [expected[pair] for pair in pairs]
    assert groups.sizes.tolist() == [len(expected[pair]) for pair in pairs]
