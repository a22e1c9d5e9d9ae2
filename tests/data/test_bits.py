import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pyrec.data.bits import bits_at, pack, unpack


@given(mask=hnp.arrays(np.bool_, st.integers(0, 200)))
def test_masks_come_back(mask):
    words = pack(mask)
    assert words.dtype == np.uint64
    np.testing.assert_array_equal(unpack(words, len(mask)), mask)
    rows = np.arange(len(mask), dtype=np.int32)[::-1]
    np.testing.assert_array_equal(bits_at(words, rows), mask[rows])


@pytest.mark.parametrize("n", [0, 1, 63, 64, 65])
def test_bits_after_the_last_row_are_zero(n):
    words = pack(np.ones(n, bool))
    assert sum(int(word).bit_count() for word in words) == n
    assert len(words) == -(-n // 64)
