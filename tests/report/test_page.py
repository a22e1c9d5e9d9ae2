import copy
import re
from html import unescape
from html.parser import HTMLParser

import numpy as np

from pyrec.report.describe import Activity
from pyrec.report.page import Entry, Person, Pictures, figure, render


def interval(mean):
    return {"mean": mean, "low": mean - 0.01, "high": mean + 0.01, "users": 12}


FACTS = {
    "created": "2026-01-02T03:04:05+00:00",
    "source": "log<1>.csv",
    "data": {
        "events": 1234, "users": 12, "items": 34, "pairs": 99, "density": 0.24,
        "kinds": {"view": 1000, "<i>buy": 234},
        "first": "2024-01-01T00:00:00Z", "last": "2024-01-07T00:00:00Z", "top_items_share": 0.6,
        "provenance": [{"name": "read", "counts": {"rows": 1300}, "notes": ["seconds & UTC"]}],
    },
    "quality": {
        "rules": None,
        "model": "als", "baseline": "popularity", "description": "Judged on the last purchase.",
        "groups": {
            "people": [{"by": "activity", "groups": [
                {"name": "light: up to 10 items", "users": 7,
                 "metrics": {"recall@20": interval(0.3)}},
            ]}],
            "items": [{"by": "seller", "groups": [
                {"name": f"<i>seller {i}", "items": 5, "events": 0.1, "places": {"model": 0.05}}
                for i in range(20)
            ]}],
        },
        "parts": [
            {
                "name": "new", "title": "new pairs", "users": 12, "pairs": 15,
                "metrics": {
                    "recall@20": {
                        "model": interval(0.3), "baseline": interval(0.1),
                        "difference": interval(0.2), "verdict": "better",
                    },
                    "rmse": {
                        "model": interval(1.3), "baseline": interval(1.1),
                        "difference": interval(0.2), "verdict": "worse",
                    },
                    "coverage@20": {
                        "model": {"mean": 0.3, "low": None, "high": None},
                        "baseline": {"mean": 0.1, "low": None, "high": None},
                        "difference": None, "verdict": "",
                    },
                },
            },
        ],
    },
    "output": {"users": 12, "items": 30, "rows": 240, "k": 20, "exclude_seen": ["buy", "cart"]},
    "steps": [{"name": "read", "seconds": 0.5, "peak_bytes": 10**8}],
    "runtime": {"version": "0.1.0", "threads": 1, "simd_level": "avx2", "python": "3.11",
                "numpy": "2", "scipy": "1"},
    "config": {"data": {"path": "</code><script>"}, "model": {"name": "als"}},
}  # fmt: skip

PICTURES = Pictures(
    Activity("day", np.arange(np.datetime64("2024-01-01"), np.datetime64("2024-01-08")),
             {"view": np.arange(7), "<i>buy": np.arange(7)}),
    {"events": np.array([3, 2, 1]), "recommendations": np.array([9, 0, 0])},
)  # fmt: skip

PEOPLE = [
    Person(
        "<b>ann</b>", 2, 1,
        [Entry("7", "Tea & cake", kind="view", date="2024-01-02")],
        [Entry("8", "Cup", score=0.25)], more=1,
    ),
    Person("bob", 1, 1, [Entry("9", "Pot")], []),
]  # fmt: skip


class Page(HTMLParser):
    """Collects tags and checks that they are closed."""

    VOID = ("meta", "br", "link", "img")

    def __init__(self, html):
        super().__init__()
        self.tags, self.open = [], []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_groups_of_people_and_items_are_shown():
    page = render(FACTS, PICTURES, PEOPLE)
    Page(page)
    shown = page[page.index('<section id="exposure">') : page.index('<section id="people">')]
    assert "light: up to 10 items" in shown
    assert "0.3000" in shown
    assert shown.count("&lt;i&gt;seller") == 15
    assert "and 5 smaller groups" in shown
    assert 'style="width:50.0%"' in shown
    quality = FACTS["quality"] | {"groups": None}
    assert '<section id="exposure">' not in render(FACTS | {"quality": quality}, PICTURES)


def test_the_page_needs_nothing_but_itself():
    html = render(FACTS, PICTURES, PEOPLE)
    tags = Page(html).tags
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in tags}
    for _, attributes in tags:
        assert "src" not in attributes
        assert attributes.get("href", "#").startswith("#")
    assert "url(" not in html.replace("url(#", "")
    assert "@import" not in html


def test_what_a_log_says_is_text_and_never_markup():
    html = render(FACTS, PICTURES, PEOPLE)
    for text in ("log<1>.csv", "<i>buy", "<b>ann</b>", "</code><script>"):
        assert text not in html
    for text in (
        "log&lt;1&gt;.csv",
        "&lt;b&gt;ann&lt;/b&gt;",
        "Tea &amp; cake",
        "seconds &amp; UTC",
    ):
        assert text in html


def test_it_tells_what_happened():
    text = re.sub(r"<[^>]+>", " ", render(FACTS, PICTURES, PEOPLE))
    text = " ".join(unescape(text).split())
    for said in (
        "12 people, 34 items, 1,234 events between 1 January 2024 and 7 January 2024.",
        "12 people now have a list of up to 20 items",
        "Judged on the last purchase.",
        "0.3000", "popularity: 0.1000", "better", "worse",
        "rows 1,300", "and 1 earlier", "nothing: no item is left for this person",
        "500 ms", "100 MB", 'name = "als"',
        "Not recommended again: what the person had as buy or cart.",
    ):  # fmt: skip
        assert said in text, said


def test_a_run_without_judging_times_kinds_and_people():
    facts = copy.deepcopy(FACTS) | {"quality": None}
    facts["data"] |= {"kinds": {}, "first": None, "last": None}
    html = render(facts, Pictures(None, {"events": np.array([1])}))
    Page(html)
    assert "Nothing was held out" in html
    assert 'id="people"' not in html


def test_numbers_for_people():
    assert [figure(x) for x in (0.12345, 1.5, 12.345, 1234.56, -0.5)] == [
        "0.1235", "1.5000", "12.35", "1,234.6", "−0.5000",  # noqa: RUF001
    ]  # fmt: skip
