"""SessionKNN: what was had in the past sessions that are most like the running one."""

from typing import Annotated, Any, ClassVar, Self

import numpy as np
import scipy.sparse as sp
from msgspec import Meta
from numpy.typing import NDArray

from pyrec import _kernels
from pyrec._kernels import Csr
from pyrec.data.bits import Words
from pyrec.data.columns import owned
from pyrec.data.interactions import Interactions, as_csr
from pyrec.data.sequences import Sequences
from pyrec.io.artifact import part_of
from pyrec.models.base import Lists
from pyrec.models.neighbors import csr_arrays, csr_from, rank
from pyrec.models.query import Filter
from pyrec.models.search import Floats, Integers, Ranges
from pyrec.models.sequential import Sequential, SequentialModel
from pyrec.runtime import resolve_threads

__all__ = ["SessionKNN", "SessionKNNModel"]


class SessionKNN(Sequential, frozen=True, kw_only=True):
    """Recommend what was had in the past sessions most like the running one.

    Of the `sample` latest sessions that share an item with the running one, the `neighbors` most
    similar are taken: similarity is the sum of the recency weights of the shared items. An item's
    score is the sum over those that had it of similarity, times the weight of the latest shared
    item, times ``log(1 + sessions / sessions with the item) ** rarity``. This is V-SKNN (Ludewig,
    Jannach: Evaluation of session-based recommendation algorithms, UMUAI 28, 2018, section 3.2.2)
    with the weights and the index of VMIS-kNN (Kersbergen, Sprangers, Schelter: Serenade, SIGMOD
    2022), which makes the time of a request independent of how many sessions are known.

    Parameters
    ----------
    neighbors : int, default 100
        How many sessions are listened to.
    sample : int, default 1000
        How many of the latest sessions are compared.
    length : int, default 20
        How many of the latest distinct items of the running session are looked at.
    recency : float, default 1
        How much more the latest items of the running session count: the one with `n` others after
        it weighs ``(1 + n) ** -recency``.
    rarity : float, default 1
        How much more rare items are recommended; 0 for not at all.

    Examples
    --------
    >>> import pyrec
    >>> log = pyrec.Events.from_ids(
    ...     users=[1, 1, 1, 2, 2], items=["tea", "cup", "pot", "mug", "jug"]
    ... )
    >>> model = SessionKNN().fit(log)
    >>> model.recommend_for(["pot", "cup"], k=2).ids.tolist()
    ['tea', None]
    """

    name: ClassVar[str] = "session_knn"
    search: ClassVar[Ranges] = {
        "neighbors": Integers(low=50, high=1000, log=True),
        "sample": Integers(low=500, high=5000, log=True),
        "recency": Floats(low=0, high=3),
        "rarity": Floats(low=0, high=2),
    }

    neighbors: Annotated[int, Meta(ge=1)] = 100
    sample: Annotated[int, Meta(ge=1)] = 1000
    length: Annotated[int, Meta(ge=1)] = 20
    rarity: Annotated[float, Meta(ge=0, le=10)] = 1.0

    def _fit_sequences(self, sequences: Sequences, lately: Interactions) -> "SessionKNNModel":
        n = len(sequences)
        latest_first = n - 1 - sequences.rows
        pairs = as_csr(
            sp.coo_array(
                (sequences.weights, (latest_first, sequences.item_rows)), (n, sequences.item_count)
            ),
            "sessions",
        )
        having = np.bincount(pairs.columns, minlength=sequences.item_count)
        rarity = np.log1p(n / np.maximum(having, 1)) ** self.rarity
        values = owned(rarity[pairs.columns].astype(np.float32))
        sessions = Csr(pairs.offsets, pairs.columns, values, pairs.shape[1])
        return SessionKNNModel(self, lately, sessions, sessions.transposed())


class SessionKNNModel(SequentialModel):
    """A fitted `SessionKNN`.

    Attributes
    ----------
    sessions : Csr (n_sessions, n_items)
        What past sessions recommend, from the latest session on.
    sessions_of : Csr (n_items, n_sessions)
        Its transpose: the sessions of each item.
    """

    estimator: SessionKNN

    def __init__(
        self, estimator: SessionKNN, interactions: Interactions, sessions: Csr, sessions_of: Csr
    ) -> None:
        super().__init__(estimator, interactions)
        self.sessions = sessions
        self.sessions_of = sessions_of

    def nearest(self, running: Csr, threads: int) -> Csr:
        """Return the nearest past sessions of running ones (rows of weights), with influences."""
        options = self.estimator
        offsets, columns, values = _kernels.nearest_sessions(
            running, self.sessions_of, sample=options.sample, k=options.neighbors,
            length=options.length, threads=threads,
        )  # fmt: skip
        return Csr(owned(offsets), owned(columns), owned(values), self.sessions.shape[0])

    def _top_k(
        self,
        user_rows: NDArray[np.int32],
        k: int,
        exclude: Csr | None,
        allowed: Words | None,
        threads: int,
    ) -> Lists:
        nearest = self.nearest(self.interactions.csr.take(user_rows), threads)
        return _kernels.recommend_sparse(
            nearest, self.sessions, exclude, allowed, k=k, threads=threads
        )

    def _top_k_for(self, histories: Csr, k: int, filter_: Filter, threads: int) -> Lists:
        return rank(self.nearest(histories, threads), self.sessions, k, filter_, threads)

    def _scratch_bytes(self, n: int, k: int, threads: int) -> int:
        return super()._scratch_bytes(n, k, threads) + 8 * self.estimator.neighbors * n

    def _score(
        self, user_rows: NDArray[np.int32], item_rows: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        threads = resolve_threads()
        users, queries = np.unique(user_rows, return_inverse=True)
        nearest = self.nearest(self.interactions.csr.take(users), threads)
        return _kernels.score_pairs_sparse(
            nearest, self.sessions, queries.astype(np.int32), item_rows, threads=threads
        )

    def _arrays(self) -> dict[str, NDArray[Any]]:
        parts = {"sessions": self.sessions, "sessions_of": self.sessions_of}
        return {
            f"{part}.{name}": array
            for part, csr in parts.items()
            for name, array in csr_arrays(csr).items()
        }

    @classmethod
    def _from_arrays(
        cls, estimator: Any, interactions: Interactions, arrays: dict[str, NDArray[Any]]
    ) -> Self:
        def part(name: str, columns: int) -> Csr:
            return csr_from(part_of(arrays, name), columns)

        sessions = part("sessions", len(interactions.items))
        return cls(estimator, interactions, sessions, part("sessions_of", sessions.shape[0]))
