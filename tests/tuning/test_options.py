import pytest

from pyrec.errors import ConfigError
from pyrec.tuning.options import Tuning


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trials": 0}, "trials: expected `int` >= 1"),
        ({"seconds": 0}, "seconds: expected `float` > 0"),
        ({"metric": "ndgc@10"}, "did you mean 'ndcg'"),
        ({"splits": 0}, "splits: expected `int` >= 1"),
        ({"trails": 3}, "trails: unknown option; did you mean 'trials'"),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ConfigError, match=message):
        Tuning(**options)
