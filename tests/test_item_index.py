import numpy as np
import pytest
import reference
import scipy.sparse as sp

from pyrec import _kernels
from pyrec.data.bits import pack
from pyrec.data.interactions import as_csr
from pyrec.errors import DataError
from pyrec.kernels import ItemIndex, top_k


def normal(rows, factors=24, seed=0):
    return np.random.default_rng(seed).standard_normal((rows, factors), dtype=np.float32)


def mixed(items):
    """Zero vectors, duplicates, denormals, and norms from 1e-38 to 1e12, in no order."""
    rng = np.random.default_rng(1)
    items[::5] *= 10.0 ** rng.uniform(-38, 12, (len(items[::5]), 1)).astype(np.float32)
    items[1::5] = 0
    items[2::5] = items[2]
    items[3::50] *= np.float32(1e-39)
    return items[rng.permutation(len(items))]


def steps_apart(items):
    """Copies of one vector whose scores differ by single roundings, or not at all."""
    copies = np.repeat(items[:1], len(items), axis=0)
    copies[:, 0] = np.nextafter(copies[:, 0], np.float32(np.inf), dtype=np.float32)
    copies[::3, 0] = np.nextafter(copies[::3, 0], np.float32(np.inf), dtype=np.float32)
    return copies


def unit(items):
    return items / np.linalg.norm(items, axis=1, keepdims=True)


# No bound can rule out an item where all scores are equal, or nearly: every one survives.
ITEMS = {
    "normal": lambda items: items,
    "unit": unit,
    "equal": lambda items: np.ones_like(items),
    "opposite": lambda items: np.where(np.arange(len(items))[:, None] % 2, 1, -1) + 0 * items,
    "steps apart": steps_apart,
    "mixed": mixed,
    "denormal": lambda items: items * np.float32(1e-41),
    "zero": np.zeros_like,
    "one spike": lambda items: items * np.where(np.arange(items.shape[1]) == 3, 1e6, 1e-6),
    "rising": lambda items: items * np.geomspace(1e-20, 1e10, len(items))[:, None],
}


@pytest.mark.parametrize("kind", ITEMS)
def test_lists_are_those_of_a_full_scan(simd, kind):
    """Ids, order and scores, bit for bit, against canonical scores sorted by numpy."""
    items = np.ascontiguousarray(ITEMS[kind](normal(1300)), dtype=np.float32)
    users = np.concatenate([normal(20, seed=2), mixed(normal(15, seed=3)), items[:5]])
    pairs = np.divmod(np.arange(len(users) * len(items), dtype=np.int32), np.int32(len(items)))
    scores = _kernels.score_pairs(users, items, *pairs).reshape(len(users), len(items))
    seen = np.random.default_rng(4).random(scores.shape) < 0.02
    exclude, index = as_csr(sp.csr_array(seen)), ItemIndex(items)
    for k in (1, 10, 100, 1400):
        wanted = reference.top_k(scores, k, seen)
        for threads in (1, 3):
            *found, (screened, scored) = index.search(users, k, exclude=exclude, threads=threads)
            np.testing.assert_array_equal(found[0], wanted[0])
            np.testing.assert_array_equal(found[1], wanted[1])
            # Screened by whole panels of 64.
            assert 0 <= scored <= screened <= len(users) * (len(items) + 63)


@pytest.mark.parametrize("users", [1, 40, 300])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.05, 0.5, 1.0])
def test_a_filter_changes_no_list(simd, users, share):
    """However many are allowed: all is scored, an index of them is made, or panels are masked."""
    people, items = mixed(normal(300, seed=5))[:users], normal(3000)
    rng = np.random.default_rng(6)
    allowed = rng.permutation(len(items)) < share * len(items)
    seen = rng.random((users, len(items))) < 0.1
    scores = _kernels.score_pairs(
        people, items, *np.divmod(np.arange(users * 3000, dtype=np.int32), np.int32(3000))
    ).reshape(seen.shape)
    wanted = reference.top_k(scores, 10, seen | ~allowed)
    for threads in (1, 3):
        found = ItemIndex(items).recommend(
            people, 10, exclude=as_csr(sp.csr_array(seen)), allowed=pack(allowed), threads=threads
        )
        np.testing.assert_array_equal(found[0], wanted[0])
        np.testing.assert_array_equal(found[1], wanted[1])


def test_little_is_scored(simd):
    users, items = normal(300, seed=1), normal(20_000)
    *_, (screened, scored) = ItemIndex(items).search(users, 10, threads=2)
    assert scored < 0.02 * len(users) * len(items)
    *_, (screened_of_few, _) = ItemIndex(items * np.geomspace(1, 100, 20_000)[:, None]).search(
        users, 10, threads=2
    )
    assert screened_of_few < 0.5 * screened


def test_an_index_survives_its_arrays():
    rng = np.random.default_rng(0)
    users, items = (rng.standard_normal((n, 6), dtype=np.float32) for n in (20, 500))
    index = ItemIndex(items)
    assert (len(index), repr(index)) == (500, "ItemIndex(500 items, 6 factors)")
    again = ItemIndex.from_arrays(index.to_arrays())
    for expected, found in zip(top_k(users, index, 7), top_k(users, again, 7), strict=True):
        np.testing.assert_array_equal(found, expected)
    items[:] = 0.0
    assert np.any(index.items)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(order=np.zeros(500, np.int32)), "order: does not name each item once"),
        (dict(order=np.zeros(3, np.int32)), "shapes are not those of an index"),
        (dict(codes=np.zeros(3, np.uint8)), "shapes are not those of an index"),
        (dict(bounds=np.zeros(3)), "shapes are not those of an index"),
    ],
)
def test_arrays_of_no_index_are_refused(change, message):
    arrays = ItemIndex(np.ones((500, 6))).to_arrays()
    with pytest.raises(DataError, match=message):
        ItemIndex.from_arrays(arrays | change)


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([[1.0, np.inf]], r"items\[0, 1\] is not a finite"),
        ([[1.0], [1e39]], r"items\[1, 0\] is not a finite"),
        ([1.0, 2.0], "items: must be a matrix"),
    ],
)
def test_bad_items_are_named(items, message):
    with pytest.raises(DataError, match=message):
        ItemIndex(items)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, -np.nan])
@pytest.mark.parametrize("place", [(0, 0), (63, 12), (64, 8), (299, 4)])
def test_a_factor_that_is_not_finite_is_found_wherever_it_is(simd, value, place):
    items = normal(300, 13)
    items[place] = value
    with pytest.raises(DataError, match=rf"items\[{place[0]}, {place[1]}\] is not a finite"):
        ItemIndex(items)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int32, ">f4"])
def test_other_types_and_orders_are_converted(dtype, order):
    whole = np.rint(4 * normal(200))
    users = whole[:20]
    wanted = top_k(users, ItemIndex(whole), 5)
    found = top_k(
        np.asarray(users, dtype, order=order), ItemIndex(np.asarray(whole, dtype, order=order)), 5
    )
    for expected, again in zip(wanted, found, strict=True):
        np.testing.assert_array_equal(again, expected)


def test_what_exceeds_the_catalogue_is_padded():
    rows, scores = top_k(np.ones((3, 2)), ItemIndex(np.ones((5, 2))), 9, threads=1000)
    assert rows.tolist() == [[0, 1, 2, 3, 4, -1, -1, -1, -1]] * 3
    assert np.all(scores[:, 5:] == -np.inf)


def test_an_exclusion_of_another_shape_is_refused():
    with pytest.raises(DataError, match="exclude"):
        top_k(np.ones((3, 2)), ItemIndex(np.ones((5, 2))), 2, exclude=sp.csr_array((3, 4)))
