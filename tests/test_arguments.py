from pathlib import Path

import pytest

from pyrec.arguments import as_path, require, require_memory
from pyrec.errors import DataError, OutOfMemoryError


def test_kinds():
    require([], list, "events")
    require([], (list, dict), "events")
    with pytest.raises(
        DataError, match=r"^events: must be of type list or dict, not int; read them$"
    ):
        require(3, (list, dict), "events", "read them")


def test_paths():
    assert as_path("~/x") == Path.home() / "x"
    assert as_path(b"x") == Path("x")
    for wrong in (None, 3, ["a"]):
        with pytest.raises(DataError, match=r"^model: .* is no path"):
            as_path(wrong, "model")


def test_memory_is_refused_before_it_is_asked_for():
    require_memory(1000, "lists", "")
    with pytest.raises(
        OutOfMemoryError, match=r"the lists need 1,000.0 GB, more than this .* GB\); k=5"
    ):
        require_memory(10**12, "lists", "k=5")
