import json
from pathlib import Path

import pytest

import pyrec
from pyrec.data import arrow
from pyrec.errors import ConfigError
from pyrec.io.writing import write_table
from pyrec.workflow.runconfig import RunConfig
from pyrec.workflow.tastes import tastes


@pytest.fixture(scope="module")
def shop():
    return pyrec.simulate_shop(users=300, items=80, days=90)


@pytest.fixture
def options(shop, tmp_path):
    columns = {"id": shop.catalogue.items.ids, **shop.catalogue.columns}
    write_table(arrow.stream(columns), tmp_path / "items.parquet")
    people = {"who": shop.users.ids, "half": [f"h{i % 2}" for i in range(300)]}
    (tmp_path / "people.csv").write_text(
        "who,half\n"
        + "".join(f"{who},{half}\n" for who, half in zip(*people.values(), strict=True))
    )
    return {
        "data": {
            "path": "log.csv", "user": "u", "item": "i",
            "catalogue": {"path": str(tmp_path / "items.parquet"), "item": "id",
                          "title": "title", "category": "category"},
        },
        "model": {"name": "popularity"},
    }  # fmt: skip


def test_the_facts_are_plain_data_with_titles(shop, options, tmp_path):
    facts = tastes(RunConfig.from_dict(options), events=shop.events)
    assert json.loads(json.dumps(facts)) == facts
    assert facts["category"] == "category"
    assert facts["moved"]["low"] < facts["moved"]["mean"]
    names = set(map(str, shop.catalogue.columns["category"]))
    assert {one["name"] for one in facts["categories"]} <= names
    titles = shop.catalogue.titles()
    assert all(one["title"] == titles[one["name"]] for one in facts["items"])
    assert facts["segments"] == {}


def test_segments_are_those_of_the_table_of_people(shop, options, tmp_path):
    options["data"]["people"] = {"path": str(tmp_path / "people.csv"), "user": "who"}
    config = RunConfig.from_dict(options)
    facts = tastes(config, events=shop.events, segment="half", at="2024-04-10")
    assert set(facts["segments"]) == {"h0", "h1"}
    assert facts["at"].startswith("2024-04-10")
    assert sum(one["users"] for one in facts["segments"].values()) == facts["users"]


def test_what_is_missing_is_named(shop, options):
    config = RunConfig.from_dict(options)
    with pytest.raises(ConfigError, match=r"data\.people: name the table"):
        tastes(config, events=shop.events, segment="half")
    del options["data"]["catalogue"]
    with pytest.raises(ConfigError, match=r"data\.catalogue\.category: name the column"):
        tastes(RunConfig.from_dict(options), events=shop.events)


@pytest.mark.real_data
def test_households_buy_more_groceries_in_the_second_half(real_data, monkeypatch):
    monkeypatch.setenv("PYREC_DATA", str(real_data))
    examples = Path(__file__).parents[2] / "examples"
    facts = tastes(RunConfig.from_toml(examples / "complete_journey.toml"))
    assert facts["users"] == 2084
    assert 0 < facts["moved"]["low"] < facts["moved"]["mean"] < 0.1 * facts["distance"]["mean"]
    assert facts["categories"][0]["name"] == "GROCERY"
    assert facts["categories"][0]["difference"]["low"] > 0
