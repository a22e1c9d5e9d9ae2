import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from pyrec.report import charts

DAYS = np.arange(np.datetime64("2024-01-01"), np.datetime64("2024-01-08"))


def quality():
    return charts.quality(["recall@20"], [(0.3, 0.2, 0.4)], [(0.1, 0.1, 0.2)], ["als", "popular"])


def concentration():
    return charts.concentration({"events": np.array([5, 0, 3]), "lists": np.array([0, 0, 0])})


def activity():
    return charts.activity(DAYS, {"view": np.arange(7), "<buy>": np.arange(7)}, "day")


@pytest.mark.parametrize("draw", [quality, concentration, activity])
def test_drawings_take_their_colours_from_the_page(draw):
    svg = draw()
    ET.fromstring(svg)  # well-formed
    assert "var(--series-1)" in svg
    assert "var(--ink-soft)" in svg
    assert not re.search(r"#0102|#000000|#ffffff|font-family|<style|<\?xml", svg)


def test_drawings_are_the_same_each_time_and_their_ids_do_not_meet():
    assert activity() == activity()
    ids = [set(re.findall(r'\bid="([^"]+)"', draw())) for draw in (quality, activity)]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_names_are_escaped():
    assert "&lt;buy&gt;" in activity()


def test_one_period_and_many_kinds():
    kinds = {f"kind {i}": np.array([i]) for i in range(9)}
    ET.fromstring(charts.activity(DAYS[:1], kinds, "month"))


@pytest.mark.parametrize("unit", ["day", "week", "month"])
@pytest.mark.parametrize("periods", [1, 2, 3, 5, 8, 13, 21, 34, 55, 70, 150])
def test_any_span_has_its_ticks(unit, periods):
    step = {"day": 1, "week": 7, "month": 30}[unit]
    days = np.datetime64("2020-09-13") + step * np.arange(periods)
    svg = charts.activity(days, {"event": np.arange(periods)}, unit)
    assert "20" in "".join(re.findall(r">([^<>]*\d[^<>]*)</text>", svg))


def test_matplotlib_settings_of_the_process_stay(monkeypatch):
    import matplotlib

    before = dict(matplotlib.rcParams)
    activity()
    assert dict(matplotlib.rcParams) == before
