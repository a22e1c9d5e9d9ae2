"""Tables of items and people: read, made into features, and learnt from in every command."""

import json
from pathlib import Path

import duckdb
import numpy as np
import pytest

import pyrec
from pyrec.cli import main
from pyrec.errors import ConfigError, DataError
from pyrec.preparation.split import split
from pyrec.workflow.compare import compare
from pyrec.workflow.experiment import fit, judge, learn, prepared, run
from pyrec.workflow.runconfig import RunConfig
from pyrec.workflow.steps import Steps
from pyrec.workflow.tables import read_tables
from pyrec.workflow.tune import tune

N = 40


@pytest.fixture(scope="module")
def log():
    """People of two tastes, and items of two kinds, named as text files name them."""
    rng = np.random.default_rng(0)
    users = np.repeat(np.arange(60), 10)
    items = (rng.integers(0, N // 2, len(users)) * 2 + users % 2) % N
    return pyrec.Events.from_ids(users=users, items=items, timestamps=np.arange(len(users)))


@pytest.fixture
def config(tmp_path):
    brands = [f"{item},{'even' if item % 2 == 0 else 'odd'}" for item in range(N + 4)]
    (tmp_path / "items.csv").write_text("\n".join(["id,brand", *brands]) + "\n")
    regions = [f"{user},{'north' if user % 2 == 0 else 'south'},5" for user in range(64)]
    (tmp_path / "people.csv").write_text("\n".join(["who,region,one", *regions]) + "\n")

    def make(data=None, **parts):
        catalogue = {"path": str(tmp_path / "items.csv"), "item": "id"}
        people = {"path": str(tmp_path / "people.csv"), "user": "who"}
        options = {
            "data": {
                "path": str(tmp_path / "log.csv"), "user": "user", "item": "item",
                "catalogue": catalogue, "people": people, **(data or {}),
            },
            "split": {"method": "new_items", "ratio": 0.2},
            "model": {"name": "content_knn"},
            "evaluation": {"metrics": ["recall@5"], "resamples": 50, "pairs": "new"},
            "output": {"directory": str(tmp_path / "out"), "k": 5},
        }  # fmt: skip
        return RunConfig.from_dict(options | parts)

    return make


def learnt(plan, log):
    """Return what a model learns from besides the whole log."""
    plan, events, tables = prepared(plan, Steps(), log)
    return learn(plan, events, Steps(), tables)


def test_a_run_learns_from_features_and_keeps_what_made_them(config, log, tmp_path):
    facts = run(config(), events=log)
    found = facts["quality"]["parts"][0]["metrics"]["recall@5"]
    assert found["model"]["mean"] > 2 * found["baseline"]["mean"]
    assert "8 items, whole, ranked among all" in facts["quality"]["description"]
    assert facts["config"]["features"]["items"] == [
        {"step": "one_hot", "column": "brand", "min_count": 2, "other": False, "missing": "zero"}
    ]
    assert [step["name"] for step in facts["steps"]][:4] == [
        "clean", "read items.csv", "read people.csv", "split",
    ]  # fmt: skip
    model = pyrec.load(tmp_path / "out" / "model")
    assert model.features.names == ("brand=even", "brand=odd")
    assert len(model.items) == N + 4, "those of the catalogue whom nobody has had, too"
    pipeline = pyrec.features.load(tmp_path / "out" / "model" / "features" / "items")
    assert pipeline.transform(read_tables(config(), log, Steps()).items).names == (
        model.features.names
    )
    again = RunConfig.from_toml(tmp_path / "out" / "config.toml")
    assert again.features.items[0].column == "brand"


def test_the_test_shapes_no_feature(config, log, tmp_path):
    plan = config()
    cut = split(log, plan.split)
    new = set(cut.description and cut.test.items.decode(cut.test.item_rows).tolist())
    lines = ["id,brand", *(f"{i},{'new' if i in new else 'old'}{i % 3}" for i in range(N))]
    (tmp_path / "items.csv").write_text("\n".join(lines))
    plan, events, tables = prepared(plan, Steps(), log)
    features = learn(plan, cut.train, Steps(), tables).arguments["item_features"]
    assert set(features.names) == {"brand=old0", "brand=old1", "brand=old2"}
    everything = learn(plan, events, Steps(), tables).arguments["item_features"]
    assert len(everything.names) == 6


def test_new_items_may_compete_among_themselves(config, log):
    plan = config(split={"method": "new_items", "ratio": 0.2, "among": "new"})
    plan, events, tables = prepared(plan, Steps(), log)
    quality = judge(plan, events, Steps(), tables)
    assert "ranked among themselves" in quality["description"]
    assert quality["parts"][0]["metrics"]["recall@5"]["model"]["mean"] > 0.6


def test_both_tables_for_new_people(config, log):
    plan = config(
        model={"name": "feature_als", "factors": 4},
        split={"method": "new_users"},
        evaluation={"metrics": ["recall@5"], "resamples": 50, "cold_users": "popular"},
    )
    plan, events, tables = prepared(plan, Steps(), log)
    found = judge(plan, events, Steps(), tables)["parts"][0]["metrics"]["recall@5"]
    assert found["model"]["mean"] > found["baseline"]["mean"]
    model = fit(plan, events, Steps(), learn(plan, events, Steps(), tables))
    assert model.user_map is not None
    assert model.recommend(63, k=1).ids[0] % 2 == 1, "known by the region alone"


@pytest.mark.parametrize("segments", ["region", 2])
def test_segments(config, log, segments):
    plan = config(
        model={"name": "segment_popularity"},
        features={"segments": segments},
        split={"method": "new_users"},
    )
    plan, events, tables = prepared(plan, Steps(), log)
    model = fit(plan, events, Steps(), learn(plan, events, Steps(), tables))
    assert model.recommend([60, 61], k=1).ids.ravel().tolist()[0] % 2 == 0
    assert model.recommend([60, 61], k=1).ids.ravel().tolist()[1] % 2 == 1


def test_models_with_and_without_features_are_compared(config, log):
    plan = config(models=[{"name": "feature_als", "factors": 4}, {"name": "popularity"}])
    facts = compare(plan, events=log)
    values = {model["label"]: model["metrics"]["recall@5"]["mean"] for model in facts["models"]}
    assert values["content_knn"] > 2 * values["popularity"]
    assert "fit features" in [step["name"] for step in facts["steps"]]


def test_tuning_fits_features_on_each_training_part(config, log, tmp_path):
    pytest.importorskip("optuna")
    plan = config(tune={"trials": 2, "splits": 2, "metric": "recall@5"})
    tuned = tune(plan, tmp_path / "best.toml", study=tmp_path / "study", events=log)
    assert tuned.value > 0.1
    best = RunConfig.from_toml(tmp_path / "best.toml")
    assert best.features.items is not None
    # Other features make another study.
    (tmp_path / "items.csv").write_text("id,brand\n" + "".join(f"{i},x{i % 3}\n" for i in range(N)))
    with pytest.raises(ConfigError, match="begun with another data"):
        tune(plan, tmp_path / "best.toml", study=tmp_path / "study", events=log)


def test_weights_of_kinds_are_learnt_with_features(config):
    shop = pyrec.simulate_shop(users=80, items=30, days=30, random_state=0)
    events = shop.events.only("view", "purchase")
    columns = zip(shop.catalogue.items.ids, shop.catalogue.columns["category"], strict=True)
    plan = config(
        data={"event_weights": "learned", "event": "event", "people": None},
        split={"method": "last", "target": "purchase", "repeats": "hold_out"},
    )
    lines = ["id,category", *(f"{item},{kind}" for item, kind in columns)]
    Path(plan.data.catalogue.path).write_text("\n".join(lines))
    plan, *_ = prepared(plan, Steps(), events)
    assert set(plan.data.event_weights) == {"view", "purchase"}


def test_ids_are_read_as_those_of_the_log(config, log, tmp_path):
    text = (tmp_path / "items.csv").read_text()
    (tmp_path / "items.csv").write_text(f"{text}9e+05,even\n")
    table = read_tables(config(), log, Steps()).items
    assert table.items.is_integer
    assert len(table) == N + 4
    assert table.report.steps[-1].counts == {"no integers": 1}
    named = pyrec.Events.from_ids(users=["a"], items=["7"])
    (tmp_path / "items.csv").write_text("id,brand\n7,odd\n")
    assert read_tables(config(data={"people": None}), named, Steps()).items.items.ids == ["7"]


def test_a_table_that_is_the_log_itself(config, tmp_path):
    events = [f"{i % 7},{i % 9},{i},brand {i % 9 // 2}" for i in range(60)]
    (tmp_path / "log.csv").write_text("\n".join(["user,item,time,brand", *events]))
    catalogue = {"path": str(tmp_path / "log.csv"), "item": "item"}
    plan = config(data={"catalogue": catalogue, "people": None, "timestamp": "time"})
    plan, *_ = prepared(plan, Steps())
    assert [step.column for step in plan.features.items] == ["brand"]


def test_columns_may_be_named(config, log, tmp_path):
    catalogue = {"path": str(tmp_path / "items.csv"), "item": "id", "columns": [], "title": "brand"}
    assert list(read_tables(config(data={"catalogue": catalogue}), log, Steps()).items.columns) == [
        "brand"
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features": {"items": [{"step": "one_hot", "colum": "brand"}]}},
         r"features.items\[0\].colum: unknown option; did you mean 'column'"),
        ({"features": {"items": [{"step": "onehot", "column": "brand"}]}},
         r"features.items\[0\].step: 'onehot' is unknown; did you mean 'one_hot'"),
        ({"features": {"items": [{"column": "brand"}]}}, r"features.items\[0\].step"),
        ({"features": {"item": []}}, "features.item: unknown option; did you mean 'items'"),
        ({"data": {"catalogue": None}}, "content_knn learns from a table of items: add"),
        ({"model": {"name": "segment_popularity"}}, "learns from segments of people: name"),
        ({"features": {"segments": 3}, "data": {"people": None}}, "segments: .*data.people"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_before_anything_is_read(config, change, message):
    with pytest.raises(ConfigError, match=message):
        config(**change)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"features": {"items": [{"step": "one_hot", "column": "brnd"}]}}, ConfigError,
         r"features.items\[0\].column: .*items.csv has no column 'brnd'; did you mean 'brand'"),
        ({"features": {"segments": "regio"}, "model": {"name": "segment_popularity"}}, ConfigError,
         r"features.segments: .*people.csv has no column 'regio'; did you mean 'region'"),
        ({"features": {"items": [{"step": "numeric", "column": "brand"}]}}, DataError,
         "features.items: column 'brand': 'even' of 0 is no number"),
        ({"features": {"items": [{"step": "reduce"}]}}, DataError, "features.items: reduce: no"),
    ],
)  # fmt: skip
def test_what_the_tables_do_not_have_is_told_with_its_place(config, log, change, error, message):
    with pytest.raises(error, match=message):
        learnt(config(**change), log)


def test_a_table_without_features(config, log, tmp_path):
    (tmp_path / "items.csv").write_text("id,url\n0,http://a\n1,http://b\n")
    with pytest.raises(ConfigError, match=r"features.items: no column of .*items.csv is a feature"):
        prepared(config(), Steps(), log)


def test_a_chain_is_a_model_like_any_other(config, log, tmp_path, capsys):
    links = [{"name": "item_knn", "neighbors": 3}, {"name": "content_knn"},
             {"name": "segment_popularity"}, {"name": "popularity"}]  # fmt: skip
    chain = {"name": "fallback", "links": links}
    plan = config(
        model=chain, split={"method": "random"}, features={"segments": "region"},
        evaluation={"metrics": ["recall@5"], "resamples": 50},
        models=[{"name": "popularity"}, {"name": "blend", "members": links[:2]}],
    )  # fmt: skip
    facts = compare(plan, events=log)
    assert {model["label"] for model in facts["models"]} == {"fallback", "popularity", "blend"}
    run(plan, events=log)
    found = duckdb.sql(f"from '{tmp_path / 'out' / 'recommendations.parquet'}'").fetchnumpy()
    sources = [str(source) for source in found["source"]]
    assert set(sources) <= {"item_knn", "content_knn", "segment_popularity", "popularity"}
    assert sources[0] == "item_knn"
    assert "item_knn" in (tmp_path / "out" / "report.html").read_text()
    asked = ["recommend", str(tmp_path / "out"), "0", "60", "99", "-k", "1"]
    capsys.readouterr()
    with pytest.raises(SystemExit, match="0"):
        main(asked)
    told = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [words[-1] for words in told if words and words[0].isdigit()] == [
        "item_knn", "segment_popularity", "popularity",
    ]  # fmt: skip


def test_a_chain_needs_what_its_links_need(config):
    links = [{"name": "content_knn"}, {"name": "segment_popularity"}]
    with pytest.raises(ConfigError, match="segment_popularity learns from segments of people"):
        config(model={"name": "fallback", "links": links})


def test_inspecting_a_model_tells_of_its_features(config, log, tmp_path, capsys):
    run(config(model={"name": "feature_als", "factors": 4}), events=log)
    capsys.readouterr()
    for options in ([], ["--json"]):
        with pytest.raises(SystemExit, match="0"):
            main(["inspect", str(tmp_path / "out"), *options])
    text, _, plain = capsys.readouterr().out.partition("{")
    told = [" ".join(line.split()) for line in text.splitlines()]
    assert "item features one_hot of brand: 2 columns" in told
    assert "item map 2 features to 4 factors" in told
    facts = json.loads("{" + plain)
    assert facts["user_map"] == {"features": 2, "factors": 4}
    assert [step["columns_made"] for step in facts["user_features"]] == [2]
