import numpy as np
import pytest

from pyrec.data.catalogue import Catalogue
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import DataError
from pyrec.rules.predicates import where
from pyrec.rules.rules import Rules

ITEMS = Vocabulary(["cup", "jar", "pot", "tea"])
CATALOGUE = Catalogue(
    ITEMS, {"price": np.array([1.0, 2.0, 3.0, 4.0]), "brand": np.array(["x", "y", "x", ""])}
)
RULES = Rules(segments={"north": where("price") > 1}, caps={"brand": 1}).compile(CATALOGUE, ITEMS)


def test_an_unknown_segment_is_told_with_the_nearest():
    with pytest.raises(DataError, match="segments: 'norh' is unknown; did you mean 'north'"):
        RULES.per_user(["norh"])
    for names in ("north", None):
        with pytest.raises(DataError, match="segments: must be a list of a name or None per user"):
            RULES.per_user(names)
    with pytest.raises(DataError, match="people: must be of type Mapping, not list"):
        RULES.of_people(["north"])


def test_segments_are_of_requests_or_of_people():
    assert RULES.per_user(["north", None, "north"]).take(np.array([1, 2])).chosen == (None, "north")
    people = RULES.of_people({"ann": "north", "bob": "south"})
    assert people.asked_by(np.array(["bob", "ann", "eve"])).chosen == (None, "north", None)
    with pytest.raises(DataError, match=r"have segments; rules.of_people\(\{user: name\}\) says"):
        RULES.asked_by(np.array(["ann"]))


def test_how_many_items_a_list_can_have():
    assert RULES.room() == 3
    assert RULES.room("north") == 3
    assert Rules(where=["cup"]).compile(None, ITEMS).room() == 1


def test_requests_must_fit():
    with pytest.raises(
        DataError, match=r"rules: are of other items; compile them for model\.items"
    ):
        RULES.checked(Vocabulary(["cup"]), 1)
    with pytest.raises(DataError, match="rules: name 1 segments for 2 users"):
        RULES.per_user(["north"]).checked(ITEMS, 2)
    with pytest.raises(DataError, match=r"rules: have segments; rules\.per_user\(names\) says"):
        RULES.checked(ITEMS, 1)
