from typing import Annotated

import numpy as np
import pytest
from msgspec import Meta

from pyrec.config import Options, build, read_toml, to_toml
from pyrec.errors import ConfigError


class Window(Options, frozen=True, kw_only=True):
    days: Annotated[int, Meta(ge=1)] = 30
    decay: float = 0.5


class Outer(Options, frozen=True, kw_only=True):
    window: Window = Window()


class Last(Options, frozen=True, kw_only=True, tag_field="method", tag="last"):
    n: int = 1

    def __post_init__(self):
        super().__post_init__()
        if self.n == 13:
            raise ConfigError("n: 13 is an unlucky number")


class Time(Options, frozen=True, kw_only=True, tag_field="method", tag="time"):
    at: float | None = None


class Run(Options, frozen=True, kw_only=True):
    split: Last | Time = Last()
    outer: Outer | None = None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"day": 7}, "day: unknown option; did you mean 'days'?"),
        ({"zzz": 7}, "zzz: unknown option; known are 'days', 'decay'"),
        ({"days": 0}, "days: expected `int` >= 1"),
        ({"days": "7"}, "days: expected `int`, got `str`"),
        ({"days": 1.5}, "days: expected `int`, got `float`"),
        ({"decay": float("nan")}, "decay: nan is not a finite number"),
        ({"decay": float("inf")}, "decay: inf is not a finite number"),
    ],
)
def test_keywords_and_mappings_give_the_same_message(options, message):
    with pytest.raises(ConfigError) as from_keywords:
        Window(**options)
    assert str(from_keywords.value) == message
    with pytest.raises(ConfigError) as from_mapping:
        build(Window, options, "split")
    assert str(from_mapping.value) == "split." + message


def test_nested_options_are_named_by_their_dotted_path():
    with pytest.raises(ConfigError, match=r"^run\.window\.days: expected `int` >= 1"):
        build(Outer, {"window": {"days": -1}}, "run")


def test_numpy_scalars_become_plain():
    window = Window(days=np.int64(3), decay=np.float32(0.25))
    assert type(window.days) is int
    assert window.get_params() == {"days": 3, "decay": 0.25}


def test_replace_checks_again():
    assert Window().replace(days=2) == Window(days=2)
    with pytest.raises(ConfigError, match="days"):
        Window().replace(days=0)


def test_params_round_trip():
    window = Window(days=9)
    assert build(Window, window.get_params()) == window


def test_toml_errors_name_the_file(tmp_path):
    with pytest.raises(ConfigError, match=r"absent\.toml: cannot be read"):
        read_toml(tmp_path / "absent.toml")
    bad = tmp_path / "bad.toml"
    bad.write_text("a = \n")
    with pytest.raises(ConfigError, match=r"bad\.toml: not valid TOML: .*line 1"):
        read_toml(bad)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"outer": {"window": {"day": 1}}},
            "outer.window.day: unknown option; did you mean 'days'?",
        ),
        ({"split": {"method": "time", "n": 2}}, "split.n: unknown option; known are 'at'"),
        ({"split": {"method": "tim"}}, "split.method: 'tim' is unknown; did you mean 'time'?"),
        ({"split": {"n": 2}}, "split.method: '' is unknown; known are 'last', 'time'"),
        ({"split": {"method": "last", "n": 13}}, "split.n: 13 is an unlucky number"),
        ({"split": 3}, "split: expected `object`, got `int`"),
    ],
)
def test_nested_names_are_suggested_too(options, message):
    with pytest.raises(ConfigError) as caught:
        build(Run, options)
    assert str(caught.value) == message


def test_the_tag_chooses_the_options():
    assert build(Run, {"split": {"method": "time", "at": 0.5}}).split == Time(at=0.5)


def test_toml_round_trip(tmp_path):
    options = {
        "name": 'a "quoted" \\ näme\n',
        "k": [1, 2.5, True],
        "data": {"weights": {"view": 1, "add to cart": 3}, "nothing": None, "x": 1e-9},
    }
    (tmp_path / "a.toml").write_text(to_toml(options))
    del options["data"]["nothing"]
    assert read_toml(tmp_path / "a.toml") == options
