import xml.etree.ElementTree as ET

import pytest

from pyrec.report.contest import against_best, render_contest


@pytest.fixture
def facts():
    def model(label, mean, low):
        high = None if low is None else 2 * mean - low
        return {
            "label": label, "fit_seconds": 1.5, "peak_bytes": 2**28, "users_per_second": 12345.6,
            "bytes": 2**20,
            "metrics": {"recall@5": {"mean": mean, "low": low, "high": high},
                        "gini:seller@5": {"mean": mean / 2, "low": None, "high": None}},
        }  # fmt: skip

    return {
        "source": "a <shop>", "created": "2026-01-02T03:04:05+00:00", "description": "split so",
        "aspects": {"recall@5": "relevance", "gini:seller@5": "fairness"},
        "exposure": [{"by": "seller", "groups": [
            {"name": "big & old", "items": 7, "events": 0.75, "places": {"ease": 0.9, "als": 0.6}},
        ]}],
        "title": "new pairs", "users": 1234, "metric": "recall@5",
        "models": [model("ease", 0.3, 0.25), model("als", 0.2, None)],
        "differences": [
            {"models": ["als", "ease"], "first": 0.2, "second": 0.3, "p_adjusted": 0.001}
        ],
        "runtime": {"version": "1.2"},
    }  # fmt: skip


def test_the_page_has_the_table_and_the_chart(facts):
    page = render_contest(facts)
    assert "a &lt;shop&gt;: 2 models" in page
    assert "1,234 people judged" in page
    assert "worse (p 0.001)" in page
    assert "12,346" in page
    drawing = page[page.index("<svg") : page.index("</svg>") + 6]
    words = {"".join(text.itertext()) for text in ET.fromstring(drawing).iter() if text.text}
    assert any("recall@5" in word for word in words)


def test_a_model_is_worse_only_if_that_is_certain(facts):
    assert against_best(facts) == {"ease": "best", "als": "worse (p 0.001)"}
    facts["differences"][0]["p_adjusted"] = 0.06
    assert against_best(facts)["als"] == "unclear (p 0.060)"


def test_what_obeys_no_rules_may_be_better_than_the_best_that_does(facts):
    facts["differences"][0] |= {"first": 0.4}
    assert against_best(facts) == {"ease": "best", "als": "better (p 0.001)"}


def test_what_lists_are_beside_right_is_side_by_side(facts):
    page = render_contest(facts)
    lists = page[page.index('<section id="lists">') : page.index('<section id="exposure">')]
    assert "fairness" in lists
    assert "Gini index of how often each item or group is shown" in lists
    assert "0.1500" in lists
    shown = page[page.index('<section id="exposure">') : page.index('<section id="cost">')]
    assert "big &amp; old" in shown
    assert [share in shown for share in ("75.0%", "90.0%", "60.0%")] == [True] * 3
