"""The report of a run: one HTML file that needs nothing else, neither a network nor a script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pyrec.config import to_toml
from pyrec.extras import need
from pyrec.report import charts
from pyrec.report.describe import Activity

__all__ = ["SHOWN", "Entry", "Person", "Pictures", "document", "render"]

SHOWN = 15
"""Groups of items in a table: there may be thousands of sellers."""

_HEADINGS = {
    "new": "What was new to people",
    "repeat": "What they had before",
    "all": "Both together",
}


@dataclass(frozen=True)
class Entry:
    """A line of a history or of a list."""

    id: str
    title: str
    category: str | None = None
    kind: str | None = None
    date: str | None = None
    score: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Person:
    """Somebody's history (latest first, `more` left out) and list."""

    id: str
    events: int
    items: int
    history: Sequence[Entry]
    list: Sequence[Entry]
    more: int = 0


@dataclass(frozen=True)
class Pictures:
    """What the figures are drawn from: activity over time, and counts per item of each curve."""

    activity: Activity | None = None
    concentration: Mapping[str, Any] = field(default_factory=dict)


def render(facts: Mapping[str, Any], pictures: Pictures, people: Sequence[Person] = ()) -> str:
    """Return the report of a run as an HTML document.

    Parameters
    ----------
    facts : mapping
        The content of ``metrics.json`` (see `pyrec.workflow.experiment`).
    pictures : Pictures
        What the figures show.
    people : sequence of Person
        Whose histories and lists are shown.

    Raises
    ------
    MissingPackageError
        If Jinja2 or Matplotlib is not installed.
    """
    return str(
        _environment()
        .get_template("report.html.j2")
        .render(
            title=facts["source"],
            created=_minute(facts["created"]),
            summary=_summary(facts),
            tiles=_tiles(facts),
            quality=_quality(facts["quality"]),
            people=people,
            color_of_kind={kind: i % 6 + 1 for i, kind in enumerate(facts["data"]["kinds"])},
            data=_data(facts["data"]),
            pictures=_figures(pictures),
            seen=_seen(facts["output"]["exclude_seen"]),
            headings=_HEADINGS,
            shown=SHOWN,
            steps=facts["steps"],
            total={
                "seconds": sum(step["seconds"] for step in facts["steps"]),
                "peak_bytes": max(step["peak_bytes"] for step in facts["steps"]),
                "slowest": max(step["seconds"] for step in facts["steps"]),
            },
            configuration=to_toml(facts["config"]),
            runtime=facts["runtime"],
        )
    )


def document(template: str, facts: Mapping[str, Any], **parts: Any) -> str:
    """Fill a template with facts that have a time of their making, and with drawn parts."""
    filled = _environment().get_template(template)
    return str(filled.render(facts=facts, created=_minute(facts["created"]), **parts))


def _environment() -> Any:
    jinja2 = need("jinja2", "the report")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pyrec.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "thousands": "{:,}".format, "figure": figure, "seconds": seconds, "bytes": megabytes,
        "percent": percent,
    }  # fmt: skip
    return environment


def figure(number: float | None) -> str:
    """Write a measured number with a sensible number of digits, and a dash where there is none.

    Examples
    --------
    >>> figure(0.123456), figure(12.3456), figure(-1234.5)
    ('0.1235', '12.35', '−1,234.5')
    """
    if number is None:
        return "–"  # noqa: RUF001
    digits = 4 if abs(number) < 10 else 2 if abs(number) < 100 else 1
    return f"{number:,.{digits}f}".replace("-", "−")  # noqa: RUF001


def percent(share: float) -> str:
    """Write a share for people.

    Examples
    --------
    >>> percent(0.1234), percent(0.00012)
    ('12.3%', '0.01%')
    """
    return f"{100 * share:.1f}%" if share >= 0.001 or share == 0 else f"{100 * share:.2f}%"


def seconds(duration: float) -> str:
    """Write a duration for people.

    Examples
    --------
    >>> seconds(0.0123), seconds(2.34), seconds(95)
    ('12 ms', '2.3 s', '1 min 35 s')
    """
    if duration < 1:
        return f"{1000 * duration:.0f} ms"
    if duration < 60:
        return f"{duration:.1f} s"
    return f"{duration // 60:.0f} min {duration % 60:.0f} s"


def megabytes(number: int) -> str:
    """Write a number of bytes for people.

    Examples
    --------
    >>> megabytes(123_456_789), megabytes(12_345_678_901)
    ('123 MB', '12.3 GB')
    """
    return f"{number / 1e6:,.0f} MB" if number < 1e10 else f"{number / 1e9:,.1f} GB"


def _summary(facts: Mapping[str, Any]) -> str:
    data, output = facts["data"], facts["output"]
    when = f" between {_day(data['first'])} and {_day(data['last'])}" if data["first"] else ""
    return (
        f"{data['users']:,} people, {data['items']:,} items, {data['events']:,} events{when}. "
        f"{output['users']:,} people now have a list of up to {output['k']} items, "
        f"chosen by {facts['config']['model']['name']}."
    )


def _tiles(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the figures to see first: quality, then size, then time."""
    data, output, threads = facts["data"], facts["output"], facts["runtime"]["threads"]
    took = sum(step["seconds"] for step in facts["steps"])
    plain = [
        ("events", f"{data['events']:,}", f"{data['pairs']:,} pairs"),
        ("recommendations", f"{output['rows']:,}", f"{output['items']:,} different items"),
        ("time", seconds(took), f"{threads} thread{'' if threads == 1 else 's'}"),
    ]
    judged = []
    if quality := facts["quality"]:
        judged = [
            (name, figure(row["model"]["mean"]), _beside(quality["baseline"], row))
            for name, row in list(quality["parts"][0]["metrics"].items())[:2]
        ]
    return [
        {"name": name, "value": value, "note": note, "accent": number < len(judged)}
        for number, (name, value, note) in enumerate(judged + plain)
    ]


def _beside(baseline: str, row: Mapping[str, Any]) -> str:
    verdict = f", {row['verdict']}" if row["verdict"] else ""
    return f"{baseline}: {figure(row['baseline']['mean'])}{verdict}"


def _quality(quality: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if quality is None:
        return None
    names = [quality["model"], quality["baseline"]]
    parts = []
    for part in quality["parts"]:
        rows = [{"name": name, **row} for name, row in part["metrics"].items()]
        parts.append({**part, "rows": rows, "chart": _quality_chart(part["metrics"], names)})
    return {**quality, "parts": parts, "groups": _groups(quality["groups"])}


def _groups(groups: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return groups of people and items, with the largest share that a bar shows."""
    if groups is None:
        return None
    items = [
        {**sort, "most": max(share for group in sort["groups"]
                             for share in (group["events"], group["places"]["model"]))}
        for sort in groups["items"] if sort["groups"]
    ]  # fmt: skip
    return {**groups, "items": items}


def _quality_chart(metrics: Mapping[str, Any], names: list[str]) -> Any:
    """Draw the metrics of people that are shares: one axis can show them."""
    shown = [
        name
        for name, row in metrics.items()
        if row["difference"] and all(_is_share(row[side]) for side in ("model", "baseline"))
    ]
    if not shown:
        return ""
    model, baseline = (
        [_triple(metrics[name][side]) for name in shown] for side in ("model", "baseline")
    )
    return _markup(charts.quality(shown, model, baseline, names))


def _is_share(value: Mapping[str, Any]) -> bool:
    return value["mean"] is not None and 0 <= value["mean"] <= 1


def _triple(value: Mapping[str, Any]) -> tuple[float, float, float]:
    mean, low, high = value["mean"], value["low"], value["high"]
    return mean, mean if low is None else low, mean if high is None else high


def _seen(exclude_seen: bool | str | Sequence[str]) -> str:
    """Say in words what the lists leave out."""
    if isinstance(exclude_seen, bool):
        return "Not recommended again: anything the person had before." if exclude_seen else ""
    kinds = [exclude_seen] if isinstance(exclude_seen, str) else exclude_seen
    return f"Not recommended again: what the person had as {' or '.join(kinds)}."


def _data(data: Mapping[str, Any]) -> dict[str, Any]:
    rows = [("events", f"{data['events']:,}")]
    rows += [(f"— {kind}", f"{count:,}") for kind, count in data["kinds"].items()]
    rows += [
        ("people", f"{data['users']:,}"),
        ("items", f"{data['items']:,}"),
        ("pairs of person and item", f"{data['pairs']:,}"),
        ("share of all possible pairs", f"{100 * data['density']:.3g}%"),
    ]
    if data["first"]:
        rows += [("first event", _minute(data["first"])), ("last event", _minute(data["last"]))]
    return {
        "rows": rows,
        "kinds": data["kinds"],
        "provenance": [_told(step) for step in data["provenance"]],
        "top_items_share": f"{100 * data['top_items_share']:.0f}%",
    }


def _told(step: Mapping[str, Any]) -> dict[str, Any]:
    """Name a step of the data for people: counts of cleaning are of what was removed."""
    kind, _, rule = step["name"].partition(": ")
    if kind != "clean":
        return dict(step)
    counts = {name: count for name, count in step["counts"].items() if count or name == "events"}
    return {**step, "name": f"removed by the rule {rule}", "counts": counts}


def _figures(pictures: Pictures) -> dict[str, Any]:
    activity = pictures.activity
    return {
        "activity": activity
        and _markup(charts.activity(activity.periods, activity.counts, activity.unit)),
        "concentration": _markup(charts.concentration(dict(pictures.concentration))),
    }


def _markup(svg: str) -> Any:
    return need("markupsafe", "the report").Markup(svg)


def _day(moment: str) -> str:
    day = datetime.fromisoformat(moment)
    return f"{day.day} {day:%B %Y}"


def _minute(moment: str) -> str:
    return moment.replace("T", " ")[:16] + " UTC"
