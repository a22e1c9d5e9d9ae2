import ctypes
import mmap
import sys
import tempfile

import hypothesis.strategies as st
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis.extra import numpy as hnp
from strategies import logs

from pyrec import Events, Interactions, Vocabulary
from pyrec._kernels import Csr
from pyrec.data.interactions import as_csr, found_in, frozen
from pyrec.errors import DataError

FORMATS = ["bsr", "coo", "csc", "csr", "dia", "dok", "lil"]
DTYPES = [bool, np.int8, np.uint16, np.int64, np.uint64, np.float32, np.float64, np.longdouble]


@pytest.mark.parametrize("kind", ["array", "matrix"])
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_format_and_dtype(kind, form, dtype):
    dense = np.array([[1, 0, 3], [0, 0, 0], [0, 5, 1]]).astype(dtype)
    matrix = getattr(sp, f"{form}_{kind}")(dense)
    before = matrix.copy()
    assert as_dense(Interactions.from_scipy(matrix)).tolist() == dense.astype(float).tolist()
    assert (matrix != before).nnz == 0


@given(
    hnp.arrays(np.int64, (2, 12), elements=st.integers(0, 4)),
    hnp.arrays(np.int8, 12, elements=st.integers(-128, 127)),
    st.sampled_from([np.int32, np.int64]),
    st.sampled_from(["csr", "csc", "coo"]),
)
def test_duplicates_are_summed_without_wrapping_around(places, values, index, form):
    rows, columns = places.astype(index)
    if form == "coo":
        matrix = sp.coo_array((values, (rows, columns)), shape=(5, 5))
    else:
        major, minor = (rows, columns) if form == "csr" else (columns, rows)
        order = np.argsort(major, kind="stable")
        offsets = np.searchsorted(major[order], np.arange(6)).astype(index)
        matrix = getattr(sp, f"{form}_array")((values[order], minor[order], offsets), shape=(5, 5))
    expected = np.zeros((5, 5))
    np.add.at(expected, (rows, columns), values.astype(float))
    merged = Interactions.from_scipy(matrix)
    np.testing.assert_array_equal(as_dense(merged), expected)
    assert merged.nnz == len(set(zip(rows.tolist(), columns.tolist(), strict=True)))


def test_explicit_zeros_stay():
    assert Interactions.from_scipy(sp.coo_array(([0.0], ([1], [1])), shape=(2, 2))).nnz == 1


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (1, 1)])
def test_empty_matrices(shape):
    matrix = Interactions.from_scipy(sp.csr_array(shape))
    assert matrix.shape == shape
    assert matrix.by_item.shape == shape[::-1]
    assert matrix.to_scipy().shape == shape
    assert matrix.take_users([]).shape == (0, shape[1])


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.eye(2), "must be a scipy sparse matrix, users by items, not ndarray"),
        (sp.csr_array(np.array([[1j]])), "values must be real numbers, not complex128"),
        (sp.coo_array([1.0, 2.0]), "must have 2 dimensions, not 1"),
        (sp.csr_array([[0, 0], [0, np.nan]]), r"matrix\[1, 1\] = nan is not a finite"),
        (sp.coo_array([[0, 0], [np.inf, 0]]), r"matrix\[1, 0\] = inf is not a finite"),
        (sp.csr_array([[0, 1e300]]), r"matrix\[0, 1\] = 1e\+300 is not a finite float32"),
        (sp.coo_array((2**31, 1)), "at most 2\\^31 - 1 rows and columns"),
        (sp.csr_array((1, 2**31)), "at most 2\\^31 - 1 rows and columns"),
    ],
)
def test_bad_matrices_are_named(matrix, message):
    with pytest.raises(DataError, match=message):
        Interactions.from_scipy(matrix)


@pytest.mark.parametrize("attribute", ["indices", "indptr"])
@pytest.mark.parametrize("form", ["csr_array", "csc_matrix"])
def test_indices_that_somebody_broke_are_refused(form, attribute):
    matrix = getattr(sp, form)(np.ones((3, 3)))
    getattr(matrix, attribute)[1] = -5
    with pytest.raises(DataError, match="matrix: broken indices"):
        Interactions.from_scipy(matrix)


def test_indices_of_64_bits_are_not_cut_off():
    matrix = sp.csr_array(np.ones((1, 3)))
    matrix.indices = np.array([0, 1, 2 + 2**32])
    with pytest.raises(DataError, match="matrix: broken indices"):
        Interactions.from_scipy(matrix)


def test_wrong_orientation_is_named():
    users, items = Vocabulary(["ann", "bob"]), Vocabulary([7, 8, 9])
    matrix = sp.csr_array(np.ones((2, 3)))
    assert Interactions.from_scipy(matrix, users=users, items=items).users is users
    with pytest.raises(DataError, match=r"\(3, 2\) does not fit 2 users and 3 items; is it transp"):
        Interactions.from_scipy(matrix.T, users=users, items=items)
    with pytest.raises(DataError, match=r"\(2, 3\) does not fit 3 users and 3 items$"):
        Interactions.from_scipy(matrix, users=items, items=items)


def test_aligned_arrays_are_checked_and_frozen():
    one = Interactions.from_scipy(sp.csr_array([[1.0, 2.0]]))
    kinds = np.array([1, 3], np.uint32)
    full = Interactions(one.users, one.items, one.csr, kinds, ("view", "buy"), np.array([5, 6]))
    kinds[0] = 0
    assert full.kinds.tolist() == [1, 3]
    assert not full.timestamps.flags.writeable
    for arguments, message in (
        ((kinds[:1], ("view", "buy")), "kinds: has 1 entries for 2 pairs"),
        ((kinds, ("view",)), r"kinds\[1\] = 3 is outside \[0, 2\)"),
        ((None, (), np.array([5])), "timestamps: has 1 entries for 2 pairs"),
    ):
        with pytest.raises(DataError, match=message):
            Interactions(one.users, one.items, one.csr, *arguments)


@given(logs(kinds=True, timestamps=True), st.lists(st.integers(0, 4), unique=True))
def test_take_users_and_transposed_carry_everything_along(log, rows):
    matrix = log.aggregate("max")
    wanted = {row: entries(matrix).get(row, {}) for row in rows}
    taken = entries(matrix.take_users(rows))
    assert {rows[row]: line for row, line in taken.items()} == {
        k: v for k, v in wanted.items() if v
    }
    back = matrix.transposed().transposed()
    assert entries(back) == entries(matrix)
    flipped = entries(matrix.transposed())
    assert {(u, i): e for i, line in flipped.items() for u, e in line.items()} == {
        (u, i): e for u, line in entries(matrix).items() for i, e in line.items()
    }


@pytest.mark.skipif(sys.platform != "linux", reason="maps one piece of memory many times")
def test_more_than_2_to_the_31_interactions():
    """Offsets are 64-bit: 2049 rows of 2^20 pairs, all of whose arrays are the same 4 MiB."""
    row, rows = np.arange(1 << 20, dtype=np.int32), 2049
    columns = mapped_repeatedly(row, rows)
    values = mapped_repeatedly(np.full(len(row), 2, np.float32), rows)
    offsets = np.arange(rows + 1, dtype=np.int64) * len(row)
    offsets.flags.writeable = False
    csr = Csr(offsets, columns, values, len(row))
    assert csr.nnz == 2049 << 20 > np.iinfo(np.int32).max
    last = csr.take(np.array([rows - 1, 0], np.int32))
    np.testing.assert_array_equal(last.columns, np.tile(row, 2))
    matrix = Interactions(Vocabulary.range(rows), Vocabulary.range(len(row)), csr)
    assert matrix.take_users([rows - 1]).nnz == len(row)
    with pytest.raises(DataError, match="repeats or precedes"):
        Csr(frozen(np.append(offsets[:-2], offsets[-1])), columns, values, len(row))


def mapped_repeatedly(array, times):
    """A read-only array of `times` copies that takes the memory of one."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    with tempfile.TemporaryFile() as file:
        array.tofile(file)
        file.flush()
        whole = mmap.mmap(-1, array.nbytes * times, prot=mmap.PROT_READ)
        anywhere = np.frombuffer(whole, array.dtype)
        for copy in range(times):
            at = anywhere.ctypes.data + copy * array.nbytes
            map_fixed = mmap.MAP_SHARED | 0x10
            place = libc.mmap(at, array.nbytes, mmap.PROT_READ, map_fixed, file.fileno(), 0)
            assert place == at
    return anywhere


def test_by_item_is_made_once():
    matrix = Interactions.from_scipy(sp.csr_array(np.ones((2, 3))))
    assert matrix.by_item is matrix.by_item


def test_to_scipy_shares_the_arrays():
    matrix = Interactions.from_scipy(sp.csr_array(np.ones((2, 3))))
    out = matrix.to_scipy()
    assert np.shares_memory(out.data, matrix.csr.values)
    assert np.shares_memory(out.indices, matrix.csr.columns)
    assert as_csr(matrix.csr) is matrix.csr


def as_dense(matrix):
    return matrix.to_scipy().toarray().astype(float)


def entries(matrix):
    """{user row: {item row: (weight, kinds, time)}}"""
    csr, found = matrix.csr, {}
    assert isinstance(csr, Csr)
    for row in range(matrix.shape[0]):
        for at in range(csr.offsets[row], csr.offsets[row + 1]):
            entry = (csr.values[at], matrix.kinds[at], matrix.timestamps[at])
            found.setdefault(row, {})[int(csr.columns[at])] = tuple(map(float, entry))
    return found


@given(st.integers(1, 5), st.integers(1, 6), st.integers(1, 6), st.data())
def test_pairs_are_found_in_a_pattern(n, width, other, data):
    pattern = data.draw(hnp.arrays(bool, (n, width)))
    pairs = data.draw(hnp.arrays(bool, (n, other)))
    found = found_in(as_csr(sp.csr_array(pattern)), as_csr(sp.csr_array(pairs)))
    wider = np.zeros((n, max(width, other)), bool)
    wider[:, :width] = pattern
    np.testing.assert_array_equal(found, wider[:, :other][pairs])


def test_dislikes_are_left_out_with_any_kind():
    log = Events.from_ids(
        users=[1, 1, 1, 2], items=[5, 6, 7, 5], kinds=["view", "buy", "dislike", "view"]
    ).aggregate(kind_weights={"view": 1, "buy": 2, "dislike": -1})
    assert log.having("buy").to_scipy().toarray().tolist() == [[0, 2, 0], [0, 0, 0]]
    assert log.left_out_with("buy").to_scipy().toarray().tolist() == [[0, 2, -1], [0, 0, 0]]
    with pytest.raises(DataError, match="kind 'bought' is unknown"):
        log.left_out_with("bought")
