"""RunConfig: one TOML file that describes a whole run, checked strictly before anything is read."""

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from pyrec.config import Options, build, read_toml, suggestion
from pyrec.errors import ConfigError
from pyrec.evaluation.protocol import Protocol
from pyrec.features.options import FeatureOptions
from pyrec.io.formats import Format
from pyrec.models.base import Estimator
from pyrec.models.composite import parts
from pyrec.models.registry import MODELS, estimator_class
from pyrec.preparation.cleaning import CleaningRules
from pyrec.preparation.ratings import Ratings
from pyrec.preparation.split import SplitOptions, TimeSplit
from pyrec.preparation.weighting import Weighting
from pyrec.rules.options import RuleOptions
from pyrec.tuning.options import Tuning
from pyrec.workflow.reranking import Reranking

__all__ = ["Catalogue", "Data", "Output", "RunConfig", "Runtime"]


class Table(Format, frozen=True, kw_only=True):
    """A file, and how it is written."""

    path: str


class Catalogue(Table, frozen=True, kw_only=True):
    """``[data.catalogue]``: a table of items.

    Titles and categories appear in the report. Features and rules look at all `columns`: by default
    every one that holds text or numbers.
    """

    item: str | int
    title: str | int | None = None
    category: str | int | None = None
    columns: tuple[str | int, ...] | None = None


class People(Table, frozen=True, kw_only=True):
    """``[data.people]``: a table of what is known of people, such as what they said at sign-up."""

    user: str | int
    columns: tuple[str | int, ...] | None = None


class Data(Table, frozen=True, kw_only=True):
    """``[data]``: the log, and which of its columns is what.

    `event_weights` are factors for the kinds of event, below 0 for dislikes, or ``"learned"``: by
    how well the model then foresees the target of ``[split]`` (`pyrec.learn_kind_weights`).
    `ratings` says from which rating on somebody liked an item, and down from which not: then the
    kinds are ``"like"``, ``"indifferent"`` and ``"dislike"``.
    """

    user: str | int
    item: str | int
    event: str | int | None = None
    timestamp: str | int | None = None
    weight: str | int | None = None
    session: str | int | None = None
    timestamp_unit: Literal["s", "ms", "us", "ns"] | None = None
    timestamp_format: str | None = None
    timezone: str = "UTC"
    event_weights: dict[str, float] | Literal["learned"] | None = None
    ratings: Ratings | None = None
    catalogue: Catalogue | None = None
    people: People | None = None


class Output(Options, frozen=True, kw_only=True):
    """``[output]``: where the results go, and what the lists are.

    Parameters
    ----------
    directory : str
        Gets recommendations.parquet, model/, metrics.json, report.html and config.toml.
    k : int
        Length of the lists.
    exclude_seen : bool, str or list of str, optional
        What the lists leave out, as in `Model.recommend`; by default what those leave out that
        ``[evaluation]`` judges.
    people : int
        How many people the report shows.
    title : str, optional
        Of the report; by default the name of the log.
    """

    directory: str = "pyrec-out"
    k: Annotated[int, Meta(ge=1)] = 20
    exclude_seen: bool | str | tuple[str, ...] | None = None
    people: Annotated[int, Meta(ge=0)] = 5
    title: str | None = None


class Runtime(Options, frozen=True, kw_only=True):
    """``[runtime]``: how to run; never part of a model."""

    threads: Annotated[int, Meta(ge=0)] = 0


class RunConfig(Options, frozen=True, kw_only=True):
    """A whole run: data, cleaning, features, split, model, evaluation, output and the like.

    Parameters
    ----------
    data : Data
        The log.
    cleaning : CleaningRules
        What is removed from it.
    weighting : Weighting
        How its events become weights; `kinds` are the `event_weights` of the data.
    features : FeatureOptions
        What models that learn from features make of the tables of items and people.
    rules : RuleOptions
        What the lists that are written must be.
    split : TimeSplit, LastSplit, SessionSplit, RandomSplit, UserSplit, FoldSplit, GivenSplit, ...
        What is held out for judging; in TOML chosen by ``method = "time"``.
    model : mapping
        The name of a model, and its hyper-parameters.
    models : sequence of mappings
        Others that `pyrec compare` judges beside it; ``[[models]]`` in TOML.
    rerank : sequence of Reranking
        What `pyrec compare` does to their lists, judged beside them; ``[[rerank]]`` in TOML.
    evaluation : Protocol
        How the model is judged.
    tune : Tuning
        How `pyrec tune` chooses the options of the model.
    output : Output
        What is written, and where.
    runtime : Runtime
        How to run.

    Raises
    ------
    ConfigError
        For a wrong value.

    Examples
    --------
    >>> data = {"path": "log.csv", "user": "who", "item": "what"}
    >>> config = RunConfig(data=data, model={"name": "als"})
    >>> config.output.k
    20
    """

    data: Data
    cleaning: CleaningRules = CleaningRules()
    weighting: Weighting = Weighting()
    features: FeatureOptions = FeatureOptions()
    rules: RuleOptions = RuleOptions()
    split: SplitOptions = TimeSplit()
    model: dict[str, Any]
    models: tuple[dict[str, Any], ...] = ()
    rerank: tuple[Reranking, ...] = ()
    evaluation: Protocol = Protocol()
    tune: Tuning = Tuning()
    output: Output = Output()
    runtime: Runtime = Runtime()

    @classmethod
    def from_toml(cls, path: str | Path, overrides: Sequence[str] = ()) -> "RunConfig":
        """Read a TOML file.

        Parameters
        ----------
        path : path
            The file. Relative paths in it are relative to its folder; ``$NAME`` in a path is an
            environment variable.
        overrides : sequence of str
            Changes such as ``"model.factors=128"``; paths in them are relative to the working
            directory. With ``"model.name=als"`` the file's ``[model]``, which may have options
            of another model, no longer counts.

        Raises
        ------
        ConfigError
            For a file that cannot be read or is not TOML, and for an option that is unknown (with
            the nearest right name), missing, or has a wrong value.
        """
        options = read_toml(path)
        try:
            return cls._from_file(Path(path), options, overrides)
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from None

    @classmethod
    def _from_file(
        cls, path: Path, options: dict[str, Any], overrides: Sequence[str]
    ) -> "RunConfig":
        for dotted in _PATHS:
            _resolve(options, dotted, path.parent)
        changes: dict[str, Any] = {}
        for override in overrides:
            _merge(changes, *_parsed(override))
        for dotted in _PATHS:
            _resolve(changes, dotted, Path())
        if "name" in changes.get("model", {}):
            options.pop("model", None)
        return cls.from_dict(_merged(options, changes))

    @classmethod
    def from_dict(cls, options: Mapping[str, Any]) -> "RunConfig":
        """Build a run from plain data, checked in every part, the model's own options included."""
        config = build(cls, options)
        config._require_tables_of_rules()
        for estimator in config.estimators():
            for part in parts(estimator):
                config._require_tables(part)
        return config

    def _require_tables_of_rules(self) -> None:
        """Raise unless there are the tables that rules look at."""
        place = next((place for place, _ in self.rules.columns()), None)
        if place is not None and self.data.catalogue is None:
            raise ConfigError(f"{place}: looks at {_TABLES['item_features']}")
        if self.rules.segment is not None and self.data.people is None:
            raise ConfigError(f"rules.segment: looks at {_TABLES['user_features']}")

    def _require_tables(self, estimator: Estimator) -> None:
        """Raise unless there is something of what an estimator learns from besides events."""
        there = {
            "item_features": self.data.catalogue,
            "user_features": self.data.people,
            "user_segments": self.features.segments,
        }
        if estimator.besides and all(there[name] is None for name in estimator.besides):
            needed = " or ".join(_TABLES[name] for name in estimator.besides)
            raise ConfigError(f"model.name: {estimator.name} learns from {needed}")
        if self.features.segments is not None and self.data.people is None:
            raise ConfigError(f"features.segments: look at {_TABLES['user_features']}")

    def __post_init__(self) -> None:
        """Take the weights of the kinds of event over from the data."""
        super().__post_init__()
        if isinstance(self.data.event_weights, dict):
            if self.weighting.kinds not in (None, self.data.event_weights):
                raise ConfigError("weighting.kinds: data.event_weights says the same; give one")
            weighting = self.weighting.replace(kinds=self.data.event_weights)
            msgspec.structs.force_setattr(self, "weighting", weighting)

    @property
    def exclude_seen(self) -> bool | str | list[str]:
        """What the lists leave out: the same as the lists that are judged, unless it is said."""
        chosen = self.output.exclude_seen
        if chosen is None:
            return self.evaluation.exclude_seen
        return chosen if isinstance(chosen, bool | str) else list(chosen)

    @property
    def protocol(self) -> Protocol:
        """How models are judged: where no metrics are chosen, by how lists mix categories, too."""
        category = self.data.catalogue and self.data.catalogue.category
        if category is None or self.evaluation.metrics != Protocol().metrics:
            return self.evaluation
        more = (f"ild:{category}", f"miscalibration:{category}")
        return self.evaluation.replace(metrics=(*self.evaluation.metrics, *more))

    @property
    def sorted_by(self) -> list[str]:
        """The columns of the catalogue that sort items: those of its category and of metrics."""
        category = self.data.catalogue and self.data.catalogue.category
        named = [category, *(request.by for request in self.protocol.requests)]
        return list(dict.fromkeys(str(column) for column in named if column is not None))

    def estimator(self) -> Estimator:
        """Return the estimator that ``[model]`` describes.

        Raises
        ------
        ConfigError
            For an unknown model or option.
        """
        return _estimator(self.model, "model")

    def estimators(self) -> list[Estimator]:
        """Return the estimators of ``[model]`` and of all ``[[models]]``."""
        others = [_estimator(one, f"models[{i}]") for i, one in enumerate(self.models)]
        return [self.estimator(), *others]

    def complete(self) -> dict[str, Any]:
        """Return the options as plain data, those of the model with its defaults."""
        model = {"name": self.model["name"], **self.estimator().get_params()}
        return self.get_params() | {"model": model}

    def portable(self) -> dict[str, Any]:
        """Return the same for a file in another folder: paths are absolute."""
        options = self.complete()
        for dotted in _PATHS:
            _resolve(options, dotted, Path.cwd())
        return options


# What models learn from besides events, and where a configuration has it.
_TABLES = {
    "item_features": "a table of items: add [data.catalogue] with its path and the column item",
    "user_features": "a table of people: add [data.people] with its path and the column user",
    "user_segments": "segments of people: name a column of [data.people], or a number of groups, "
    "as features.segments",
}


def _estimator(options: Mapping[str, Any], path: str) -> Estimator:
    parameters = dict(options)
    name = parameters.pop("name", None)
    if not isinstance(name, str):
        raise ConfigError(f"{path}.name: say which{suggestion('', list(MODELS))}")
    return build(estimator_class(name), parameters, path)


# Options that are paths.
_PATHS = (
    "data.path", "data.catalogue.path", "data.people.path", "split.test", "output.directory",
)  # fmt: skip


def _resolve(options: dict[str, Any], dotted: str, folder: Path) -> None:
    """Make a path, if it is there, absolute or relative to the working directory."""
    *tables, name = dotted.split(".")
    for table in tables:
        options = options.get(table) or {}
        if not isinstance(options, dict):
            return
    if isinstance(path := options.get(name), str):
        options[name] = str(folder / Path(_expanded(path, dotted)).expanduser())


def _expanded(path: str, dotted: str) -> str:
    expanded = os.path.expandvars(path)
    if missing := re.search(r"\$\{?(\w+)", expanded):
        raise ConfigError(f"{dotted}: the environment variable {missing.group(1)} is not set")
    return expanded


def _parsed(override: str) -> tuple[str, Any]:
    """Split ``key=value``; the value is TOML, or else text without quotes."""
    key, equals, text = override.partition("=")
    if not equals or not re.fullmatch(r"[\w-]+(\.[\w-]+)*", key.strip()):
        raise ConfigError(f"--set {override}: must look like model.factors=128")
    try:
        return key.strip(), tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), text.strip()


def _merge(options: dict[str, Any], dotted: str, value: Any) -> None:
    *tables, name = dotted.split(".")
    for table in tables:
        options = options.setdefault(table, {})
    options[name] = value


def _merged(options: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(options)
    for name, value in changes.items():
        if isinstance(value, dict) and isinstance(merged.get(name), Mapping):
            value = _merged(merged[name], value)
        merged[name] = value
    return merged
