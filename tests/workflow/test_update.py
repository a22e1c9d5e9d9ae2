import numpy as np
import pytest

import pyrec
from pyrec.errors import ConfigError, DataError, NotSupportedError
from pyrec.workflow.runconfig import RunConfig
from pyrec.workflow.steps import Steps
from pyrec.workflow.update import late_events, update

HEAD = "who,what,kind,at\n"


@pytest.fixture
def model():
    log = pyrec.Events.from_ids(
        users=["ann", "ann", "bob"], items=["tea", "cup", "cup"], kinds=["view", "buy", "view"],
        timestamps=np.array([10, 20, 30]) * 10**6,
    )  # fmt: skip
    return pyrec.ALS(factors=2).fit(log.aggregate(kind_weights={"view": 1, "buy": 5}))


def plan(**more):
    data = {"path": "log.csv", "user": "who", "item": "what", "event": "kind", "timestamp": "at",
            "timestamp_unit": "s", "event_weights": {"view": 1, "buy": 5}}  # fmt: skip
    return RunConfig.from_dict({"data": data, "model": {"name": "als"}, **more})


@pytest.fixture
def day(tmp_path):
    def write(*lines):
        (tmp_path / "day.csv").write_text(HEAD + "\n".join(lines) + "\n")
        return str(tmp_path / "day.csv")

    return write


def test_weights_add_up_and_a_day_need_not_have_every_kind(model, day):
    updated, facts = update(plan(), model, day("ann,tea,view,40", "eve,pot,view,41"), Steps())
    assert facts["pairs"] == 2
    assert facts["new_users"] == facts["new_items"] == 1
    assert updated.interactions.to_scipy().toarray().tolist() == [[5, 2, 0], [1, 0, 0], [0, 0, 1]]


def test_late_events_are_refused_or_counted(model, day):
    path = day("ann,tea,view,29", "bob,tea,view,40")
    with pytest.raises(DataError, match="1 of 2 events lie before the latest"):
        update(plan(), model, path, Steps())
    _, facts = update(plan(), model, path, Steps(), allow_late=True)
    assert facts["late_events"] == 1
    undated = pyrec.Events.from_ids(users=["ann"], items=["tea"])
    assert late_events(model.interactions, undated) == 0


def test_rules_that_one_day_cannot_meet_are_left_out(model, day):
    cleaning = {"min_user_events": 5, "duplicates": True}
    path = day("ann,tea,view,40", "ann,tea,view,40")
    _, facts = update(plan(cleaning=cleaning), model, path, Steps())
    assert facts["pairs"] == 1


@pytest.mark.parametrize(
    "weighting", [{"half_life": 9}, {"window": 9}, {"scheme": "log1p"}, {"merge": "max"}]
)
def test_weights_that_do_not_add_up(model, day, weighting):
    with pytest.raises(ConfigError, match=r"weighting.*do not add up"):
        update(plan(weighting=weighting), model, day("ann,tea,view,40"), Steps())


def test_models_that_cannot(model, day):
    linear = pyrec.EASE().fit(model.interactions)
    with pytest.raises(NotSupportedError, match="ease"):
        update(plan(), linear, day("ann,tea,view,40"), Steps())
