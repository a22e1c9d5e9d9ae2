import hypothesis.strategies as st
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis.extra import numpy as hnp
from strategies import logs

from pyrec import Events, Interactions, read_events
from pyrec.data.interactions import as_csr
from pyrec.errors import ConfigError, DataError
from pyrec.preparation.weighting import (
    Collection,
    Weighting,
    binarize,
    bm25,
    log1p,
    recency,
    tfidf,
    time_decay,
    weigh,
    weigh_events,
)

tables = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=6),
    elements=st.sampled_from([0, 0, 0, 0.25, 1, 1, 2, 7, 100]),
)
axes = st.sampled_from(["items", "users"])


def weighted(function, table, **options):
    """What the function makes of a table, dense, from Interactions and Csr alike."""
    matrix = Interactions.from_scipy(sp.csr_array(table))
    result = function(matrix, **options)
    np.testing.assert_array_equal(function(matrix.csr, **options).values, result.csr.values)
    np.testing.assert_array_equal(result.csr.columns, matrix.csr.columns)
    return result.to_scipy().toarray()


@given(tables)
def test_binarize_and_log1p(table):
    np.testing.assert_array_equal(weighted(binarize, table), table > 0)
    np.testing.assert_allclose(weighted(log1p, table), np.log(1 + table), rtol=1e-6)
    np.testing.assert_allclose(
        weighted(log1p, table, epsilon=0.5), np.log(1 + 2 * table), rtol=1e-6
    )


@given(tables, axes)
def test_tfidf_agrees_with_dense_numpy(table, axis):
    documents = table.T if axis == "items" else table
    having = (documents > 0).sum(axis=0)
    expected = np.sqrt(documents) * np.log((1 + len(documents)) / (1 + having))
    result = weighted(tfidf, table, axis=axis)
    np.testing.assert_allclose(result, expected.T if axis == "items" else expected, rtol=1e-6)


@given(tables, axes, st.sampled_from([0.0, 1.2, 100.0]), st.sampled_from([0.0, 0.75, 1.0]))
def test_bm25_agrees_with_dense_numpy(table, axis, k1, b):
    documents = (table.T if axis == "items" else table).astype(float)
    n, having = len(documents), (documents > 0).sum(axis=0)
    expected = np.zeros(documents.shape)
    for d, t in np.argwhere(documents > 0):
        w, length = documents[d, t], documents[d].sum() / documents.sum(axis=1).mean()
        rarity = np.log(1 + (n - having[t] + 0.5) / (having[t] + 0.5))
        expected[d, t] = w * (k1 + 1) / (w + k1 * (1 - b + b * length)) * rarity
    result = weighted(bm25, table, axis=axis, k1=k1, b=b)
    np.testing.assert_allclose(result, expected.T if axis == "items" else expected, rtol=1e-5)
    assert np.all(result[table > 0] > 0)


@given(logs(timestamps=True), st.sampled_from([1, 30.5]), st.none() | st.integers(0, 9))
def test_time_decay_of_events_and_of_pairs(log, half_life, now):
    decayed = time_decay(log, half_life, now)
    latest = max(log.timestamps.tolist(), default=0) if now is None else now
    age = np.maximum(latest - log.timestamps, 0) / 86_400e6
    expected = log.weights_or_ones() * 0.5 ** (age / half_life)
    np.testing.assert_allclose(decayed.weights, expected, rtol=1e-6)
    pairs = log.aggregate("last")
    np.testing.assert_allclose(
        time_decay(pairs, half_life, now).csr.values,
        time_decay(log, half_life, now).aggregate("last").csr.values,
        rtol=1e-6,
    )


def test_a_day_is_a_day():
    days = np.array(["2024-05-01", "2024-05-08", "2024-05-15"], "datetime64[D]")
    log = Events.from_ids(users=[1, 1, 1], items=[1, 2, 3], timestamps=days, weights=[8, 8, 8])
    assert time_decay(log, 7).weights.tolist() == [2, 4, 8]
    assert time_decay(log, 7, now="2024-05-08").weights.tolist() == [4, 8, 8]
    options = Weighting(half_life=7, scheme="log1p")
    np.testing.assert_allclose(weigh(log, options).csr.values, np.log([3, 5, 9]), rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: log1p(m), "log1p: the weight -2 of row 1, column 0 is negative"),
        (lambda m: tfidf(m), "tfidf: the weight -2 of row 1, column 0"),
        (lambda m: bm25(m), "bm25: the weight -2 of row 1, column 0"),
        (lambda m: bm25(m, b=2), "b from 0 to 1"),
        (lambda m: bm25(m, k1=np.nan), "k1 must be 0 or more"),
        (lambda m: log1p(m, epsilon=0), "epsilon: must be above 0"),
        (lambda m: tfidf(m, axis="rows"), "axis: must be 'items' or 'users', not 'rows'"),
        (lambda m: time_decay(m, 7), "time_decay: there are no timestamps"),
        (lambda m: time_decay(m, 0), "half_life: must be above 0 days"),
    ],
)
def test_bad_arguments_are_named(call, message):
    matrix = Interactions.from_scipy(sp.csr_array([[1, 2], [-2, 0]]))
    with pytest.raises(DataError, match=message):
        call(matrix)
    assert binarize(matrix).csr.values.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    "options",
    [dict(scheme="bm52"), dict(half_life=0), dict(kinds={"view": np.inf}), dict(how="sum")],
)
def test_options_are_strict(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        Weighting(**options)


@pytest.mark.parametrize("scheme", ["none", "binarize", "log1p", "tfidf", "bm25"])
def test_dislikes_keep_their_sign_under_every_scheme(scheme):
    log = Events.from_ids(
        users=[1, 1, 1, 2, 3, 3, 4], items=[5, 6, 7, 5, 6, 6, 8], weights=[1, 2, 1, 1, 1, 1, 1],
        kinds=["like", "dislike", "like", "like", "like", "dislike", "like"],
    )  # fmt: skip
    options = Weighting(kinds={"like": 1, "dislike": -1}, scheme=scheme)
    found = weigh(log, options).csr.values
    np.testing.assert_array_equal(np.sign(found), [1, -1, 1, 1, 0, 1])
    sizes = weigh(log, options.replace(kinds={"like": 1, "dislike": 1})).csr.values
    if scheme in ("none", "binarize", "log1p"):
        np.testing.assert_array_equal(np.abs(found)[:4], sizes[:4])
    latest = weigh(log, options.replace(merge="last", scheme="none")).csr.values
    np.testing.assert_array_equal(latest, [1, -2, 1, 1, -1, 1])


@pytest.mark.parametrize("scheme", [bm25, tfidf])
@pytest.mark.parametrize("axis", ["items", "users"])
def test_a_document_apart_weighs_what_it_does_among_all(scheme, axis):
    matrix = as_csr(sp.csr_array([[4, 0, 1], [2, 3, 1], [0, 1, 0]]))
    collection = Collection.of(matrix, axis)
    everything = scheme(matrix, axis=axis)
    if axis == "users":
        one = scheme(matrix.take(np.array([1], np.int32)), axis=axis, collection=collection)
        np.testing.assert_array_equal(one.values, everything.values[2:5])
    else:
        first = as_csr(sp.csr_array([[4], [2], [0]]))
        one = scheme(first, axis=axis, collection=collection)
        np.testing.assert_array_equal(one.values, everything.values[[0, 2]])


def test_a_plain_csr_stays_one():
    assert binarize(as_csr(sp.csr_array([[0, 3]]))).values.tolist() == [1]


@pytest.mark.real_data
def test_complete_journey(real_data):
    log = read_events(
        real_data / "complete_journey" / "transactions_sample.csv.gz", user="household_id",
        item="product_id", timestamp="transaction_timestamp", weight="quantity",
    )  # fmt: skip
    recent = weigh(log, Weighting(half_life=30, merge="count"))
    whole = weigh(log, Weighting(merge="count"))
    assert recent.nnz == whole.nnz
    assert 0 < recent.csr.values.sum() < whole.csr.values.sum() == len(log)


@given(logs(timestamps=True), st.sampled_from([0.0, 1.0, 1.5]))
def test_recency_counts_what_came_later(log, exponent):
    pairs = log.aggregate("count")
    weighed = recency(pairs, exponent)
    users = np.repeat(np.arange(len(log.users)), np.diff(pairs.csr.offsets))
    later = [
        np.count_nonzero((users == user) & (pairs.timestamps > time))
        for user, time in zip(users, pairs.timestamps, strict=True)
    ]
    expected = (1 + np.array(later, float)) ** -exponent
    np.testing.assert_allclose(weighed.csr.values, expected, rtol=1e-6)


def test_recency_needs_times():
    with pytest.raises(DataError, match="recency: there are no timestamps"):
        recency(Events.from_ids(users=[1], items=[2]).aggregate())


def test_a_window_leaves_out_what_is_older():
    days = np.array(["2024-05-01", "2024-05-21", "2024-05-31"], "datetime64[D]")
    log = Events.from_ids(users=[1, 1, 2], items=[5, 6, 6], timestamps=days)
    assert weigh(log, Weighting(window=10.5)).nnz == 2
    assert weigh(log, Weighting(window=10)).nnz == 1
    assert len(weigh_events(log, Weighting(window=300))) == 3
    with pytest.raises(DataError, match="window: there are no timestamps"):
        weigh(Events.from_ids(users=[1], items=[2]), Weighting(window=1))
