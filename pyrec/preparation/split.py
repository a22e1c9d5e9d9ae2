"""Splits: what a model learns from, and what it is judged on.

Every event of the log ends in training, in a held-out user's history, in the test, or is left out
for a reason that is told with its number: nothing disappears uncounted, and nothing of the future
stays where a split knows what the future is.
"""

from dataclasses import replace
from typing import Annotated, Literal, TypeAlias, overload

import numpy as np
from msgspec import Meta

from pyrec.arguments import require
from pyrec.config import Options
from pyrec.data.events import Events
from pyrec.data.moments import Moment, microseconds
from pyrec.errors import DataError
from pyrec.preparation.cold import hold_out_new_items, hold_out_new_users, new_items
from pyrec.preparation.holdout import (
    Log,
    Split,
    hold_out_by_time,
    hold_out_given,
    hold_out_last,
    hold_out_pairs,
    hold_out_users,
    part_of,
)
from pyrec.preparation.next_item import hold_out_given_sessions, hold_out_sessions

__all__ = [
    "FoldSplit", "GivenSplit", "LastSplit", "NewItemsSplit", "NewUsersSplit", "NoSplit",
    "RandomSplit", "SessionSplit", "Split", "SplitOptions", "TimeSplit", "UserSplit", "split",
]  # fmt: skip

Share: TypeAlias = Annotated[float, Meta(gt=0, lt=1)]
Repeats: TypeAlias = Literal["keep", "hold_out"]


class _Split(Options, frozen=True, kw_only=True, tag_field="method"):
    """What all splits have in common.

    Parameters
    ----------
    target : str, optional
        The kind of event to be judged on; training has all kinds. By default all kinds are.
    repeats : {"keep", "hold_out"}
        What happens to other events of a pair that is tested, such as earlier purchases of the same
        item or views before its purchase: they stay in training, so that the test has repeats, or
        are left out, so that every tested pair is new to the model.
    """

    target: str | None = None
    repeats: Repeats = "keep"


class TimeSplit(_Split, frozen=True, kw_only=True, tag="time"):
    """Learn from everything before a point in time, be judged on what comes from then on.

    The advised way where there are times: no model knows anything of the future.

    Parameters
    ----------
    at : date or time, optional
        The first moment of the test.
    ratio : float
        Without `at`: the share of events (of the target kind) in the test. Events at the very same
        time stay together, so the share may come out a little greater.
    target, repeats
        See `RandomSplit`.
    """

    at: Moment | None = None
    ratio: Share = 0.2

    def __post_init__(self) -> None:
        """Check types, then the moment."""
        super().__post_init__()
        if self.at is not None:
            microseconds(self.at, "at")


class LastSplit(_Split, frozen=True, kw_only=True, tag="last"):
    """Hold out the last `n` items of each user.

    A user's items are in order of their latest (target) event. From the time of the first item held
    out on, the user's own events are not for training: the held-out items' events from then on are
    the test, and what else is later is left out, as are other kinds of event of the held-out items
    at the same time (a view in the very second of the purchase). The rest of a basket bought at
    the same time stays in training. Other users' later events stay too; only `TimeSplit` keeps
    the whole future out.

    Parameters
    ----------
    n : int
        Items to hold out from each user who has any.
    order : {"time", "arrival"}
        What "last" means; where there are no timestamps, the log must be said to be in order.
    target, repeats
        See `RandomSplit`.
    """

    n: Annotated[int, Meta(ge=1)] = 1
    order: Literal["time", "arrival"] = "time"


class RandomSplit(_Split, frozen=True, kw_only=True, tag="random"):
    """Hold out pairs of user and item by chance, with all their (target) events.

    Parameters
    ----------
    ratio : float
        The share of pairs to hold out.
    random_state : int
        Chooses the pairs. The order of the log does not matter.
    target : str, optional
        The kind of event to be judged on; training has all kinds. By default all kinds are.
    repeats : {"keep", "hold_out"}
        Whether other events of tested pairs (earlier purchases of the same item, say, or the views
        before) stay in training, so that the test has repeats, or are left out, so that every
        tested pair is new to the model. Where chance decides, what stays may come from after the
        tested event: the default is to hold it out.
    """

    ratio: Share = 0.2
    random_state: int = 0
    repeats: Repeats = "hold_out"


class UserSplit(_Split, frozen=True, kw_only=True, tag="users"):
    """Hold out whole users: a model that never saw them gets one part of their events as history.

    Only users who have something for both parts are drawn; the others are for training.

    Parameters
    ----------
    ratio : float
        The share of users to hold out.
    share : float
        The share of each such user's pairs to be judged on, at least one, by chance.
    n : int, optional
        Be judged on the last `n` items of each such user instead, by the rules of `LastSplit`.
    random_state : int
        Chooses users and pairs.
    target, repeats
        See `RandomSplit`.
    """

    ratio: Share = 0.1
    share: Share = 0.2
    n: Annotated[int, Meta(ge=1)] | None = None
    random_state: int = 0
    repeats: Repeats = "hold_out"


class FoldSplit(_Split, frozen=True, kw_only=True, tag="folds"):
    """Deal all pairs into `k` folds by chance; each fold is the test of one of `k` splits.

    Parameters
    ----------
    k : int
        Number of folds, 2 or more.
    random_state : int
        Deals the pairs.
    target, repeats
        See `RandomSplit`.
    """

    k: Annotated[int, Meta(ge=2)] = 5
    random_state: int = 0
    repeats: Repeats = "hold_out"


class GivenSplit(_Split, frozen=True, kw_only=True, tag="given"):
    """Be judged on a test that somebody else cut.

    Parameters
    ----------
    test : str, optional
        A file with the columns of the log, for configuration files; in Python, `split` takes the
        events themselves. Events without kinds become ones of the target kind.
    target, repeats
        See `RandomSplit`.
    """

    test: str | None = None


class SessionSplit(Options, frozen=True, kw_only=True, tag_field="method", tag="sessions"):
    """Hold out whole sessions, and be judged on the next item at every step of them.

    A session is what one user did in one session of the log, or, where there are none, all that the
    user did. Each event of a held-out session but the first is a test, and has the events before it
    in the session as its history: models that fold in (`recommend_for`) can be judged, and each
    step counts as a user. The metrics of the literature are those of all pairs, of items that
    somebody had in training: ``evaluate(..., metrics=["hit_rate@20", "mrr@20"], pairs="all",
    cold_items="drop")``. Steps of a session resemble each other, so that intervals are narrower
    than they should be.

    Parameters
    ----------
    at : date or time, optional
        The sessions that end from then on are held out.
    ratio : float
        Without `at`: the share of sessions to hold out, those that end last.
    target : str, optional
        The kind of event to be judged on, such as what is bought next; histories have all kinds.
    window : int
        At most so many events before a step are its history.
    test : str, optional
        A file of sessions to hold out instead, as in `GivenSplit`.
    """

    at: Moment | None = None
    ratio: Share = 0.1
    target: str | None = None
    window: Annotated[int, Meta(ge=1)] = 50
    test: str | None = None

    def __post_init__(self) -> None:
        """Check types, then the moment."""
        super().__post_init__()
        if self.at is not None:
            microseconds(self.at, "at")


class _ColdSplit(Options, frozen=True, kw_only=True, tag_field="method"):
    ratio: Share = 0.1
    random_state: int = 0
    target: str | None = None


class NewItemsSplit(_ColdSplit, frozen=True, kw_only=True, tag="new_items"):
    """Hold out whole items: training knows nothing that anybody did with them.

    The test is of models that know items by their features.

    Parameters
    ----------
    ratio : float
        The share of items to hold out.
    random_state : int
        Chooses them.
    target : str, optional
        The kind of event to be judged on; others of held-out items are left out.
    among : {"all", "new"}
        Whether they compete with all items, or among themselves.
    """

    among: Literal["all", "new"] = "all"


class NewUsersSplit(_ColdSplit, frozen=True, kw_only=True, tag="new_users"):
    """Hold out whole users, without any history: models may know them by their attributes.

    Have people without a history judged too: ``evaluate(model, split, cold_users="popular")``.

    Parameters
    ----------
    ratio : float
        The share of users to hold out.
    random_state, target
        See `NewItemsSplit`.
    """


class NoSplit(_Split, frozen=True, kw_only=True, tag="none"):
    """Learn from everything and be judged on nothing."""


SplitOptions: TypeAlias = (
    TimeSplit
    | LastSplit
    | RandomSplit
    | UserSplit
    | SessionSplit
    | FoldSplit
    | GivenSplit
    | NewItemsSplit
    | NewUsersSplit
    | NoSplit
)


@overload
def split(events: Events, options: FoldSplit, test: None = None) -> list[Split]: ...


@overload
def split(
    events: Events,
    options: TimeSplit
    | LastSplit
    | RandomSplit
    | UserSplit
    | SessionSplit
    | GivenSplit
    | NewItemsSplit
    | NewUsersSplit
    | NoSplit,
    test: Events | None = None,
) -> Split: ...


def split(events: Events, options: SplitOptions, test: Events | None = None) -> Split | list[Split]:
    """Cut a log into what a model learns from and what it is judged on.

    Parameters
    ----------
    events : Events
        The log.
    options : TimeSplit, LastSplit, SessionSplit, RandomSplit, UserSplit, FoldSplit, GivenSplit, ...
        How to cut it.
    test : Events, optional
        The test of a `GivenSplit` or `SessionSplit`.

    Returns
    -------
    Split, or a list of them for a `FoldSplit`

    Raises
    ------
    DataError
        If a column is missing that the method needs, the target kind is unknown, or nothing would
        be left to learn from or to be judged on.

    Examples
    --------
    >>> log = Events.from_ids(
    ...     users=[1, 1, 1, 2], items=[5, 6, 5, 5], timestamps=[1, 2, 3, 4]
    ... )
    >>> cut = split(log, TimeSplit(at=3))
    >>> len(cut.train), len(cut.test), cut.description["repeats"], cut.description["cold_users"]
    (2, 2, 1, 1)
    """
    require(events, Events, "events", "pyrec.read_events makes them")
    require(
        options, (_Split, _ColdSplit, SessionSplit), "options", "name one such as TimeSplit(at=...)"
    )
    if test is not None:
        require(test, Events, "test", "pyrec.read_events makes it")
    if test is not None and not isinstance(options, GivenSplit | SessionSplit):
        raise DataError("split: only a GivenSplit or SessionSplit takes a test")
    cuts = [_told(cut, options) for cut in _cut(events, options, test)]
    return cuts if isinstance(options, FoldSplit) else cuts[0]


def _cut(events: Events, options: SplitOptions, test: Events | None) -> list[Split]:
    if isinstance(options, SessionSplit):
        if test is not None:
            return [hold_out_given_sessions(events, test, options.target, options.window)]
        return [
            hold_out_sessions(events, options.at, options.ratio, options.target, options.window)
        ]
    if isinstance(options, NewItemsSplit | NewUsersSplit):
        hold_out = hold_out_new_items if isinstance(options, NewItemsSplit) else hold_out_new_users
        rng = np.random.default_rng(options.random_state)
        cut = hold_out(Log(events, options.target, False), options.ratio, rng)
        if isinstance(options, NewItemsSplit) and options.among == "new":
            cut = replace(cut, candidates=new_items(cut))
        return [cut]
    new_pairs = options.repeats == "hold_out"
    if isinstance(options, NoSplit):
        return [Split(events, events.take([]), None, {})]
    if isinstance(options, GivenSplit):
        if test is None:
            raise DataError("split: a GivenSplit needs the test: split(events, options, test=...)")
        return [hold_out_given(events, test, options.target, new_pairs)]
    log = Log(events, options.target, new_pairs)
    if isinstance(options, TimeSplit):
        return [hold_out_by_time(log, options.at, options.ratio)]
    if isinstance(options, LastSplit):
        return [hold_out_last(log, options.n, options.order)]
    rng = np.random.default_rng(options.random_state)
    if isinstance(options, UserSplit):
        return [hold_out_users(log, options.ratio, options.share, options.n, rng)]
    dealt = rng.permutation(log.candidates)
    if isinstance(options, RandomSplit):
        return [hold_out_pairs(log, dealt[: part_of(len(dealt), options.ratio, "pairs")], {})]
    if len(dealt) < options.k:
        raise DataError(f"split: {len(dealt)} pairs are too few for {options.k} folds")
    return [
        hold_out_pairs(log, dealt[fold :: options.k], {"fold": fold}) for fold in range(options.k)
    ]


def _told(cut: Split, options: SplitOptions) -> Split:
    """Let the description begin with the options; what came of them overrides them."""
    given = {name: value for name, value in options.get_params().items() if value is not None}
    return replace(cut, description={**given, **cut.description})
