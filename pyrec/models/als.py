"""ALS: implicit-feedback matrix factorization by alternating least squares."""

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from pyrec import _kernels
from pyrec._kernels import Csr
from pyrec.arguments import require_memory
from pyrec.data.interactions import Interactions
from pyrec.errors import ConfigError, NumericalError
from pyrec.models.abilities import Explains, Updates
from pyrec.models.als_training import ALSStep, Training, aligned, updated_factors
from pyrec.models.base import Callback, Estimator, checked_input
from pyrec.models.degrees import scaled, to_mean
from pyrec.models.factors import FactorModel
from pyrec.models.search import Floats, Integers, Ranges
from pyrec.models.updating import Drift, Update, relative_change
from pyrec.runtime import resolve_threads

__all__ = ["ALS", "UNOBSERVED", "ALSModel", "ALSStep", "Training"]

_F32 = NDArray[np.float32]

# The default weight of all items together; see `unobserved_weight`.
UNOBSERVED = 400


class ALS(Estimator, frozen=True, kw_only=True):
    r"""Implicit-feedback matrix factorization (Hu, Koren, Volinsky 2008).

    Finds factors :math:`u` of users and :math:`v` of items that minimise, with the confidence
    :math:`c = \alpha r` of an observed pair of weight :math:`r`,

    .. math::
        \sum_{observed} c (1 - u \cdot v)^2 + a_0 \sum_{others} (u \cdot v)^2
        + \sum_u \lambda_u |u|^2 + \sum_v \lambda_v |v|^2

    with :math:`\lambda_u = regularization \cdot (n_u + a_0 N)^\nu`, where :math:`n_u` counts the
    user's items and :math:`N` all items; likewise for items. With an `item_exponent` :math:`q` the
    confidence is in proportion to :math:`\alpha r / d^q`, where :math:`d` is the sum of the item's
    weights, whatever their sign; the confidences of all pairs add up to what they do without.

    A negative weight says that the user is known not to like the item: its target is 0 instead
    of 1, with confidence :math:`|c|`. A stored weight of 0 says that nothing is known: the pair
    belongs to neither sum (but counts in :math:`n_u`). Both are treated exactly, and so are
    confidences below :math:`a_0`.

    Parameters
    ----------
    factors : int, default 64
        Number of factors.
    regularization : float, default 0.01
        Weight of the penalty on large factors.
    alpha : float, default 1
        Confidence per unit of weight.
    iterations : int, default 15
        Passes over users and items.
    solver : {"cg", "exact", "subspace"}
        How a user's or item's factors are found while the others stay: by a few steps of conjugate
        gradients from where they stand (Takács, Pilászy, Tikk 2011), exactly, or exactly in blocks
        of factors one after the other (iALS++, Rendle et al. 2021). See the notes.
    cg_steps : int, default 3
        Steps of conjugate gradients; with as many as there are factors, rows are solved exactly.
    unobserved_weight : float, optional
        :math:`a_0`, the confidence that an unobserved pair is not liked. By default 400 over the
        number of items, at most 1: what all unobserved items weigh together matters, and on logs
        with 1,500 to 41,000 items the best of that lay between 150 and 1,000.
    regularization_exponent : float, default 1
        :math:`\nu`, how the penalty grows with the number of a user's or item's pairs. With 1 and a
        small `unobserved_weight` this is the objective of Rendle et al. 2022, "Revisiting the
        performance of iALS on item recommendation benchmarks".
    item_exponent : float, default 0
        :math:`q`, how much less a pair with a popular item says, and how much more one with another
        item. That not to have it tells more of a popular item is the idea of He et al. (SIGIR
        2016), too. On Gowalla 0.25 and 0.5 raise NDCG@20 of validation users by 1.2% (256 factors).
    block_size : int, default 32
        Factors in a block of "subspace", a multiple of 16. Of 16, 32, 64 and 128 the two smaller
        lower the objective the most per second.
    random_state : int, default 0
        Seed of the factors' start.

    Notes
    -----
    All solvers minimise the same objective. "exact" goes furthest per iteration, and takes the
    cheapest form for each row: the normal equations, or their dual (Woodbury) for short rows. "cg"
    comes within a few tenths of a percent of it after the same number of iterations, in two thirds
    of the time with 128 factors and less with more, or with longer rows: so it is the default. With
    64 factors or fewer and mostly short rows, "exact" costs no more. "subspace" needs no more work
    per factor however many there are, and no directions that float32 could spoil.

    Examples
    --------
    >>> import scipy.sparse as sp
    >>> likes = sp.csr_array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 1]])
    >>> model = ALS(factors=2, iterations=5, alpha=10).fit(likes)
    >>> model.recommend(0, k=1).ids.tolist()
    [2]
    >>> model.user_factors.shape, model.item_factors.shape
    ((3, 2), (4, 2))
    """

    name: ClassVar[str] = "als"
    search: ClassVar[Ranges] = {
        "factors": Integers(low=32, high=512, log=True),
        "regularization": Floats(low=0.0005, high=0.05, log=True),
        "unobserved_weight": Floats(low=0.003, high=0.5, log=True),
        "iterations": Integers(low=4, high=16, log=True),
        "item_exponent": Floats(low=0, high=0.6),
    }

    factors: Annotated[int, Meta(ge=1, le=4096)] = 64
    regularization: Annotated[float, Meta(ge=0)] = 0.01
    alpha: Annotated[float, Meta(gt=0)] = 1.0
    iterations: Annotated[int, Meta(ge=1)] = 15
    solver: Literal["cg", "exact", "subspace"] = "cg"
    cg_steps: Annotated[int, Meta(ge=1, le=1000)] = 3
    block_size: Annotated[int, Meta(ge=16, le=1024, multiple_of=16)] = 32
    unobserved_weight: Annotated[float, Meta(ge=0)] | None = None
    regularization_exponent: float = 1.0
    item_exponent: Annotated[float, Meta(ge=0, le=1)] = 0.0
    random_state: Annotated[int, Meta(ge=0)] = 0

    def fit(
        self,
        interactions: Any,
        *,
        callback: Callback | None = None,
        init: "ALSModel | None" = None,
        checkpoint: str | Path | None = None,
    ) -> "ALSModel":
        """Learn from interactions and return a fitted model.

        Parameters
        ----------
        interactions : Interactions or scipy sparse (n_users, n_items)
            One weight per pair of user and item. A plain sparse matrix of any format and numeric
            dtype is taken with row numbers as ids.
        callback : callable, optional
            Called after each iteration with an `ALSStep`; returning True stops the training there.
        init : ALSModel, optional
            Start from the factors of this model, for the ids that it knows; others start at random
            as always. Then fewer iterations will do, say after a day's new interactions.
        checkpoint : path, optional
            A folder for the state of the training, replaced after each iteration. A fit that finds
            a state there goes on from it: one that was killed and called again ends with the same
            bits as one that ran through. More `iterations` than before are allowed.

        Raises
        ------
        ConfigError, DataError
            If an argument is malformed, or is not what the checkpoint was begun with.
        ArtifactError
            If the checkpoint cannot be written, or is corrupt.
        NumericalError
            If the training diverges.
        OutOfMemoryError
            If the factors need more memory than the machine has left.
        """
        interactions = checked_input(interactions, callback)
        if self.unobserved_weight is None:
            weight = min(1.0, UNOBSERVED / len(interactions.items))
            resolved = self.replace(unobserved_weight=weight)
            return resolved.fit(interactions, callback=callback, init=init, checkpoint=checkpoint)
        self._check_penalties(interactions)
        training = Training(self, self.weighed(interactions))
        if init is not None:
            training.start_from(init)
        kept, done = None, 0
        if checkpoint is not None:
            kept = training.checkpoint(checkpoint, self._continued(), init)
            done = training.resume(kept)
        if done > self.iterations:
            raise ConfigError(
                f"iterations: is {self.iterations}, and the checkpoint in {checkpoint} has had "
                f"{done}; ask for as many or more, or name another folder"
            )
        for iteration in range(done + 1, self.iterations + 1):
            step = self._iterate(iteration, training, interactions)
            if kept is not None:
                training.save(kept, iteration)
            if callback is not None and callback(step):
                break
        return ALSModel(self, interactions, *training.finish())

    def _iterate(self, iteration: int, training: Training, data: Interactions) -> ALSStep:
        started = perf_counter()
        try:
            training.iterate()
        except NumericalError as error:
            raise NumericalError(f"iteration {iteration}, {error}") from None
        seconds = perf_counter() - started
        return ALSStep(
            iteration,
            seconds,
            training,
            lambda: ALSModel(self, data, *training.factors()),
        )

    def _continued(self) -> dict[str, Any]:
        """Return what all iterations depend on; their number may be another when one goes on."""
        return {name: value for name, value in self.get_params().items() if name != "iterations"}

    def kernel_options(self, solver: str | None = None) -> _kernels.AlsOptions:
        """Return the options of the kernels, perhaps with another solver."""
        return _kernels.AlsOptions(
            solver=solver or self.solver,
            regularization=self.regularization,
            alpha=self.alpha,
            unobserved_weight=self._unobserved,
            regularization_exponent=self.regularization_exponent,
            cg_steps=self.cg_steps,
            block_size=self.block_size,
        )

    def weighed(self, interactions: Interactions) -> Interactions:
        """Return the interactions with the weights that confidences are in proportion to."""
        if not self.item_exponent:
            return interactions
        require_memory(16 * interactions.nnz, "weights by popularity", "use an item_exponent of 0")
        csr = scaled(interactions.csr, None, self.item_weights(interactions))
        return Interactions(interactions.users, interactions.items, csr)

    def item_weights(self, interactions: Interactions) -> NDArray[np.float64]:
        """Return what the weights of each item's pairs are multiplied by, float64 (n_items,)."""
        csr = interactions.csr
        sums = np.bincount(csr.columns, np.abs(csr.values), csr.shape[1]).astype(np.float64)
        weights = to_mean(sums) ** -self.item_exponent
        return np.asarray(weights * (sums.sum() / max(sums @ weights, np.finfo(np.float64).tiny)))

    @property
    def _unobserved(self) -> float:
        assert self.unobserved_weight is not None  # `fit` has chosen it
        return self.unobserved_weight

    def penalties(self, counts: NDArray[Any], others: int) -> NDArray[np.float64]:
        """Return the penalty of rows with `counts` pairs each out of `others`."""
        weights = counts + self._unobserved * others
        with np.errstate(over="ignore", divide="ignore"):
            return np.asarray(self.regularization * weights**self.regularization_exponent)

    def _check_penalties(self, interactions: Interactions) -> None:
        # The extremes of all rows; a penalty beyond this range cannot be told apart from an error.
        extremes = np.array([1.0, max(interactions.shape)])
        for others in interactions.shape:
            if not np.all(self.penalties(extremes, others) < 1e30):
                raise ConfigError(
                    "regularization: with this regularization_exponent the penalty exceeds 1e30; "
                    "lower either"
                )


class ALSModel(FactorModel, Explains, Updates):
    """A fitted `ALS`; the score of a pair is the inner product of its factors.

    Attributes
    ----------
    user_factors : float32 (n_users, factors)
        Read-only. Zero for a user without interactions.
    item_factors : float32 (n_items, factors)
        Read-only. Zero for an item without interactions.
    drift : Drift
        How far `partial_fit` has taken it from its last whole fit.
    """

    estimator: ALS
    drift: Drift = Drift()

    def fold_in(self, histories: Csr, threads: int = 0) -> _F32:
        """Return factors of people from their histories: the exact minimum for fixed items.

        Parameters
        ----------
        histories : Csr (n, n_items)
            Weights over item rows, as in the training data. An empty row's factors are zero.
        threads : int, default 0
            Number of threads; 0 means the default of the process.

        Raises
        ------
        NumericalError
            If a person's normal equations are singular.
        """
        factors = aligned(histories.shape[0], self.estimator.factors)
        scratch, weighed = _kernels.AlsScratch(), self._weighed(histories)
        _kernels.als_solve(
            weighed, self._fixed_items, factors, scratch, threads=resolve_threads(threads)
        )
        return factors

    def _weighed(self, histories: Csr) -> Csr:
        """Return histories with the weights that confidences are in proportion to."""
        return (
            histories if self._item_weights is None else scaled(histories, None, self._item_weights)
        )

    @cached_property
    def _item_weights(self) -> NDArray[np.float64] | None:
        als = self.estimator
        return als.item_weights(self.interactions) if als.item_exponent else None

    def _updated(self, update: Update) -> Self:
        weighed = replace(update, interactions=self.estimator.weighed(update.interactions))
        users, items = updated_factors(
            self.estimator, weighed, self.user_factors, self.item_factors
        )
        model = self._with(update.interactions, users, items)
        moved = (
            relative_change(before, after, rows[rows < len(before)])
            for before, after, rows in (
                (self.user_factors, users, update.users),
                (self.item_factors, items, update.items),
            )
        )
        model.drift = self.drift.after(update, *moved)
        return model

    def _with(self, interactions: Interactions, users: _F32, items: _F32) -> Self:
        """Return the model with other interactions and factors."""
        return type(self)(self.estimator, interactions, users, items)

    def _arrays(self) -> dict[str, NDArray[Any]]:
        drift = {"drift": self.drift.to_array()} if self.drift.updates else {}
        return super()._arrays() | drift

    @classmethod
    def _from_arrays(
        cls, estimator: Any, interactions: Interactions, arrays: dict[str, NDArray[Any]]
    ) -> Self:
        model = super()._from_arrays(estimator, interactions, arrays)
        if "drift" in arrays:
            model.drift = Drift.from_array(arrays["drift"])
        return model

    @cached_property
    def _fixed_items(self) -> _kernels.AlsSide:
        """The items as a half-step wants them; as large as the item factors."""
        side = _kernels.AlsSide(self.estimator.kernel_options("exact"))
        side.prepare(self._fixed, threads=resolve_threads())
        return side

    @property
    def _fixed(self) -> _F32:
        """The factors of what a history consists of."""
        return self.item_factors

    @cached_property
    def _gram(self) -> NDArray[np.float64]:
        fixed = self._fixed
        parts = (fixed[i : i + 65536].astype(np.float64) for i in range(0, len(fixed), 65536))
        return np.asarray(sum(part.T @ part for part in parts))

    def _explain(
        self, user_row: int, item_row: int
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        history = self._weighed(self.interactions.csr.take(np.array([user_row], np.int32)))
        confidence = self.estimator.alpha * history.values.astype(np.float64)
        factors = self.item_factors[history.columns].astype(np.float64)
        found = np.maximum(confidence, 0) * (factors @ self._direction(history, item_row))
        return history.columns, found

    def _direction(self, history: Csr, item_row: int) -> NDArray[np.float64]:
        """Return what, times the factors of a part of a history, is its share of a score."""
        # The factors that minimise the objective for this user are A^-1 sum(c v); so the score of
        # an item w is the sum of c v.A^-1 w over the history (Hu, Koren, Volinsky 2008, section 5).
        als = self.estimator
        weights = np.abs(als.alpha * history.values.astype(np.float64)) - als._unobserved
        factors = self._fixed[history.columns].astype(np.float64)
        normal = als._unobserved * self._gram + (factors.T * weights) @ factors
        normal[np.diag_indices_from(normal)] += als.penalties(
            np.array(history.nnz), history.shape[1]
        )
        try:
            return np.asarray(
                np.linalg.solve(normal, self.item_factors[item_row].astype(np.float64))
            )
        except np.linalg.LinAlgError:
            raise NumericalError(
                "explain: the normal equations are singular; raise `regularization`"
            ) from None

    def _explain_batch(
        self, user_rows: NDArray[np.int32], targets: NDArray[np.int32], k: int, threads: int
    ) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.float64]]:
        histories = self._weighed(self.interactions.csr.take(user_rows))
        return _kernels.explain_als(histories, self._fixed_items, targets, k=k, threads=threads)
