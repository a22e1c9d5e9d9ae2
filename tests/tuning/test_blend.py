"""A blend is a model like others: the contract suite, and what is its own."""

import tomllib

import contract
import numpy as np
import pytest
import scipy.sparse as sp

import pyrec
from pyrec.config import build, to_toml
from pyrec.errors import ConfigError
from pyrec.models.abilities import Explains, FoldsIn
from pyrec.workflow.runconfig import RunConfig

BLENDS = [
    pyrec.Blend(members=[pyrec.EASE(regularization=3), pyrec.ItemKNN(neighbors=9)], weights=[1, 2]),
    pyrec.Blend(members=[pyrec.ALS(factors=8, alpha=5), pyrec.UserKNN(neighbors=9)]),
    pyrec.Blend(
        members=[pyrec.ALS(factors=8, alpha=5), pyrec.EASE(regularization=3)],
        weights=[1, 1],
        normalisation="ranks",
    ),
]


@pytest.fixture(scope="class", params=BLENDS, ids=["scores", "learnt", "ranks"])
def estimator(request):
    return request.param


class TestBlends(contract.ModelContract):
    pass


@pytest.fixture(scope="module")
def log():
    """Two communities, a third of whose choices are chance."""
    rng = np.random.default_rng(5)
    same = (np.arange(200)[:, None] % 2) == (np.arange(60)[None, :] % 2)
    dense = rng.random((200, 60)) < np.where(same, 0.3, 0.08)
    return pyrec.Interactions.from_scipy(sp.csr_array(dense.astype(np.float32)))


def test_one_member_ranks_as_it_does_alone(log):
    alone = pyrec.EASE(regularization=30).fit(log)
    blend = pyrec.Blend(members=[alone.estimator]).fit(log)
    users = log.users.ids
    np.testing.assert_array_equal(blend.recommend(users).rows, alone.recommend(users).rows)


def test_it_is_the_weighted_sum_of_scaled_scores(log):
    """With a pool as large as the catalogue, against dense numpy."""
    members = [pyrec.EASE(regularization=30), pyrec.ItemKNN(neighbors=20)]
    blend = pyrec.Blend(members=members, weights=[0.3, 0.7], pool=60).fit(log)
    seen = log.to_scipy().toarray() > 0
    users, items = np.arange(200)[:, None], np.arange(60)[None, :]
    total = np.zeros((200, 60))
    for weight, member in zip([0.3, 0.7], members, strict=True):
        model = member.fit(log)
        scores = model.score(users, items).astype(np.float64)
        rows = model.recommend(np.arange(200), k=60)
        for user in range(200):
            reference = rows.scores[user, : rows.counts[user]].astype(np.float64)
            total[user] += weight * scores[user] / reference.std()
    np.testing.assert_allclose(blend.score(users, items), total, rtol=1e-5)
    expected = np.argsort(
        -np.where(seen, -np.inf, blend.score(users, items)), axis=1, kind="stable"
    )
    np.testing.assert_array_equal(blend.recommend(np.arange(200), k=5).rows, expected[:, :5])


def test_reciprocal_ranks(log):
    members = [pyrec.EASE(regularization=30), pyrec.ItemKNN(neighbors=20)]
    blend = pyrec.Blend(members=members, weights=[1, 1], normalisation="ranks").fit(log)
    ranking = blend.recommend(3, k=1)
    total = 0.0
    for member in members:
        ranked = member.fit(log).recommend(3, k=60).rows.tolist()
        total += 60 / (60 + 1 + ranked.index(ranking.rows[0]))
    assert ranking.scores[0] == pytest.approx(total, rel=1e-6)
    assert not isinstance(blend, Explains)


def test_weights_are_learnt_from_what_helps(log, caplog):
    good, bad = pyrec.EASE(regularization=30), pyrec.Popularity()
    with caplog.at_level("INFO", "pyrec"):
        blend = pyrec.Blend(members=[bad, good], metric="ndcg@5").fit(log)
    assert blend.weights[1] > blend.weights[0]
    assert blend.weights.sum() == pytest.approx(1)
    assert "ndcg@5 of" in caplog.text


def test_a_member_without_weight_is_not_kept(log, tmp_path):
    members = [pyrec.Popularity(), pyrec.EASE(regularization=30)]
    blend = pyrec.Blend(members=members, weights=[0, 1]).fit(log)
    assert [member.estimator.name for member in blend.members] == ["ease"]
    blend.save(tmp_path / "m")
    loaded = pyrec.load(tmp_path / "m")
    assert loaded.recommend(5).rows.tolist() == blend.recommend(5).rows.tolist()


def test_it_can_do_what_all_members_can(log):
    folding = pyrec.Blend(members=[pyrec.EASE(), pyrec.Popularity()], weights=[1, 1]).fit(log)
    assert isinstance(folding, FoldsIn)
    assert not isinstance(folding, Explains)
    explaining = pyrec.Blend(members=[pyrec.EASE(), pyrec.ALS(factors=4)], weights=[1, 1]).fit(log)
    assert isinstance(explaining, Explains)


def test_newcomers_get_the_lists_of_users_with_the_same_history(log):
    members = [pyrec.EASE(regularization=30), pyrec.ItemKNN(neighbors=20)]
    blend = pyrec.Blend(members=members, weights=[1, 0.5], pool=20).fit(log)
    expected = blend.recommend(log.users.ids, k=5)
    found = blend.recommend_for(log, k=5)
    np.testing.assert_array_equal(found.rows, expected.rows)
    np.testing.assert_array_equal(found.scores, expected.scores)


def test_in_a_configuration():
    config = RunConfig.from_dict(
        {
            "data": {"path": "log.csv", "user": "who", "item": "what"},
            "model": {
                "name": "blend",
                "members": [{"name": "ease"}, {"name": "als", "factors": 8}],
            },
        }
    )
    blend = config.estimator()
    assert blend.estimators() == [pyrec.EASE(), pyrec.ALS(factors=8)]
    again = tomllib.loads(to_toml(config.complete()))["model"]
    assert build(pyrec.Blend, {k: v for k, v in again.items() if k != "name"}) == blend


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"members": [{"name": "esae"}]}, "'esae' is no model; did you mean 'ease'"),
        ({"members": [{}]}, r"members\[0\].name: say which model"),
        ({"members": ["als", 3]}, r"members\[0\].name: say which model"),
        ({"members": [{"name": "als", "factor": 3}]}, r"members\[0\].factor: unknown option"),
        ({"members": []}, "members: "),
        ({"weights": [1]}, "weights: there are 1 for 2 members"),
        ({"weights": [0, 0]}, "weights: one at least must be above 0"),
        ({"weights": [1, -1]}, "weights"),
        ({"metric": "rmse"}, "metric: must be one of users' lists"),
        ({"metric": "coverage@5"}, "metric: must be one of users' lists"),
        ({"normalisation": "rank"}, "did you mean 'ranks'"),
    ],
)
def test_what_is_no_blend_is_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        pyrec.Blend(**options)


def test_nothing_to_learn_weights_from(caplog):
    model = pyrec.Blend().fit(sp.csr_array(np.eye(3, dtype=np.float32)))
    assert model.weights.tolist() == [0.5, 0.5]
    assert "nothing tells the members apart" in caplog.text
