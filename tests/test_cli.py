"""The command line as people and scripts meet it: the real command in a process of its own."""

import contextlib
import json
import os
import pty
import re
import resource
import termios
import time
from pathlib import Path

import pytest
from command import command, python, refused, start, use, write_shop

import pyrec

COMMANDS = [
    "demo", "run", "fit", "update", "forget", "evaluate", "compare", "tune", "recommend", "similar",
    "inspect", "feedback", "tastes",
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def installed(site):
    use(site)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A small log as a file, and a configuration for it."""
    return write_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def finished(shop):
    """A finished run of that configuration."""
    result = command("run", shop / "run.toml")
    assert result.returncode == 0, result.stderr
    return result


# ---- The front door ------------------------------------------------------------------------------


def test_help_names_the_commands_in_the_order_of_need():
    result = command("--help")
    assert result.returncode == 0
    listed = result.stdout.partition("Commands:\n")[2]
    assert re.findall(r"^  (\w+)  ", listed, re.MULTILINE) == COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name):
    result = command(name, "--help")
    assert result.returncode == 0
    assert result.stdout.startswith(f"Usage: pyrec {name}")


def test_help_loads_nothing_heavy():
    program = """
import sys
from pyrec.cli import main
try:
    main(["run", "--help"])
except SystemExit:
    print(*sys.modules, file=sys.stderr)
"""
    loaded = python("-c", program).stderr.split()
    assert "click" in loaded
    heavy = {"numpy", "scipy", "msgspec", "duckdb", "tqdm", "jinja2", "matplotlib"}
    assert not heavy & set(loaded)


def test_help_answers_in_less_than_a_fifth_of_a_second():
    def cpu_seconds():
        return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])

    took = []
    for _ in range(5):
        before = cpu_seconds()
        command("--help")
        took.append(cpu_seconds() - before)
    assert min(took) < 0.2


def test_version():
    assert command("--version").stdout == f"pyrec {pyrec.__version__}\n"


@pytest.mark.parametrize(
    ("option", "file"), [("--cmakedir", "pyrecConfig.cmake"), ("--includedir", "pyrec/c_api.h")]
)
def test_builds_are_told_where_the_engine_is(option, file):
    hidden = f"import sys; sys.modules['click'] = None; sys.argv[1:] = [{option!r}]"
    program = f"{hidden}; import runpy; runpy.run_module('pyrec', run_name='__main__')"
    assert (Path(python("-c", program).stdout.strip()) / file).exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rum"], "No such command 'rum'"),
        (["run"], "Missing argument 'CONFIG.toml'"),
        (["run", "a.toml", "--sett", "x"], "No such option"),
        (["recommend", "model"], "name one or more users, or a file for all of them with -o"),
        (["recommend", "model", "1", "-k", "0"], "Invalid value for '-k'"),
        (["recommend", "m", "1", "--memory", "9"], "are for the lists of all users: add -o"),
        (
            ["recommend", "m", "-o", "x.csv", "--merge", "y.csv"],
            "--merge joins what is in a folder",
        ),
        (["recommend", "m", "1", "--include-seen", "--exclude-kind", "buy"], "exclude each other"),
    ],
)
def test_wrong_usage_is_status_2(arguments, message):
    refused(command(*arguments), message, status=2)


def test_a_missing_part_of_the_application_is_named_with_its_install_line(tmp_path, shop):
    def without(package, *arguments):
        hide = f"import sys; sys.modules[{package!r}] = None; from pyrec.cli import main; main()"
        return python("-c", hide, *arguments)

    refused(without("click", "--help"), r"click: pip install 'pyrec\[app\]'")
    refused(without("duckdb", "inspect", shop / "log.csv"), r"duckdb.*pip install .*pyrec\[app\]")
    run = ("run", shop / "run.toml", "--set", f"output.directory={tmp_path / 'x'}")
    refused(without("jinja2", *run), r"jinja2: pip install 'pyrec\[app\]'")
    assert list((tmp_path / "x").iterdir()) == []


def shown(folder):
    """Return the names in a folder that ``ls`` shows, in order."""
    return sorted(entry.name for entry in folder.iterdir() if entry.name[0] != ".")


def test_without_a_command_the_help_is_shown():
    result = command()
    assert result.returncode == 2
    assert result.stderr == command("--help").stdout


def test_a_termination_leaves_nothing_unfinished(shop, tmp_path):
    process = start(
        "run", shop / "run.toml", "--set", f"output.directory={tmp_path / 'out'}",
        "--set", "model.name=als", "--set", "model.iterations=100000",
    )  # fmt: skip
    while not (tmp_path / "out").exists() and process.poll() is None:
        time.sleep(0.05)
    time.sleep(1)
    process.terminate()
    assert process.wait(60) == 143
    assert list((tmp_path / "out").iterdir()) == []


# ---- demo ----------------------------------------------------------------------------------------


def test_demo_simulates_a_shop_and_says_what_to_try_next(tmp_path):
    result = command("demo", "--users", 200, "--items", 50, "--days", 30, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    out = tmp_path / "pyrec-demo"
    assert shown(out) == [
        "config.toml", "metrics.json", "model", "recommendations.parquet", "report.html", "shop",
    ]  # fmt: skip
    assert "recall@10" in result.stdout
    assert "<h1>A simulated shop</h1>" in (out / "report.html").read_text()
    # What it proposes works, but for the browser and the user's own log.
    proposed = re.findall(r"^  pyrec (.*)$", result.stdout.partition("Next:")[2], re.MULTILINE)
    assert [line.split()[0] for line in proposed] == ["recommend", "similar", "run", "demo"]
    for line in proposed[:3]:
        assert command(*line.split(), cwd=tmp_path).returncode == 0


def test_demo_on_the_users_own_log(shop, tmp_path):
    own = ["demo", "--data", shop / "log.csv", "--output", tmp_path / "out", "--model", "item_knn"]
    result = command(*own, "--json", "--target", "addtocart", "-k", 7)
    facts = json.loads(result.stdout)
    assert facts["source"] == "log.csv"
    assert facts["config"]["model"]["name"] == "item_knn"
    assert facts["config"]["split"]["target"] == "addtocart"
    assert facts["output"]["k"] == 7
    assert "recall@7" in facts["quality"]["parts"][0]["metrics"]
    text = command(*own).stdout
    assert "user: column 'user_id' (guessed from its name)" in text
    assert "--data" not in text.partition("Next:")[2]


# ---- run -----------------------------------------------------------------------------------------


def test_run_writes_everything_and_tells_it(shop, finished):
    assert shown(shop / "out") == [
        "config.toml", "metrics.json", "model", "recommendations.parquet", "report.html",
    ]  # fmt: skip
    assert finished.stderr == ""  # no bars where nobody watches
    for said in ("log.csv: ", " people, ", "recall@5", "item_knn", "popularity", "report.html"):
        assert said in finished.stdout


def test_run_again_from_its_own_configuration(shop, finished, tmp_path):
    result = command("run", shop / "out" / "config.toml", "--set", f"output.directory={tmp_path}",
                    "--json")  # fmt: skip
    again, first = json.loads(result.stdout), json.loads((shop / "out/metrics.json").read_text())
    assert again["quality"] == first["quality"]
    lists = [(f / "recommendations.parquet").read_bytes() for f in (shop / "out", tmp_path)]
    assert lists[0] == lists[1]


def test_run_with_changes_prints_json(shop, tmp_path):
    result = command(
        "run", shop / "run.toml", "--json", "--set", "model.name=popularity", "--set", "output.k=3",
        "--set", f"output.directory={tmp_path / 'deep' / 'er'}",
    )  # fmt: skip
    facts = json.loads(result.stdout)
    assert facts["config"]["model"]["name"] == "popularity"
    assert facts["output"]["k"] == 3
    assert json.loads((tmp_path / "deep/er/metrics.json").read_text()) == facts


def test_bars_are_drawn_for_people_only(shop, tmp_path):
    """In a terminal, a step that takes longer than a second has a line; it goes when it is done."""
    program = """
import sys, time
from pyrec.cli.progress import Bars
with Bars() as bars:
    bars("quick", 0, 0); bars("quick", 1, 1)
    bars("slow", 0, 0)
    time.sleep(1.7)
    for done in range(1, 4):
        bars("slow", done, 4)
        time.sleep(0.3)
    bars("slow", 1, 1)
"""
    child, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 80))
    python("-c", program, capture_output=False, stderr=terminal)
    os.close(terminal)
    drawn = ""
    with contextlib.suppress(OSError):  # that is how a terminal ends
        while part := os.read(child, 100_000):
            drawn += part.decode()
    os.close(child)
    assert "quick" not in drawn
    assert "slow ... 00:01" in drawn
    assert re.search(r"slow:  75%\|", drawn)
    assert drawn.rpartition("|")[2].split("\r")[-2].strip() == ""  # gone
    assert python("-c", program).stderr == ""


# ---- fit, evaluate, recommend, similar -----------------------------------------------------------


def test_fit_saves_a_model_that_recommends(shop, tmp_path):
    result = command("fit", shop / "run.toml", "-o", tmp_path / "model", "--json")
    facts = json.loads(result.stdout)
    assert facts["model"] == str(tmp_path / "model")
    model = pyrec.load(tmp_path / "model", verify=True)
    assert (len(model.users), len(model.items)) == (facts["users"], facts["items"])
    assert command("fit", shop / "run.toml", "-o", tmp_path / "model").returncode == 0


def test_fit_and_run_share_a_folder(shop, tmp_path):
    there = ("--set", f"output.directory={tmp_path / 'out'}")
    for step in ("fit", "run", "fit", "run"):
        result = command(step, shop / "run.toml", *there)
        assert result.returncode == 0, result.stderr


def test_evaluate_writes_nothing(shop, tmp_path, finished):
    before = sorted(path.name for path in shop.rglob("*"))
    text = command("evaluate", shop / "run.toml")
    assert "recall@5" in text.stdout
    found = json.loads(command("evaluate", shop / "run.toml", "--json").stdout)
    assert found == json.loads((shop / "out" / "metrics.json").read_text())["quality"]
    assert sorted(path.name for path in shop.rglob("*")) == before
    nothing = command("evaluate", shop / "run.toml", "--set", "split={method='none'}")
    refused(nothing, "split.method: 'none' holds nothing out")


def test_recommend_says_what_the_library_says(shop, finished):
    model = pyrec.load(shop / "out" / "model")
    users = model.users.ids[:3].tolist()
    ranking = model.recommend(users, k=4)
    found = json.loads(command("recommend", shop / "out", *users, "-k", 4, "--json").stdout)
    assert [person["id"] for person in found] == users
    for person, ids, scores in zip(found, ranking.ids, ranking.scores, strict=True):
        assert [entry["id"] for entry in person["list"]] == ids.tolist()
        assert [entry["score"] for entry in person["list"]] == scores.tolist()
    text = command("recommend", shop / "out" / "model", users[0], "-k", 2).stdout.splitlines()
    assert text[0].split() == ["user_id", "rank", "item_id", "score"]
    assert text[1].split()[:3] == [users[0], "1", ranking.ids[0, 0]]
    assert len(text) == 3


def test_recommend_options(shop, finished):
    model = pyrec.load(shop / "out" / "model")
    user = model.users.ids[0]

    def ids(*options):
        result = command("recommend", shop / "out", user, "--json", *options)
        return [entry["id"] for entry in json.loads(result.stdout)[0]["list"]]

    assert ids("--include-seen") == model.recommend(user, exclude_seen=False).ids.tolist()
    bought = model.recommend(user, exclude_seen=["purchase"]).ids.tolist()
    assert ids("--exclude-kind", "purchase") == bought
    popular = command("recommend", shop / "out", "nobody", "--unknown", "popular", "--json")
    assert len(json.loads(popular.stdout)[0]["list"]) == 10


@pytest.mark.parametrize("suffix", ["parquet", "csv", "tsv"])
def test_recommend_to_all(shop, finished, tmp_path, suffix):
    import duckdb

    file = tmp_path / f"lists.{suffix}"
    result = command("recommend", shop / "out", "-o", file, "-k", 5)
    assert result.returncode == 0, result.stderr
    told = re.search(r"([\d,]+) recommendations for (1\d\d) users", result.stdout)
    facts = json.loads(command("recommend", shop / "out", "-o", file, "-k", 5, "--json").stdout)
    assert [f"{facts[name]:,}" for name in ("rows", "users")] == list(told.groups())
    written = duckdb.sql(f"from '{file}'").fetchall()
    reference = duckdb.sql(f"from '{shop / 'out' / 'recommendations.parquet'}'").fetchall()
    assert [row[:2] + row[3:] for row in written] == [row[:2] + row[3:] for row in reference]


def test_similar(shop, finished):
    model = pyrec.load(shop / "out" / "model")
    item = model.items.ids[0]
    found = json.loads(command("similar", shop / "out", item, "-k", 3, "--json").stdout)
    expected = model.similar_items(item, k=3)
    assert [entry["id"] for entry in found[0]["list"]] == expected.ids.tolist()
    text = command("similar", shop / "out", item, "-k", 3).stdout
    assert text.split()[:4] == ["item_id", "rank", "similar", "score"]
    refused(command("similar", shop / "out", "--users", "x"), "item_knn: this model cannot find")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["recommend", "out", "nobody"], "1 of 1 ids are unknown; the first is 'nobody'"),
        (["similar", "out", "nothing"], "ids are unknown"),
        (["recommend", "nowhere", "1"], r"nowhere: is not a saved model"),
        (["recommend", "out", "-o", "lists.xls"], r"lists\.xls"),
        (["recommend", "out", "-o", "no/such/folder/lists.csv"], "no/such/folder"),
        (["recommend", "out", "-o", "x.csv", "--exclude-kind", "puchase"], "kind 'puchase' is unk"),
    ],
)
def test_what_a_model_cannot_answer_is_named(shop, finished, arguments, message):
    refused(command(*arguments, cwd=shop), message)


def test_integer_ids_are_integers(tmp_path):
    log = pyrec.Events.from_ids(users=[1, 1, 2, 2], items=[10, 20, 20, 30])
    pyrec.Popularity().fit(log.aggregate()).save(tmp_path / "model")
    found = json.loads(command("recommend", tmp_path / "model", "1", "--json").stdout)
    assert found == [{"id": 1, "list": [{"id": 30, "score": 1.0}]}]
    refused(command("recommend", tmp_path / "model", "one"), "'one' is no user: their ids are int")


# ---- inspect -------------------------------------------------------------------------------------


def test_inspect_a_log_proposes_a_configuration_that_runs(shop, tmp_path):
    facts = json.loads(command("inspect", shop / "log.csv", "--json").stdout)
    assert facts["users"] == 150
    assert facts["config"]["data"]["user"] == "user_id"
    text = command("inspect", shop / "log.csv").stdout
    assert "guessed" in text
    (tmp_path / "guess.toml").write_text(text)
    config = command("inspect", tmp_path / "guess.toml", "--json")
    assert json.loads(config.stdout)["split"]["target"] == "purchase"


def test_inspect_with_a_column_that_is_named(shop):
    facts = json.loads(command("inspect", shop / "log.csv", "--item", "event", "--json").stdout)
    assert facts["items"] == 4


def test_inspect_a_model(shop, finished):
    facts = json.loads(command("inspect", shop / "out", "--json").stdout)
    assert facts["model"] == "item_knn"
    assert "pairs" in command("inspect", shop / "out" / "model").stdout


def test_inspect_what_cannot_be_told(tmp_path):
    (tmp_path / "log.csv").write_text("a,b\n1,2\n")
    refused(
        command("inspect", tmp_path / "log.csv"), r"user: cannot tell .* \(the columns are a, b\)"
    )
    refused(command("inspect", tmp_path / "none.csv"), r"none\.csv: there is no such file")
