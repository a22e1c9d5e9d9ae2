"""[rules] of a configuration hold for the lists of a run, of a report, and of pyrec recommend."""

import duckdb
import numpy as np
import pytest

import pyrec
from pyrec import where
from pyrec.cli.display import comparison
from pyrec.data.bits import unpack
from pyrec.errors import ArtifactError, ConfigError, DataError
from pyrec.evaluation.protocol import Protocol
from pyrec.preparation.split import RandomSplit, TimeSplit, split
from pyrec.workflow.batch import write_recommendations
from pyrec.workflow.experiment import judge, run
from pyrec.workflow.rulebook import rules_for, rules_for_all, rules_to_judge
from pyrec.workflow.runconfig import RunConfig
from pyrec.workflow.steps import Steps
from pyrec.workflow.tables import NO_TABLES, read_tables

N = 30
RULES = {
    "where": {"column": "price", "below": 25},
    "caps": {"brand": 2},
    "segment": "region",
    "segments": {"north": {"column": "price", "at_least": 10}},
}


@pytest.fixture(scope="module")
def log():
    rng = np.random.default_rng(0)
    return pyrec.Events.from_ids(users=rng.integers(0, 20, 150), items=rng.integers(0, N, 150))


@pytest.fixture(scope="module")
def model(log):
    return pyrec.ItemKNN().fit(log)


@pytest.fixture
def config(tmp_path):
    lines = [f"{item},{item}.0,brand {item % 4}" for item in range(N)]
    (tmp_path / "items.csv").write_text("\n".join(["id,price,brand", *lines]))
    lines = [f"{user},{['north', 'south', ''][user % 3]}" for user in range(18)]
    (tmp_path / "people.csv").write_text("\n".join(["who,region", *lines]))

    def make(rules, **data):
        data = {
            "path": str(tmp_path / "log.csv"), "user": "user", "item": "item",
            "catalogue": {"path": str(tmp_path / "items.csv"), "item": "id"},
            "people": {"path": str(tmp_path / "people.csv"), "user": "who"}, **data,
        }  # fmt: skip
        return RunConfig.from_dict({
            "data": data, "model": {"name": "item_knn"}, "rules": rules,
            "split": {"method": "none"}, "output": {"directory": str(tmp_path / "out"), "k": 4},
        })  # fmt: skip

    return make


def of_configuration(plan, model, users, **also):
    return rules_for(plan, read_tables(plan, model, Steps()), model, users, 4, **also)


def test_the_lists_of_a_run_obey(config, log, tmp_path):
    run(config(RULES), events=log)
    found = duckdb.sql(f"from '{tmp_path / 'out' / 'recommendations.parquet'}'").fetchnumpy()
    assert found["item_id"].max() < 25
    north = found["user_id"] % 3 == 0
    north &= found["user_id"] < 18
    assert found["item_id"][north].min() >= 10
    assert found["item_id"][~north].min() < 10
    _, counts = np.unique(
        np.stack([found["user_id"], found["item_id"] % 4]), axis=1, return_counts=True
    )
    assert counts.max() <= 2
    again = RunConfig.from_toml(tmp_path / "out" / "config.toml")
    assert again.rules == config(RULES).rules


@pytest.mark.parametrize("piece", [3, 8192])
def test_everybodys_lists_are_those_that_are_asked_for(
    config, log, model, tmp_path, monkeypatch, piece
):
    monkeypatch.setattr("pyrec.workflow.budget._PIECE", piece)
    plan = config(RULES | {"boosts": [{"where": {"column": "price", "below": 12}, "times": 2}]})
    rules = rules_for_all(plan, read_tables(plan, model, Steps()), model, log, 4)
    write_recommendations(model, tmp_path / "lists.parquet", 4, rules=rules)
    found = duckdb.sql(f"from '{tmp_path / 'lists.parquet'}'").fetchnumpy()
    expected = model.recommend(model.users.ids, 4, rules=rules)
    np.testing.assert_array_equal(found["item_id"], expected.ids[expected.rows >= 0])
    np.testing.assert_array_equal(found["score"], expected.scores[expected.rows >= 0])


def test_a_folder_goes_on_under_the_same_rules_only(config, model, tmp_path):
    rules = pyrec.Rules(where=[1, 2, 3]).compile(None, model.items)
    write_recommendations(model, tmp_path / "lists", 2, rules=rules, users_per_part=5)
    write_recommendations(model, tmp_path / "lists", 2, rules=rules, users_per_part=5)
    other = pyrec.Rules(where=[1, 2, 4]).compile(None, model.items)
    for changed in (other, None):
        with pytest.raises((ConfigError, ArtifactError, DataError), match="rules"):
            write_recommendations(model, tmp_path / "lists", 2, rules=changed, users_per_part=5)


def test_rules_of_segments_must_say_whose(model, tmp_path):
    rules = pyrec.Rules(segments={"a": [1]}).compile(None, model.items)
    with pytest.raises(DataError, match="per_user"):
        write_recommendations(model, tmp_path / "lists.csv", rules=rules)


def test_what_is_asked_besides_holds_too(config, model):
    plan = config({"where": {"column": "price", "below": 25}})
    rules = of_configuration(plan, model, [1, 2], also=where("brand").equals("brand 3"))
    found = model.recommend([1, 2], 4, rules=rules).ids
    assert set(found.ravel().tolist()) <= {3, 7, 11, 15, 19, 23, None}
    assert of_configuration(config({}), model, [1]) is None
    alone = of_configuration(config({}), model, [1], also=where("price") < 3)
    assert set(model.recommend([1], 4, rules=alone).ids[0].tolist()) <= {0, 1, 2, None}


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"where": {"column": "prize", "below": 2}}, r"rules.where: .*items.csv.*'prize'.*'price'"),
        ({"caps": {"band": 2}}, "rules.caps: .*items.csv has no column 'band'; did you.*'brand'"),
        (RULES | {"segment": "regio"}, "rules.segment: .*people.csv has no column 'regio'"),
    ],
)
def test_an_unknown_column_is_told_with_its_place(config, model, rules, message):
    with pytest.raises(ConfigError, match=message):
        of_configuration(config(rules), model, [1])


def test_what_cannot_be_compared_is_told(config, model):
    with pytest.raises(DataError, match="rules: brand: 'brand 0' is not a number"):
        of_configuration(config({"where": {"column": "brand", "below": 2}}), model, [1])


def test_rules_without_a_table_are_refused_before_anything_is_read(config, model):
    with pytest.raises(ConfigError, match=r"rules.caps: looks at a table of items: add"):
        config({"caps": {"brand": 1}}, catalogue=None)
    with pytest.raises(ConfigError, match=r"rules.segment: looks at a table of people: add"):
        config(RULES, people=None)
    with pytest.raises(ConfigError, match="where: looks at a table of items"):
        of_configuration(config({}, catalogue=None), model, [1], also=where("price") < 3)


def test_a_run_is_judged_as_the_rules_leave_its_lists_and_tells_what_they_cost(config, log):
    plan = config(RULES | {"pinned": [5, 777]})
    judging = {"split": RandomSplit(), "evaluation": Protocol(pairs="new")}
    quality = judge(plan.replace(**judging), log, Steps(), read_tables(plan, log, Steps()))
    (part,) = quality["rules"]
    for name, figures in quality["parts"][0]["metrics"].items():
        assert part["metrics"][name]["model"]["mean"] == figures["model"]["mean"]
    free = judge(config({}).replace(**judging), log, Steps(), NO_TABLES)
    assert free["rules"] is None
    assert (
        part["metrics"]["recall@20"]["baseline"]
        == free["parts"][0]["metrics"]["recall@20"]["model"]
    )
    assert part["metrics"]["recall@20"]["difference"]["mean"] < 0
    assert quality["counts"]["pairs_that_rules_forbid"] > 0
    assert "under rules" in comparison(quality)
    assert "under rules" not in comparison(free)


NOW = {"where": {"valid_at": "now"}}


def offers(config, tmp_path, rules, **data):
    """Rules over a table in which item i is on offer from hour i on, for six hours."""
    rows = [f"{i},2026-01-01T{i % 24:02}:00,2026-01-01T{i % 24 + 6:02}:00" for i in range(18)]
    path = tmp_path / "offers.csv"
    path.write_text("\n".join(["id,valid_from,valid_until", *rows]))
    return config(rules, catalogue={"path": str(path), "item": "id"}, **data)


def test_now_is_the_end_of_the_log_in_a_run_and_the_split_in_judging(config, tmp_path):
    rng = np.random.default_rng(0)
    hours = np.datetime64("2026-01-01", "h") + np.arange(200) // 10
    log = pyrec.Events.from_ids(
        users=rng.integers(0, 20, 200), items=rng.integers(0, 18, 200), timestamps=hours
    )
    plan = offers(config, tmp_path, NOW, timestamp="at")
    tables, model = read_tables(plan, log, Steps()), pyrec.Popularity().fit(log)

    def on_offer(rules):
        return np.flatnonzero(unpack(rules.allowed, len(model.items))).tolist()

    assert on_offer(rules_for_all(plan, tables, model, log, 4)) == [*range(14, 18)]  # 19 o'clock
    cut = split(log, TimeSplit(at="2026-01-01T12:00"))
    assert on_offer(rules_to_judge(plan, tables, model, cut)) == [*range(7, 13)]
    fixed = plan.replace(rules=plan.rules.replace(now="2026-01-01T03:30"))
    assert on_offer(rules_for_all(fixed, tables, model, log, 4)) == [0, 1, 2, 3]
    assert on_offer(rules_to_judge(fixed, tables, model, cut)) == [0, 1, 2, 3]
    at = rules_for(fixed, tables, model, [1], 4, now="2026-01-01T02:00")
    assert on_offer(at) == [0, 1, 2]
    assert rules_for(plan, tables, model, [1], 4).follows_clock


def test_now_without_times_must_be_said(config, tmp_path, log, model):
    plan = offers(config, tmp_path, NOW)
    tables = read_tables(plan, model, Steps())
    with pytest.raises(ConfigError, match=r"rules.now: the log has no times; say which moment"):
        rules_for_all(plan, tables, model, log, 4)
    with pytest.raises(ConfigError, match=r"rules.now: the log has no times"):
        rules_to_judge(plan, tables, model, split(log, RandomSplit()))
    with pytest.raises(ConfigError, match=r"rules.now: 'soon' is not a date or time"):
        offers(config, tmp_path, NOW | {"now": "soon"})
    with pytest.raises(ConfigError, match=r"rules.where: valid_at: 'soon' is not a date or time"):
        offers(config, tmp_path, {"where": {"valid_at": "soon"}})
