"""The report of a feedback loop: one HTML file with what becomes of bias, week after week."""

from collections.abc import Mapping
from typing import Any

from pyrec.report import charts
from pyrec.report.page import document

__all__ = ["MEASURES", "render_feedback"]

MEASURES = {
    "utility": ("utility", "How much people like what they are shown, as a share of the best that "
                "lists of this length could show them."),
    "tail": ("share of the tail", "Places of all lists that go to the less popular items, which "
             "had half of all pairs before the first round."),
    "gini": ("Gini index of exposure", "0 if all items were shown equally often, near 1 if only a "
             "few are."),
    "overlap": ("overlap of two lists", "What two people's lists have in common, on average."),
    "coverage": ("coverage", "The share of the catalogue that anybody is shown."),
    "popularity": ("popularity", "The share of people who had an item before the first round, "
                   "averaged over all places."),
}  # fmt: skip
"""Names of what a `Round` measured, and what they mean."""

_DRAWN = ("utility", "tail", "gini", "overlap")


def render_feedback(facts: Mapping[str, Any]) -> str:
    """Return the report of a feedback loop as an HTML document.

    Parameters
    ----------
    facts : mapping
        What `pyrec.workflow.feedback.simulate_feedback` returns.

    Raises
    ------
    MissingPackageError
        If Jinja2 or Matplotlib is not installed.
    """
    figures = [
        {
            "name": MEASURES[measure][0],
            "meaning": MEASURES[measure][1],
            "drawing": charts.rounds(
                {one["name"]: [r[measure] for r in one["rounds"]] for one in facts["policies"]},
                measure,
            ),
        }
        for measure in _DRAWN
    ]
    return document("feedback.html.j2", facts, figures=figures, measures=MEASURES)
