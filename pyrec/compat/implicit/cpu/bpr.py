"""Bayesian personalised ranking with the parameters of implicit."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pyrec import _kernels
from pyrec._kernels import Csr
from pyrec.arguments import require_memory
from pyrec.compat.implicit.cpu.matrix_factorization_base import (
    MatrixFactorizationBase,
    checked_dtype,
)
from pyrec.compat.implicit.gpu import refuse
from pyrec.compat.implicit.utils import check_csr, check_random_state, tracked
from pyrec.data.interactions import as_csr, entry_rows, frozen, select
from pyrec.models.bpr import BPR
from pyrec.runtime import resolve_threads

__all__ = ["BayesianPersonalizedRanking"]

_F32 = NDArray[np.float32]


class BayesianPersonalizedRanking(MatrixFactorizationBase):
    """Bayesian personalised ranking (Rendle et al., UAI 2009).

    Maximises the sum of ``ln sigmoid(u.i - u.j)``, for items `i` that user `u` liked and random
    items `j` that they did not, by steps of a size that stays the same. `pyrec.BPR` takes steps
    that get smaller, from a start that is larger.

    Parameters
    ----------
    factors : int, default 100
        Number of factors. Arrays have one column more, as in implicit: 1 for users, and for items
        0, since no bias is learnt.
    learning_rate : float, default 0.01
        Size of the steps.
    regularization : float, default 0.01
        Weight of the penalty on large factors.
    dtype : {float32, float64}
        The type of the factors that are kept; arithmetic is in float32.
    iterations : int, default 100
        Passes over the interactions.
    use_gpu : bool, default False
        Refused if true.
    num_threads : int, default 0
        0 means the default of the process. The result is the same for any number.
    verify_negative_samples : bool, default True
        No effect: what the user liked is never taken for `j`.
    random_state : int, Generator, RandomState or None
        Seed of the start and of what is drawn; None draws one.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> likes = sp.csr_matrix([[1, 1, 0, 0], [1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 1]])
    >>> model = BayesianPersonalizedRanking(factors=4, learning_rate=0.05, random_state=1)
    >>> model.fit(likes, show_progress=False)
    >>> model.item_factors.shape
    (4, 5)
    """

    _STORED = (
        "factors", "learning_rate", "regularization", "iterations", "num_threads",
        "verify_negative_samples", "random_state",
    )  # fmt: skip

    def __init__(
        self,
        factors: int = 100,
        learning_rate: float = 0.01,
        regularization: float = 0.01,
        dtype: DTypeLike = np.float32,
        iterations: int = 100,
        use_gpu: bool = False,
        num_threads: int = 0,
        verify_negative_samples: bool = True,
        random_state: Any = None,
    ) -> None:
        refuse(use_gpu)
        super().__init__(num_threads)
        self.factors = factors
        self.learning_rate = learning_rate
        self.regularization = regularization
        self.dtype = checked_dtype(dtype)
        self.iterations = iterations
        self.verify_negative_samples = verify_negative_samples
        self.random_state = random_state

    def fit(
        self,
        user_items: Any,
        show_progress: bool = True,
        callback: Callable[[int, float, int, int], Any] | None = None,
    ) -> None:
        """Learn from what was liked: the pairs with a weight above 0, however large.

        Factors that the model has already are where the training goes on, if their shapes fit.

        Parameters
        ----------
        user_items : csr_matrix (n_users, n_items)
            What each user liked.
        show_progress : bool, default True
            Draw a bar, if tqdm is installed.
        callback : callable, optional
            Called after each pass with its number from 0, its seconds, and two counts: of the pairs
            in the right order, each liked item against a random one, and of the pairs left out
            because the random one was liked, too.

        Raises
        ------
        ConfigError
            If a parameter is out of range.
        ModelFitError
            If the training diverges.
        """
        csr = as_csr(check_csr(user_items), "user_items")
        liked = select(csr, csr.values > 0)
        random = check_random_state(self.random_state)
        all_users, all_items = self._begin(liked, random)
        # What nobody liked is no item to learn about, and stays 0; nor is it drawn.
        present = np.unique(liked.columns)
        columns = np.searchsorted(present, liked.columns).astype(np.int32)
        pairs = Csr(liked.offsets, frozen(columns), liked.values, len(present))
        users = np.ascontiguousarray(all_users[:, :-1])
        items = np.ascontiguousarray(all_items[present, :-1])
        seed, threads = int(random.integers(2**63)), resolve_threads(self.num_threads)
        for epoch in tracked(range(self.iterations if pairs.nnz else 0), show_progress):
            started = perf_counter()
            _kernels.bpr_epoch(
                pairs,
                users,
                items,
                epoch=epoch,
                learning_rate=self.learning_rate,
                regularization=self.regularization,
                candidates=1,
                seed=seed,
                threads=threads,
            )
            if callback is not None:
                seconds = perf_counter() - started
                callback(epoch, seconds, *_in_order(pairs, users, items, epoch, threads))
        all_users[:, :-1], all_items[present, :-1] = users, items
        self._keep(all_users, all_items)

    def _begin(self, liked: Csr, random: np.random.Generator) -> tuple[_F32, _F32]:
        """Return factors to start from: those at hand, or random ones; 0 for who has no likes."""
        options = BPR(  # checks the parameters
            factors=self.factors,
            learning_rate=self.learning_rate,
            regularization=self.regularization,
        )
        rows, columns = liked.shape
        require_memory(8 * options.factors * (rows + columns), "factors", "use fewer `factors`")
        items = self._start(self._items, columns, self.factors + 1)
        if items is None:
            items = self._drawn(columns, random)
            items[np.bincount(liked.columns, minlength=columns) == 0] = 0
        users = self._start(self._users, rows, self.factors + 1)
        if users is None:
            users = self._drawn(rows, random)
            users[np.diff(liked.offsets) == 0] = 0
        users[:, -1], items[:, -1] = 1, 0
        return users, items

    def _drawn(self, rows: int, random: np.random.Generator) -> _F32:
        drawn = random.random((rows, self.factors + 1), dtype=self.dtype) - 0.5
        return (drawn / self.factors).astype(np.float32)

    def to_cpu(self) -> "BayesianPersonalizedRanking":
        """Return the model, which is on the CPU."""
        return self

    def to_gpu(self) -> None:
        """Refuse: pyrec runs on the CPU only."""
        refuse()


def _in_order(pairs: Csr, users: _F32, items: _F32, epoch: int, threads: int) -> tuple[int, int]:
    """Count liked items that score above a random one, and random ones that were liked."""
    n = pairs.shape[1]
    others = np.random.default_rng(epoch).integers(0, n, pairs.nnz, dtype=np.int32)
    rows = entry_rows(pairs)
    keys = rows * np.int64(n)
    judged = ~np.isin(keys + others, keys + pairs.columns)
    mine, theirs = (
        _kernels.score_pairs(users, items, rows, of, threads=threads)
        for of in (pairs.columns, others)
    )
    return int((mine > theirs)[judged].sum()), int((~judged).sum())
