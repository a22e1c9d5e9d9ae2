import xml.etree.ElementTree as ET

import pytest

from pyrec.report.feedback import MEASURES, render_feedback


@pytest.fixture
def facts():
    def policy(name, value):
        rounds = [dict.fromkeys(MEASURES, value + week) | {"number": week} for week in (1, 2)]
        return {"name": name, "rounds": rounds}

    return {
        "source": "A <shop>", "created": "2026-01-02T03:04:05+00:00", "rounds": 2, "k": 20,
        "shop": {"users": 1234, "items": 56, "events": 7890},
        "policies": [policy("truth", 0.25), policy("als & more", 0.5)],
        "runtime": {"version": "1.2"},
    }  # fmt: skip


def test_the_page_has_charts_and_first_and_last_round(facts):
    page = render_feedback(facts)
    assert "A &lt;shop&gt;: 2 weeks" in page
    assert "1,234 people, 56 items and 7,890 events" in page
    assert "1.250 → 2.250" in page
    assert "als &amp; more" in page
    drawings = page.split("<svg")[1:]
    assert len(drawings) == 4
    for drawing in drawings:
        svg = ET.fromstring("<svg" + drawing.partition("</svg>")[0] + "</svg>")
        words = {"".join(text.itertext()).strip() for text in svg.iter() if text.text}
        assert {"truth", "als & more", "round"} <= words


def test_ids_of_the_drawings_do_not_meet(facts):
    page = render_feedback(facts)
    ids = [part.partition('"')[0] for part in page.split(' id="')[1:]]
    assert len(ids) == len(set(ids))
