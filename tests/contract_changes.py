"""What every model must do that changes after its fit: the part of the contract on freshness."""

import numpy as np
import pytest
import scipy.sparse as sp

import pyrec
from pyrec.errors import DataError, NotSupportedError, UnknownIdError
from pyrec.models.abilities import Forgets, Refits, Updates


class ChangesContract:
    """Needs the fixtures `model` and `interactions` of the suite that derives from it."""

    def test_partial_fit(self, model, interactions, tmp_path):
        if not isinstance(model, Updates):
            assert not hasattr(model, "partial_fit")
            return
        day = pyrec.Events.from_ids(
            users=["u03", "u03", "v01", "v01"], items=["i02", "j01", "i04", "i06"],
            kinds=["view", "purchase", "view", "view"], timestamps=np.arange(4) + 10**6,
        )  # fmt: skip
        if getattr(model, "profile", None) is not None:
            with pytest.raises(NotSupportedError, match="cannot be updated"):
                model.partial_fit(day)
            return
        before = model.recommend(interactions.users.ids[1:], k=6)
        updated = model.partial_fit(day)
        assert type(updated) is type(model)
        assert updated.users.ids.tolist() == [*interactions.users.ids, "v01"]
        assert updated.items.ids.tolist()[: len(interactions.items) + 1] == [
            *interactions.items.ids,
            "j01",
        ]
        lists = updated.recommend(["u03", "v01"], k=len(interactions.items))
        assert not {"i02", "j01"} & set(lists.ids[0].tolist())
        assert lists.counts[1] > 10
        np.testing.assert_array_equal(
            model.recommend(interactions.users.ids[1:], k=6).scores, before.scores
        )
        with pyrec.threads(3):
            again = model.partial_fit(day.aggregate())
        np.testing.assert_array_equal(again.recommend("v01").scores, lists.scores[1][:10])
        updated.save(tmp_path / "model")
        loaded = pyrec.load(tmp_path / "model")
        np.testing.assert_array_equal(loaded.recommend("v01").rows, lists.rows[1][:10])
        with pytest.raises(DataError, match="there are none"):
            model.partial_fit(sp.csr_array((3, 4), dtype=np.float32))
        if isinstance(model, Refits):
            refit, found = model.estimator.fit(updated.interactions)._arrays(), updated._arrays()
            for name, array in refit.items():
                np.testing.assert_array_equal(array, found[name], err_msg=name)

    def test_forget(self, model, interactions, tmp_path):
        if not isinstance(model, Forgets):
            assert not hasattr(model, "forget")
            return
        folder = tmp_path / "model"
        model.save(folder)
        less = pyrec.load(folder).forget(["u03", "u40"])
        assert type(less) is type(model)
        assert len(less.users) == len(interactions.users) - 2
        others = [u for u in interactions.users.ids[1:].tolist() if u not in ("u03", "u40")]
        if not isinstance(model, Refits):
            np.testing.assert_array_equal(
                less.recommend(others, k=6).scores, model.recommend(others, k=6).scores
            )
        with pytest.raises(UnknownIdError):
            less.recommend("u03")
        less.save(folder)
        for file in folder.iterdir():
            assert b"u03" not in file.read_bytes(), file
            assert b"u40" not in file.read_bytes(), file
        assert pyrec.load(folder).interactions.nnz == model.interactions.nnz - sum(
            np.diff(interactions.csr.offsets)[[3, 40]]
        )
        with pytest.raises(UnknownIdError, match="nobody"):
            model.forget("nobody")
        with pytest.raises(DataError, match="these are all"):
            model.forget(model.users.ids)
