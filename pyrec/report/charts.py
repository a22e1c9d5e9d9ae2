"""The figures of the report: Matplotlib drawings as SVG that takes its colours from the page.

Drawn in marker colours, which are then replaced by the CSS variables of the page, so that one
drawing is right in light and in dark. Text stays text: it can be searched and copied.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from itertools import cycle
from typing import Any

import numpy as np

from pyrec.extras import need

__all__ = ["activity", "concentration", "contest", "quality", "rounds"]

# Marker colours, drawn by nobody else, and what the page calls them.
_INK, _FAINT = "#010203", "#010204"
_SERIES = ("#010210", "#010211", "#010212", "#010213", "#010214", "#010215")
_VARIABLES = {_INK: "--ink-soft", _FAINT: "--line"} | {
    color: f"--series-{number}" for number, color in enumerate(_SERIES, 1)
}
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "pyrec",
    "font.family": "sans-serif",
    "font.size": 9.5,
    "text.color": _INK,
    "axes.edgecolor": _FAINT,
    "axes.labelcolor": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": _FAINT,
    "grid.linewidth": 0.6,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
}


def quality(metrics: list[str], model: list[Any], baseline: list[Any], names: list[str]) -> str:
    """Draw each metric's mean with its interval, the model's above the baseline's.

    Parameters
    ----------
    metrics : list of str
        Names, in the order of the table.
    model, baseline : list of (mean, low, high)
        In the order of `metrics`.
    names : list of str
        What the two are called.
    """
    with _drawing("quality", height=0.6 + 0.42 * len(metrics)) as drawing:
        axes = drawing.axes
        axes.grid(False, axis="y")
        at = np.arange(len(metrics))[::-1]
        for side, values in enumerate((model, baseline)):
            mean, low, high = np.array(values, dtype=float).T
            y = at + (0.14, -0.14)[side]
            axes.hlines(y, low, high, color=_SERIES[side], linewidth=2.5)
            axes.plot(mean, y, "o", color=_SERIES[side], markersize=6, label=names[side])
        axes.set_yticks(at, metrics)
        axes.set_ylim(-0.6, len(metrics) - 0.4)
        axes.set_xlim(left=0)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0), ncols=2, borderaxespad=2.2)
    return drawing.svg


def contest(names: list[str], values: list[Any], metric: str) -> str:
    """Draw one metric of several models, each mean with its interval, the first on top.

    Parameters
    ----------
    names : list of str
        The models.
    values : list of (mean, low, high)
        In the same order; no interval where `low` is None.
    metric : str
        Its name.
    """
    with _drawing("contest", height=0.8 + 0.3 * len(names)) as drawing:
        axes = drawing.axes
        axes.grid(False, axis="y")
        at = np.arange(len(names))[::-1]
        mean, low, high = np.array(values, dtype=float).T
        axes.hlines(at, low, high, color=_SERIES[0], linewidth=2.5)
        axes.plot(mean, at, "o", color=_SERIES[0], markersize=6)
        axes.set_yticks(at, names)
        axes.set_ylim(-0.6, len(names) - 0.4)
        axes.set_xlabel(metric)
    return drawing.svg


def concentration(curves: dict[str, Any]) -> str:
    """Draw which share of all events the most popular share of the items has.

    Parameters
    ----------
    curves : dict of str to array
        Name of the curve to counts per item (any order).
    """
    with _drawing("concentration") as drawing:
        axes = drawing.axes
        for (name, counts), color in zip(curves.items(), _SERIES, strict=False):
            share = np.concatenate([[0.0], np.cumsum(np.sort(counts)[::-1], dtype=float)])
            share *= 100 / max(share[-1], 1)
            # A few hundred points draw the same curve as a million.
            at = np.unique(np.geomspace(1, len(share), 200).astype(int)) - 1
            axes.plot(100 * at / max(len(counts), 1), share[at], color=color, lw=2, label=name)
        axes.plot([0, 100], [0, 100], color=_FAINT, linewidth=1)
        axes.set(xlim=(0, 100), ylim=(0, 101))
        axes.set_xlabel("most popular items, % of the catalogue")
        axes.set_ylabel("their share, %")
        axes.legend(loc="lower right")
    return drawing.svg


def activity(periods: Any, counts: dict[str, Any], unit: str) -> str:
    """Draw the number of events in each period, one band for each kind.

    Parameters
    ----------
    periods : datetime64 array (n,)
        Beginnings of the periods.
    counts : dict of str to int array (n,)
        Kind of event to its counts.
    unit : {"day", "week", "month"}
        Length of a period.
    """
    with _drawing("activity") as drawing:
        axes = drawing.axes
        axes.grid(False, axis="x")
        days = np.asarray(periods).astype("datetime64[D]")
        width = 0.92 * (np.median(np.diff(days)).astype(float) if len(days) > 1 else 1.0)
        base = np.zeros(len(days))
        for (kind, values), color in zip(counts.items(), cycle(_SERIES), strict=False):
            axes.bar(days, values, width, bottom=base, color=color, label=kind, align="edge")
            base += values
        dates = need("matplotlib.dates", "the report")
        locator = dates.AutoDateLocator(minticks=3, maxticks=7)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
        axes.yaxis.set_major_formatter(need("matplotlib.ticker", "the report").EngFormatter(sep=""))
        axes.set_ylabel(f"events per {unit}")
        if len(counts) > 1:
            axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=min(len(counts), 4))
    return drawing.svg


def rounds(series: dict[str, list[float]], name: str) -> str:
    """Draw how a number changes from round to round, a line for each of several policies.

    Parameters
    ----------
    series : dict of str to list of float
        Name of the line to its values.
    name : str
        What parts the ids of this drawing from those of others.
    """
    with _drawing(f"rounds-{name}") as drawing:
        axes = drawing.axes
        for (label, values), color in zip(series.items(), cycle(_SERIES), strict=False):
            at = np.arange(1, len(values) + 1)
            axes.plot(at, values, "o-", color=color, lw=2, markersize=3.5, label=label)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_xlabel("round")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, fontsize=8.5)
    return drawing.svg


class _Drawing:
    """Axes to draw on, and afterwards the drawing as an SVG element."""

    axes: Any
    svg: str


@contextmanager
def _drawing(name: str, height: float = 2.7) -> Iterator[_Drawing]:
    """Set the style, make a figure, and turn it into SVG in the colours of the page.

    Without pyplot, which would keep global state and choose a window system.
    """
    # Where the home folder cannot be written it says so on the terminal, which is of no interest.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    matplotlib = need("matplotlib", "the report")
    need("matplotlib.figure", "the report")
    drawing = _Drawing()
    with matplotlib.rc_context(_STYLE):
        figure = matplotlib.figure.Figure(figsize=(4.8, height))
        drawing.axes = figure.subplots()
        yield drawing
        out = StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    drawing.svg = _in_page(out.getvalue(), name)


def _in_page(svg: str, name: str) -> str:
    svg = svg[svg.index("<svg") :]
    # The page sets font and line joins.
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font-family: [^;]*; ", "", svg)
    # Several drawings stand in one page: their ids must not meet.
    svg = re.sub(r'(\bid="|"#|url\(#)', rf"\g<1>{name}-", svg)
    for color, variable in _VARIABLES.items():
        svg = svg.replace(color, f"var({variable})")
    return svg
