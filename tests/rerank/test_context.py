"""What a context takes from a model and a catalogue."""

import numpy as np
import pytest
import scipy.sparse as sp
from rerank_cases import context_of, log_of

import pyrec
from pyrec.data.catalogue import Catalogue
from pyrec.data.groups import Groups
from pyrec.errors import DataError
from pyrec.evaluation.variety import intra_list_diversity
from pyrec.rerank import Context
from pyrec.rerank.context import unit_vectors


@pytest.fixture(scope="module")
def model():
    events = pyrec.Events.from_ids(users=["u", "u", "v"], items=["tea", "cup", "pot"])
    return pyrec.ALS(factors=2).fit(events)


@pytest.fixture(scope="module")
def catalogue():
    """Without the pot; with a lid that nobody had."""
    columns = {
        "brand": np.array(["x", "y", "z"]),
        "price": np.array([3, 5, 1]),
        "since": np.array(["2024-01-01", "2024-01-11", "2024-01-01"], "datetime64[D]"),
    }
    return Catalogue(pyrec.Vocabulary(["tea", "cup", "lid"]), columns)


def test_columns_are_matched_by_id(model, catalogue):
    context = Context.of(model, catalogue, groups="brand", now="2024-01-21")
    cup, pot, tea = model.items.encode(["cup", "pot", "tea"])
    codes = context.groups["brand"].codes
    assert codes[pot] == -1
    assert context.groups["brand"].names[codes[[cup, tea]]].tolist() == ["y", "x"]
    assert context.prices[[cup, tea]].tolist() == [5, 3]
    assert np.isnan(context.prices[pot])
    assert context.ages[[cup, tea]].tolist() == [10, 20]
    assert np.isnan(context.ages[pot])
    assert context.vectors is model.item_factors


def test_text_is_read_as_what_it_says(model, catalogue):
    texts = {"price": np.array(["3", "", "1"]), "since": np.array(["2024-01-01", "", "2024-01-01"])}
    context = Context.of(model, Catalogue(catalogue.items, texts), now="2024-01-21T12:00:00")
    cup, tea = model.items.encode(["cup", "tea"])
    assert context.prices[tea] == 3
    assert context.ages[tea] == 20.5
    assert np.isnan(context.prices[cup])
    assert np.isnan(context.ages[cup])


def test_errors_name_the_column(model, catalogue):
    with pytest.raises(DataError, match="no column 'colour'; there are 'brand', 'price', 'since'"):
        Context.of(model, catalogue, groups=["colour"])
    with pytest.raises(DataError, match="column 'brand': 'x' of 'tea' is no number"):
        Context.of(model, catalogue, price="brand")
    with pytest.raises(DataError, match="column 'brand' is no time"):
        Context.of(model, catalogue, since="brand", now="2024-01-21")
    with pytest.raises(DataError, match="column 'price' is int64, which is no time"):
        Context.of(model, catalogue, since="price", now="2024-01-21")
    with pytest.raises(DataError, match="prices: 2 rows for 1 items"):
        Context(log_of(1), prices=np.ones(2))
    with pytest.raises(DataError, match=r"groups\['a'\]: 2 rows for 1 items"):
        Context(log_of(1), groups={"a": Groups.of(["x", "y"])})
    with pytest.raises(DataError, match="finite numbers"):
        _ = Context(log_of(1), vectors=np.array([[np.nan]])).directions


def test_directions_have_length_1_or_0():
    vectors = np.array([[3, 4], [0, 0], [1e-3, 0]], np.float32)
    dense = context_of(n_items=3, vectors=vectors).directions
    np.testing.assert_allclose(np.linalg.norm(dense, axis=1), [1, 0, 1], rtol=1e-6)
    csr = context_of(n_items=3, vectors=sp.csr_array(vectors)).directions
    matrix = sp.csr_array((csr.values, csr.columns, csr.offsets), csr.shape).toarray()
    np.testing.assert_allclose(matrix, dense, rtol=1e-6)


def test_without_vectors_items_are_alike_that_the_same_people_had():
    histories = np.array([[1, 1, 0], [1, 1, 1]])
    csr = context_of(n_items=3, histories=histories).directions
    matrix = sp.csr_array((csr.values, csr.columns, csr.offsets), csr.shape).toarray()
    np.testing.assert_allclose((matrix @ matrix.T)[0], [1, 1, np.sqrt(0.5)], rtol=1e-6)


def test_histories_of_strangers_are_empty():
    context = context_of(n_items=2, histories=np.array([[1, 2], [0, 3]]))
    found = context.histories(np.array([1, -1, 0], np.int32))
    assert found.offsets.tolist() == [0, 1, 1, 3]
    assert found.values.tolist() == [3, 1, 2]
    assert context.popularity.tolist() == [1, 2]


def test_items_of_several_labels_are_alike_as_their_sets_are(model):
    genres = np.array(["Action|Comedy", "Action", "War"])
    table = Catalogue(pyrec.Vocabulary(["tea", "cup", "pot"]), {"genres": genres})
    groups = Context.of(model, table, groups="genres").groups["genres"]
    assert groups.names.tolist() == ["Action", "Comedy", "War"]
    lists = model.items.encode([["tea", "cup"], ["tea", "pot"]])
    found = intra_list_diversity(lists, unit_vectors(groups.memberships))
    np.testing.assert_allclose(found, [1 - np.sqrt(0.5), 1], atol=1e-6)
