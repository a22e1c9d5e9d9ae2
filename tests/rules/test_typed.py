import pytest

from pyrec.errors import DataError
from pyrec.rules.predicates import where
from pyrec.rules.typed import typed_predicate


@pytest.mark.parametrize(
    ("text", "predicate"),
    [
        ("price<20", where("price") < 20),
        (" price <= 2.5 ", where("price") <= 2.5),
        ("net price > -1", where("net price") > -1),
        ("price >= 1e3", where("price") >= 1000),
        ("brand = Clay & Co", where("brand").equals("Clay & Co")),
        ("size = '42'", where("size").equals("42")),
        ("size = 42", where("size").equals(42)),
        ("brand != Clay", ~where("brand").equals("Clay") & ~where("brand").missing()),
        ("brand in Clay, Leaf", where("brand").isin(["Clay", "Leaf"])),
        ("margin in 1, 2", where("margin").isin([1, 2])),
        ("kind = a=b", where("kind").equals("a=b")),
    ],
)
def test_what_is_typed_is_what_is_meant(text, predicate):
    assert typed_predicate(text) == predicate


@pytest.mark.parametrize("text", ["", "price", "< 20", "price <", "in", "price < cheap"])
def test_what_is_no_comparison_is_refused_with_an_example(text):
    with pytest.raises(DataError, match=r"such as 'price < 20'|compares with a number"):
        typed_predicate(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("price == 3", "the signs are"),
        ("price=>3", "the signs are"),
        ("brand = 'x", "quotes come in pairs"),
        ("brand in ,", "names no value"),
    ],
)
def test_what_is_nearly_a_comparison_is_not_guessed_at(text, message):
    with pytest.raises(DataError, match=message):
        typed_predicate(text)
