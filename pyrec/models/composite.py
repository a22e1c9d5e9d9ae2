"""Estimators that are made of others: blends, chains, and a model that chooses among them.

Their members may learn from features and segments besides interactions. So the composite takes what
any of them takes, and each gets its own.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pyrec.config import build
from pyrec.data.interactions import Interactions
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import ConfigError
from pyrec.features import Features
from pyrec.models.base import Callback, Estimator, Model, checked_input
from pyrec.models.registry import estimator_class
from pyrec.models.side_information import joined, with_users

__all__ = ["Composite", "besides_of", "everybody", "members_of", "parts", "plain"]


class Composite(Estimator, frozen=True, kw_only=True):
    """An estimator that is made of others."""

    def estimators(self) -> list[Estimator]:
        """Return the estimators that it is made of."""
        raise NotImplementedError

    def fit(
        self,
        interactions: Any,
        *,
        item_features: Features | None = None,
        user_features: Features | None = None,
        user_segments: Mapping[Any, Any] | None = None,
        callback: Callback | None = None,
    ) -> Model:
        """Fit all members on the same data.

        Parameters
        ----------
        interactions : Interactions, Events or scipy sparse (n_users, n_items)
            What people had.
        item_features, user_features : Features, optional
            For the members that learn from them.
        user_segments : mapping of id to label, optional
            Likewise.
        callback : callable, optional
            Not called: members have passes of their own, or none.

        Raises
        ------
        DataError, ConfigError
            Whatever a member finds wrong: a lack of the features that it learns from, too.
        """
        known = checked_input(interactions, callback)
        given = {
            "item_features": item_features,
            "user_features": user_features,
            "user_segments": user_segments,
        }
        return self._fit_members(known, {name: of for name, of in given.items() if of is not None})

    def _fit_members(self, interactions: Interactions, besides: Mapping[str, Any]) -> Model:
        raise NotImplementedError


def parts(estimator: Estimator) -> list[Estimator]:
    """Return the estimators that learn: this one, or those that it is made of."""
    if isinstance(estimator, Composite):
        return [part for member in estimator.estimators() for part in parts(member)]
    return [estimator]


def besides_of(estimator: Estimator, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return, of what is known besides interactions, what the `fit` of an estimator takes.

    Examples
    --------
    >>> import pyrec
    >>> chain = pyrec.Fallback(links=[pyrec.ContentKNN(), pyrec.Popularity()])
    >>> besides_of(chain, {"item_features": "...", "user_segments": "..."})
    {'item_features': '...'}
    """
    taken = {name for part in parts(estimator) for name in part.besides}
    return {name: of for name, of in known.items() if name in taken}


def everybody(
    interactions: Interactions, besides: Mapping[str, Any], *, items: bool
) -> Interactions:
    """Return interactions that know every user with features or a segment; perhaps every item."""
    if items:
        interactions, _ = joined(interactions, besides.get("item_features"), "items")
    interactions, _ = joined(interactions, besides.get("user_features"), "users")
    if segments := besides.get("user_segments"):
        interactions = with_users(interactions, Vocabulary(list(segments)))
    return interactions


def plain(members: Iterable[Any], path: str) -> tuple[dict[str, Any], ...]:
    """Return members, estimators or as in a configuration, as plain data, checked.

    Raises
    ------
    ConfigError
        Naming the member that is none.
    """
    found = []
    for i, member in enumerate(members):
        if isinstance(member, Estimator):
            found.append({"name": member.name, **member.get_params()})
        else:
            _estimator(f"{path}[{i}]", member)
            found.append(dict(member))
    return tuple(found)


def members_of(options: Iterable[Any], path: str) -> list[Estimator]:
    """Return the estimators of plain data."""
    return [_estimator(f"{path}[{i}]", one) for i, one in enumerate(options)]


def _estimator(path: str, member: Any) -> Estimator:
    options = dict(member) if isinstance(member, dict) else {}
    name = options.pop("name", None)
    if not isinstance(name, str):
        raise ConfigError(f"{path}.name: say which model, as in {{ name = 'als' }}")
    return build(estimator_class(name, path), options, path)
