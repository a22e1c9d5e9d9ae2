import numpy as np
import pytest

import pyrec
from pyrec.preparation.split import FoldSplit, GivenSplit, NewItemsSplit, NewUsersSplit, split
from pyrec.report.judging import described, judged, verdict


@pytest.fixture(scope="module")
def reports():
    """Popularity, and the same model beside itself, on a log where people return to items."""
    rng = np.random.default_rng(0)
    log = pyrec.Events.from_ids(
        users=rng.integers(0, 60, 900), items=np.minimum(rng.geometric(0.1, 900), 40)
    )
    folds = split(log, FoldSplit(k=3, repeats="keep"))
    models = [pyrec.Popularity().fit(fold.train.aggregate()) for fold in folds]
    options = {"metrics": ["recall@5", "novelty@5", "coverage@5"], "exclude_seen": False}
    return [pyrec.evaluate(m, f, **options) for m, f in zip(models, folds, strict=True)]


def test_a_model_beside_itself_is_not_better(reports):
    found = judged([(reports[0], reports[0])])
    assert (found["model"], found["baseline"]) == ("popularity", "popularity")
    for part in found["parts"]:
        assert part["metrics"]["recall@5"]["verdict"] == "unclear"
        assert part["metrics"]["recall@5"]["difference"]["mean"] == 0
        assert part["metrics"]["coverage@5"]["difference"] is None
        assert part["metrics"]["coverage@5"]["verdict"] == ""


def test_a_better_model_is_called_better():
    rng = np.random.default_rng(1)
    taste = rng.integers(0, 2, 400)
    history = np.zeros((400, 40))
    for user in range(400):
        history[user, rng.choice(20, 4, replace=False) * 2 + taste[user]] = 1
    test = np.zeros_like(history)
    for user in range(400):
        mine = np.flatnonzero(history[user])
        test[user, mine[0]], history[user, mine[0]] = 1, 0
    train, test = (
        pyrec.Events.from_ids(users=np.nonzero(m)[0], items=np.nonzero(m)[1])
        for m in (history, test)
    )
    cut = split(train, GivenSplit(), test)
    models = [e.fit(cut.train.aggregate()) for e in (pyrec.ItemKNN(), pyrec.Popularity())]
    found = judged([tuple(pyrec.evaluate(m, cut, metrics="recall@10") for m in models)])
    row = found["parts"][0]["metrics"]["recall@10"]
    assert row["verdict"] == "better"
    assert row["model"]["mean"] - row["baseline"]["mean"] == pytest.approx(
        row["difference"]["mean"]
    )
    assert row["difference"]["p_adjusted"] < 0.05


def test_folds_are_averaged_and_a_verdict_needs_all_of_them(reports):
    found = judged([(report, report) for report in reports])
    part = found["parts"][0]
    mean = np.mean([report.main["recall@5"] for report in reports])
    assert part["metrics"]["recall@5"]["model"]["mean"] == pytest.approx(mean)
    figure = part["metrics"]["recall@5"]["model"]
    assert figure["low"] < figure["mean"] < figure["high"]
    assert part["users"] == len({user for r in reports for user in r.main.users.tolist()})
    assert part["pairs"] == sum(int(report.main.pairs.sum()) for report in reports)
    assert found["description"].endswith("means over the folds, with intervals between them.")


@pytest.mark.parametrize(
    ("metric", "low", "high", "p", "expected"),
    [
        ("recall@20", 0.1, 0.3, 0.01, "better"),
        ("recall@20", -0.3, -0.1, 0.01, "worse"),
        ("rmse", -0.3, -0.1, 0.01, "better"),
        ("novelty@20", 0.1, 0.3, 0.01, "higher"),
        ("novelty@20", -0.3, -0.1, 0.01, "lower"),
        ("recall@20", -0.1, 0.3, 0.01, "unclear"),
        ("recall@20", 0.1, 0.3, 0.2, "unclear"),
        ("recall@20", None, None, 0.01, ""),
    ],
)
def test_verdicts(metric, low, high, p, expected):
    assert verdict(metric, {"low": low, "high": high, "p_adjusted": p}) == expected


@pytest.mark.parametrize(
    ("split_", "expected"),
    [
        (
            {"method": "time", "at": "2024-05-31T18:30:00Z"},
            "everything from 2024-05-31 18:30 UTC on.",
        ),
        ({"method": "last", "n": 3, "target": "buy"}, "each person's last 3 items (buy)."),
        ({"method": "random", "ratio": 0.2}, "20% of the pairs of person and item."),
        ({"method": "users", "ratio": 0.1}, "10% of the people, told a part of each one."),
        ({"method": "sessions", "sessions": 9}, "9 whole sessions, each of whose steps counts as"),
        ({"method": "given"}, "a test that was given."),
    ],
)
def test_splits_in_words(split_, expected):
    sizes = {"events": 1000, "users": 10}
    told = described({"train": sizes, "test": sizes, "cold_users": 0, **split_})
    assert told.startswith(f"Held out: {expected}")
    assert told.endswith("judged on 1,000 events of 10 people.")


def test_whole_items_and_people_that_were_held_out_are_told():
    log = pyrec.Events.from_ids(users=np.arange(60) % 20, items=np.arange(60) % 11)
    among = [described(split(log, NewItemsSplit(among=how)).description) for how in ("all", "new")]
    assert among[0].startswith("Held out: 1 items, whole, ranked among all. Learnt")
    assert "ranked among themselves" in among[1]
    people = described(split(log, NewUsersSplit()).description)
    assert people.startswith("Held out: 2 people, whole. Learnt")
