import pytest

from pyrec.config import build
from pyrec.errors import ConfigError
from pyrec.features import OneHot, Statistics
from pyrec.features.options import FeatureOptions


def test_steps_of_both_tables():
    options = build(
        FeatureOptions,
        {"items": [{"step": "one_hot", "column": "brand"}], "users": [{"step": "statistics"}]},
    )
    assert options.of("items") == (OneHot(column="brand"),)
    assert options.of("users") == (Statistics(),)
    assert FeatureOptions().of("items") is None
    assert build(FeatureOptions, options.get_params()) == options


@pytest.mark.parametrize("segments", [0, -1, 1.5])
def test_segments_are_a_column_or_a_number(segments):
    with pytest.raises(ConfigError, match="segments"):
        FeatureOptions(segments=segments)
