import xml.etree.ElementTree as ET

import pytest

from pyrec.report.tastes import render_tastes


def value(mean, low=None, high=None):
    return {"mean": mean, "low": low, "high": high, "users": 7}


@pytest.fixture
def facts():
    def change(name, before, after):
        difference = value(after - before, after - before - 0.01, after - before + 0.01)
        return {"name": name, "before": before, "after": after, "difference": difference}

    return {
        "source": "A <shop>", "created": "2026-01-02T03:04:05+00:00", "category": "aisle",
        "at": "2025-06-07T08:09:10Z", "users": 1234, "distance": value(0.5),
        "by_chance": value(0.25), "moved": value(0.25, 0.125, 0.375),
        "segments": {"young & new": value(0.1, 0.0, 0.2)},
        "categories": [change(f"c{i}", 0.1, 0.2 - 0.01 * i) for i in range(15)],
        "items": [change("7", 0.1, 0.125) | {"title": "Tea <green>"}],
        "runtime": {"version": "1.2"},
    }  # fmt: skip


def test_the_page_tells_how_far_and_what(facts):
    page = render_tastes(facts)
    assert "A &lt;shop&gt;: how tastes moved" in page
    assert "1,234 people have events both before and after 2025-06-07 08:09" in page
    assert "0.1250 to 0.3750" in page
    assert "young &amp; new" in page
    assert "Tea &lt;green&gt;" in page
    assert "10.00%</td><td>12.50%" in page
    drawing = ET.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])
    words = {"".join(text.itertext()).strip() for text in drawing.iter() if text.text}
    assert {"c0", "c14"} <= words  # the largest changes only
    assert "c10" not in words


def test_there_may_be_neither_segments_nor_intervals(facts):
    plain = facts | {"segments": {}, "moved": value(0.25)}
    for one in plain["categories"]:
        one["difference"] |= {"low": None, "high": None}
    page = render_tastes(plain)
    assert "Segments" not in page
    assert "0.1250 to" not in page
