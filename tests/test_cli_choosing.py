"""The commands that choose: compare and tune."""

import json

import pytest
from command import command, refused, use, write_shop

from pyrec.workflow.runconfig import RunConfig


@pytest.fixture(scope="module", autouse=True)
def installed(site):
    use(site)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return write_shop(tmp_path_factory.mktemp("shop"))


def test_tune_writes_a_configuration_that_runs_and_goes_on_later(shop, tmp_path):
    small = ("--set", "model.name=ease", "--set", "tune.trials=2")
    result = command("tune", shop / "run.toml", *small, "-o", tmp_path / "best.toml")
    assert result.returncode == 0, result.stderr
    assert "ndcg@20" in result.stdout
    assert "2 done" in result.stdout
    assert RunConfig.from_toml(tmp_path / "best.toml").model["name"] == "ease"
    more = (*small[:-1], "tune.trials=3", "--json", "-o", tmp_path / "best.toml")
    found = json.loads(command("tune", shop / "run.toml", *more).stdout)
    assert len(found["trials"]) == 3
    assert found["study"] == str(tmp_path / "run.study")
    out = ("--set", f"output.directory={tmp_path / 'out'}")
    assert command("run", tmp_path / "best.toml", *out).returncode == 0


def test_what_cannot_be_tuned_is_named(shop, tmp_path):
    arguments = ("tune", shop / "run.toml", "-o", tmp_path / "x.toml", "--set")
    refused(command(*arguments, "model.name=popularity"), "declares no options to search")
    refused(command(*arguments, "tune.search.factor=[1]"), "unknown option")
    assert not (tmp_path / "x.toml").exists()


def test_compare_prints_a_table_and_writes_a_page(shop, tmp_path):
    text = (shop / "run.toml").read_text() + '\n[[models]]\nname = "ease"\n'
    (shop / "two.toml").write_text(text)
    small = ("--set", "model.name=popularity")
    result = command("compare", shop / "two.toml", *small, "-o", tmp_path / "two.html")
    assert result.returncode == 0, result.stderr
    assert "popularity" in result.stdout
    assert "against the best" in result.stdout
    assert "<svg" in (tmp_path / "two.html").read_text()
    found = json.loads(command("compare", shop / "two.toml", *small, "--json").stdout)
    assert {model["label"] for model in found["models"]} == {"popularity", "ease"}
    refused(command("compare", shop / "run.toml"), "a comparison needs two at least")


def test_run_tells_what_auto_tried_and_chose(shop, tmp_path):
    out = ("--set", f"output.directory={tmp_path / 'out'}")
    auto = ("--set", "model.name=auto", "--set", "model.trials=2", "--set",
            'model.members=[{name="ease"}, {name="popularity"}]')  # fmt: skip
    result = command("run", shop / "run.toml", *auto, *out)
    assert result.returncode == 0, result.stderr
    assert "best ndcg@20" in result.stdout
    assert "chosen on validation splits: " in result.stdout
    facts = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert {one["model"]["name"] for one in facts["choice"]["tried"]} >= {"ease", "popularity"}
