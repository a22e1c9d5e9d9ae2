"""The commands that tell of change: feedback and tastes."""

import json

import pytest
from command import command, refused, use, write_shop


@pytest.fixture(scope="module", autouse=True)
def installed(site):
    use(site)


SMALL = ("--users", 100, "--items", 60, "--days", 30, "--rounds", 2, "-k", 5)


def test_feedback_prints_a_table_and_writes_a_page(tmp_path):
    page = tmp_path / "loop.html"
    result = command("feedback", *SMALL, "-o", page)
    assert result.returncode == 0, result.stderr
    assert "als, popularity control" in result.stdout
    assert page.read_text().count("<svg") == 4
    facts = json.loads(command("feedback", *SMALL, "--model", "item_knn", "--json").stdout)
    assert [one["name"] for one in facts["policies"]][:2] == ["truth", "item_knn"]
    assert len(facts["policies"][1]["rounds"]) == 2


def test_what_feedback_cannot_do_is_named():
    refused(command("feedback", "--model", "asl"), "did you mean 'als'")
    refused(command("feedback", *SMALL, "--rounds", 0), "rounds: must be a whole number of 1")


def test_tastes_prints_tables_and_writes_a_page(tmp_path):
    shop = write_shop(tmp_path)
    items = [f"P{i:04d}" for i in range(1, 61)]
    (shop / "items.csv").write_text(
        "item,aisle\n" + "".join(f"{item},aisle {i % 3}\n" for i, item in enumerate(items))
    )
    catalogue = '[data.catalogue]\npath = "items.csv"\nitem = "item"\ncategory = "aisle"\n'
    text = (shop / "run.toml").read_text().replace("[split]", f"{catalogue}[split]")
    (shop / "tastes.toml").write_text(text)
    result = command("tastes", shop / "tastes.toml", "-o", shop / "tastes.html")
    assert result.returncode == 0, result.stderr
    assert "by chance" in result.stdout
    assert "aisle 2" in result.stdout
    assert "<svg" in (shop / "tastes.html").read_text()
    facts = json.loads(command("tastes", shop / "tastes.toml", "--json").stdout)
    assert len(facts["categories"]) == 3
    refused(command("tastes", shop / "run.toml"), "data.catalogue.category: name the column")
