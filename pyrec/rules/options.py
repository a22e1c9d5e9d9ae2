"""Rules: what ``[rules]`` of a configuration may say."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, TypeVar

from msgspec import Meta

from pyrec.config import Options
from pyrec.data.moments import Moment, microseconds
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import ConfigError, DataError
from pyrec.rules.predicates import predicate_of
from pyrec.rules.rules import Boost, Rules

__all__ = ["BoostOptions", "RuleOptions"]

T = TypeVar("T")
Id = str | int
Data = dict[str, Any]


class BoostOptions(Options, frozen=True, kw_only=True):
    """``[[rules.boosts]]``: by how much some items are better than their scores.

    Parameters
    ----------
    where : table
        Which: a predicate.
    times, add : float
        The score becomes ``score * times + add``.
    """

    where: Data
    times: Annotated[float, Meta(gt=0)] = 1.0
    add: float = 0.0


class RuleOptions(Options, frozen=True, kw_only=True):
    """What a shop wants of its lists, in plain data; `Rules` says what each option does.

    Parameters
    ----------
    where : table, optional
        A predicate, as `pyrec.rules.predicates.predicate_of` has it.
    caps : table
        The most items of a list with the same value, by column.
    pinned : list of ids, or table
        Ids of items, from the first place on, or by place.
    boosts : list of tables
        Each with `where`, and `times` or `add`.
    repeatable : table or list of ids, optional
        A predicate, or ids.
    segments : table
        Predicates by the name of a segment.
    segment : str, optional
        The column of the table of people that says of which segment each is. Whose value names none
        is restricted by none.
    now : moment, optional
        The "now" of ``valid_at``. By default the moment of a request; in judging, when the test
        begins; in a run, when the log ends.

    Examples
    --------
    >>> rules = RuleOptions(where={"column": "stock", "above": 0}, caps={"brand": 2})
    >>> sorted(rules.columns())
    [('rules.caps', 'brand'), ('rules.where', 'stock')]
    >>> rules.rules(Vocabulary(["tea"])).caps
    {'brand': 2}
    """

    where: Data | None = None
    caps: dict[str, Annotated[int, Meta(ge=1)]] = {}  # noqa: RUF012 (msgspec copies it)
    pinned: tuple[Id, ...] | dict[str, Id] = ()
    boosts: tuple[BoostOptions, ...] = ()
    repeatable: Data | tuple[Id, ...] | None = None
    segments: dict[str, Data] = {}  # noqa: RUF012 (msgspec copies it)
    segment: str | None = None
    now: Moment | None = None

    def __post_init__(self) -> None:
        """Check types, then the predicates, the places, and that segments can be told."""
        super().__post_init__()
        for place, data in self._predicates():
            _located(place, lambda data=data: predicate_of(data))  # type: ignore[misc]
        if self.now is not None:
            microseconds(self.now, "now")
        for place in self.pinned if isinstance(self.pinned, dict) else ():
            if not (place.isascii() and place.isdigit() and int(place) > 0):
                raise ConfigError(f"pinned.{place}: places are whole numbers from 1")
        if self.segments and self.segment is None:
            raise ConfigError(
                "segment: name the column of [data.people] that says of which segment each is"
            )
        if self.segment is not None and not self.segments:
            raise ConfigError("segments: there are none; add [rules.segments.NAME]")

    @property
    def are_none(self) -> bool:
        """Whether nothing is asked for."""
        return self.replace(now=None) == RuleOptions()

    @property
    def depend_on_now(self) -> bool:
        """Whether they are others at another moment, which nothing here names."""
        predicates = (predicate_of(data) for _, data in self._predicates())
        return self.now is None and any(one.dated for one in predicates)

    def columns(self) -> Iterator[tuple[str, str]]:
        """Yield the columns of the catalogue that are looked at, each with its place before it."""
        for place, data in self._predicates():
            for column in _columns(data):
                yield f"rules.{place}", column
        for column in self.caps:
            yield "rules.caps", column

    def rules(
        self, items: Vocabulary, *, unknown: Literal["raise", "leave_out"] = "raise"
    ) -> Rules:
        """Return the rules; ids become integers or text, as those of the items are.

        Ids that are not among the items are kept, so that `Rules.compile` raises, or left out.
        """

        def row(id_: Id) -> int:
            return int(items.encode(id_, missing="mark")) if unknown == "leave_out" else 0

        def ids(given: Iterable[Id]) -> list[Id]:
            return list(given) if items.is_integer else [str(id_) for id_ in given]

        repeatable, pinned = self.repeatable, self.pinned
        by_place = pinned if isinstance(pinned, dict) else dict(enumerate(pinned, 1))
        places = zip(map(int, by_place), ids(by_place.values()), strict=True)
        again: Any = None
        if isinstance(repeatable, dict):
            again = predicate_of(repeatable)
        elif repeatable is not None:
            again = [id_ for id_ in ids(repeatable) if row(id_) >= 0]
        return Rules(
            where=None if self.where is None else predicate_of(self.where),
            segments={name: predicate_of(data) for name, data in self.segments.items()},
            caps=self.caps,
            pinned={place: id_ for place, id_ in places if row(id_) >= 0},
            boosts=[
                Boost(predicate_of(one.where), times=one.times, add=one.add) for one in self.boosts
            ],
            repeatable=again,
        )

    def _predicates(self) -> Iterator[tuple[str, Data]]:
        if self.where is not None:
            yield "where", self.where
        if isinstance(self.repeatable, dict):
            yield "repeatable", self.repeatable
        for at, boost in enumerate(self.boosts):
            yield f"boosts[{at}].where", boost.where
        for name, data in self.segments.items():
            yield f"segments.{name}", data


def _columns(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield the columns that a predicate looks at."""
    if "column" in data:
        yield str(data["column"])
    elif "valid_at" in data:
        yield str(data.get("since", "valid_from"))
        yield str(data.get("until", "valid_until"))
    for word in ("all", "any", "not"):
        parts = data.get(word, ())
        for part in [parts] if isinstance(parts, Mapping) else parts:
            yield from _columns(part)


def _located(place: str, work: Callable[[], T]) -> T:
    """Name the place of what a predicate is refused for."""
    try:
        return work()
    except (ConfigError, DataError) as error:
        raise ConfigError(f"{place}: {error}") from None
