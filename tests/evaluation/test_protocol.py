import pytest

from pyrec.errors import ConfigError
from pyrec.evaluation.protocol import Protocol


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(k=0), "k: expected `int` >= 1"),
        (dict(k=2**40), "k: expected `int` <"),
        (dict(metrics=[5]), "metrics.*: expected `str`, got `int`"),
        (dict(metrics=["recal@5"]), "'recal' is no metric; did you mean 'recall'"),
        (dict(metrics=[]), "metrics: name at least one"),
        (dict(pairs="old"), "pairs: invalid enum value 'old'"),
        (dict(pairs=()), "pairs: expected `array` of length >= 1"),
        (dict(cold_users="drop"), "cold_users: invalid enum value 'drop'"),
        (dict(cold_items=None), "cold_items: expected `str`, got `null`"),
        (dict(resamples=-1), "resamples: expected `int` >= 0"),
        (dict(random_state=1.5), "random_state: expected `int`, got `float`"),
        (dict(exclude_seen=3), "exclude_seen: expected"),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ConfigError, match=message):
        Protocol(**options)


def test_a_protocol_round_trips_through_plain_data():
    protocol = Protocol(metrics=["auc", "ndcg"], k=7, pairs="all", exclude_seen=["buy", "cart"])
    assert Protocol(**protocol.get_params()) == protocol
    assert [request.label for request in protocol.requests] == ["auc", "ndcg@7"]
    assert protocol.parts == ("all",)
    assert protocol.describe()["definitions"]["auc"].startswith("Share of pairs")


def test_titles_say_which_lists_judge_which_pairs():
    protocol = Protocol(exclude_seen=["buy", "cart"])
    assert protocol.title("new") == (
        "new pairs, lists without what the user had before as buy or cart"
    )
    assert protocol.title("repeat") == "repeated pairs, lists of everything"
    assert Protocol(exclude_seen=False).title("new") == "new pairs, lists of everything"
    assert Protocol(pairs="all").title("all") == "all pairs, lists of everything"
