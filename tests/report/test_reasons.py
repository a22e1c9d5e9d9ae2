"""Reasons in words."""

import numpy as np
import pytest

import pyrec
from pyrec.data.ranking import Explanations
from pyrec.errors import ConfigError
from pyrec.report.reasons import sentences


@pytest.fixture
def log():
    """One person and items of every kind; tea was viewed and bought."""
    kinds = ["addtocart", "shared", "purchase", "view", "view", "purchase"]
    items = ["cup", "lid", "mug", "pot", "tea", "tea"]
    return pyrec.Events.from_ids(users=["u"] * 6, items=items, kinds=kinds).aggregate()


def because(log, *items, contributions=None, **options):
    rows = np.full((1, 1, 5), -1, np.int32)
    rows[0, 0, : len(items)] = log.items.encode(np.array(items)) if items else []
    parts = np.full(rows.shape, -np.inf, np.float32)
    parts[0, 0, : len(items)] = contributions or np.arange(len(items), 0, -1)
    why = Explanations(np.array(["u"]), np.zeros((1, 1), np.int32), rows, parts, np.zeros((1, 1)),
                       log.items)  # fmt: skip
    ((sentence,),) = sentences(why, log, **options)
    return sentence


def test_the_strongest_kind_is_told(log):
    assert because(log, "tea") == "because you bought tea"
    assert because(log, "pot", "tea") == "because you viewed pot and bought tea"
    assert because(log, "cup") == "because you put cup into your cart"
    assert because(log, "lid") == "because you had lid"


def test_items_of_one_kind_are_told_together(log):
    assert because(log, "tea", "pot", "mug") == "because you bought tea and mug and viewed pot"


def test_in_chinese_with_titles(log):
    titles = {"tea": "绿茶", "mug": "马克杯", "cup": "茶杯"}
    told = because(log, "tea", "mug", "cup", titles=titles, language="zh")
    assert told == "因为您购买过“绿茶”、“马克杯”，把“茶杯”加入过购物车"  # noqa: RUF001


def test_what_speaks_against_an_item_is_no_reason(log):
    assert because(log, "tea", "pot", contributions=[2, -1]) == "because you bought tea"
    assert because(log) == ""


def test_words_of_ones_own(log):
    told = because(log, "lid", verbs={"shared": "shared {} with friends"})
    assert told == "because you shared lid with friends"
    with pytest.raises(ConfigError, match="language: must be 'en' or 'zh', not 'fr'"):
        because(log, "tea", language="fr")


def test_without_kinds_people_had_things():
    model = pyrec.ItemKNN().fit(pyrec.Events.from_ids(users=[0, 0, 1, 1], items=[1, 2, 1, 2]))
    why = model.explain_batch([0], [[2]], k=1)
    assert sentences(why, model.interactions) == [["because you had 1"]]
