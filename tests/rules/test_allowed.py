import numpy as np
import pytest

from pyrec.data.catalogue import Catalogue
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import DataError
from pyrec.rules.allowed import Allowed, Shelf, compile
from pyrec.rules.predicates import where

CATALOGUE = Catalogue(Vocabulary(["cup", "pot", "tea"]), {"price": np.array([1.0, 2.0, 3.0])})
ITEMS = Vocabulary(["cup", "mug", "tea"])


def test_a_set_follows_the_items_of_the_model():
    allowed = compile(where("price") > 1, CATALOGUE, ITEMS)
    assert ITEMS.ids[allowed.mask].tolist() == ["tea"]
    assert repr(allowed) == "Allowed(1 of 3 items, 1 not in catalogue)"


def test_items_that_the_catalogue_lacks_are_in_no_set():
    for predicate in (~(where("price") > 99), where("price").missing()):
        allowed = compile(predicate, CATALOGUE, ITEMS)
        assert (bool(allowed.mask[1]), allowed.unlisted) == (False, 1)


def test_sets_are_joined():
    cheap, dear = (Allowed.of_rows(ITEMS, rows) for rows in ([0, 1], [1, 2]))
    assert (cheap & dear).mask.tolist() == [False, True, False]
    assert (cheap | dear).count == 3
    assert (~cheap).mask.tolist() == [False, False, True]
    with pytest.raises(DataError, match="of different models"):
        cheap & Allowed.of_rows(CATALOGUE.items, [0])
    with pytest.raises(DataError, match="a set of items: must be of type Allowed, not list"):
        cheap & [1]


def test_arguments_are_checked():
    with pytest.raises(DataError, match="where: must be of type Predicate, not bool"):
        compile(True, CATALOGUE, ITEMS)
    with pytest.raises(DataError, match="catalogue: must be of type Catalogue, not dict"):
        compile(where("price") > 1, {}, ITEMS)


def test_groups_are_numbers_of_values():
    items = Vocabulary(["a", "b", "c", "d"])
    table = Catalogue(
        Vocabulary(["a", "b", "c"]),
        {"brand": np.array(["x", "", "x"]), "size": np.array([2.0, np.nan, 1.0])},
    )
    assert Shelf(table, items).codes("brand")[1].tolist() == [0, -1, 0, -1]
    assert Shelf(table, items).codes("size")[1].tolist() == [0, -1, 1, -1]
