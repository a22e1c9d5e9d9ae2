"""What every model must do: one suite, run for each estimator in test_models.py."""

import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from contract_changes import ChangesContract

import pyrec
from pyrec.config import build
from pyrec.data.interactions import Interactions
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import DataError, NotSupportedError, UnknownIdError
from pyrec.models.abilities import (
    Explains,
    FoldsIn,
    SimilarItems,
    SimilarUsers,
)
from pyrec.models.registry import estimator_class

USERS, ITEMS = 60, 40


def shop(seed=0):
    """Interactions of two communities, with string ids and kinds; user 0 has had nothing."""
    rng = np.random.default_rng(seed)
    same = (np.arange(USERS)[:, None] % 2) == (np.arange(ITEMS)[None, :] % 2)
    dense = rng.random((USERS, ITEMS)) < np.where(same, 0.35, 0.05)
    dense[0] = False
    weights = dense * rng.integers(1, 6, dense.shape)
    matrix = sp.csr_array(weights.astype(np.float32))
    users = Vocabulary([f"u{i:02d}" for i in range(USERS)])
    items = Vocabulary([f"i{i:02d}" for i in range(ITEMS)])
    plain = Interactions.from_scipy(matrix, users=users, items=items)
    kinds = rng.integers(1, 4, plain.nnz).astype(np.uint32)
    kinds.flags.writeable = False
    times = rng.permutation(plain.nnz)
    return Interactions(users, items, plain.csr, kinds, ("view", "purchase"), times)


def one_kind(interactions):
    """The same, each pair with only the first of its kinds."""
    bits = interactions.kinds & -interactions.kinds.astype(np.int64)
    return replace(interactions, kinds=bits.astype(np.uint32))


def seen_by(interactions, row, kind=None):
    start, end = interactions.csr.offsets[row : row + 2]
    columns = interactions.csr.columns[start:end]
    if kind is not None:
        bit = 1 << interactions.kind_names.index(kind)
        columns = columns[(interactions.kinds[start:end] & bit) != 0]
    return set(interactions.items.decode(columns).tolist())


class ModelContract(ChangesContract):
    """Subclass with a fixture `estimator`, and with `fit` where that takes more arguments."""

    def fit(self, estimator, data):
        return estimator.fit(data)

    @pytest.fixture(scope="class")
    @classmethod
    def interactions(cls):
        return shop()

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, estimator, interactions):
        return cls().fit(estimator, interactions)

    # -- lists ------------------------------------------------------------------------------------

    def test_a_batch_is_a_matrix_of_ranked_lists(self, model):
        users = model.users.ids[1:20]
        ranking = model.recommend(users, k=7)
        assert ranking.rows.shape == ranking.scores.shape == ranking.ids.shape == (19, 7)
        assert ranking.rows.dtype == np.int32
        assert ranking.scores.dtype == np.float32
        for rows, scores, count in zip(ranking.rows, ranking.scores, ranking.counts, strict=True):
            keys = list(zip(-scores[:count], rows[:count], strict=True))
            assert keys == sorted(keys), "score descending, then row ascending"
            assert len(set(rows[:count])) == count
            assert (rows[count:] == -1).all()
            assert np.isneginf(scores[count:]).all()
            assert np.isfinite(scores[:count]).all()

    def test_one_user_gets_one_list_with_the_same_bits(self, model):
        users = model.users.ids[1:]
        batch = model.recommend(users, k=9)
        for i in (0, 5, 30):
            single = model.recommend(str(users[i]), k=9)
            assert single.rows.ndim == 1
            np.testing.assert_array_equal(single.rows, batch.rows[i])
            np.testing.assert_array_equal(single.scores, batch.scores[i])

    def test_seen_items_do_not_appear(self, model, interactions):
        ranking = model.recommend(model.users.ids, k=ITEMS)
        for row, ids in enumerate(ranking.ids.tolist()):
            assert not seen_by(interactions, row) & set(ids)

    def test_seen_items_may_appear_when_asked(self, model):
        users = model.users.ids[1:]
        everything = model.recommend(users, k=ITEMS, exclude_seen=False)
        some = model.recommend(users, k=ITEMS)
        assert (everything.counts > some.counts).any()
        assert (everything.counts >= some.counts).all()

    def test_only_one_kind_may_be_excluded(self, model, interactions):
        ranking = model.recommend(model.users.ids, k=ITEMS, exclude_seen="purchase")
        viewed = 0
        for row, ids in enumerate(ranking.ids.tolist()):
            assert not seen_by(interactions, row, "purchase") & set(ids)
            viewed += len(seen_by(interactions, row, "view") & set(ids))
        assert viewed > 0
        with pytest.raises(DataError, match=r"kind 'buy' is unknown.*'view', 'purchase'"):
            model.recommend("u01", exclude_seen="buy")

    def test_what_was_disliked_is_not_raised_and_not_shown_again(self, estimator, model):
        before = model.interactions if len(model.items) == ITEMS else shop()
        user, item = "u05", next(f"i{i:02d}" for i in range(5, ITEMS, 2)
                                 if f"i{i:02d}" not in seen_by(before, 5))  # fmt: skip
        bad = pyrec.Events.from_ids(
            users=[user], items=[item], kinds=["dislike"], timestamps=[10**6]
        )
        log = pyrec.Events.concat([pyrec.Events.from_interactions(one_kind(shop())), bad])
        weights, refusal = {"view": 1, "purchase": 2, "dislike": -3}, ""
        try:
            found = self.fit(estimator, log.aggregate(kind_weights=weights))
        except DataError as error:
            refusal = str(error)
        if refusal:
            assert "negative" in refusal or "needs weights of 0 or more" in refusal
            return
        never = self.fit(estimator, log.aggregate(kind_weights=weights | {"dislike": 0}))
        assert found.score(user, item) <= never.score(user, item) + 1e-6
        lists = found.recommend(user, k=ITEMS, exclude_seen="purchase").ids.tolist()
        assert item not in lists
        assert item in found.recommend(user, k=ITEMS, exclude_seen=False).ids.tolist()

    def test_short_lists_are_short(self, model, interactions):
        ranking = model.recommend("u01", k=ITEMS + 5)
        assert len(ranking.rows) == ITEMS + 5
        assert ranking.counts <= ITEMS - len(seen_by(interactions, 1))
        assert ranking.ids.tolist()[int(ranking.counts) :] == [None] * (
            ITEMS + 5 - int(ranking.counts)
        )

    # -- filters ----------------------------------------------------------------------------------

    def test_allow_and_block_lists(self, model):
        wanted = ["i05", "i06", "i20", "i21", "i30"]
        everyone = model.users.ids[1:]
        for ids in model.recommend(everyone, k=5, items=wanted).ids.tolist():
            assert set(ids) - {None} <= set(wanted)
        for ids in model.recommend(everyone, k=ITEMS, exclude=wanted).ids.tolist():
            assert not set(ids) & set(wanted)

    def test_lists_per_user(self, model):
        users = ["u03", "u04"]
        own = [["i01", "i03", "i05"], ["i02", "i04", "nobody knows"]]
        ranking = model.recommend(users, k=3, items=own, exclude_seen=False)
        for ids, allowed in zip(ranking.ids.tolist(), own, strict=True):
            assert set(ids) - {None} <= set(allowed)
        assert ranking.counts.tolist() == [3, 2]
        unfiltered = model.recommend(users, k=ITEMS, exclude_seen=False)
        blocked = model.recommend(users, k=ITEMS, exclude=own, exclude_seen=False)
        for before, after, out in zip(
            unfiltered.ids.tolist(), blocked.ids.tolist(), own, strict=True
        ):
            assert [i for i in before if i is not None and i not in out] == [
                i for i in after if i is not None
            ]

    def test_when_everything_is_filtered_the_list_is_empty(self, model):
        ranking = model.recommend("u01", k=3, items=[])
        assert ranking.counts == 0
        assert ranking.rows.tolist() == [-1, -1, -1]

    # -- users ------------------------------------------------------------------------------------

    def test_unknown_users(self, model):
        with pytest.raises(UnknownIdError, match="nobody"):
            model.recommend("nobody")
        empty = model.recommend(["nobody", "u01"], k=4, unknown="empty")
        assert empty.counts[0] == 0
        assert empty.rows[1].tolist() == model.recommend("u01", k=4).rows.tolist()
        popular = model.recommend(["nobody", "u01"], k=4, unknown="popular")
        baseline = pyrec.Popularity().fit(model.interactions).recommend("u00", k=4)
        assert popular.ids[0].tolist() == baseline.ids.tolist()
        with pytest.raises(DataError, match="unknown: must be"):
            model.recommend("u01", unknown="guess")

    def test_a_user_without_history(self, model):
        ranking = model.recommend("u00", k=4)
        assert ranking.counts == (0 if model.personal else 4)
        assert model.recommend("u00", k=4, unknown="popular").counts == 4

    def test_no_users_no_lists(self, model):
        ranking = model.recommend(np.array([], dtype=np.dtypes.StringDType()), k=4)
        assert ranking.rows.shape == (0, 4)

    @pytest.mark.parametrize("k", [0, -1, 1.5, "3", None, True])
    def test_bad_k(self, model, k):
        with pytest.raises(DataError, match="k: must be a whole number"):
            model.recommend("u01", k=k)

    # -- scores -----------------------------------------------------------------------------------

    def test_scores_of_pairs_are_those_of_the_lists(self, model):
        users = model.users.ids[1:]
        ranking = model.recommend(users, k=5, exclude_seen=False)
        for user, ids, scores in zip(users, ranking.ids, ranking.scores, strict=True):
            np.testing.assert_array_equal(model.score(str(user), ids), scores)
        assert isinstance(model.score("u01", "i01"), float)
        table = model.score(users[:4, None], model.items.ids[None, :6])
        assert table.shape == (4, 6)
        with pytest.raises(UnknownIdError):
            model.score("u01", "nothing")

    # -- determinism ------------------------------------------------------------------------------

    def test_same_input_same_bits(self, estimator, interactions, model):
        users = model.users.ids[1:]
        expected = model.recommend(users, k=6)
        for threads in (1, 2, 7):
            with pyrec.threads(threads):
                again = self.fit(estimator, interactions).recommend(users, k=6)
            np.testing.assert_array_equal(again.rows, expected.rows)
            np.testing.assert_array_equal(again.scores, expected.scores)

    def test_many_threads_may_ask_at_once(self, model):
        users = model.users.ids[1:]
        expected = model.recommend(users, k=6).scores
        with ThreadPoolExecutor(8) as pool:
            for scores in pool.map(lambda _: model.recommend(users, k=6).scores, range(32)):
                np.testing.assert_array_equal(scores, expected)

    @pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
    def test_it_works_after_fork(self, model):
        expected = model.recommend(model.users.ids[1:], k=6, threads=2)
        child = os.fork()
        if child == 0:
            again = model.recommend(model.users.ids[1:], k=6, threads=2)
            os._exit(0 if np.array_equal(again.scores, expected.scores) else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

    # -- configuration and artefacts --------------------------------------------------------------

    def test_configuration_round_trip(self, estimator):
        kind = estimator_class(estimator.name)
        assert build(kind, estimator.get_params()) == estimator
        assert pickle.loads(pickle.dumps(estimator)) == estimator

    def test_save_and_load(self, model, tmp_path):
        model.save(tmp_path / "model")
        loaded = pyrec.load(tmp_path / "model", verify=True)
        assert type(loaded) is type(model)
        assert loaded.estimator == model.estimator
        users = model.users.ids[1:]
        for exclude_seen in (True, "purchase"):
            before = model.recommend(users, k=6, exclude_seen=exclude_seen)
            after = loaded.recommend(users, k=6, exclude_seen=exclude_seen)
            np.testing.assert_array_equal(after.rows, before.rows)
            np.testing.assert_array_equal(after.scores, before.scores)
            assert after.ids.tolist() == before.ids.tolist()

    def test_an_estimator_says_how_to_get_a_model(self, estimator):
        with pytest.raises(NotSupportedError, match=r"is not fitted: use model = .*\.fit"):
            estimator.recommend("u01")

    def test_events_may_be_given_instead_of_pairs(self, estimator, interactions):
        plain = replace(interactions, kinds=None, kind_names=())
        pairs, events = (
            self.fit(estimator, data) for data in (plain, pyrec.Events.from_interactions(plain))
        )
        users = plain.users.ids[1:]
        np.testing.assert_array_equal(
            events.recommend(users, k=6).scores, pairs.recommend(users, k=6).scores
        )

    def test_nothing_to_learn_from(self, estimator):
        with pytest.raises(DataError, match="there are none"):
            self.fit(estimator, sp.csr_array((3, 4), dtype=np.float32))

    def test_one_user_and_one_item(self, estimator):
        alone = replace(Interactions.from_scipy(sp.csr_array([[1.0]])), timestamps=[0])
        if "factors" in estimator.get_params():  # there are no more than one
            estimator = estimator.replace(factors=1)
        model = self.fit(estimator, alone)
        assert model.recommend(0, k=3).counts == 0
        assert model.recommend(0, k=3, exclude_seen=False).counts <= 1

    # -- abilities --------------------------------------------------------------------------------

    def test_fold_in(self, model, interactions):
        if not isinstance(model, FoldsIn):
            assert not hasattr(model, "recommend_for")
            return
        one = model.recommend_for(["i01", "i03", "i05"], k=5)
        assert one.rows.shape == (5,)
        assert not {"i01", "i03", "i05"} & set(one.ids.tolist())
        batch = model.recommend_for([["i01", "i03", "i05"], [], ["i02", "no such item"]], k=5)
        np.testing.assert_array_equal(batch.rows[0], one.rows)
        np.testing.assert_array_equal(batch.scores[0], one.scores)
        assert batch.counts[1] == 0
        assert batch.counts[2] > 0
        odd = sum(int(i[1:]) % 2 for i in one.ids.tolist() if i is not None)
        if model.personal and model.estimator.name != "explicit_als":  # it looks at ratings only
            assert odd >= one.counts / 2, "people who like odd items get mostly odd ones"
        rows = interactions.to_scipy()[[3, 4]]
        assert model.recommend_for(rows, k=5).rows.shape == (2, 5)
        with pytest.raises(DataError, match="are they transposed"):
            model.recommend_for(sp.csr_array((ITEMS, USERS)), k=5)

    def test_similar_items(self, model):
        if not isinstance(model, SimilarItems):
            assert not hasattr(model, "similar_items")
            return
        batch = model.similar_items(["i01", "i02"], k=5)
        assert batch.rows.shape == (2, 5)
        assert "i01" not in batch.ids[0].tolist()
        one = model.similar_items("i02", k=5)
        np.testing.assert_array_equal(one.rows, batch.rows[1])
        np.testing.assert_array_equal(one.scores, batch.scores[1])
        with pytest.raises(UnknownIdError):
            model.similar_items("nothing")

    def test_similar_users(self, model):
        if not isinstance(model, SimilarUsers):
            assert not hasattr(model, "similar_users")
            return
        one = model.similar_users("u01", k=5)
        assert "u01" not in one.ids.tolist()
        assert set(one.ids.tolist()) <= set(model.users.ids.tolist()) | {None}

    def test_explanations_add_up(self, model, interactions):
        if not isinstance(model, Explains):
            assert not hasattr(model, "explain")
            return
        item = model.recommend("u03", k=1).ids[0]
        explanation = model.explain("u03", item, k=ITEMS)
        assert set(explanation.ids.tolist()) <= seen_by(interactions, 3)
        np.testing.assert_allclose(explanation.contributions.sum(), explanation.total, rtol=1e-6)
        np.testing.assert_allclose(explanation.total, model.score("u03", item), rtol=0.05)
        assert (np.diff(explanation.contributions) <= 0).all()
        assert len(model.explain("u03", item, k=2).ids) <= 2

    def test_explanations_of_many_lists_are_those_of_each_item(self, model):
        if not isinstance(model, Explains):
            assert not hasattr(model, "explain_batch")
            return
        lists = model.recommend(["u03", "u01", "u05"], k=4)
        many = model.explain_batch(lists, k=2)
        again = model.explain_batch(lists, k=2, threads=3)
        np.testing.assert_array_equal(many.contributions, again.contributions)
        assert many.rows.shape == (3, 4, 2)
        for place, item in enumerate(lists.ids[0]):
            if item is None:
                assert np.all(many.rows[0, place] == -1)
                continue
            one, found = model.explain("u03", item, k=2), many.of(0, place)
            np.testing.assert_allclose(found.contributions, one.contributions, rtol=1e-4, atol=1e-6)
            np.testing.assert_allclose(found.total, one.total, rtol=1e-4, atol=1e-6)
            for row, added in zip(found.rows, found.contributions, strict=True):
                known = dict(model.explain("u03", item, k=ITEMS))
                np.testing.assert_allclose(
                    known[model.items.decode(row)], added, rtol=1e-4, atol=1e-6
                )
        chosen = model.explain_batch(["u03"], lists.ids[:1, :2], k=2)
        np.testing.assert_array_equal(chosen.rows[0], many.rows[0, :2])
        with pytest.raises(DataError, match="items: must be a list for each of the 2 users"):
            model.explain_batch(["u03", "u01"], lists.ids[:1, :2])
