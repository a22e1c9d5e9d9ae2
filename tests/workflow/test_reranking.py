"""What [[rerank]] says, as entrants beside the plain model."""

import numpy as np
import pytest

import pyrec
from pyrec.config import build
from pyrec.data.catalogue import Catalogue
from pyrec.errors import ConfigError, DataError
from pyrec.workflow.reranking import Reranking, check_models, reranked


@pytest.fixture(scope="module")
def events():
    rng = np.random.default_rng(0)
    times = np.sort(rng.integers(0, 40 * 86_400_000_000, 400))
    users, items = rng.integers(0, 30, 400), rng.integers(0, 25, 400)
    return pyrec.Events.from_ids(users=users, items=items, timestamps=times)


@pytest.fixture(scope="module")
def model(events):
    return pyrec.Popularity().fit(events)


def of(**options):
    return build(Reranking, options)


CALM, FRESH = {"method": "popularity"}, {"method": "freshness", "half_life": 5}


def test_entrants_are_called_after_model_and_steps(model, events):
    rerankings = [
        of(steps=[CALM]), of(steps=[FRESH, CALM]), of(steps=[CALM], candidates=40),
        of(steps=[CALM], label="calm", models="popularity"), of(steps=[CALM], models=["als"]),
    ]  # fmt: skip
    found = reranked(rerankings, "popularity", model, events, None)
    assert list(found) == [
        "popularity + popularity 1", "popularity + freshness, popularity",
        "popularity + popularity 2", "popularity + calm",
    ]  # fmt: skip
    assert [one.candidates for one in found.values()] == [100, 100, 40, 100]
    assert reranked(rerankings[-1:], "popularity", model, events, None) == {}


def test_items_are_as_old_as_their_first_event(model, events):
    (one,) = reranked([of(steps=[FRESH])], "popularity", model, events, None).values()
    first = {
        item: events.timestamps[events.item_rows == row].min()
        for row, item in enumerate(events.items.ids.tolist())
    }
    ages = [(events.timestamps.max() - first[item]) / 86_400_000_000 for item in model.items.ids]
    np.testing.assert_allclose(one.context.ages, ages)


def test_the_catalogue_says_more(model, events):
    columns = {"seller": np.array(["a", "b"])[np.arange(25) % 2],
               "since": np.full(25, "1970-01-01")}  # fmt: skip
    catalogue = Catalogue(pyrec.Vocabulary(np.arange(25)), columns)
    floor = of(steps=[FRESH, {"method": "exposure", "groups": "seller", "share": 0.3}])
    (one,) = reranked([floor], "popularity", model, events, catalogue).values()
    assert list(one.context.groups) == ["seller"]
    np.testing.assert_allclose(one.context.ages, events.timestamps.max() / 86_400_000_000)
    with pytest.raises(ConfigError, match="rerank: the column 'seller' of items is needed"):
        reranked([floor], "popularity", model, events, None)
    other = of(steps=[{"method": "calibration", "groups": "brand"}])
    with pytest.raises(DataError, match="no column 'brand'"):
        reranked([other], "popularity", model, events, catalogue)


def test_models_are_checked():
    check_models([of(steps=[CALM])], ["als"])
    with pytest.raises(ConfigError, match=r"rerank\[1\].models: .* 'asl'; did you mean 'als'"):
        check_models([of(steps=[CALM]), of(steps=[CALM], models="asl")], ["als"])
