import contract
import numpy as np
import pytest
from models.test_content import about
from models.test_segment_popularity import parity

import pyrec
from pyrec.errors import ConfigError
from pyrec.models.composite import besides_of, everybody, members_of, parts, plain

LOG = contract.shop()


def test_parts_are_those_that_learn():
    blend = pyrec.Blend(members=[pyrec.ContentKNN(), pyrec.ALS()])
    chain = pyrec.Fallback(links=[blend, pyrec.SegmentPopularity(), pyrec.Popularity()])
    assert [part.name for part in parts(chain)] == [
        "content_knn", "als", "segment_popularity", "popularity",
    ]  # fmt: skip
    known = {"item_features": 1, "user_features": 2, "user_segments": 3}
    assert besides_of(chain, known) == {"item_features": 1, "user_segments": 3}
    assert besides_of(pyrec.ALS(), known) == {}
    assert parts(pyrec.Auto()) == []


def test_everybody_is_who_has_events_features_or_a_segment():
    besides = {
        "item_features": about(pyrec.Vocabulary([*LOG.items.ids, "new"])),
        "user_segments": parity(["u01", "x77"]),
    }
    assert everybody(LOG, besides, items=True).shape == (61, 41)
    assert everybody(LOG, besides, items=False).shape == (61, 40)
    assert everybody(LOG, {}, items=True) == LOG


def test_members_are_plain_data_and_back():
    members = plain([pyrec.ALS(factors=3), {"name": "ease"}], "members")
    assert members[1] == {"name": "ease"}
    assert members_of(members, "members") == [pyrec.ALS(factors=3), pyrec.EASE()]
    for wrong, told in [
        ({}, r"links\[0\].name: say which"),
        (3, r"links\[0\].name: say which"),
        ({"name": "als", "factor": 3}, r"links\[0\].factor: unknown option"),
    ]:
        with pytest.raises(ConfigError, match=told):
            plain([wrong], "links")


def test_a_blend_with_features_knows_new_items_and_new_people(tmp_path):
    catalogue = about(LOG.items.extend(["new1", "new2"]))
    people = about(LOG.users.extend(["v1", "v2"]))
    blend = pyrec.Blend(
        members=[pyrec.FeatureALS(factors=8), pyrec.EASE(), pyrec.ContentKNN()],
        weights=[1, 0.2, 0.5],
    )
    model = blend.fit(LOG, item_features=catalogue, user_features=people)
    lists = model.recommend(["u05", "v1", "v2"], k=42)
    assert lists.counts.tolist()[1:] == [42, 42]
    assert {"new1", "new2"} & set(lists.ids[0].tolist())
    model.save(tmp_path / "model")
    again = pyrec.load(tmp_path / "model").recommend(["u05", "v1", "v2"], k=42)
    np.testing.assert_array_equal(again.scores, lists.scores)
    learnt = blend.replace(weights=None).fit(LOG, item_features=catalogue, user_features=people)
    assert learnt.weights.sum() == pytest.approx(1)


def test_auto_tries_models_with_features_where_there_are_any():
    catalogue = about(LOG.items.extend(["new1"]))
    members = [pyrec.ContentKNN(), pyrec.FeatureALS(factors=4)]
    named = pyrec.Auto(members=members, trials=1, budget_seconds=60)
    model = named.fit(LOG, item_features=catalogue)
    assert {one.model["name"] for one in model.tried} >= {"content_knn", "feature_als"}
    assert all(one.value is not None for one in model.tried), [one.note for one in model.tried]
    assert "new1" in model.items.ids.tolist()
