import json
from pathlib import Path

import duckdb
import numpy as np
import pytest

import pyrec
from pyrec.errors import ConfigError, DataError
from pyrec.workflow.experiment import run
from pyrec.workflow.runconfig import RunConfig


@pytest.fixture(scope="module")
def log():
    return pyrec.simulate_shop(users=200, items=80, days=40).events


@pytest.fixture
def config(tmp_path):
    """Make a configuration for a log in memory, or for a file."""

    def make(**parts):
        options = {
            "data": {"path": str(tmp_path / "log.csv"), "user": "user", "item": "item"},
            "split": {"method": "time", "target": "purchase"},
            "model": {"name": "item_knn"},
            "evaluation": {"metrics": ["recall@5", "coverage@5"], "resamples": 200},
            "output": {"directory": str(tmp_path / "out"), "k": 5},
        }
        return RunConfig.from_dict(options | parts)

    return make


def test_a_run_from_a_log_to_lists(config, log, tmp_path):
    facts = run(config(), events=log)
    out = tmp_path / "out"
    assert facts == json.loads((out / "metrics.json").read_text())
    assert facts["data"]["events"] == len(log)
    assert facts["data"]["kinds"].keys() == set(log.kind_names)
    assert [part["name"] for part in facts["quality"]["parts"]] == ["new", "repeat"]
    assert [step["name"] for step in facts["steps"]] == [
        "clean", "split", "fit item_knn on the training part", "judge", "fit item_knn",
        "recommend", "save the model", "describe the log", "write the report",
    ]  # fmt: skip
    assert all(step["seconds"] >= 0 and step["peak_bytes"] > 1e6 for step in facts["steps"])
    assert facts["runtime"]["version"] == pyrec.__version__

    model = pyrec.load(out / "model", verify=True)
    lists = duckdb.sql(f"from '{out / 'recommendations.parquet'}'").fetchnumpy()
    ranking = model.recommend(model.users.ids, k=5)
    np.testing.assert_array_equal(lists["item_id"], ranking.ids[ranking.rows >= 0])
    assert facts["output"]["rows"] == len(lists["item_id"])
    html = (out / "report.html").read_text()
    assert "purchase" in html
    assert "<svg" in html


def test_the_lists_come_from_a_model_of_everything(config, log, tmp_path):
    run(config(), events=log)
    assert pyrec.load(tmp_path / "out" / "model").interactions.nnz == log.aggregate().nnz


def test_the_same_run_gives_the_same_lists(config, log, tmp_path):
    first = run(config(runtime={"threads": 1}), events=log)
    bytes_ = (tmp_path / "out" / "recommendations.parquet").read_bytes()
    again = run(config(runtime={"threads": 7}), events=log)
    assert (tmp_path / "out" / "recommendations.parquet").read_bytes() == bytes_
    assert first["quality"] == again["quality"]
    assert (first["runtime"]["threads"], again["runtime"]["threads"]) == (1, 7)


@pytest.mark.parametrize(
    "split",
    [
        {"method": "time", "target": "purchase"},
        {"method": "last", "n": 2, "target": "purchase"},
        {"method": "random", "ratio": 0.3},
        {"method": "users", "ratio": 0.2, "target": "purchase"},
        {"method": "folds", "k": 3},
    ],
)
def test_every_split(config, log, split):
    quality = run(config(split=split), events=log)["quality"]
    for part in quality["parts"]:
        row = part["metrics"]["recall@5"]
        assert 0 < row["model"]["mean"] <= 1
        assert row["difference"] is not None
    assert quality["description"].startswith("Held out: ")


def test_nothing_held_out_is_not_judged(config, log, tmp_path):
    assert run(config(split={"method": "none"}), events=log)["quality"] is None
    assert "Nothing was held out" in (tmp_path / "out" / "report.html").read_text()


def test_a_given_test_and_a_log_from_files(config, tmp_path):
    (tmp_path / "log.csv").write_text(
        "who,what,did,at\n"
        + "".join(f"u{i % 9},i{i % 7},{'buy' if i % 3 else 'view'},{i}\n" for i in range(90))
    )
    (tmp_path / "test.csv").write_text("who,what\nu1,i3\nu2,i5\nnew,i5\n")
    data = {"path": str(tmp_path / "log.csv"), "user": "who", "item": "what", "event": "did",
            "timestamp": "at"}  # fmt: skip
    given = {"method": "given", "test": str(tmp_path / "test.csv"), "target": "buy"}
    evaluation = {"metrics": ["recall@5"], "pairs": "all"}
    facts = run(config(data=data, split=given, evaluation=evaluation))
    assert facts["quality"]["counts"]["users"] == 3
    assert facts["quality"]["description"].startswith("Held out: a test that was given (buy).")
    with pytest.raises(ConfigError, match="name the file of the test"):
        run(config(data=data, split={"method": "given"}))


def test_cleaning_is_told(config, log, tmp_path):
    facts = run(config(cleaning={"returns": True, "return_kind": "return",
                                 "purchase_kind": "purchase"}), events=log)  # fmt: skip
    assert "return" not in facts["data"]["kinds"]
    told = {step["name"]: step["counts"] for step in facts["data"]["provenance"]}
    assert told["clean: returns"]["events"] > 0
    assert "removed by the rule returns" in (tmp_path / "out" / "report.html").read_text()


def test_titles_of_a_catalogue_are_in_the_report(config, tmp_path, log):
    rows = "".join(f"{item},Title of {item} <\n" for item in log.items.ids)
    (tmp_path / "items.csv").write_text("id,name\n" + rows)
    catalogue = {"path": str(tmp_path / "items.csv"), "item": "id", "title": "name"}
    data = {"path": "log", "user": "u", "item": "i", "catalogue": catalogue}
    run(config(data=data), events=log)
    assert "Title of P" in (tmp_path / "out" / "report.html").read_text()


def test_what_was_seen_as_some_kind_is_left_out(config, log, tmp_path):
    run(config(output={"directory": str(tmp_path / "out"), "exclude_seen": "purchase"}), events=log)
    model = pyrec.load(tmp_path / "out" / "model")
    lists = duckdb.sql(f"from '{tmp_path / 'out' / 'recommendations.parquet'}'").fetchnumpy()
    ranking = model.recommend(model.users.ids, k=20, exclude_seen="purchase")
    np.testing.assert_array_equal(lists["item_id"], ranking.ids[ranking.rows >= 0])


def test_a_listener_hears_of_every_step(config, log):
    heard = []
    run(config(model={"name": "als", "factors": 4, "iterations": 3}), events=log,
        listener=lambda *news: heard.append(news))  # fmt: skip
    assert ("fit als", 2, 3) in heard
    begun = [step for step, done, total in heard if (done, total) == (0, 0)]
    ended = [step for step, done, total in heard if (done, total) == (1, 1)]
    assert begun == ended


def test_a_run_that_fails_shows_nothing_and_keeps_what_was_there(config, log, tmp_path):
    run(config(), events=log)
    before = {p: p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()}
    with pytest.raises(DataError, match="nothing is left after cleaning"):
        run(config(cleaning={"min_item_events": 10**6}), events=log)

    def fail(step, done, total):
        if step == "write the report":
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        run(config(), events=log, listener=fail)
    assert {p: p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()} == before


def test_paths_are_not_opened_where_the_log_is_given(config, log, tmp_path):
    assert not Path(config().data.path).exists()
    assert run(config(), events=log)["source"] == "log.csv"


def test_ratings_are_likes_and_dislikes_for_the_whole_run(tmp_path):
    rng = np.random.default_rng(0)
    pairs = np.flatnonzero(rng.random(40 * 20) < 0.4)
    ratings = rng.integers(1, 6, len(pairs))
    rated = pyrec.Events.from_ids(users=pairs // 20, items=pairs % 20, weights=ratings)
    config = RunConfig.from_dict({
        "data": {
            "path": "log.csv", "user": "u", "item": "i", "weight": "r",
            "ratings": {"like": 4, "dislike": 2},
            "event_weights": {"like": 1, "indifferent": 0.3, "dislike": -0.5},
        },
        "split": {"method": "random", "target": "like"},
        "model": {"name": "als", "factors": 4},
        "evaluation": {"exclude_seen": "like"},
        "output": {"directory": str(tmp_path / "out"), "k": 20},
    })  # fmt: skip
    facts = run(config, events=rated)
    assert facts["data"]["kinds"]["like"] == np.count_nonzero(ratings >= 4)
    model = pyrec.load(tmp_path / "out" / "model")
    assert set(np.unique(model.interactions.csr.values).astype(float).round(2)) == {-0.5, 0.3, 1}
    lists = model.recommend(model.users.ids, k=20, exclude_seen="like")
    disliked = model.interactions.to_scipy().toarray() < 0
    shown = np.zeros(disliked.shape, bool)
    np.put_along_axis(shown, np.where(lists.rows < 0, lists.rows[:, :1], lists.rows), True, axis=1)
    assert not np.any(shown & disliked)
    assert np.any(shown & (model.interactions.to_scipy().toarray() > 0))  # what was indifferent
