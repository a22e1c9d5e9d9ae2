import numpy as np
import pytest

import pyrec
from pyrec.data.catalogue import Catalogue
from pyrec.report.people import choose, people, people_of


@pytest.fixture
def log():
    return pyrec.Events.from_ids(
        users=["ann"] * 12 + ["bob"] * 3 + ["cyd"],
        items=[*range(12), 3, 3, 4, 99],
        kinds=["view"] * 14 + ["buy"] * 2,
        timestamps=np.datetime64("2024-01-01") + np.arange(16).astype("timedelta64[D]"),
    )


def test_people_from_little_to_much(log):
    model = pyrec.Popularity().fit(log.aggregate())
    titles = np.array(["Tea", "Pot", ""], dtype=np.dtypes.StringDType())
    catalogue = Catalogue(pyrec.Vocabulary(["3", "99", "4"]), {"title": titles})
    cyd, bob, ann = people(model, log, 3, catalogue=catalogue)
    assert [person.id for person in (cyd, bob, ann)] == ["cyd", "bob", "ann"]
    assert (bob.events, bob.items, bob.more) == (3, 2, 0)
    latest = bob.history[0]
    assert (latest.id, latest.title, latest.kind, latest.date) == ("4", "4", "buy", "2024-01-15")
    assert [entry.title for entry in bob.history] == ["4", "Tea", "Tea"]
    assert (len(ann.history), ann.more, ann.history[0].id) == (10, 2, "11")
    assert cyd.history[0].title == "Pot"
    assert [entry.title for entry in ann.list] == ["Pot"]
    assert ann.list[0].score == 1.0
    assert len(cyd.list) == 10


def test_seen_items_are_left_out_as_in_the_lists(log):
    model = pyrec.Popularity().fit(log.aggregate())
    everything = people(model, log, 3, exclude_seen=False)[1]
    assert everything.list[0].title == "3"
    bought = people(model, log, 3, exclude_seen="buy")[1]
    titles = [entry.title for entry in bought.list]
    assert titles[0] == "3"
    assert "4" not in titles


def test_a_log_without_kinds_and_times():
    log = pyrec.Events.from_ids(users=[1, 1, 2], items=["a", "b", "b"])
    model = pyrec.Popularity().fit(log.aggregate())
    found = people(model, log, 5)
    assert [person.id for person in found] == ["2", "1"]
    assert [entry.id for entry in found[1].history] == ["b", "a"]
    assert found[1].history[0].kind is None
    assert found[1].history[0].date is None
    assert found[1].list == []


@pytest.mark.parametrize(("n", "expected"), [(0, 0), (1, 1), (5, 5), (100, 40)])
def test_as_many_as_there_are(n, expected):
    rows = choose(np.arange(41), n)
    assert len(rows) == expected
    assert 0 not in rows
    assert rows.tolist() == sorted(rows.tolist())


def test_lists_that_have_been_made_with_their_reasons(log):
    model = pyrec.Popularity().fit(log)
    users = [*model.users.ids[:1], "nobody"]
    lists = model.recommend(users, k=2, unknown="popular")
    told = [["because", ""], ["popular", "popular"]]
    known, stranger = people_of(lists, log, reasons=told)
    assert (known.id, len(known.history) > 0) == (users[0], True)
    assert [entry.id for entry in known.list] == [str(i) for i in lists.ids[0] if i is not None]
    assert [entry.reason for entry in known.list] == told[0][: len(known.list)]
    assert (stranger.id, stranger.events, stranger.history) == ("nobody", 0, [])
    assert [entry.reason for entry in stranger.list] == told[1]
    assert people_of(lists, log)[1].list[0].reason == ""
