"""The report of tastes: one HTML file with how far people moved, and what rose and fell."""

from collections.abc import Mapping
from typing import Any

from pyrec.report import charts
from pyrec.report.page import document

__all__ = ["render_tastes"]

_DRAWN = 12


def render_tastes(facts: Mapping[str, Any]) -> str:
    """Return the report of how tastes moved as an HTML document.

    Parameters
    ----------
    facts : mapping
        What `pyrec.workflow.tastes.tastes` returns.

    Raises
    ------
    MissingPackageError
        If Jinja2 or Matplotlib is not installed.
    """
    largest = sorted(facts["categories"], key=lambda one: -abs(one["difference"]["mean"]))
    names = {one["name"] for one in largest[:_DRAWN]}
    shown = [one for one in facts["categories"] if one["name"] in names]
    drawing = charts.contest(
        [one["name"] for one in shown],
        [
            tuple(_points(one["difference"][end]) for end in ("mean", "low", "high"))
            for one in shown
        ],
        "change of the share of all events, percentage points",
    )
    return document("tastes.html.j2", facts, drawing=drawing)


def _points(share: float | None) -> float | None:
    return None if share is None else 100 * share
