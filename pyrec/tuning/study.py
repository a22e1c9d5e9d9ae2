"""tune: search the options of an estimator for those that do best on validation splits."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pyrec.arguments import as_path, require
from pyrec.data.events import Events
from pyrec.data.interactions import Interactions
from pyrec.errors import ArtifactError, ConfigError, PyrecError
from pyrec.extras import need
from pyrec.features import Features
from pyrec.models.base import Estimator, Step
from pyrec.models.checkpoint import digest
from pyrec.models.search import Choices, Range, ranges
from pyrec.models.sequential import weighed
from pyrec.preparation.weighting import Weighting
from pyrec.tuning.validation import Fold, Judge, cut

__all__ = ["Trial", "Tuned", "tune"]

_WEIGHTING = "weighting."

Progress = Callable[["Trial", int], None]


@dataclass(frozen=True)
class Trial:
    """One choice of options, and what came of it.

    Parameters
    ----------
    options : dict
        Those that were searched.
    value : float or None
        The metric, a mean over the splits; None if it was not computed.
    state : str
        ``"done"``, ``"pruned"`` (given up early for worse progress than others) or ``"failed"``.
    seconds : float
        For fitting and judging.
    note : str
        Why it failed.
    """

    options: dict[str, Any]
    value: float | None
    state: str
    seconds: float
    note: str = ""


@dataclass(frozen=True)
class Tuned:
    """What `pyrec.tune` found.

    Parameters
    ----------
    estimator : Estimator
        With the best options.
    metric : str
        What it is best at.
    value : float
        Its value on the validation splits.
    trials : tuple of Trial
        All that were made, in order.
    interrupted : bool
        Whether Ctrl-C ended it.
    weighting : Weighting, optional
        With the best options, if those were given.
    """

    estimator: Estimator
    metric: str
    value: float
    trials: tuple[Trial, ...]
    interrupted: bool = False
    weighting: Weighting | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for JSON."""
        weighting = self.weighting and self.weighting.get_params()
        return {
            "model": {"name": self.estimator.name, **self.estimator.get_params()},
            "weighting": weighting,
            "metric": self.metric,
            "value": self.value,
            "interrupted": self.interrupted,
            "trials": [asdict(trial) for trial in self.trials],
        }


def tune(
    estimator: Estimator,
    data: Interactions | Sequence[Fold],
    *,
    metric: str = "ndcg@20",
    trials: int = 50,
    seconds: float | None = None,
    search: Mapping[str, Any] | None = None,
    weighting: Weighting | None = None,
    study: str | Path | None = None,
    random_state: int = 0,
    progress: Progress | None = None,
    **options: Any,
) -> Tuned:
    """Search the options of an estimator for those that do best on validation splits.

    The estimator as it is comes first; then ten choices by chance, and more where the good ones
    were (tree-structured Parzen estimator, Bergstra et al. 2011, as Optuna has it). A model that
    reports its passes is judged after 2, 4, 8, ... of them, and given up where it does worse than
    half of those before did at that point.

    Parameters
    ----------
    estimator : Estimator
        Options that are not searched stay as they are here.
    data : Interactions, or sequence of Fold
        Training data, of which a random tenth of every user's pairs is held out; or the splits.
    metric : str, default "ndcg@20"
        What is to be as good as possible.
    trials : int, default 50
        How many choices are tried, those in the `study` included.
    seconds : float, optional
        No trial is begun that would probably end later.
    search : mapping, optional
        Ranges that replace the estimator's own (see `pyrec.models.search.ranges`); with `weighting`
        also of its options, as ``"weighting.half_life"``.
    weighting : Weighting, optional
        How the events of the folds, which must then be those of a `Split`, were weighed.
    study : path, optional
        A journal of the trials. A call that finds one goes on from there; one that was killed and
        called again makes the same choices as one that ran through.
    random_state : int, default 0
        Seed of the choices.
    progress : callable, optional
        Called after each trial with the `Trial` and the number of trials so far.
    **options
        Of the protocol, as in `pyrec.evaluate`.

    Returns
    -------
    Tuned

    Raises
    ------
    MissingPackageError
        If Optuna is not installed: ``pip install 'pyrec[tune]'``.
    ConfigError
        If there is nothing to search, or the study was begun with something else.
    DataError
        If nothing can be held out.
    PyrecError
        If every trial fails: what the last one failed for.

    Examples
    --------
    >>> import pyrec, scipy.sparse as sp
    >>> log = pyrec.Interactions.from_scipy(
    ...     sp.random_array((50, 20), density=0.3, rng=np.random.default_rng(0)))
    >>> tuned = tune(pyrec.EASE(), log, trials=3)
    >>> len(tuned.trials), tuned.estimator.name
    (3, 'ease')
    """
    require(estimator, Estimator, "estimator", "name one such as pyrec.ALS()")
    fields = estimator.__struct_fields__
    if weighting is not None:
        fields += tuple(_WEIGHTING + name for name in weighting.__struct_fields__)
    found = ranges(estimator.search, fields, search or {})
    if not found:
        raise ConfigError(
            f"search: {estimator.name} declares no options to search; name some, such as "
            f"search={{'{next(iter(estimator.__struct_fields__), 'option')}': [...]}}"
        )
    folds = [cut(data)] if isinstance(data, Interactions) else list(data)
    judge = Judge(metric, **options)
    search_ = _Search(estimator, found, folds, judge, random_state, weighting)
    search_.open(study)
    return search_.run(trials, seconds, progress)


class _Search:
    """A study of Optuna's, and how a trial of it is made."""

    def __init__(
        self,
        estimator: Estimator,
        found: Mapping[str, Range],
        folds: Sequence[Fold],
        judge: Judge,
        random_state: int,
        weighting: Weighting | None,
    ) -> None:
        self.weighting = weighting
        self.optuna = need("optuna", "tuning", "'pyrec[tune]'")
        self.estimator, self.ranges, self.judge = estimator, found, judge
        self.folds, self.random_state = folds, random_state
        self.error: PyrecError | MemoryError | None = None

    def open(self, path: str | Path | None) -> None:
        """Create the study, or take up the one in a journal."""
        logging = self.optuna.logging
        level = logging.get_verbosity()
        logging.set_verbosity(logging.WARNING)
        try:
            self.study = self.optuna.create_study(
                storage=None if path is None else self._journal(as_path(path, "study")),
                study_name="pyrec",
                direction="maximize" if self.judge.sign > 0 else "minimize",
                pruner=self.optuna.pruners.MedianPruner(n_startup_trials=5),
                load_if_exists=True,
            )
        finally:
            logging.set_verbosity(level)
        asked = self._asked()
        begun = self.study.user_attrs.get("asked", asked)
        for name, value in asked.items():
            if begun.get(name) != value:
                raise ConfigError(
                    f"study: {path} was begun with another {name}; name another file, or remove "
                    "this one to begin anew"
                )
        self.study.set_user_attr("asked", asked)
        if not self.study.trials:
            self.study.enqueue_trial(self._start())

    def _journal(self, path: Path) -> Any:
        journal = self.optuna.storages.journal
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return self.optuna.storages.JournalStorage(journal.JournalFileBackend(str(path)))
        except (OSError, ValueError, KeyError) as error:
            raise ArtifactError(f"{path}: is no journal of a study ({error})") from error

    def _asked(self) -> dict[str, Any]:
        """Return what all trials depend on, as JSON has it."""
        arrays: dict[str, Any] = {}
        for i, fold in enumerate(self.folds):
            known = fold.train.aggregate() if isinstance(fold.train, Events) else fold.train
            csr = known.csr
            arrays |= {f"{i}.offsets": csr.offsets, f"{i}.columns": csr.columns,
                       f"{i}.values": csr.values}  # fmt: skip
            for name, known in fold.besides.items():
                parts = known.to_arrays() if isinstance(known, Features) else {}
                arrays |= {f"{i}.{name}.{part}": array for part, array in parts.items()}
        fixed = {k: v for k, v in self.estimator.get_params().items() if k not in self.ranges}
        asked = {
            "model": {"name": self.estimator.name, **fixed},
            "search": {name: one.get_params() for name, one in self.ranges.items()},
            "metric": self.judge.metric,
            "random_state": self.random_state,
            "data": digest(arrays),
        }
        plain: dict[str, Any] = json.loads(json.dumps(asked))  # tuples are lists in a journal
        return plain

    def _start(self) -> dict[str, Any]:
        """Return the estimator's own options as the first choice, the nearest within the ranges."""
        start = {}
        for name, one in self.ranges.items():
            of, _, option = name.rpartition(".")
            value = getattr(self.weighting if of else self.estimator, option)
            if not isinstance(one, Choices):
                if value is None:  # chosen by the data: somewhere in the middle
                    value = (one.low * one.high) ** 0.5 if one.log else (one.low + one.high) / 2
                start[name] = type(one.low)(min(max(value, one.low), one.high))
            elif value in one.of:
                start[name] = value
        return start

    def run(self, trials: int, seconds: float | None, progress: Progress | None) -> Tuned:
        """Make trials until there are enough or the time is over."""
        begun, spent = time.monotonic(), [0.0]
        interrupted = False
        while len(self._finished()) < trials:
            left = np.inf if seconds is None else seconds - (time.monotonic() - begun)
            if len(spent) > 1 and left < np.mean(spent[1:]):
                break
            try:
                trial = self._trial()
            except KeyboardInterrupt:
                if not self._best():
                    raise
                interrupted = True
                break
            spent.append(trial.seconds)
            if progress is not None:
                progress(trial, len(self._finished()))
        best = self._best()
        if best is None:
            assert self.error is not None
            raise self.error
        estimator, weighting = self._with(best.params)
        return Tuned(
            estimator,
            self.judge.metric,
            best.value,
            tuple(_record(trial) for trial in self._finished()),
            interrupted,
            weighting,
        )

    def _trial(self) -> Trial:
        """Choose, fit and judge once."""
        # A seed per trial: a study that goes on after a crash draws what it would have drawn.
        seed = np.random.SeedSequence([self.random_state, len(self._finished())])
        self.study.sampler = self.optuna.samplers.TPESampler(seed=int(seed.generate_state(1)[0]))
        trial = self.study.ask()
        state, value, note = self.optuna.trial.TrialState, None, ""
        started = time.monotonic()
        try:
            chosen = {name: _suggest(trial, name, one) for name, one in self.ranges.items()}
            value = self._judged(*self._with(chosen), trial)
            ended = state.COMPLETE
        except self.optuna.TrialPruned:
            ended = state.PRUNED
        except (PyrecError, MemoryError) as error:
            self.error, ended, note = error, state.FAIL, f"{type(error).__name__}: {error}"
        except BaseException:
            self.study.tell(trial, state=state.FAIL)
            raise
        trial.set_user_attr("seconds", time.monotonic() - started)
        trial.set_user_attr("note", note)
        return _record(self.study.tell(trial, value, ended))

    def _with(self, chosen: Mapping[str, Any]) -> tuple[Estimator, Weighting | None]:
        """Return the estimator and the weighting with some options changed."""
        weights = {
            name.removeprefix(_WEIGHTING): value
            for name, value in chosen.items()
            if name.startswith(_WEIGHTING)
        }
        own = {name: value for name, value in chosen.items() if not name.startswith(_WEIGHTING)}
        weighting = self.weighting
        if weights and weighting is not None:
            weighting = weighting.replace(**weights)
        return self.estimator.replace(**own), weighting

    def _judged(self, estimator: Estimator, weighting: Weighting | None, trial: Any) -> float:
        values: list[float] = []
        for fold in self.folds:
            watch = None if values else _Watch(trial, self.judge, fold)
            train = fold.train
            if weighting is not None and weighting != self.weighting:
                train = weighed(estimator, fold.test.train, weighting)
            model = estimator.fit(train, callback=watch, **fold.besides)
            if watch is not None and watch.hopeless:
                raise self.optuna.TrialPruned
            values.append(self.judge(model, fold))
        return float(np.mean(values))

    def _finished(self) -> list[Any]:
        """Return the trials that ended by themselves: an interrupted one is made again."""
        return [t for t in self.study.trials if t.state.is_finished() and "note" in t.user_attrs]

    def _best(self) -> Any:
        done = [t for t in self._finished() if t.value is not None]
        done = [t for t in done if _STATES[t.state.name] == "done"]
        return max(done, key=lambda t: self.judge.sign * t.value, default=None)


class _Watch:
    """Looks at the model in its first fold after 2, 4, 8, ... passes, and gives up where hopeless.

    Judging costs much less than the passes that giving up saves.
    """

    def __init__(self, trial: Any, judge: Judge, fold: Fold) -> None:
        self.trial, self.judge, self.fold = trial, judge, fold
        self.hopeless = False

    def __call__(self, step: Step) -> bool:
        if step.iteration < 2 or step.iteration & (step.iteration - 1):
            return False
        self.trial.report(self.judge(step.model(), self.fold), step.iteration)
        self.hopeless = bool(self.trial.should_prune())
        return self.hopeless


_STATES = {"COMPLETE": "done", "PRUNED": "pruned", "FAIL": "failed"}


def _record(trial: Any) -> Trial:
    state = _STATES[trial.state.name]
    value = trial.value if state == "done" else None
    told = trial.user_attrs
    return Trial(dict(trial.params), value, state, told["seconds"], told["note"])


def _suggest(trial: Any, name: str, one: Range) -> Any:
    if isinstance(one, Choices):
        return trial.suggest_categorical(name, list(one.of))
    ask = trial.suggest_int if isinstance(one.low, int) else trial.suggest_float
    return ask(name, one.low, one.high, log=one.log)
