import numpy as np
import pytest

from pyrec import Boost, Rules, Vocabulary, where
from pyrec.config import build, read_toml, to_toml
from pyrec.errors import ConfigError
from pyrec.rules.options import RuleOptions

TEXT = """
[rules]
where = { all = [{ column = "stock", above = 0 }, { not = { column = "brand", equals = "X" } }] }
caps = { brand = 2 }
pinned = { 1 = 17, 3 = "18" }
repeatable = ["3"]
segment = "region"

[[rules.boosts]]
where = { column = "price", below = 5 }
times = 2

[rules.segments]
EU = { any = [{ column = "region", missing = true }, { valid_at = 2026-07-01 }] }
"""


def options(tmp_path, text=TEXT):
    (tmp_path / "rules.toml").write_text(text)
    return build(RuleOptions, read_toml(tmp_path / "rules.toml")["rules"], "rules")


def test_a_file_says_what_python_says(tmp_path):
    given = options(tmp_path)
    numbers = given.rules(Vocabulary([17, 18, 3]))
    assert numbers.pinned == {1: 17, 3: "18"}
    texts = given.rules(Vocabulary(["17", "18", "3"]))
    assert texts.where == (where("stock") > 0) & ~where("brand").equals("X")
    assert texts.pinned == {1: "17", 3: "18"}
    assert texts.boosts == [Boost(where("price") < 5, times=2)]
    assert texts.repeatable == ["3"]
    assert texts.caps == {"brand": 2}
    assert list(texts.segments) == ["EU"]
    assert RuleOptions(pinned=("a", "b")).rules(Vocabulary(["a"])).pinned == {1: "a", 2: "b"}
    assert RuleOptions(repeatable={"column": "a", "equals": 1}).rules(
        Vocabulary([1])
    ).repeatable == where("a").equals(1)


def test_nothing_said_is_no_rule():
    assert RuleOptions().are_none
    assert not RuleOptions(caps={"brand": 1}).are_none
    assert RuleOptions().rules(Vocabulary([1])) == Rules(pinned={}, boosts=[])


def test_the_columns_that_are_looked_at_are_told_with_their_places(tmp_path):
    assert sorted(options(tmp_path).columns()) == [
        ("rules.boosts[0].where", "price"), ("rules.caps", "brand"),
        ("rules.segments.EU", "region"), ("rules.segments.EU", "valid_from"),
        ("rules.segments.EU", "valid_until"), ("rules.where", "brand"), ("rules.where", "stock"),
    ]  # fmt: skip


def test_round_trip(tmp_path):
    given = options(tmp_path)
    assert options(tmp_path, to_toml({"rules": given.get_params()})) == given


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"were": {}}, "rules.were: unknown option; did you mean 'where'"),
        ({"where": {"column": "stock", "abov": 0}}, "rules.where: stock.abov: unknown.*'above'"),
        ({"where": {"al": []}}, "rules.where: al: unknown"),
        ({"boosts": [{"where": {"column": "a"}}]}, r"rules.boosts\[0\].where: a: needs one of"),
        ({"boosts": [{"when": {}}]}, r"rules.boosts\[0\].when: unknown option.*'where'"),
        ({"boosts": [{"where": {"column": "a", "below": 1}, "times": 0}]}, "times"),
        ({"caps": {"brand": 0}}, "rules.caps"),
        ({"pinned": {"first": 1}}, "rules.pinned.first: places are whole numbers"),
        ({"segments": {"EU": {"column": "a", "below": 1}}}, "rules.segment: name the column"),
        ({"segment": "region"}, "rules.segments: there are none"),
        ({"segment": "r", "segments": {"EU": {"column": "a", "below": "b"}}}, "rules.segments.EU"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(wrong, message):
    with pytest.raises(ConfigError, match=message):
        build(RuleOptions, wrong, "rules")


def test_compiled_rules_tell_themselves_apart():
    items = Vocabulary(np.arange(5))
    some = [
        Rules(where=[1, 2]), Rules(where=[1, 3]), Rules(pinned=[1]), Rules(repeatable=[1, 2]),
        Rules(boosts=[Boost([1], times=2)]), Rules(boosts=[Boost([1], times=3)]),
        Rules(segments={"a": [1]}), Rules(),
    ]  # fmt: skip
    told = [
        {name: array.tobytes() for name, array in rules.compile(None, items).to_arrays().items()}
        for rules in some
    ]
    assert all(a != b for i, a in enumerate(told) for b in told[:i])
    chosen = Rules(segments={"a": [1]}).compile(None, items).per_user(["a", None, "a"])
    assert chosen.take(np.array([1, 2])).chosen == (None, "a")
