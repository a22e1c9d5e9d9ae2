"""Rules that depend on the moment: of the request, or of another that is named."""

import numpy as np
import pytest

import pyrec
from pyrec.data.catalogue import Catalogue
from pyrec.data.moments import microseconds
from pyrec.errors import ConfigError, DataError
from pyrec.rules import compiled, rules
from pyrec.rules.dated import Dated
from pyrec.rules.predicates import valid_at, where

LOG = pyrec.Events.from_ids(users=[1, 1, 2, 3, 3], items=["a", "b", "a", "c", "d"])
TABLE = Catalogue(
    pyrec.Vocabulary(["a", "b", "c", "d"]),
    {
        "valid_from": np.array(["2026-06-01", "", "", "2026-06-10T12:00:00+02:00"]),
        "valid_until": np.array(["", "2026-06-05", "", "2026-06-20"]),
        "brand": np.array(["x", "x", "y", "y"]),
    },
)
MOMENTS = {"2026-05-01": "bc", "2026-06-01": "abc", "2026-06-05": "ac", "2026-06-10T10:00": "acd",
           "2026-06-20": "ac"}  # fmt: skip


@pytest.fixture(scope="module")
def model():
    return pyrec.Popularity().fit(LOG)


def shown(model, ruled):
    return "".join(
        sorted(i for i in model.recommend(2, 4, exclude_seen=False, rules=ruled).ids if i)
    )


@pytest.fixture
def time(monkeypatch):
    """A clock that a test sets."""

    def is_now(moment):
        for module in (compiled, rules):
            monkeypatch.setattr(module, "clock", lambda: microseconds(moment))

    return is_now


def test_each_request_has_the_rules_of_its_moment(model, time):
    time("2026-05-01")
    ruled = pyrec.Rules(where=valid_at() & where("brand").isin(["x", "y"])).compile(
        TABLE, LOG.items
    )
    for moment, ids in MOMENTS.items():
        time(moment)
        assert shown(model, ruled) == ids
        assert shown(model, ruled.at("2026-06-02")) == "abc"
    assert shown(model, ruled.at("2026-06-10T10:00").at("2026-06-03")) == "abc"


@pytest.mark.parametrize(("moment", "ids"), MOMENTS.items())
def test_a_moment_can_be_fixed(model, time, moment, ids):
    time("2031-01-01")
    ruled = pyrec.Rules(where=valid_at())
    assert shown(model, ruled.compile(TABLE, LOG.items, now=moment)) == ids
    assert shown(model, ruled.compile(TABLE, LOG.items).at(moment)) == ids
    fixed = pyrec.Rules(where=valid_at(moment)).compile(TABLE, LOG.items)
    assert shown(model, fixed) == ids
    assert fixed.at("1999-01-01") is fixed


def test_boosts_segments_and_repeatable_goods_follow_the_clock_too(model, time):
    time("2026-06-12")
    offer = valid_at()
    ruled = pyrec.Rules(
        segments={"s": offer}, boosts=[pyrec.Boost(offer, add=9)], repeatable=offer
    ).compile(TABLE, LOG.items)
    lists = model.recommend([2, 1], 4, exclude_seen=False, rules=ruled.per_user(["s", None]))
    assert [sorted(filter(None, ids)) for ids in lists.ids.tolist()] == [[*"acd"], [*"abcd"]]
    assert set(lists.ids[1, :3].tolist()) == {*"acd"}
    assert "b" not in model.recommend(1, 4, rules=ruled.per_user([None])).ids
    time("2026-05-01")
    assert "b" in model.recommend(1, 4, rules=ruled.per_user([None])).ids


def test_rules_are_made_again_when_an_offer_begins_or_ends_and_not_before():
    made = []
    dated = Dated(lambda moment: made.append(moment) or moment, np.array([10.0, np.nan, 20.0]))
    assert [dated.at(moment) for moment in (3, 9, 10, 19, 20, 21, 5)] == [3, 3, 10, 10, 20, 20, 5]
    assert made == [3, 10, 20, 5]


def test_what_leaves_nothing_is_told_once_with_the_moment(model, caplog):
    table = Catalogue(TABLE.items, {**TABLE.columns, "valid_until": np.array(["2026-01-01"] * 4)})
    ruled = pyrec.Rules(where=valid_at()).compile(table, LOG.items, now="2026-02-01")
    assert "where: excludes all 4 items at 2026-02-01T00:00:00Z" in caplog.text
    told = len(caplog.messages)
    assert shown(model, ruled) == ""
    assert shown(model, ruled.at("2026-02-01")) == ""
    assert len(caplog.messages) == told


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (np.array([1.5e9, 1.6e9, np.nan, 1.4e9]), "numbers such as 1500000000 look like seconds"),
        (np.array([1500000000000] * 4), "look like milliseconds since 1970; give microseconds"),
        (np.array([True, False, True, True]), "valid_from: holds truth values, no moments"),
        (np.array([np.inf, 1, 2, 3]), "valid_from: has infinite numbers"),
        (np.array(["yesterday", "", "", ""]), "valid_from: 'yesterday' is not a date or time"),
        (np.array([1.5, None, "", 2], dtype=object), "valid_from: 1.5 is not a date or time"),
    ],
)
def test_columns_that_hold_no_moments(column, message):
    table = Catalogue(TABLE.items, {**TABLE.columns, "valid_from": column})
    with pytest.raises(DataError, match=message):
        pyrec.Rules(where=valid_at()).compile(table, LOG.items)


@pytest.mark.parametrize("moment", ["soon", "Now", 1.5, True, None, np.timedelta64(1, "D")])
def test_what_is_no_moment(moment):
    with pytest.raises(ConfigError, match=r"valid_at: .* is not a date or time such as 2024-05-31"):
        valid_at(moment)
    ruled = pyrec.Rules(where=valid_at()).compile(TABLE, LOG.items)
    with pytest.raises(ConfigError, match=r"now: .* is not a date or time"):
        ruled.at(moment)


def test_a_column_that_is_not_there_is_told():
    with pytest.raises(DataError, match="ends: the catalogue has no such column"):
        pyrec.Rules(where=valid_at(until="ends")).compile(TABLE, LOG.items)
    with pytest.raises(DataError, match="valid_at: since must be the name of a column, not 3"):
        valid_at(since=3)
