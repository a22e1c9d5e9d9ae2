"""Models that say what a test wants them to say."""

from typing import ClassVar

import numpy as np
import reference
import scipy.sparse as sp

from pyrec.data.interactions import Interactions
from pyrec.models.abilities import FoldsIn
from pyrec.models.base import Estimator, Model

USERS, ITEMS = 40, 30


def shop(seed=11):
    """Training and test as dense masks, with repeats, and scores with ties."""
    rng = np.random.default_rng(seed)
    train = rng.random((USERS, ITEMS)) < 0.3
    test = rng.random((USERS, ITEMS)) < 0.15
    scores = rng.integers(0, 6, (USERS, ITEMS)).astype(np.float32)
    return train, test, scores


class Given(Estimator, frozen=True, kw_only=True):
    name: ClassVar[str] = "given"


class GivenModel(Model):
    """Scores come from a dense matrix, users by items."""

    def __init__(self, interactions, scores):
        if not isinstance(interactions, Interactions):
            interactions = Interactions.from_scipy(interactions)
        super().__init__(Given(), interactions)
        self.scores = np.asarray(scores, dtype=np.float32)

    def _top_k(self, user_rows, k, exclude, allowed, threads):
        return self._best(self.scores[user_rows], k, exclude)

    def _best(self, scores, k, exclude):
        mask = None
        if exclude is not None:
            arrays = (np.ones(exclude.nnz, bool), exclude.columns, exclude.offsets)
            mask = sp.csr_array(arrays, shape=exclude.shape).toarray()
        return reference.top_k(scores, k, mask)

    def _score(self, user_rows, item_rows):
        return self.scores[user_rows, item_rows]

    def _arrays(self):
        raise NotImplementedError

    @classmethod
    def _from_arrays(cls, estimator, interactions, arrays):
        raise NotImplementedError


class FoldingModel(GivenModel, FoldsIn):
    """Scores for a history are the sum of the rows (items by items) of `similar` that it picks."""

    def __init__(self, interactions, similar):
        super().__init__(interactions, np.zeros((0, 0)))
        self.similar = np.asarray(similar, dtype=np.float32)
        self.scores = self.interactions.to_scipy() @ self.similar

    def _top_k_for(self, histories, k, filter_, threads):
        arrays = (histories.values, histories.columns, histories.offsets)
        weights = sp.csr_array(arrays, shape=histories.shape)
        return self._best(weights @ self.similar, k, filter_.exclude)
