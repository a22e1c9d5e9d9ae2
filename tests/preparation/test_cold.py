import msgspec
import numpy as np
import pytest

import pyrec
from pyrec import Events
from pyrec.errors import DataError
from pyrec.preparation.cold import new_items
from pyrec.preparation.split import NewItemsSplit, NewUsersSplit, SplitOptions, TimeSplit, split

SIDES = {"items": NewItemsSplit, "users": NewUsersSplit}


def log(seed=0, n=2000):
    rng = np.random.default_rng(seed)
    return Events.from_ids(
        users=rng.integers(0, 80, n), items=rng.integers(0, 50, n), timestamps=rng.permutation(n),
        kinds=rng.choice(["view", "buy"], n, p=[0.7, 0.3]),
    )  # fmt: skip


def rows(events, side):
    return set(getattr(events, f"{side.removesuffix('s')}_rows").tolist())


@pytest.mark.parametrize("side", SIDES)
def test_whole_items_or_users_are_held_out(side):
    events = log()
    cut = split(events, SIDES[side](ratio=0.2, random_state=3, target="buy"))
    told = cut.description
    tested, known = rows(cut.test, side), rows(cut.train, side)
    assert not tested & known
    assert len(tested) == told[f"new_{side}"] == round(0.2 * told[f"eligible_{side}"])
    assert told[f"cold_{side}"] == len(tested)
    assert set(cut.test.kinds.tolist()) == {events.kind_code("buy")}
    left = told["left_out"][f"other kinds of new {side}"]
    assert left > 0
    assert len(cut.train) + len(cut.test) + left == len(events)
    assert told["repeats"] == 0
    assert cut.histories is None
    others = split(events, SIDES[side](ratio=0.2, random_state=4, target="buy"))
    assert rows(others.test, side) != tested


@pytest.mark.parametrize("side", SIDES)
def test_a_configuration_may_name_it(side):
    given = msgspec.convert({"method": f"new_{side}", "ratio": 0.25}, SplitOptions)
    assert given == SIDES[side](ratio=0.25)


def test_new_items_are_those_of_the_test_that_training_lacks():
    cut = split(log(), NewItemsSplit(ratio=0.2))
    new = new_items(cut)
    assert set(new.ids.tolist()) == set(cut.test.items.decode(cut.test.item_rows).tolist())
    assert len(new_items(split(log(), TimeSplit()))) == 0
    report = pyrec.evaluate(pyrec.Popularity().fit(cut.train), cut, candidates=new, k=5)
    assert report.counts["pairs_outside_candidates"] == 0
    assert report["recall@5"] > 0


def test_too_few_to_hold_some_out():
    one = Events.from_ids(users=[1, 2], items=[5, 5])
    with pytest.raises(DataError, match="1 items are too few to hold some out"):
        split(one, NewItemsSplit())
    with pytest.raises(DataError, match="kind"):
        split(one, NewUsersSplit(target="buy"))


def test_new_items_that_compete_among_themselves():
    cut = split(log(), NewItemsSplit(ratio=0.2, among="new"))
    assert cut.candidates == new_items(cut)
    assert split(log(), NewItemsSplit(ratio=0.2)).candidates is None
    model = pyrec.Popularity().fit(cut.train)
    told = pyrec.evaluate(model, cut, k=5)
    assert (
        told["recall@5"] == pyrec.evaluate(model, cut, candidates=new_items(cut), k=5)["recall@5"]
    )
    assert told.protocol["candidates"]
