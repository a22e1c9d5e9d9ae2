"""BPR: factors learnt from pairs of an item that was chosen and one that was not."""

from time import perf_counter
from typing import Annotated, ClassVar

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from pyrec import _kernels
from pyrec._kernels import Csr
from pyrec.arguments import require_memory
from pyrec.data.interactions import Interactions, entry_rows, select
from pyrec.errors import DataError
from pyrec.models.base import Callback, Estimator
from pyrec.models.factors import FactorModel, FactorStep
from pyrec.models.search import Floats, Integers, Ranges
from pyrec.runtime import resolve_threads

__all__ = ["BPR", "BPRModel"]

_F32 = NDArray[np.float32]

# Standard deviation of the length of a row of factors at the start, whatever their number.
_LENGTH = 0.8


class BPR(Estimator, frozen=True, kw_only=True):
    """Bayesian personalised ranking: what a user had shall score above what they had not.

    Maximises the sum of ``ln sigmoid(u.i - u.j)``, for items `i` that user `u` had and items `j`
    that they had not, less a penalty on large factors, by stochastic gradient descent (Rendle,
    Freudenthaler, Gantner, Schmidt-Thieme: BPR: Bayesian personalized ranking from implicit
    feedback, UAI 2009). Every pair with a weight above 0 counts the same.

    Of most random items `j` there is soon nothing left to learn. So several are drawn for each
    step, and the one that the user scores highest is taken (Zhang, Chen, Wang, Yu: Optimizing top-N
    collaborative filtering via dynamic negative item sampling, SIGIR 2013).

    The steps are dealt out so that threads never touch the same factors: the result has the same
    bits for any number of threads.

    Parameters
    ----------
    factors : int, default 64
        Number of factors.
    learning_rate : float, default 0.1
        Size of the first steps; it falls linearly to 0.
    regularization : float, default 0.05
        Weight of the penalty on large factors.
    candidates : int, default 8
        Items drawn for each step, of which one is taken; 1 is BPR as published in 2009. The more,
        the more the top of the lists counts, and the slower.
    epochs : int, default 60
        Passes over the interactions.
    random_state : int, default 0
        Seed of the start, of the order and of what is drawn.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> bought = sp.csr_array([[1, 1, 0, 0], [1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 1]])
    >>> BPR(factors=4, epochs=200).fit(bought).recommend(2, k=1).ids.tolist()
    [1]
    """

    name: ClassVar[str] = "bpr"
    search: ClassVar[Ranges] = {
        "factors": Integers(low=32, high=256, log=True),
        "learning_rate": Floats(low=0.02, high=0.5, log=True),
        "regularization": Floats(low=0.001, high=0.2, log=True),
        "candidates": Integers(low=1, high=64, log=True),
        "epochs": Integers(low=25, high=200, log=True),
    }

    factors: Annotated[int, Meta(ge=1, le=4096)] = 64
    learning_rate: Annotated[float, Meta(gt=0, le=1)] = 0.1
    regularization: Annotated[float, Meta(ge=0, le=1)] = 0.05
    candidates: Annotated[int, Meta(ge=1, le=1024)] = 8
    epochs: Annotated[int, Meta(ge=1)] = 60
    random_state: Annotated[int, Meta(ge=0)] = 0

    def _fit(self, interactions: Interactions, callback: Callback | None) -> "BPRModel":
        require_memory(
            4 * sum(interactions.shape) * self.factors + 16 * interactions.nnz,
            "factors",
            "ask for fewer `factors`",
        )
        liked = select(interactions.csr, interactions.csr.values > 0)
        if liked.nnz == 0:
            raise DataError("interactions: no weight is above 0, so nobody chose anything")
        random = np.random.default_rng(self.random_state)
        scale = np.float32(_LENGTH / np.sqrt(self.factors))
        users, items = (
            scale * random.standard_normal((n, self.factors), np.float32)
            for n in interactions.shape
        )
        users[np.diff(liked.offsets) == 0] = 0
        for epoch in range(self.epochs):
            started = perf_counter()
            _kernels.bpr_epoch(
                liked,
                users,
                items,
                epoch=epoch,
                learning_rate=self.learning_rate * (1 - epoch / self.epochs),
                regularization=self.regularization,
                candidates=self.candidates,
                seed=self.random_state % 2**64,
                threads=resolve_threads(),
            )
            step = FactorStep(
                epoch + 1,
                perf_counter() - started,
                lambda: _loss(interactions, users, items),
                lambda: BPRModel(self, interactions, users.copy(), items.copy()),
            )
            if callback is not None and callback(step):
                break
        return BPRModel(self, interactions, users, items)


def _loss(interactions: Interactions, users: _F32, items: _F32) -> float:
    """Return the mean of -ln sigmoid over interactions, each against the item after it."""
    csr = interactions.csr
    rows = entry_rows(csr)
    others = ((csr.columns + 1) % csr.shape[1]).astype(np.int32)
    liked, other = (
        _kernels.score_pairs(users, items, rows, of, threads=resolve_threads())
        for of in (csr.columns, others)
    )
    return float(np.mean(np.logaddexp(0, -(liked - other), dtype=np.float64)))


class BPRModel(FactorModel):
    """A fitted `BPR`; the score of a pair is the inner product of its factors.

    Attributes
    ----------
    user_factors : float32 (n_users, factors)
        Read-only. Zero for a user without interactions.
    item_factors : float32 (n_items, factors)
        Read-only.
    """

    estimator: BPR

    def fold_in(self, histories: Csr, threads: int = 0) -> _F32:
        """Return factors of people from their histories: trained as users were, the items fixed.

        Parameters
        ----------
        histories : Csr (n, n_items)
            Weights over item rows, as in the training data; what is above 0 was chosen.
        threads : int, default 0
            Number of threads; 0 means the default of the process.
        """
        return _kernels.bpr_fold_in(
            select(histories, histories.values > 0),
            self.item_factors,
            epochs=self.estimator.epochs,
            learning_rate=self.estimator.learning_rate,
            regularization=self.estimator.regularization,
            candidates=self.estimator.candidates,
            seed=self.estimator.random_state % 2**64,
            threads=resolve_threads(threads),
        )
