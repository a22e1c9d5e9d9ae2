"""What all models here have in common: their methods, and the checks of arguments."""

import os
import warnings
from abc import ABC, abstractmethod
from typing import Any, Self, TypeAlias
from zipfile import BadZipFile

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from pyrec._kernels import Csr
from pyrec.data.bits import Words, pack
from pyrec.data.interactions import as_csr
from pyrec.errors import ArtifactError, DataError, NotSupportedError, NumericalError, UnknownIdError
from pyrec.models.query import checked_k

__all__ = [
    "NO_SCORE",
    "ModelFitError",
    "OutOfModelError",
    "RecommenderBase",
    "UnavailableError",
    "finished",
    "length",
    "npz",
    "only",
    "queries",
    "rows_of",
    "stored_arrays",
]

Answer: TypeAlias = tuple[NDArray[Any], NDArray[Any]]

NO_SCORE = -float(np.finfo(np.float32).max)
"""The score of what stands in a list only to fill it."""


class ModelFitError(NumericalError):
    """A training that ended in no model."""


class OutOfModelError(UnknownIdError, IndexError):
    """The number of a user or item that the model does not have."""


class UnavailableError(NotSupportedError, NotImplementedError):
    """A method or an argument that this kind of model has no use for."""


class RecommenderBase(ABC):
    """The methods that all models here have. Users and items are row numbers, from 0."""

    @abstractmethod
    def fit(self, user_items: Any, show_progress: bool = True, callback: Any = None) -> None:
        """Learn from a sparse matrix (n_users, n_items) of confidences."""

    @abstractmethod
    def recommend(
        self,
        userid: Any,
        user_items: Any,
        N: int = 10,
        filter_already_liked_items: bool = True,
        filter_items: Any = None,
        recalculate_user: bool = False,
        items: Any = None,
    ) -> Answer:
        """Return ids and scores of the best items of one user or of many.

        Parameters
        ----------
        userid : int or array_like of int
            One user gives arrays (N,), many give arrays (n, N).
        user_items : csr_matrix (n, n_items)
            What they liked: one row for each user asked for, ``user_items[userid]``.
        N : int, default 10
            Length of the lists. Where fewer items are left, the list of one user is shorter; that
            of many is filled up with id -1 and the score `NO_SCORE`.
        filter_already_liked_items : bool, default True
            Leave out what is in `user_items`.
        filter_items : array_like of int, optional
            Items to leave out for everybody.
        recalculate_user : bool, default False
            Compute the users from `user_items` instead of taking those that were trained.
        items : array_like of int, optional
            Rank these items only: all of them, those that would be left out at the end with the
            score `NO_SCORE`. Not together with `filter_items`.

        Raises
        ------
        DataError
            (a ValueError) for a malformed argument.
        OutOfModelError
            (an IndexError) for a user or item that the model does not have.
        """

    @abstractmethod
    def similar_users(
        self, userid: Any, N: int = 10, filter_users: Any = None, users: Any = None
    ) -> Answer:
        """Return ids and similarities of the users most like one or many, themselves first."""

    @abstractmethod
    def similar_items(
        self,
        itemid: Any,
        N: int = 10,
        recalculate_item: bool = False,
        item_users: Any = None,
        filter_items: Any = None,
        items: Any = None,
    ) -> Answer:
        """Return ids and similarities of the items most like one or many, themselves first."""

    @abstractmethod
    def save(self, file: Any) -> None:
        """Write an ``.npz`` to a path or an open file; it holds no pickles."""

    @classmethod
    def load(cls, fileobj_or_path: Any) -> Self:
        """Read what `save` has written, here or in implicit.

        Raises
        ------
        ArtifactError
            If it is missing, corrupt, or not of this kind of model.
        """
        model = cls()
        for name, value in stored_arrays(fileobj_or_path).items():
            if not hasattr(model, name) or callable(getattr(model, name)):
                raise ArtifactError(
                    f"{fileobj_or_path}: has {name!r}, which {cls.__name__} has not"
                )
            setattr(model, name, value.item() if value.ndim == 0 else value)
        return model

    def rank_items(
        self, userid: Any, user_items: Any, selected_items: Any, recalculate_user: bool = False
    ) -> Answer:
        """Rank all of the given items; `recommend` with `items` does the same."""
        warnings.warn("use recommend(items=...) instead", DeprecationWarning, stacklevel=2)
        return self.recommend(
            userid,
            user_items,
            N=len(selected_items),
            recalculate_user=recalculate_user,
            items=selected_items,
            filter_already_liked_items=False,
        )


def npz(file: Any) -> Any:
    """Return a path with the ending that ``numpy.savez`` gives it; an open file as it is."""
    if not isinstance(file, str | os.PathLike):
        return file
    path = os.fspath(file)
    return path if path.endswith(".npz") else path + ".npz"


def stored_arrays(file: Any) -> dict[str, NDArray[Any]]:
    """Read all arrays of an ``.npz``."""
    try:
        with np.load(npz(file), allow_pickle=False) as stored:
            return dict(stored)
    except (OSError, ValueError, BadZipFile) as error:
        raise ArtifactError(f"{file}: is no model that can be read: {error}") from None


def queries(ids: Any, n: int, name: str) -> tuple[NDArray[np.int32], bool]:
    """Return the numbers asked for, and whether it was a single one."""
    rows = np.atleast_1d(np.asarray(ids))
    if rows.ndim != 1 or (rows.size and rows.dtype.kind not in "iu"):
        raise DataError(f"{name}: must be a whole number or a 1-D array of them, not {ids!r}")
    if rows.size and (rows.min() < 0 or rows.max() >= n):
        wrong = rows[(rows < 0) | (rows >= n)][0]
        raise OutOfModelError(f"{name}: {wrong} is not in the model, which has 0 to {n - 1}")
    return rows.astype(np.int32), np.ndim(ids) == 0


def rows_of(matrix: Any, n: int, width: int, name: str = "user_items") -> Csr:
    """Return what `n` users liked of `width` items, checked."""
    if not sp.issparse(matrix) or matrix.format != "csr":
        raise DataError(f"{name} needs to be a CSR sparse matrix, not {type(matrix).__name__}")
    if matrix.shape[0] != n:
        raise DataError(
            f"{name} must contain 1 row for each of the {n} asked for, not {matrix.shape[0]}: give "
            f"{name}[ids], and of a single one its row"
        )
    csr = as_csr(matrix, name)
    if csr.shape[1] > width:
        raise DataError(f"{name}: has {csr.shape[1]} columns, and the model knows {width}")
    return Csr(csr.offsets, csr.columns, csr.values, width)


def only(
    n: int, wanted: Any, unwanted: Any, names: tuple[str, str]
) -> tuple[Words | None, NDArray[np.int32] | None]:
    """Return a bitset of what may appear, and the sorted numbers of `wanted` if it was given."""
    if wanted is not None and unwanted is not None and len(unwanted):
        raise DataError(f"{names[0]}: cannot be set together with {names[1]}")
    if wanted is not None:
        if len(wanted) == 0:
            raise DataError(f"{names[0]}: is empty; leave it out to rank all")
        mask, chosen = np.zeros(n, np.bool_), np.unique(queries(_listed(wanted), n, names[0])[0])
        mask[chosen] = True
        return pack(mask), chosen
    if unwanted is None:
        return None, None
    mask, left_out = np.ones(n, np.bool_), np.asarray(_listed(unwanted), dtype=np.int64)
    mask[left_out[(left_out >= 0) & (left_out < n)]] = False
    return pack(mask), None


def _listed(ids: Any) -> Any:
    return list(ids) if isinstance(ids, set | frozenset) else ids


def finished(
    lists: tuple[NDArray[np.int32], NDArray[np.float32]],
    scalar: bool,
    dtype: Any,
    all_of: NDArray[np.int32] | None = None,
) -> Answer:
    """Return kernels' lists as the models here return them.

    Parameters
    ----------
    lists : tuple of arrays (n, k)
        Rows and scores, padded with -1 and -inf.
    scalar : bool
        Whether a single list was asked for.
    dtype : dtype
        That of the scores.
    all_of : int32 array, optional
        What all shall be in each list, if need be at its end.
    """
    rows, scores = lists
    if all_of is not None:
        for i in np.flatnonzero(rows[:, -1] < 0):
            found = int((rows[i] >= 0).sum())
            missing = np.setdiff1d(all_of, rows[i, :found])
            rows[i, found:] = missing[: rows.shape[1] - found]
    scores = np.where(np.isneginf(scores), NO_SCORE, scores).astype(dtype)
    if scalar:
        real = rows[0] >= 0
        return rows[0][real], scores[0][real]
    return rows, scores


def length(N: Any, chosen: NDArray[np.int32] | None) -> int:
    """Return the length of the lists, which are no longer than what they are chosen from."""
    k = checked_k(N)
    return k if chosen is None else min(k, len(chosen))
