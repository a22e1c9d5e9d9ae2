"""The command line where something goes wrong: one line, a status, nothing half-done."""

import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command import ENVIRONMENT, finished, installed, pyrec_, refused, shop

import pyrec
from pyrec.experiment import run
from pyrec.runconfig import RunConfig

__all__ = ["finished", "installed", "shop"]  # fixtures


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("model.factors=8", "model.factors: unknown option"),
        ("model.name=alss", "model.name: 'alss' is no model; did you mean 'als'"),
        ("data.path=none.csv", r"none\.csv: there is no such file"),
        ("data.user=visitor", "user: there is no column 'visitor'"),
        ("split.target=buy", "kind 'buy': unknown"),
        ("data.event_weights.view=-1", r"data\.event_weights"),
        ("cleaning.min_weight=100", "cleaning.min_weight: the events have no weights"),
        ("cleaning.end=1990-01-01", "nothing is left"),
        ("output.directory=/proc/out", "/proc/out: cannot be written"),
        ("nonsense", "must look like model.factors=128"),
    ],
)
def test_a_wrong_run_is_one_line(shop, change, message):
    refused(pyrec_("run", "run.toml", "--set", change, cwd=shop), message)


def test_a_wrong_file_is_one_line(tmp_path):
    (tmp_path / "bad.toml").write_text("[data\n")
    refused(pyrec_("run", tmp_path / "bad.toml"), r"bad\.toml: not valid TOML.*line 1")
    refused(pyrec_("run", tmp_path / "none.toml"), r"none\.toml: cannot be read \(No such file")


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


@pytest.mark.parametrize("size", [0, 500, 3000, 20_000])
def test_no_space_leaves_the_earlier_output_as_it_was(shop, tmp_path, size):
    out = tmp_path / "out"
    arguments = ["run", shop / "run.toml", "--set", f"output.directory={out}"]
    assert pyrec_(*arguments).returncode == 0
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    refused(pyrec_(*arguments, preexec_fn=limited(size)), "cannot be written")
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    everyone = ["recommend", out, "-o", tmp_path / "lists.csv"]
    if size < 3000:
        refused(pyrec_(*everyone, preexec_fn=limited(size)), "lists.csv")
        assert not (tmp_path / "lists.csv").exists()


def test_a_full_standard_output_is_an_error(shop, finished):
    with Path("/dev/full").open("w") as full:
        result = pyrec_("inspect", shop / "out", capture_output=False, stdout=full,
                        stderr=subprocess.PIPE)  # fmt: skip
    assert result.returncode == 1
    assert result.stderr == "pyrec: cannot write: No space left on device\n"


def test_a_reader_that_leaves_is_no_error(shop, finished):
    user = pyrec.load(shop / "out" / "model").users.ids[0]
    command = f"{sys.executable} -P -m pyrec recommend {shop / 'out'} {user} | head -n 1"
    result = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True,
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
