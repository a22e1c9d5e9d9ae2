"""What an ALS training goes through: half-steps in turns, from a start, with checkpoints."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pyrec import _kernels
from pyrec._kernels import Csr
from pyrec.arguments import require_memory
from pyrec.data.interactions import Interactions
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import ConfigError, DataError, NumericalError
from pyrec.models.base import Model, Step
from pyrec.models.checkpoint import Checkpoint, digest
from pyrec.models.updating import Update
from pyrec.runtime import resolve_threads

__all__ = ["ALSStep", "Training", "aligned", "updated_factors"]

_F32 = NDArray[np.float32]


class _Settings(Protocol):
    """What of an `ALS` a training needs."""

    @property
    def factors(self) -> int: ...
    @property
    def random_state(self) -> int: ...
    def kernel_options(self, solver: str | None = None) -> _kernels.AlsOptions: ...


class ALSStep(Step):
    """One iteration of a training, as a callback sees it: ``callback(step)``, True to stop.

    Attributes
    ----------
    iteration : int
        From 1.
    seconds : float
        What this iteration took.
    """

    def __init__(
        self, iteration: int, seconds: float, training: "Training", model: Callable[[], Model]
    ) -> None:
        self.iteration = iteration
        self.seconds = seconds
        self._training = training
        self._model = model
        self._loss: float | None = None

    @property
    def loss(self) -> float:
        """The objective after this iteration, summed in double precision when first asked for."""
        if self._loss is None:
            self._loss = self._training.loss()
        return self._loss

    def model(self) -> Model:
        """Return the model as it stands after this iteration; its factors are copies."""
        return self._model()


class Training:
    """The factors on their way, and the memory that the kernels work in."""

    def __init__(self, settings: _Settings, interactions: Interactions) -> None:
        self.interactions = interactions
        needed = _needed_bytes(interactions, settings.factors)
        require_memory(needed, "factors and the transposed matrix", "use fewer `factors`")
        self.user_factors, self.item_factors = (
            _initial(rows, settings.factors, [settings.random_state, side])
            for side, rows in enumerate(interactions.shape)
        )
        self._options = settings.kernel_options()
        self._fixed = _kernels.AlsSide(self._options)
        self._scratch = _kernels.AlsScratch()

    def iterate(self) -> None:
        """Solve the users for fixed items, then the items for fixed users."""
        self._solve("users", self.interactions.csr, self.item_factors, self.user_factors)
        self._solve("items", self.interactions.by_item, self.user_factors, self.item_factors)

    def factors(self) -> tuple[_F32, _F32]:
        """Return copies of the users and items, the users solved for these items.

        Users last: then a list, a fold-in of the same history and an explanation agree.
        """
        users, items = (aligned(*side.shape) for side in (self.user_factors, self.item_factors))
        users[:], items[:] = self.user_factors, self.item_factors
        return self._sealed(users, items)

    def finish(self) -> tuple[_F32, _F32]:
        """Return the same without copies; the training ends here."""
        return self._sealed(self.user_factors, self.item_factors)

    def _sealed(self, users: _F32, items: _F32) -> tuple[_F32, _F32]:
        self._solve("users", self.interactions.csr, items, users)
        users.flags.writeable = items.flags.writeable = False
        return users, items

    def _solve(self, name: str, matrix: Csr, fixed: _F32, solved: _F32) -> None:
        try:
            self._fixed.prepare(fixed, threads=resolve_threads())
            _kernels.als_solve(
                matrix, self._fixed, solved, self._scratch, threads=resolve_threads()
            )
        except NumericalError as error:
            raise NumericalError(f"{name}: {error}") from None

    def loss(self, users: _F32 | None = None, items: _F32 | None = None) -> float:
        """Return the objective of these factors, by default of those that it holds."""
        users = self.user_factors if users is None else users
        items = self.item_factors if items is None else items
        return _kernels.als_objective(
            self.interactions.csr, users, items, self._options, threads=resolve_threads()
        )

    def checkpoint(
        self, folder: str | Path, configuration: dict[str, Any], init: Model | None
    ) -> Checkpoint:
        """Return the folder of this training's states; it has not been looked at."""
        data = self.interactions
        arrays: dict[str, NDArray[Any]] = {
            "offsets": data.csr.offsets,
            "columns": data.csr.columns,
            "values": data.csr.values,
        }
        for name, ids in (("users", data.users), ("items", data.items)):
            arrays |= {f"{name}.{key}": value for key, value in ids.to_arrays().items()}
        inputs = {"interactions": digest(arrays), "init": "none"}
        if init is not None:
            inputs["init"] = digest({"users": self.user_factors, "items": self.item_factors})
        return Checkpoint(folder, configuration, inputs)

    def resume(self, checkpoint: Checkpoint) -> int:
        """Take up the state in a checkpoint, or leave one there; return the iterations done."""
        found = checkpoint.read()
        if found is None:
            self.save(checkpoint, 0)  # what cannot be written is known before hours have passed
            return 0
        iterations, arrays = found
        self.user_factors[:] = arrays["user_factors"]
        self.item_factors[:] = arrays["item_factors"]
        return iterations

    def save(self, checkpoint: Checkpoint, iterations: int) -> None:
        """Replace the state in a checkpoint."""
        arrays = {"user_factors": self.user_factors, "item_factors": self.item_factors}
        checkpoint.write(iterations, arrays)

    def start_from(self, init: Any) -> None:
        """Take from an earlier model the factors of the users and items that it knows.

        Raises
        ------
        ConfigError
            If it has another number of factors.
        DataError
            If it is not of ALS, or knows none of the users and items.
        """
        if not (hasattr(init, "user_factors") and hasattr(init, "item_factors")):
            raise DataError(f"init: must be a fitted ALS, not {type(init).__name__}")
        found, wanted = init.user_factors.shape[1], self.user_factors.shape[1]
        if found != wanted:
            raise ConfigError(
                f"init: has {found} factors and this ALS {wanted}; set factors={found}, or leave "
                "init out"
            )
        data = self.interactions
        known = _take_known(init.users, init.user_factors, data.users, self.user_factors)
        known += _take_known(init.items, init.item_factors, data.items, self.item_factors)
        if known == 0:
            raise DataError(
                "init: knows none of these users and items; are the ids of the same kind?"
            )


def _needed_bytes(interactions: Interactions, factors: int) -> int:
    """Return what a training allocates: both factors, one of them padded, and the transpose."""
    users, items = interactions.shape
    padded = -(-factors // 16) * 16
    return (
        4 * factors * (users + items)
        + 4 * padded * max(users, items)
        + 8 * (interactions.nnz + items)
    )


def updated_factors(
    settings: _Settings, update: Update, users: _F32, items: _F32
) -> tuple[_F32, _F32]:
    """Return the factors after an update; only the rows that it touches are solved.

    New users first, so that items learn from them; then the touched items, as a training goes on,
    from where they stand; then the touched users, exactly, so that their lists and a fold-in of
    their histories agree. Known users do not move before their items do: that took longer, and
    on `online_retail` NDCG@20 was 1% less.
    """
    n_users, n_items = update.interactions.shape
    needed = 4 * settings.factors * (n_users + n_items + max(n_users, n_items))
    require_memory(needed, "a second copy of the factors", "fit again with fewer `factors`")
    newcomers = update.users[update.users >= len(users)]
    users, items = _extended(users, n_users), _extended(items, n_items)
    exact, usual = settings.kernel_options("exact"), settings.kernel_options()
    if len(newcomers):
        _solve_rows(exact, newcomers, update.interactions.csr.take(newcomers), items, users)
    _solve_rows(usual, update.items, update.by_item, users, items)
    _solve_rows(exact, update.users, update.by_user, items, users)
    users.flags.writeable = items.flags.writeable = False
    return users, items


def _solve_rows(
    options: _kernels.AlsOptions, rows: NDArray[np.int32], matrix: Csr, fixed: _F32, solved: _F32
) -> None:
    """Solve some rows, from where they stand; `matrix` has a row for each of them."""
    side = _kernels.AlsSide(options)
    side.prepare(fixed, threads=resolve_threads())
    chosen = aligned(len(rows), fixed.shape[1])
    np.take(solved, rows, axis=0, out=chosen)
    _kernels.als_solve(matrix, side, chosen, _kernels.AlsScratch(), threads=resolve_threads())
    solved[rows] = chosen


def _extended(factors: _F32, rows: int) -> _F32:
    """Return a copy with rows of zeros behind it."""
    longer = aligned(rows, factors.shape[1])
    longer[: len(factors)], longer[len(factors) :] = factors, 0
    return longer


def aligned(rows: int, factors: int) -> _F32:
    """Return an uninitialised matrix that starts at a cache line, which kernels read faster."""
    memory = np.empty(rows * factors + 16, dtype=np.float32)
    start = -(memory.ctypes.data // memory.itemsize) % 16
    return memory[start : start + rows * factors].reshape(rows, factors)


def _initial(rows: int, factors: int, seed: list[int]) -> _F32:
    """Draw small factors, the same for a seed whatever the threads."""
    generator = np.random.Generator(np.random.Philox(np.random.SeedSequence(seed)))
    matrix = aligned(rows, factors)
    generator.standard_normal(out=matrix, dtype=np.float32)
    matrix *= np.float32(0.1 / np.sqrt(factors))
    return matrix


def _take_known(known: Vocabulary, factors: _F32, wanted: Vocabulary, to: _F32) -> int:
    """Copy the rows of ids that both have; return how many."""
    if known.is_integer != wanted.is_integer:
        return 0
    rows = known.encode(wanted.ids, missing="mark")
    both = rows >= 0
    to[both] = factors[rows[both]]
    return int(both.sum())
