import numpy as np
import pytest

from pyrec.data.catalogue import Catalogue
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import ConfigError, DataError
from pyrec.rules.allowed import Shelf
from pyrec.rules.predicates import predicate_of, valid_at, where

ITEMS = Vocabulary(["bag", "cup", "jar", "pot", "tea"])
CATALOGUE = Catalogue(
    ITEMS,
    {
        "price": np.array([3.0, 7.5, np.nan, 20.0, 5.0]),
        "weight": np.array(["10", "", "2.5", "0", "7"]),  # as text files give it
        "region": np.array(["CN", "DE", "", "CN", "FR"], dtype=object),
        "stock": np.array([0, 2, 5, 1, 9]),
        "valid_from": np.array(["2026-01-01", "", "2026-06-01", "2026-01-01", ""]),
        "valid_until": np.array(
            ["2026-03-01", "NaT", "NaT", "2026-08-01", "2026-02-01"], "datetime64[D]"
        ),
    },
)


def chosen(predicate):
    return "".join(id_[0] for id_ in ITEMS.ids[predicate.holds(Shelf(CATALOGUE, ITEMS), 0)])


@pytest.mark.parametrize(
    ("predicate", "ids"),
    [
        (where("price").between(5, 20), "cpt"),
        (where("price") < 5, "b"),
        (where("price") <= 5, "bt"),
        (where("price") > 5, "cp"),
        (where("price").missing(), "j"),
        (where("price").equals(7.5), "c"),
        (where("region").equals("CN"), "bp"),
        (where("region").isin(["DE", "FR"]), "ct"),
        (~where("region").equals("CN"), "cjt"),
        (~where("region").equals("CN") & ~where("region").missing(), "ct"),
        (where("region").isin([]), ""),
        (where("weight") > 5, "bt"),
        (where("weight").isin([10, 0]), "bp"),
        (where("stock").isin(np.array([1, 2])), "cp"),
        ((where("stock") > 0) & (where("price") > 5) | where("region").equals("FR"), "cpt"),
        (valid_at("2026-02-01"), "bcp"),
        (valid_at("2026-03-01T00:00:00Z"), "cp"),
        (valid_at(0), "ct"),
    ],
)
def test_what_is_true_of_which_items(predicate, ids):
    assert chosen(predicate) == ids


@pytest.mark.parametrize(
    ("predicate", "message"),
    [
        (where("pryce") > 5, "pryce: the catalogue has no such column; did you mean 'price'"),
        (where("region") > 5, "region: 'CN' is not a number; compare this column with text"),
        (where("price").equals("cheap"), "price: is a column of numbers; compare it with numbers"),
        (where("valid_until") > 5, "valid_until: holds times; compare them by valid_at"),
        (valid_at(5, since="region"), "region: 'CN' is not a date or time"),
    ],
)
def test_comparisons_that_make_no_sense(predicate, message):
    with pytest.raises(DataError, match=message):
        chosen(predicate)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: where("price") > "five", "price: cannot be compared with 'five'; a finite number"),
        (lambda: where("price") < np.nan, "price: cannot be compared with nan"),
        (lambda: where("price").equals(None), "price: cannot be compared with None"),
        (lambda: where("region").isin("CN"), "region: isin takes a list of values, not 'CN'"),
        (lambda: where(3), "where: takes the name of a column, not 3"),
        (lambda: where("price").between(5, 1), "price: nothing is between 5 and 1; turn them"),
        (lambda: (where("price") > 5) & 7, "7 is no predicate; put comparisons in brackets"),
        (lambda: bool(where("price") > 5), "join predicates by & and |, not by and, or"),
    ],
)
def test_predicates_that_cannot_be(make, message):
    with pytest.raises(DataError, match=message):
        make()


def test_a_moment_is_a_date():
    with pytest.raises(ConfigError, match="valid_at: 'soon' is not a date or time"):
        valid_at("soon")


def test_values_that_no_item_has_are_named(caplog):
    assert chosen(where("region").isin(["CN", "DEU"])) == "bp"
    assert "region: no item has the value 'DEU'; did you mean 'DE'?" in caplog.text


@pytest.mark.parametrize(
    ("data", "predicate"),
    [
        ({"column": "price", "between": [5, 20]}, where("price").between(5, 20)),
        ({"column": "price", "above": 5}, where("price") > 5),
        ({"column": "price", "at_least": 5}, where("price") >= 5),
        ({"column": "price", "below": 5}, where("price") < 5),
        ({"column": "price", "at_most": 5}, where("price") <= 5),
        ({"column": "region", "isin": ["CN"]}, where("region").equals("CN")),
        ({"column": "region", "missing": True}, where("region").missing()),
        ({"column": "region", "missing": False}, ~where("region").missing()),
        ({"valid_at": "2026-02-01"}, valid_at("2026-02-01")),
        ({"valid_at": "now", "until": "ends"}, valid_at(until="ends")),
        (
            {
                "any": [
                    {"column": "stock", "above": 0},
                    {"not": {"column": "region", "isin": ["CN"]}},
                ]
            },
            (where("stock") > 0) | ~where("region").equals("CN"),
        ),
        (
            {"all": [{"column": "stock", "above": 0}, {"column": "price", "below": 5}]},
            (where("stock") > 0) & (where("price") < 5),
        ),
    ],
)
def test_predicates_as_data(data, predicate):
    assert predicate_of(data) == predicate


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "a predicate is a table such as"),
        ({"al": []}, "al: unknown in a predicate; did you mean 'all'"),
        ({"all": []}, r"all: takes a list of predicates, not \[\]"),
        ({"any": [], "all": []}, "a predicate has one of all, any, .*, not any and all"),
        ({"column": 3, "above": 1}, "where: takes the name of a column, not 3"),
        ({"column": "price", "missing": "no"}, "price: missing is true or false, not 'no'"),
        ({"column": "price"}, "price: needs one of between, equals"),
        ({"column": "price", "betwen": [1, 2]}, "price.betwen: unknown; did you mean 'between'"),
        ({"valid_at": "now", "untill": "x"}, "valid_at.untill: unknown; did you mean 'until'"),
        ({"column": "price", "between": 5}, "price: between takes the two ends, not 5"),
    ],
)
def test_data_that_are_no_predicate(data, message):
    with pytest.raises(DataError, match=message):
        predicate_of(data)
