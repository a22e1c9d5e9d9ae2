"""Fallback: who is unknown to one model is left to the next, and every entry says whose it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from pyrec._kernels import Csr
from pyrec.arguments import require
from pyrec.data.bits import Words, pack
from pyrec.data.interactions import Interactions
from pyrec.data.ranking import Ranking
from pyrec.errors import ConfigError, DataError, NotSupportedError
from pyrec.io.artifact import part_of
from pyrec.models.abilities import FoldsIn
from pyrec.models.base import Estimator, Lists, Model
from pyrec.models.composite import Composite, besides_of, everybody, members_of, parts, plain
from pyrec.models.links import Linked, first_items
from pyrec.models.query import (
    Filter,
    checked_k,
    checked_rows,
    encode_queries,
    require_room,
    resolve_filter,
)
from pyrec.models.registry import model_class
from pyrec.models.ruled import Link, chained
from pyrec.models.search import Ranges
from pyrec.models.sequential import Sequential
from pyrec.models.side_information import with_items, with_users
from pyrec.rules.rules import CompiledRules, Rules

__all__ = ["Fallback", "FallbackModel", "FallbackRanking"]

# Scores of so many pairs of users and items are in memory at once.
_SCORES_AT_ONCE = 1 << 22


@dataclass(frozen=True, eq=False)
class FallbackRanking(Ranking):
    """Ranked lists whose entries come from several models.

    Parameters
    ----------
    links : tuple of str
        The names of the models, in the order of the chain.
    places : int32, shape of `rows`
        Which of them gave each entry; -2 for one that rules have pinned, -1 behind the end of a
        list. Scores of different models do not compare; within a list, entries of an earlier model
        stand before those of a later one.
    """

    links: tuple[str, ...] = ()
    places: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))

    @cached_property
    def sources(self) -> NDArray[Any]:
        """The model that gave each entry, by name; "pinned"; None behind the end of a list."""
        names = np.array([*self.links, "pinned", None], dtype=object)
        return np.asarray(names[self.places])

    def to_columns(self) -> dict[str, NDArray[Any]]:
        """Return `Ranking.to_columns`, and the source of each entry."""
        sources = self.sources[self.rows >= 0]
        return {**super().to_columns(), "source": sources.astype(np.dtypes.StringDType())}


class Fallback(Composite, frozen=True, kw_only=True):
    """Several models, each for whom and for what those before it have no answer.

    The usual chain: a personal model, one of content, the popularity within a segment, popularity.
    A list that a model leaves short is filled up by the next, without repeats. Models that are not
    personal answer for people whom nobody knows.

    Parameters
    ----------
    links : sequence of Estimator, or of mappings
        The models in their order, as estimators or as in a configuration: ``{"name": "als"}``.
    names : sequence of str, optional
        What their entries are signed with; by default the names of the models.

    Examples
    --------
    >>> import pyrec
    >>> had = {"users": [1, 1, 2, 2, 3], "items": ["tea", "mug", "tea", "pot", "tea"]}
    >>> chain = Fallback(links=[pyrec.ItemKNN(), pyrec.Popularity()])
    >>> ranking = chain.fit(pyrec.Events.from_ids(**had)).recommend([1, 99], k=2)
    >>> ranking.ids.tolist()
    [['pot', None], ['tea', 'mug']]
    >>> ranking.sources.tolist()
    [['item_knn', None], ['popularity', 'popularity']]
    """

    name: ClassVar[str] = "fallback"
    search: ClassVar[Ranges] = {}

    links: Annotated[tuple[Any, ...], Meta(min_length=1)] = (
        {"name": "als"},
        {"name": "popularity"},
    )
    names: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Check the links and their names too; links become plain data."""
        super().__post_init__()
        msgspec.structs.force_setattr(self, "links", plain(self.links, "links"))
        if self.names is not None and len(self.names) != len(self.links):
            raise ConfigError(f"names: there are {len(self.names)} for {len(self.links)} links")
        if len(set(self.signatures)) < len(self.links):
            raise ConfigError(
                f"names: must differ, but are {', '.join(self.signatures)}; give `names`"
            )

    @property
    def signatures(self) -> tuple[str, ...]:
        """The name of each link."""
        return self.names or tuple(one["name"] for one in self.links)

    def estimators(self) -> list[Estimator]:
        """Return the links as estimators."""
        return members_of(self.links, "links")

    def _fit_members(
        self, interactions: Interactions, besides: Mapping[str, Any]
    ) -> "FallbackModel":
        for part in parts(self):
            if isinstance(part, Sequential):
                raise ConfigError(
                    f"links: {part.name} learns from events in their order, the others from who "
                    "had what; fit each by itself, and chain the models by Fallback.of"
                )
        besides = besides_of(self, besides)
        # Items that nobody has had are for those links only that know what they are.
        known = everybody(interactions, besides, items=False)
        models = [one.fit(known, **besides_of(one, besides)) for one in self.estimators()]
        return FallbackModel(self.replace(links=[model.estimator for model in models]), models)

    @staticmethod
    def of(models: Sequence[Model] | Mapping[str, Model]) -> "FallbackModel":
        """Chain models that are fitted already, on the same log.

        Parameters
        ----------
        models : sequence of Model, or mapping of str to Model
            The links, perhaps by the names that their entries are signed with.

        Raises
        ------
        DataError
            If there is no model, or their ids are of different kinds.
        ConfigError
            If two have the same name.

        Examples
        --------
        >>> import pyrec, scipy.sparse as sp
        >>> had = sp.csr_array([[1, 1, 0], [1, 0, 1]])
        >>> models = {"first": pyrec.ItemKNN().fit(had), "last": pyrec.Popularity().fit(had)}
        >>> Fallback.of(models).recommend([0, 7], k=1).sources.tolist()
        [['first'], ['last']]
        """
        require(models, (Sequence, Mapping), "models", "give a list of fitted models")
        names = tuple(models) if isinstance(models, Mapping) else None
        fitted = list(models.values() if isinstance(models, Mapping) else models)
        if not fitted:
            raise DataError("models: there are none; give at least one")
        for model in fitted:
            require(model, Model, "models", "fit(...) returns one")
        links = tuple(model.estimator for model in fitted)
        return FallbackModel(Fallback(links=links, names=names), fitted)


class FallbackModel(Model, FoldsIn):
    """A fitted `Fallback`; its catalogue is that of all its models together.

    Attributes
    ----------
    models : tuple of Model
        The fitted links.
    links : tuple of str
        Their names.
    """

    estimator: Fallback

    def __init__(self, estimator: Fallback, models: Sequence[Model]) -> None:
        known = max(models, key=lambda model: model.interactions.nnz).interactions
        for model in models:
            known = with_users(with_items(known, model.items), model.users)
        super().__init__(estimator, known)
        self.models, self.links = tuple(models), estimator.signatures
        self.personal = all(model.personal for model in models)  # type: ignore[misc]

    def recommend(
        self,
        users: Any,
        k: int = 10,
        *,
        exclude_seen: bool | str | list[str] = True,
        items: Any = None,
        exclude: Any = None,
        rules: CompiledRules | None = None,
        unknown: str = "popular",
        threads: int = 0,
    ) -> FallbackRanking:
        """Return the `k` best items for each user, and which model gave each.

        Parameters
        ----------
        users, k, items, exclude, threads
            As in `Model.recommend`.
        exclude_seen : bool, str or list of str
            As there; each model knows what its own training data says.
        rules : CompiledRules, optional
            Compiled for the items of the chain. They hold for lists as a whole: what an earlier
            model gave counts under the caps when a later one goes on.
        unknown : {"popular", "raise", "empty"}
            What a user gets whom no model knows: what models that are not personal answer, an
            error, or an empty list.

        Raises
        ------
        UnknownIdError
            For an unknown user, if ``unknown="raise"``.
        DataError
            For a malformed argument.
        """
        if unknown not in ("raise", "empty", "popular"):
            raise DataError(f"unknown: must be 'raise', 'empty' or 'popular', not {unknown!r}")
        k = checked_k(k)
        missing = "raise" if unknown == "raise" else "mark"
        rows, scalar = encode_queries(users, self.users, missing=missing)
        require_room(len(rows), k)
        filter_ = resolve_filter(items, exclude, len(rows), self.items)
        options = {"exclude_seen": exclude_seen, "threads": threads}
        asked = np.atleast_1d(np.asarray(users))
        links = [one.of_users(rows, asked, unknown, options) for one in self._chain]
        found = self._chained(links, len(rows), k, filter_, rules, threads)
        if scalar:
            one, of, places = (part[0] for part in found)
            return FallbackRanking(one, of, self.items, users, links=self.links, places=places)
        return FallbackRanking(*found[:2], self.items, asked, links=self.links, places=found[2])

    def recommend_rows(
        self,
        user_rows: NDArray[np.int32],
        k: int,
        *,
        exclude_seen: bool | str | list[str] = True,
        filter_: Filter | None = None,
        threads: int = 0,
    ) -> Lists:
        """Return rows and scores for rows of users: `recommend` without ids and sources."""
        user_rows = checked_rows(user_rows, len(self.users))
        require_room(len(user_rows), k)
        options = {"exclude_seen": exclude_seen, "threads": threads}
        ids = self.users.decode(user_rows)
        links = [one.of_users(user_rows, ids, "popular", options) for one in self._chain]
        return self._chained(links, len(user_rows), k, filter_ or Filter(), None, threads)[:2]

    def save(self, path: str | Path) -> None:
        """Write the chain to a directory, whole or not at all; `pyrec.load` reads it back.

        Raises
        ------
        NotSupportedError
            If its models were not fitted on the same data: each has its own artefact then.
        ArtifactError
            As `Model.save`.
        """
        for name, link in zip(self.links, self._chain, strict=True):
            if not link.shares(self.interactions):
                raise NotSupportedError(
                    f"save: the link {name!r} was fitted on other data than the chain; fit them "
                    "together, by pyrec.Fallback(links=[...]).fit(...), or save each model"
                )
        super().save(path)

    @cached_property
    def _chain(self) -> tuple[Linked, ...]:
        return tuple(Linked.of(model, self.users, self.items) for model in self.models)

    def _chained(
        self,
        links: Sequence[Link],
        n: int,
        k: int,
        filter_: Filter,
        rules: CompiledRules | None,
        threads: int,
    ) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int32]]:
        rules = Rules().compile(None, self.items) if rules is None else rules
        return chained(rules, links, self.items, n, k, filter_, threads)

    def _top_k(
        self,
        user_rows: NDArray[np.int32],
        k: int,
        exclude: Csr | None,
        allowed: Words | None,
        threads: int,
    ) -> Lists:
        filter_ = Filter(exclude, allowed)
        return self.recommend_rows(
            user_rows, k, exclude_seen=False, filter_=filter_, threads=threads
        )

    def _top_k_for(self, histories: Csr, k: int, filter_: Filter, threads: int) -> Lists:
        links = [one.of_histories(histories, threads) for one in self._chain]
        return self._chained(links, histories.shape[0], k, filter_, None, threads)[:2]

    def _score(
        self, user_rows: NDArray[np.int32], item_rows: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        """Score pairs as the first link that would list them does; 0 if none would."""
        items, item = np.unique(item_rows, return_inverse=True)
        users, user = np.unique(user_rows, return_inverse=True)
        allowed = np.zeros(len(self.items), np.bool_)
        allowed[items] = True
        filter_ = Filter(allowed=pack(allowed))
        found = np.zeros(len(user_rows), np.float32)
        size = max(1, _SCORES_AT_ONCE // max(1, len(items)))
        for begin in range(0, len(users), size):
            some = users[begin : begin + size]
            rows, scores = self.recommend_rows(
                some, len(items), exclude_seen=False, filter_=filter_
            )
            table = np.zeros((len(some), len(items)), np.float32)
            who, at = np.nonzero(rows >= 0)
            table[who, np.searchsorted(items, rows[who, at])] = scores[who, at]
            mine = np.flatnonzero((user >= begin) & (user < begin + size))
            found[mine] = table[user[mine] - begin, item[mine]]
        return found

    def _scratch_bytes(self, n: int, k: int, threads: int) -> int:
        # Beside what a link needs: lists as they were, as they become, and what fills them up.
        return max(one._scratch_bytes(n, k, threads) for one in self.models) + 64 * n * k

    def _without_history(self, user_rows: NDArray[np.int32]) -> NDArray[np.bool_]:
        nobody = np.ones(len(user_rows), np.bool_)
        for link in self._chain:
            theirs = link.rows_of(user_rows)
            nobody &= (theirs < 0) | link.model._without_history(theirs)
        return nobody & (user_rows >= 0) & self.personal

    def _arrays(self) -> dict[str, NDArray[Any]]:
        arrays: dict[str, NDArray[Any]] = {
            "items": np.array([len(model.items) for model in self.models])
        }
        for i, model in enumerate(self.models):
            arrays |= {f"{i}.{name}": array for name, array in model._arrays().items()}
        return arrays

    @classmethod
    def _from_arrays(
        cls, estimator: Any, interactions: Interactions, arrays: dict[str, NDArray[Any]]
    ) -> Self:
        sizes = arrays["items"].tolist()
        models = [
            model_class(one.name)._from_arrays(
                one, first_items(interactions, size), part_of(arrays, str(i))
            )
            for i, (one, size) in enumerate(zip(estimator.estimators(), sizes, strict=True))
        ]
        return cls(estimator, models)
