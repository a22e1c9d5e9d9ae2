"""Alternating least squares with the objective, the start and the order of steps of implicit."""

import logging
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import DTypeLike, NDArray

from pyrec import _kernels
from pyrec._kernels import Csr
from pyrec.arguments import require_memory
from pyrec.compat.implicit.cpu.matrix_factorization_base import (
    Factors,
    MatrixFactorizationBase,
    checked_dtype,
)
from pyrec.compat.implicit.gpu import refuse
from pyrec.compat.implicit.recommender_base import ModelFitError, queries, rows_of
from pyrec.compat.implicit.utils import check_csr, check_random_state, tracked
from pyrec.data.interactions import Interactions, as_csr
from pyrec.errors import DataError, NumericalError
from pyrec.models.als import ALS
from pyrec.models.als_training import aligned
from pyrec.runtime import resolve_threads

__all__ = ["AlternatingLeastSquares", "calculate_loss"]

_F32 = NDArray[np.float32]

logger = logging.getLogger("pyrec")


class AlternatingLeastSquares(MatrixFactorizationBase):
    """Implicit-feedback matrix factorization (Hu, Koren, Volinsky 2008).

    Minimises the sum, over all pairs, of ``c (p - u.v)^2``, where the confidence `c` of an observed
    pair is `alpha` times its weight and 1 of all others, and `p` is 1 where the weight is above 0
    and else 0; plus `regularization` times the squares of all factors. `pyrec.ALS` minimises the
    same with ``unobserved_weight=1, regularization_exponent=0``.

    Parameters
    ----------
    factors : int, default 100
        Number of factors.
    regularization : float, default 0.01
        Weight of the penalty on large factors.
    alpha : float, default 1
        Confidence per unit of weight.
    dtype : {float32, float64}
        The type of the factors that are kept. Arithmetic is in float32, and in float64 where that
        loses too many digits.
    use_native : bool
        No effect: there is one implementation.
    use_cg : bool, default True
        Three steps of conjugate gradients per row instead of the exact solution.
    use_gpu : bool, default False
        Refused if true.
    iterations : int, default 15
        Passes over users and items.
    calculate_training_loss : bool, default False
        Compute the loss after each iteration, for the callback and the logger ``pyrec``.
    num_threads : int, default 0
        0 means the default of the process.
    random_state : int, Generator, RandomState or None
        Seed of the start; None draws one.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> likes = sp.csr_matrix([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 1]])
    >>> model = AlternatingLeastSquares(factors=2, alpha=10, random_state=1)
    >>> model.fit(likes, show_progress=False)
    >>> ids, scores = model.recommend(0, likes[0], N=1)
    >>> ids.tolist()
    [2]
    """

    _STORED = (
        "factors", "regularization", "alpha", "use_native", "use_cg", "iterations", "cg_steps",
        "calculate_training_loss", "num_threads", "random_state",
    )  # fmt: skip

    def __init__(
        self,
        factors: int = 100,
        regularization: float = 0.01,
        alpha: float = 1.0,
        dtype: DTypeLike = np.float32,
        use_native: bool = True,
        use_cg: bool = True,
        use_gpu: bool = False,
        iterations: int = 15,
        calculate_training_loss: bool = False,
        num_threads: int = 0,
        random_state: Any = None,
    ) -> None:
        refuse(use_gpu)
        super().__init__(num_threads)
        self.factors = factors
        self.regularization = regularization
        self.alpha = alpha
        self.dtype = checked_dtype(dtype)
        self.use_native = use_native
        self.use_cg = use_cg
        self.iterations = iterations
        self.calculate_training_loss = calculate_training_loss
        self.cg_steps = 3
        self.random_state = random_state

    def fit(
        self,
        user_items: Any,
        show_progress: bool = True,
        callback: Callable[[int, float, float | None], Any] | None = None,
    ) -> None:
        """Learn from confidences.

        Factors that the model has already are where the training goes on, if their shapes fit.

        Parameters
        ----------
        user_items : csr_matrix (n_users, n_items)
            Above 0 what was liked, below 0 what was disliked.
        show_progress : bool, default True
            Draw a bar, if tqdm is installed.
        callback : callable, optional
            Called after each iteration with its number from 0, its seconds, and the loss or None.

        Raises
        ------
        ConfigError
            If a parameter is out of range.
        ModelFitError
            If the training diverges, or equations are singular.
        """
        data = Interactions.from_scipy(check_csr(user_items))
        options = self._options("cg" if self.use_cg else "exact")
        users, items = self._begin(data.shape)
        threads, scratch = resolve_threads(self.num_threads), _kernels.AlsScratch()
        fixed, loss = _kernels.AlsSide(options), None
        halves = [(data.csr, items, users), (data.by_item, users, items)]
        for iteration in tracked(range(self.iterations), show_progress):
            started = perf_counter()
            for matrix, others, solved in halves:
                _solve(matrix, fixed, others, solved, scratch, threads)
            if self.calculate_training_loss:
                loss = _mean_loss(data.csr, users, items, options, threads, self.alpha)
                logger.info("iteration %d: loss %.4f", iteration, loss)
            if callback is not None:
                callback(iteration, perf_counter() - started, loss)
        self._keep(users, items)

    def _begin(self, shape: tuple[int, int]) -> tuple[_F32, _F32]:
        """Return factors to start from, at cache lines: those at hand, or small random ones."""
        needed = 8 * self.factors * sum(shape)
        require_memory(needed, "factors", "use fewer `factors`")
        random = check_random_state(self.random_state)
        begun = []
        for rows, side in zip(shape, (self._users, self._items), strict=True):
            start = self._start(side, rows, self.factors)
            begun.append(aligned(rows, self.factors))
            if start is None:
                begun[-1][:] = random.random((rows, self.factors), dtype=self.dtype) * 0.01
            else:
                begun[-1][:] = start
        return begun[0], begun[1]

    def _options(self, solver: str) -> _kernels.AlsOptions:
        return ALS(
            factors=self.factors,
            regularization=self.regularization,
            alpha=self.alpha,
            cg_steps=self.cg_steps,
            unobserved_weight=1.0,
            regularization_exponent=0.0,
        ).kernel_options(solver)

    def recalculate_user(self, userid: Any, user_items: Any) -> NDArray[Any]:
        """Return the factors that fit what users liked best, exactly; the model stays as it is.

        Parameters
        ----------
        userid : int or array_like of int
            Only how many there are counts.
        user_items : csr_matrix (n, n_items)
            A row for each.
        """
        return self._folded(self._items, userid, user_items, "user_items")

    def recalculate_item(self, itemid: Any, item_users: Any) -> NDArray[Any]:
        """Return the factors that fit the users of items best, exactly; the model stays as it is.

        Parameters
        ----------
        itemid : int or array_like of int
            Only how many there are counts.
        item_users : csr_matrix (n, n_users)
            A row for each.
        """
        return self._folded(self._users, itemid, item_users, "item_users")

    def _folded(self, side: Factors | None, ids: Any, matrix: Any, name: str) -> NDArray[Any]:
        others = self._fitted(side)
        rows = rows_of(check_csr(matrix), np.size(ids), len(others), name)
        threads = resolve_threads(self.num_threads)
        key = (self.alpha, self.regularization)
        if key not in others.prepared:
            fixed = _kernels.AlsSide(self._options("exact"))
            fixed.prepare(others.single, threads=threads)
            others.prepared[key] = fixed
        solved = aligned(rows.shape[0], others.array.shape[1])
        try:
            _kernels.als_solve(
                rows, others.prepared[key], solved, _kernels.AlsScratch(), threads=threads
            )
        except NumericalError as error:
            raise ModelFitError(f"{name}: {error}") from None
        found = solved.astype(self.dtype)
        return found[0] if np.ndim(ids) == 0 else found

    def partial_fit_users(self, userids: Any, user_items: Any) -> None:
        """Compute some users anew from what they liked; numbers that are new add users.

        Parameters
        ----------
        userids : array_like of int
            Users; those up to the highest that are not named and not known get factors of 0.
        user_items : csr_matrix (n, n_items)
            A row for each.
        """
        found = self.recalculate_user(userids, user_items)
        self.user_factors = _replaced(self._fitted(self._users), userids, found, "userids")

    def partial_fit_items(self, itemids: Any, item_users: Any) -> None:
        """Compute some items anew from who liked them; numbers that are new add items.

        Parameters
        ----------
        itemids : array_like of int
            Items; those up to the highest that are not named and not known get factors of 0.
        item_users : csr_matrix (n, n_users)
            A row for each.
        """
        found = self.recalculate_item(itemids, item_users)
        self.item_factors = _replaced(self._fitted(self._items), itemids, found, "itemids")

    def explain(
        self, userid: int, user_items: Any, itemid: int, user_weights: Any = None, N: int = 10
    ) -> tuple[float, list[tuple[int, float]], Any]:
        """Say which of the things that a user liked speak for an item, and how much.

        Parameters
        ----------
        userid : int
            A row of `user_items`.
        user_items : csr_matrix (n_users, n_items)
            What everybody liked.
        itemid : int
            The item.
        user_weights : optional
            The third of what an earlier call returned for the same user; saves most of the work.
        N : int, default 10
            How many contributions to return.

        Returns
        -------
        total : float
            The score of the pair, were the user computed from `user_items`.
        contributions : list of (item, float)
            The largest first; over all items they sum to `total`.
        user_weights
            For further calls.
        """
        items = self._fitted(self._items)
        csr = as_csr(check_csr(user_items), "user_items")
        user = int(queries(userid, csr.shape[0], "userid")[0][0])
        item = int(queries(itemid, len(items), "itemid")[0][0])
        of = slice(csr.offsets[user], csr.offsets[user + 1])
        history = items.array[csr.columns[of]].astype(np.float64)
        confidence = self.alpha * csr.values[of].astype(np.float64)
        if user_weights is None:
            normal = self._gram(items) + (history.T * (np.abs(confidence) - 1)) @ history
            try:
                user_weights = scipy.linalg.cho_factor(normal)
            except np.linalg.LinAlgError:
                raise ModelFitError(
                    f"userid {userid}: singular equations; raise `regularization`"
                ) from None
        # Hu, Koren, Volinsky 2008, section 5: the user is A^-1 sum(c v), and so the score of an
        # item w is the sum of c v.A^-1 w over what was liked.
        direction = scipy.linalg.cho_solve(user_weights, items.array[item].astype(np.float64))
        parts = np.maximum(confidence, 0) * (history @ direction)
        liked = np.flatnonzero(confidence > 0)
        best = liked[np.argsort(-parts[liked], kind="stable")][:N]
        contributions = [(int(csr.columns[of][at]), float(parts[at])) for at in best]
        return float(parts.sum()), contributions, user_weights

    def _gram(self, items: Factors) -> NDArray[np.float64]:
        if "gram" not in items.prepared:
            factors = items.array.astype(np.float64)
            items.prepared["gram"] = factors.T @ factors
        penalty = self.regularization * np.eye(items.array.shape[1])
        return np.asarray(items.prepared["gram"] + penalty)

    def to_cpu(self) -> "AlternatingLeastSquares":
        """Return the model, which is on the CPU."""
        return self

    def to_gpu(self) -> None:
        """Refuse: pyrec runs on the CPU only."""
        refuse()


def calculate_loss(
    Cui: Any, X: NDArray[Any], Y: NDArray[Any], regularization: float, num_threads: int = 0
) -> float:
    """Return the objective over the sum of all confidences, observed and not.

    Parameters
    ----------
    Cui : csr_matrix (n_users, n_items)
        Confidences.
    X, Y : float array (n, factors)
        Factors of users and items.
    regularization : float
        Weight of their squares.
    num_threads : int, default 0
        0 means the default of the process.

    Examples
    --------
    >>> import numpy as np, scipy.sparse as sp
    >>> one = sp.csr_matrix([[1.0, 0.0]])
    >>> calculate_loss(one, np.array([[1.0]]), np.array([[0.0], [1.0]]), regularization=0)
    1.0
    """
    model = AlternatingLeastSquares(X.shape[1], regularization)
    users, items = (np.ascontiguousarray(side, dtype=np.float32) for side in (X, Y))
    options, threads = model._options("exact"), resolve_threads(num_threads)
    return _mean_loss(as_csr(Cui), users, items, options, threads, model.alpha)


def _mean_loss(
    csr: Csr, users: _F32, items: _F32, options: _kernels.AlsOptions, threads: int, alpha: float
) -> float:
    if csr.shape != (len(users), len(items)):
        raise DataError(f"factors: of {len(users)} users and {len(items)} items for {csr.shape}")
    total = _kernels.als_objective(csr, users, items, options, threads=threads)
    observed = alpha * float(np.abs(csr.values).sum(dtype=np.float64))
    return total / (observed + csr.shape[0] * csr.shape[1] - csr.nnz)


def _solve(
    matrix: Csr,
    fixed: _kernels.AlsSide,
    others: _F32,
    solved: _F32,
    scratch: _kernels.AlsScratch,
    threads: int,
) -> None:
    try:
        fixed.prepare(others, threads=threads)
        _kernels.als_solve(matrix, fixed, solved, scratch, threads=threads)
    except NumericalError as error:
        raise ModelFitError(str(error)) from None


def _replaced(side: Factors, ids: Any, found: NDArray[Any], name: str) -> NDArray[Any]:
    """Return the factors with some rows replaced, and with as many more as that takes."""
    wanted = np.atleast_1d(np.asarray(ids))
    rows = max(len(side), int(wanted.max(initial=-1)) + 1)
    queries(wanted, rows, name)
    known, factors = side.array, side.array.shape[1]
    require_memory(known.itemsize * rows * factors, name, "number them without large gaps")
    grown = np.zeros((rows, factors), known.dtype)
    grown[: len(known)] = known
    grown[wanted] = found
    grown.flags.writeable = False
    return grown
