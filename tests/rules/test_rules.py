import numpy as np
import pytest

from pyrec.data.bits import unpack
from pyrec.data.catalogue import Catalogue
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import DataError, UnknownIdError
from pyrec.rules.allowed import compile
from pyrec.rules.predicates import where
from pyrec.rules.rules import Boost, Rules

ITEMS = Vocabulary(["cup", "jar", "pot", "tea"])
CATALOGUE = Catalogue(
    ITEMS, {"price": np.array([1.0, 2.0, 3.0, 4.0]), "brand": np.array(["x", "y", "x", ""])}
)


def test_rules_become_rows():
    rules = Rules(
        where=compile(where("price") > 1, CATALOGUE, ITEMS),
        segments={"cheap": where("price") < 3},
        caps={"brand": 2},
        pinned={5: "pot", 2: "cup"},
        repeatable=["tea"],
    ).compile(CATALOGUE, ITEMS)
    assert unpack(rules.allowed, 4).tolist() == [False, True, True, True]
    assert unpack(rules.segments["cheap"], 4).tolist() == [True, True, False, False]
    assert (rules.groups.tolist(), rules.most.tolist()) == ([[0, 1, 0, -1]], [2])
    assert (rules.pinned.tolist(), rules.places.tolist()) == ([0, 2], [1, 4])
    assert unpack(rules.repeatable, 4).tolist() == [False, False, False, True]
    assert rules.boosted == ()


def test_boosts_cut_the_items_into_sets():
    boosts = [Boost(where("price") > 2, times=2), Boost(["tea", "cup"], times=3, add=1)]
    boosted = Rules(boosts=boosts).compile(CATALOGUE, ITEMS).boosted
    assert {tuple(unpack(b.words, 4).tolist()): (b.times, b.add) for b in boosted} == {
        (False, True, False, False): (1, 0),
        (False, False, True, False): (2, 0),
        (True, False, False, False): (3, 1),
        (False, False, False, True): (6, 1),
    }
    many = Vocabulary(np.arange(99))
    each = [Boost([i], add=i) for i in range(99)]
    with pytest.raises(DataError, match="boosts: items have 99 different ones, more than 64"):
        Rules(boosts=each).compile(None, many)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Rules(caps={"brand": 0}), r"caps\['brand'\]: must be a whole number of 1 or more"),
        (lambda: Rules(caps={"brand": 1.5}), r"caps\['brand'\]: must be a whole number"),
        (lambda: Rules(boosts=[2]), "boosts: must be of type Boost, not int"),
        (lambda: Boost(["tea"], times=0), "boosts: times must be above 0"),
        (lambda: Boost(["tea"], times="2"), "boosts: times: must be of type"),
        (lambda: Boost(None, times=2), "boosts: say which items"),
        (lambda: Rules(caps=["brand"]), "caps: must be of type Mapping, not list"),
        (lambda: Rules(segments=["EU"]), "segments: must be of type Mapping, not list"),
        (lambda: Rules(boosts=Boost(["tea"])), "boosts: must be of type Sequence, not Boost"),
        (lambda: Rules(pinned="tea"), "pinned: must be a list of ids"),
        (lambda: Rules(pinned=5), "pinned: must be a list of ids or ids by place, not 5"),
    ],
)
def test_rules_that_cannot_be(make, message):
    with pytest.raises(DataError, match=message):
        make()


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (Rules(caps={"brnd": 2}), "brnd: the catalogue has no such column; did you mean 'brand'"),
        (Rules(where="tea"), "where: must be a predicate, a compiled set or a list of ids"),
        (Rules(where={"column": "price", "above": 1}), "predicate_of makes predicates of plain"),
        (Rules(pinned={0: "tea"}), "pinned: places are whole numbers from 1, not 0"),
        (Rules(pinned=["tea", "tea"]), "pinned: an item is named twice"),
        (Rules(segments={"a": None}), "segments: each needs a predicate"),
    ],
)
def test_rules_that_cannot_be_compiled(rules, message):
    with pytest.raises(DataError, match=message):
        rules.compile(CATALOGUE, ITEMS)


def test_unknown_names():
    for rules in (Rules(pinned=["mug"]), Rules(repeatable=["mug"]), Rules(boosts=[Boost(["mug"])])):
        with pytest.raises(UnknownIdError, match="mug"):
            rules.compile(CATALOGUE, ITEMS)


def test_predicates_need_a_catalogue():
    for rules in (Rules(where=where("price") > 1), Rules(caps={"brand": 1})):
        with pytest.raises(DataError, match="needs a catalogue; pass it to compile"):
            rules.compile(None, ITEMS)


def test_a_set_must_be_of_the_same_items():
    other = compile(where("price") > 1, CATALOGUE, Vocabulary(["cup"]))
    with pytest.raises(DataError, match="where: is a set of other items"):
        Rules(where=other).compile(None, ITEMS)
