import numpy as np
import pytest

import pyrec
from pyrec.errors import ConfigError, DataError
from pyrec.preparation.split import GivenSplit, RandomSplit, split
from pyrec.tuning.kinds import learn_kind_weights


def log(noise, seed=0):
    """Carts that tell what will be bought, and views that tell nothing (of `noise` a user)."""
    rng = np.random.default_rng(seed)
    users, items, kinds, times = [], [], [], []
    for user in range(150):
        liked = rng.permutation(np.arange(user % 3, 60, 3))
        parts = {
            "view": rng.integers(0, 60, noise),
            "cart": liked[:6],
            "buy": liked[6:10],
        }
        for at, (kind, found) in enumerate(parts.items()):
            users += [user] * len(found)
            items += found.tolist()
            kinds += [kind] * len(found)
            times += (100 * at + np.arange(len(found))).tolist()
    return pyrec.Events.from_ids(users=users, items=items, kinds=kinds, timestamps=times)


@pytest.mark.parametrize("estimator", [pyrec.ItemKNN(), pyrec.SessionKNN()], ids=lambda e: e.name)
def test_what_tells_nothing_weighs_less_than_what_tells_much(estimator):
    progress = []
    found = learn_kind_weights(estimator, log(noise=30), "buy", progress=progress.append)
    if estimator.name == "item_knn":  # the other one hardly knows weights
        assert found.weights["view"] < found.weights["cart"]
    assert progress == [*range(1, len(found.tried) + 1)]
    alike, value = found.tried[0]
    assert set(alike.values()) == {1.0}
    assert found.value >= value
    assert found.value == next(value for weights, value in found.tried if weights == found.weights)


def test_it_is_repeatable_and_takes_splits():
    events = log(noise=10)
    cuts = [split(events, RandomSplit(target="buy", random_state=seed)) for seed in (0, 1)]
    one, other = (
        learn_kind_weights(pyrec.GraphFilter(), cuts, "buy", metric="recall@10") for _ in range(2)
    )
    assert one == other
    assert one.metric == "recall@10"


def test_without_times_a_share_is_held_out():
    events = log(noise=5)
    plain = pyrec.Events(
        events.users, events.items, events.user_rows, events.item_rows, events.kinds,
        events.kind_names,
    )  # fmt: skip
    assert set(learn_kind_weights(pyrec.ItemKNN(), plain, "buy").weights) == {"view", "cart", "buy"}


def test_bad_input():
    events = log(noise=5)
    with pytest.raises(DataError, match="kind 'by': unknown; did you mean 'buy'"):
        learn_kind_weights(pyrec.ItemKNN(), events, "by")
    with pytest.raises(DataError, match="there is none besides 'buy'"):
        learn_kind_weights(pyrec.ItemKNN(), events.only("buy"), "buy")
    with pytest.raises(DataError, match="estimator: must be of type Estimator, not str"):
        learn_kind_weights("item_knn", events, "buy")
    with pytest.raises(DataError, match="splits: there are none"):
        learn_kind_weights(pyrec.ItemKNN(), [], "buy")
    with pytest.raises(ConfigError, match="coverage@20 has no value for each user"):
        learn_kind_weights(pyrec.ItemKNN(), events, "buy", metric="coverage")


@pytest.mark.real_data
def test_views_and_carts_foretell_purchases_of_retailrocket(real_data):
    """Purchases of what the visitor had not touched; the weights are learnt on such, too."""
    folder = real_data / "retailrocket"
    columns = {"user": "visitorid", "item": "itemid"}
    events = pyrec.read_events(
        folder / "events.csv.gz", **columns, event="event", timestamp="timestamp"
    )
    test = pyrec.read_events(folder / "test_transactions.csv.gz", **columns)
    cut = split(events, GivenSplit(target="transaction"), test)
    estimator = pyrec.GraphFilter()
    found = learn_kind_weights(
        estimator, [split(cut.train, RandomSplit(target="transaction"))], "transaction",
        exclude_seen=True, pairs="new",
    )  # fmt: skip
    recall = {
        name: pyrec.evaluate(
            estimator.fit(cut.train.aggregate(kind_weights=weights)), cut, metrics="recall@20",
            resamples=0,
        )["recall@20"]
        for name, weights in {
            "learned": found.weights, "alone": {"view": 0, "addtocart": 0, "transaction": 1}
        }.items()
    }  # fmt: skip
    assert recall["alone"] < 0.06
    assert recall["learned"] > 0.1
