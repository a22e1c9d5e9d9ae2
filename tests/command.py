"""The real command in a process of its own, and a small shop to run it on."""

import contextlib
import io
import os
import re
import signal
import subprocess
import sys

import numpy as np

import pyrec
from pyrec.cli import main

ENVIRONMENT = {}


def use(site):
    """Let the processes import the package from a folder that holds it as a wheel does.

    That of an editable installation would build itself anew in each of them.
    """
    builds = [getattr(f, "path", "") for f in sys.meta_path if "Redirecting" in type(f).__name__]
    skip = os.pathsep.join(map(str, builds))
    ENVIRONMENT.update(os.environ, PYTHONPATH=str(site), SKBUILD_EDITABLE_SKIP=skip)


def python(*arguments, **options):
    """Run Python and return its result: returncode, stdout, stderr."""
    options = {"capture_output": True, "text": True, "timeout": 300, "env": ENVIRONMENT} | options
    return subprocess.run([sys.executable, "-P", *map(str, arguments)], check=False, **options)


def command(*arguments, **options):
    """Run pyrec and return its result."""
    return python("-m", "pyrec", *arguments, **options)


def called(*arguments):
    """Call what the command calls, in this process, and return its result: a second sooner.

    For tests of what a command does; that a process ends as it should is tested with `command`.
    """
    out, err, handler = io.StringIO(), io.StringIO(), signal.getsignal(signal.SIGTERM)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as end:
            status = end.code
        finally:
            signal.signal(signal.SIGTERM, handler)
    return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())


def start(*arguments):
    """Start pyrec and return the process."""
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "pyrec", *map(str, arguments)],
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def refused(result, message, status=1):
    """Assert that a command failed with one line that has the message, and nothing else."""
    assert result.returncode == status, result.stderr
    assert result.stdout == ""
    assert re.fullmatch(rf"pyrec: [^\n]*{message}[^\n]*\n", result.stderr), result.stderr


def write_shop(folder):
    """Write a small log, and a configuration for it."""
    log = pyrec.simulate_shop(users=150, items=60, days=40).events
    rows = zip(
        log.users.decode(log.user_rows),
        log.items.decode(log.item_rows),
        np.array(log.kind_names)[log.kinds],
        log.timestamps.view("datetime64[us]").astype("datetime64[s]").astype(str),
        strict=True,
    )
    lines = ["user_id,item_id,event,timestamp", *(",".join(row) for row in rows)]
    (folder / "log.csv").write_text("\n".join(lines) + "\n")
    (folder / "run.toml").write_text("""
        [data]
        path = "log.csv"
        user = "user_id"
        item = "item_id"
        event = "event"
        timestamp = "timestamp"
        event_weights = { view = 1, addtocart = 3, purchase = 5, return = 0 }
        [split]
        method = "last"
        target = "purchase"
        [model]
        name = "item_knn"
        [evaluation]
        metrics = ["recall@5", "ndcg@5", "coverage@5"]
        [output]
        directory = "out"
        k = 5
    """)
    return folder
