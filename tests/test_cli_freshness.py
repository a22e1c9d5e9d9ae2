"""The commands that keep a saved model fresh: update and forget."""

import json

import pytest
from command import called, refused, write_shop

import pyrec


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A run on all days of a shop but the last, and that day's log."""
    folder = write_shop(tmp_path_factory.mktemp("shop"))
    head, *lines = (folder / "log.csv").read_text().splitlines()
    lines.sort(key=lambda line: line.rpartition(",")[2])
    days = [line.rpartition(",")[2][:10] for line in lines]
    cut = days.index(days[-1])
    (folder / "log.csv").write_text("\n".join([head, *lines[:cut]]) + "\n")
    new = f"someone-new,{lines[-1].split(',')[1]},purchase,{days[-1]}T23:59:59"
    (folder / "day.csv").write_text("\n".join([head, *lines[cut:], new]) + "\n")
    result = called("run", folder / "run.toml", "--set", "model.name=als")
    assert result.returncode == 0, result.stderr
    return folder


def texts(folder):
    return [file.read_bytes() for file in folder.rglob("*") if file.is_file()]


def test_update_takes_the_day_into_the_model_and_forget_takes_a_person_out(shop):
    out = shop / "out"
    before = pyrec.load(out / "model")
    facts = json.loads(called("update", out, shop / "day.csv", "--json").stdout)
    updated = pyrec.load(out / "model", verify=True)
    assert facts["new_users"] == len(updated.users) - len(before.users) >= 1
    assert facts["drift"]["updates"] == 1
    assert facts["late_events"] == 0
    assert updated.recommend("someone-new", k=3).counts == 3

    # Once more is refused: the model knows these events by now.
    again = called("update", out, shop / "day.csv")
    refused(again, "lie before the latest that the model knows")
    late = called("update", out, shop / "day.csv", "--allow-late", "-o", shop / "twice")
    assert late.returncode == 0, late.stderr
    assert "late events" in late.stdout
    assert pyrec.load(out / "model").drift == updated.drift, "untouched"

    result = called("forget", out, "someone-new")
    assert result.returncode == 0, result.stderr
    assert "1 forgotten" in result.stdout
    assert "report.html" in result.stderr
    assert not any(b"someone-new" in text for text in texts(out / "model"))
    refused(called("recommend", out, "someone-new"), "someone-new")
    refused(called("forget", out, "someone-new"), "someone-new")
    assert called("run", shop / "run.toml").returncode == 0, "the folder is still its own"


def test_what_cannot_be_updated(shop, tmp_path):
    ease = tmp_path / "ease"
    assert called("fit", shop / "run.toml", "--set", "model.name=ease", "-o", ease).returncode == 0
    plan = ("--config", shop / "run.toml")
    refused(called("update", ease, shop / "day.csv", *plan), "ease: .*fit it again")
    refused(called("update", ease, shop / "day.csv"), "name the model's configuration", status=2)
    text = (shop / "run.toml").read_text() + '\n[weighting]\nscheme = "log1p"\n'
    (shop / "log1p.toml").write_text(text)
    als = ("--set", "model.name=als", "-o", tmp_path / "als")
    assert called("fit", shop / "log1p.toml", *als).returncode == 0
    plan = ("--config", shop / "log1p.toml")
    refused(called("update", tmp_path / "als", shop / "day.csv", *plan), "do not add up")
