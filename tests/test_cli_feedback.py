"""The command that simulates: feedback."""

import json

import pytest
from command import command, refused, use


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
