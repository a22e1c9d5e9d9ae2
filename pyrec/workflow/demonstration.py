"""Demonstration: a simulated shop written as files, and the configuration that runs them."""

from pathlib import Path
from typing import Any

import numpy as np

from pyrec.data import arrow
from pyrec.data.events import Events
from pyrec.io.writing import write_table
from pyrec.simulation.shop import Shop, simulate_shop
from pyrec.workflow.staging import staged

__all__ = ["write_shop"]


def write_shop(
    folder: str | Path, *, users: int, items: int, days: int, random_state: int = 0
) -> tuple[Shop, dict[str, Any]]:
    """Simulate a shop and write its log and its catalogue as Parquet files.

    Parameters
    ----------
    folder : path
        Gets ``events.parquet`` and ``items.parquet``.
    users, items, days, random_state
        As in `simulate_shop`.

    Returns
    -------
    shop : Shop
        With the true preferences, which the files do not have.
    options : dict
        The parts ``data``, ``cleaning``, ``weighting`` and ``split`` of a `RunConfig` for it.

    Raises
    ------
    DataError
        If the files cannot be written.
    """
    shop = simulate_shop(users=users, items=items, days=days, random_state=random_state)
    catalogue = {"item_id": shop.catalogue.items.ids, **shop.catalogue.columns}
    with staged(folder, entries=["items.parquet", "events.parquet"]) as stage:
        write_table(arrow.stream(catalogue), stage / "items.parquet")
        write_table(arrow.stream(_columns(shop.events)), stage / "events.parquet")
    path = Path(folder).resolve()
    options = {
        "data": {
            "path": str(path / "events.parquet"),
            "user": "user_id",
            "item": "item_id",
            "event": "event",
            "timestamp": "timestamp",
            "weight": "quantity",
            "event_weights": {"view": 1, "addtocart": 3, "purchase": 5},
            "catalogue": {
                "path": str(path / "items.parquet"), "item": "item_id", "title": "title",
            },
        },
        "cleaning": {"returns": True, "return_kind": "return", "purchase_kind": "purchase"},
        "weighting": {"scheme": "log1p"},
        "split": {"method": "time", "target": "purchase"},
    }  # fmt: skip
    return shop, options


def _columns(events: Events) -> dict[str, Any]:
    """Return a log as the columns of a file."""
    assert events.kinds is not None
    assert events.timestamps is not None
    names = np.array(events.kind_names, dtype=np.dtypes.StringDType())
    return {
        "user_id": (events.user_rows, events.users),
        "item_id": (events.item_rows, events.items),
        "event": names[events.kinds],
        "timestamp": events.timestamps.view("datetime64[us]"),
        "quantity": events.weights_or_ones(),
    }
