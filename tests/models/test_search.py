import pytest

from pyrec.errors import ConfigError
from pyrec.models.base import Estimator
from pyrec.models.registry import MODELS, estimator_class
from pyrec.models.search import Choices, Floats, Integers, near, ranges


@pytest.mark.parametrize("name", MODELS)
def test_every_model_says_what_to_try_and_may_be_that(name):
    kind = estimator_class(name)
    assert "search" in {attribute for c in kind.__mro__[: -len(Estimator.__mro__)]
                        for attribute in vars(c)}  # fmt: skip
    for option, found in ranges(kind.search, kind.__struct_fields__, {}).items():
        assert option in kind.__struct_fields__
        ends = found.of if isinstance(found, Choices) else (found.low, found.high)
        for value in ends:
            assert getattr(kind(**{option: value}), option) == value


def test_ranges_may_be_replaced_added_and_taken_out():
    declared = {"a": Integers(low=1, high=9), "b": Floats(low=0, high=1)}
    found = ranges(
        declared,
        ("a", "b", "c", "d"),
        {"a": False, "c": {"low": 1, "high": 2.5, "log": True}, "d": {"low": 2, "high": 8}},
    )
    assert found == {
        "b": Floats(low=0, high=1),
        "c": Floats(low=1, high=2.5, log=True),
        "d": Integers(low=2, high=8),
    }
    assert ranges(declared, ("a", "b"), {"a": ["x", "y"]})["a"] == Choices(of=("x", "y"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"factor": [1]}, "tune.search.factor: unknown option; did you mean 'factors'"),
        ({"factors": 3}, "tune.search.factors: must be a list of values, a table"),
        ({"factors": {"low": 3}}, r"tune.search.factors.high: is required"),
        ({"factors": {"low": 3, "high": 2}}, "factors.high: must not be below low, 3, but is 2"),
        ({"factors": {"low": 0, "high": 2, "log": True}}, "factors.low: must be above 0"),
        ({"factors": []}, "tune.search.factors.of: "),
    ],
)
def test_what_is_no_range_is_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        ranges({}, ("factors",), change, "tune.search")


def test_what_is_near():
    declared = {
        "factors": Integers(low=16, high=256, log=True),
        "alpha": Floats(low=0, high=2),
        "l1": Floats(low=0.01, high=1, log=True),
        "solver": Choices(of=("cg", "exact")),
        "weight": Floats(low=0, high=1),
    }
    options = {"factors": 200, "alpha": 0.25, "l1": 0, "solver": "cg", "weight": None}
    found = near(declared, options)
    assert found["factors"] == Integers(low=100, high=256, log=True)
    assert found["alpha"] == Floats(low=0, high=0.75)
    assert found["l1"].low == 0.01
    assert found["l1"].high == pytest.approx(0.01 * 100**0.25)
    assert found["solver"] == declared["solver"]
    assert found["weight"] == declared["weight"]
