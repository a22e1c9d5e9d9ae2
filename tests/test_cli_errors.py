"""What goes wrong on the command line: one line, a status, and no output that looks whole."""

import json
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from command import ENVIRONMENT, command, refused, start, use, write_shop

import pyrec
from pyrec.workflow.experiment import run
from pyrec.workflow.runconfig import RunConfig


@pytest.fixture(scope="module", autouse=True)
def installed(site):
    use(site)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A small log as a file, and a configuration for it."""
    return write_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def finished(shop):
    """The output of a run of that configuration."""
    result = command("run", shop / "run.toml")
    assert result.returncode == 0, result.stderr
    return shop / "out"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("model.factors=8", "model.factors: unknown option"),
        ("model.name=alss", "model.name: 'alss' is no model; did you mean 'als'"),
        ("data.path=none.csv", r"none\.csv: there is no such file"),
        ("data.user=visitor", "user: there is no column 'visitor'"),
        ("split.target=buy", "split.target: the log has no kind of event 'buy'; known are"),
        ("data.event_weights.buy=1", "data.event_weights.buy: the log has no kind of event 'buy'"),
        ("data.event_weights.view=-inf", r"data\.event_weights"),
        ("cleaning.min_weight=100", "cleaning.min_weight: the events have no weights"),
        ("cleaning.end=1990-01-01", "nothing is left"),
        ("output.directory=/proc/out", "/proc/out: cannot be written"),
        ("nonsense", "must look like model.factors=128"),
    ],
)
def test_a_wrong_run_is_one_line(shop, change, message):
    refused(command("run", "run.toml", "--set", change, cwd=shop), message)


def test_a_wrong_file_is_one_line(tmp_path):
    (tmp_path / "bad.toml").write_text("[data\n")
    refused(command("run", tmp_path / "bad.toml"), r"bad\.toml: not valid TOML.*line 1")
    refused(command("run", tmp_path / "none.toml"), r"none\.toml: cannot be read \(No such file")


def test_an_output_that_may_not_be_written(tmp_path, unprivileged):
    """Known before anything is read, and not after an hour of training."""
    log = pyrec.Events.from_ids(users=[1], items=[2])
    options = {"data": {"path": "x", "user": "u", "item": "i"}, "model": {"name": "popularity"},
               "output": {"directory": str(tmp_path / "out")}}  # fmt: skip
    config = RunConfig.from_dict(options)
    tmp_path.chmod(0o555)
    message = unprivileged(lambda: run(config, events=log))
    assert "out: cannot be written (Permission denied)" in message


def limited(size):
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # writing fails with EFBIG instead
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


@pytest.mark.parametrize("size", [0, 3000, 20_000])
def test_no_space_leaves_the_earlier_output_as_it_was(shop, finished, size):
    before = {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()}
    result = command("run", shop / "run.toml", preexec_fn=limited(size))
    refused(result, "cannot be written")
    assert {p: p.read_bytes() for p in finished.rglob("*") if p.is_file()} == before


def test_no_space_for_a_file_leaves_none(finished, tmp_path):
    file = tmp_path / "lists.csv"
    refused(command("recommend", finished, "-o", file, preexec_fn=limited(500)), "lists.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_full_standard_output_is_an_error(finished):
    with Path("/dev/full").open("w") as full:
        result = command("inspect", finished, capture_output=False, stdout=full,
                        stderr=subprocess.PIPE)  # fmt: skip
    assert result.returncode == 1
    assert result.stderr == "pyrec: cannot write: No space left on device\n"


def test_a_reader_that_leaves_is_no_error(finished):
    user = pyrec.load(finished / "model").users.ids[0]
    pipeline = f"{sys.executable} -P -m pyrec recommend {finished} {user} | head -n 1"
    result = subprocess.run(["bash", "-o", "pipefail", "-c", pipeline], capture_output=True,
                            text=True, check=False, env=ENVIRONMENT)  # fmt: skip
    assert result.stderr == ""


def test_an_interrupt_leaves_nothing_and_says_so(shop, tmp_path):
    """Ctrl-C in the middle of a run: status 130, one line, and no output."""
    out = tmp_path / "out"
    slow = ["run", str(shop / "run.toml"), "--set", f"output.directory={out}",
            "--set", "model.name=als", "--set", "model.iterations=1000000"]  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "pyrec", *slow],
        stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while not out.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr) == (130, "", "pyrec: interrupted\n")
    assert list(out.iterdir()) == []


def test_a_simd_level_that_there_is_not_is_named(shop):
    result = command("inspect", shop / "log.csv", env={**ENVIRONMENT, "PYREC_SIMD": "mmx"})
    refused(result, "PYREC_SIMD: SIMD level 'mmx' is unknown .* available here: baseline")


def test_an_unknown_person_is_pointed_to_the_option(shop):
    command("fit", "run.toml", "-o", "model", cwd=shop)
    refused(command("recommend", "model", "nobody", cwd=shop), "'nobody'; see --unknown")


# ---- a folder of everybody's lists ---------------------------------------------------------------


def test_recommend_to_a_folder(finished, tmp_path):
    folder, file = tmp_path / "lists", tmp_path / "lists.csv"
    arguments = ("recommend", finished, "-k", 5, "-o")
    result = command(*arguments, f"{folder}/", "--memory", 200)
    assert re.match(r".*lists: [\d,]+ recommendations for 1\d\d users\n", result.stdout)
    assert sorted(file.name for file in folder.iterdir()) == ["manifest.json", "part-00000.parquet"]
    facts = json.loads(command(*arguments, folder, "--merge", file, "--json").stdout)
    assert facts["path"] == str(file)
    assert command(*arguments, tmp_path / "direct.csv").returncode == 0
    assert file.read_bytes() == (tmp_path / "direct.csv").read_bytes()
    refused(command("recommend", finished, "-k", 6, "-o", folder), "k: is 6, and the lists in")
    refused(command(*arguments, folder, "--memory", 1), "memory: lists of 5 among 59 items")


def test_ctrl_c_leaves_a_folder_that_is_taken_up_again(tmp_path):
    log = pyrec.Events.from_ids(users=np.arange(300_000), items=np.arange(300_000) % 1000)
    pyrec.Popularity().fit(log.aggregate()).save(tmp_path / "model")
    arguments = ("recommend", tmp_path / "model", "-k", 20, "-o", tmp_path / "lists")
    writing = start(*arguments)
    while not list(tmp_path.glob("lists/part-*")):
        assert writing.poll() is None
        time.sleep(0.01)
    writing.send_signal(signal.SIGINT)
    assert writing.wait() == 130
    there = sorted(file.name for file in (tmp_path / "lists").iterdir())
    assert there[:2] == ["manifest.json", "part-00000.parquet"]
    assert len(there) < 6
    assert command(*arguments).stdout.endswith(
        "lists: 6,000,000 recommendations for 300,000 users\n"
    )
