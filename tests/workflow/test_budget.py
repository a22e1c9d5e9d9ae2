"""Budgets: what is allowed is measured in processes of their own, and is kept."""

import contextlib
import json
import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse as sp

import pyrec
from pyrec.errors import DataError, OutOfMemoryError
from pyrec.workflow.budget import Budget

PEAK = """
import json, sys
from pathlib import Path
import numpy as np, scipy.sparse as sp
import pyrec
from pyrec.models.als import ALSModel

kind, text, k, memory, path = json.loads(sys.argv[1])
rng = np.random.default_rng(0)
users, items = 10_000, 20_000
seen = sp.random_array((users, items), density=5e-4, rng=rng, dtype=np.float32)
data = pyrec.Interactions.from_scipy(seen)
if text:
    ids = [[f"{row:040d}" for row in rows] for rows in seen.coords]
    data = pyrec.Events.from_ids(users=ids[0], items=ids[1]).aggregate()
if kind == "als":
    factors = [rng.standard_normal((n, 32), np.float32) for n in data.shape]
    model = ALSModel(pyrec.ALS(factors=32), data, *factors)
else:
    model = {"item_knn": pyrec.ItemKNN, "popularity": pyrec.Popularity}[kind]().fit(data)
model.recommend(model.users.ids[0], k)
ids = seen = None

def status(name):
    return 1024 * int(Path("/proc/self/status").read_text().split(name + ":")[1].split()[0])

before = status("VmRSS")
Path("/proc/self/clear_refs").write_text("5")
pyrec.write_recommendations(model, path, k, memory=memory, threads=2)
print(json.dumps(status("VmHWM") - before))
"""


@pytest.mark.parametrize(
    ("kind", "text", "k", "memory"),
    [
        ("als", False, 10, 110_000_000),
        ("als", False, 1000, 150_000_000),
        ("als", True, 300, 200_000_000),
        ("item_knn", False, 300, 130_000_000),
        ("popularity", True, 10, 150_000_000),
    ],
)
def test_the_peak_stays_under_the_cap(tmp_path, kind, text, k, memory):
    arguments = json.dumps([kind, text, k, memory, str(tmp_path / "lists")])
    found = subprocess.run(
        [sys.executable, "-P", "-c", PEAK, arguments], capture_output=True, text=True, check=True
    )
    peak = json.loads(found.stdout.splitlines()[-1])
    assert 20_000_000 < peak < memory


def test_pieces_follow_from_the_cap():
    seen = sp.random_array((5000, 300), density=0.02, rng=np.random.default_rng(0))
    model = pyrec.ItemKNN().fit(seen)
    assert Budget(model, 10).end(100, 5000) == 5000
    assert Budget(model, 10).end(100, 102) == 102
    ends = [
        Budget(model, 200, cap, 1).end(0, 5000) for cap in range(101_000_000, 160_000_000, 10**6)
    ]
    assert ends == sorted(ends)
    assert 1 <= ends[0] < ends[-1]


def test_a_user_with_a_long_history_gets_a_smaller_piece():
    seen = sp.lil_array((1000, 100_000), dtype=np.float32)
    seen[:, 0] = 1
    seen[500, :] = 1
    model = pyrec.Popularity().fit(seen)
    assert Budget(model, 1, 120_000_000, 1).end(0, 1000) == 1000
    for memory in range(100_000_000, 120_000_000, 1000):
        with contextlib.suppress(OutOfMemoryError):
            least = Budget(model, 1, memory, 1)
            break
    assert least.end(0, 1000) == 500
    assert 501 <= least.end(500, 1000) < 510
    assert least.end(501, 1000) == 1000


def test_a_cap_that_is_too_small_is_refused_with_what_is_enough(tmp_path):
    model = pyrec.Popularity().fit(sp.eye_array(1000))
    with pytest.raises(OutOfMemoryError, match=r"memory: lists of 10 among 1,000 items on 1 thr"):
        pyrec.write_recommendations(model, tmp_path / "lists", memory=10**6, threads=1)
    for wrong in ("1GB", True):
        with pytest.raises(DataError, match="memory: must be a number of bytes, not"):
            pyrec.write_recommendations(model, tmp_path / "lists", memory=wrong)
    assert list(tmp_path.iterdir()) == []
