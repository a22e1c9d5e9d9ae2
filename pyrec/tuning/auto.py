"""Auto: a model that chooses itself, tuned and blended within a budget of time."""

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, ClassVar, Self

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from pyrec.config import build
from pyrec.data.interactions import Interactions
from pyrec.errors import DataError, PyrecError
from pyrec.extras import need
from pyrec.models.base import Estimator
from pyrec.models.composite import Composite, besides_of, everybody, members_of
from pyrec.models.content import ContentKNN
from pyrec.models.feature_als import FeatureALS
from pyrec.models.search import Ranges, near
from pyrec.tuning.blend import Blend, BlendModel, blend_of
from pyrec.tuning.portfolio import family, portfolio
from pyrec.tuning.study import tune
from pyrec.tuning.validation import Fold, Judge, cuts
from pyrec.tuning.weights import checked_metric, learn

__all__ = ["Auto", "AutoModel", "Tried"]

logger = logging.getLogger("pyrec")

# Shares of the budget at which each stage ends, and at which the last fits are to end by what tries
# have taken. They take longer than that (more pairs, the weights, others on the machine): planned
# to the end of the budget, 600 seconds became 659 on MovieLens-1M.
_LOOK, _TUNE, _FIT = 0.3, 0.6, 0.85
# Models that are tuned, each of another family, and members that blend: more gain little and cost
# a fit each. On validation splits of AmazonElectronics a second regression of items raised the NDCG
# of one and ALS from .0731 to .0737.
_MOST_TUNED, _MOST_MEMBERS = 3, 5
# What is worse than the best by more than this share helps no blend.
_HOPELESS = 0.25


class Auto(Composite, frozen=True, kw_only=True):
    """Choose a model by trying: look at many, tune the best, blend them, within a budget of time.

    Everything is judged on a part of every user's pairs that is held out from the training data;
    with few users on several such parts, since one would mislead. A blend is chosen only if it is
    better than its best member by more than the standard error of the difference.

    Parameters
    ----------
    budget_seconds : float, default 600
        What `fit` may take, about: what has begun is finished.
    trials : int, default 100
        The most choices of options that are tried for one model. With a budget that does not run
        out first, the same data give the same model.
    metric : str, default "ndcg@20"
        What is to be as good as possible.
    target : str, optional
        The kind of event that counts; by default all kinds do.
    members : sequence of Estimator, or of mappings, optional
        What to begin with; by default a portfolio of all families, and where `fit` is given
        features of items the models that learn from them.
    random_state : int, default 0
        Seed of everything.

    Notes
    -----
    The model tells in `chosen` what it is, and in `tried` what else was looked at; the logger
    ``pyrec`` tells while it happens. Needs Optuna: ``pip install 'pyrec[tune]'``.

    Examples
    --------
    >>> import pyrec, scipy.sparse as sp
    >>> log = sp.random_array((60, 20), density=0.3, rng=np.random.default_rng(0))
    >>> model = Auto(budget_seconds=20, trials=2, members=[pyrec.EASE()]).fit(log)
    >>> [member.estimator.name for member in model.members], len(model.tried) > 2
    (['ease'], True)
    """

    name: ClassVar[str] = "auto"
    search: ClassVar[Ranges] = {}

    budget_seconds: Annotated[float, Meta(gt=0)] = 600.0
    trials: Annotated[int, Meta(ge=1)] = 100
    metric: str = "ndcg@20"
    target: str | None = None
    members: tuple[Any, ...] | None = None
    random_state: Annotated[int, Meta(ge=0)] = 0

    def __post_init__(self) -> None:
        """Check the metric, and the members as a blend would."""
        super().__post_init__()
        checked_metric(self.metric)
        if self.members is not None:
            members = Blend(members=self.members).members
            msgspec.structs.force_setattr(self, "members", members)

    def estimators(self) -> list[Estimator]:
        """Return the members that it begins with, if they are named."""
        return members_of(self.members or (), "members")

    def _fit_members(self, interactions: Interactions, besides: Mapping[str, Any]) -> "AutoModel":
        need("optuna", "choosing a model", "'pyrec[tune]'")
        if self.members is not None:
            besides = besides_of(self, besides)
        interactions = everybody(interactions, besides, items=True)
        choice = _Choice(self, interactions, besides)
        recipe = choice.recipe()
        logger.info("auto: %s", " + ".join(one.name for one in recipe.estimators()))
        blend = recipe.fit(interactions, **besides)
        assert isinstance(blend, BlendModel)
        model: AutoModel = blend_of(self, recipe, blend.members, blend.weights, AutoModel)
        model.tried = tuple(choice.tried)
        return model


@dataclass(frozen=True)
class Tried:
    """One model that was looked at.

    Parameters
    ----------
    stage : str
        ``"look"``, ``"tune"`` or ``"blend"``.
    model : dict
        Its name and options.
    value : float or None
        The metric on the validation users; None if it failed or was given up.
    seconds : float
        What that took.
    note : str
        Why it failed, or what a blend gained.
    """

    stage: str
    model: dict[str, Any]
    value: float | None
    seconds: float
    note: str = ""


class AutoModel(BlendModel):
    """A fitted `Auto`: a blend of what was chosen, perhaps of one model only.

    Attributes
    ----------
    recipe : Blend
        What was chosen: members with their options, and weights.
    tried : tuple of Tried
        Everything that was looked at, in order.
    """

    tried: tuple[Tried, ...] = ()

    @property
    def chosen(self) -> dict[str, Any]:
        """What was chosen, as the ``[model]`` of a configuration that needs no search."""
        if len(self.members) == 1:
            only = self.members[0].estimator
            return {"name": only.name, **only.get_params()}
        return {"name": self.recipe.name, **self.recipe.get_params()}

    def told(self) -> dict[str, Any]:
        """Return `chosen`, `tried` and what they were judged by as plain data.

        Returns
        -------
        dict
            ``metric``, ``chosen`` and ``tried``.
        """
        found = {
            "metric": self.recipe.metric,
            "chosen": self.chosen,
            "tried": [asdict(one) for one in self.tried],
        }
        plain: dict[str, Any] = json.loads(json.dumps(found))
        return plain

    def _arrays(self) -> dict[str, NDArray[Any]]:
        told = {"recipe": self.recipe.get_params(), "tried": [asdict(one) for one in self.tried]}
        text = np.frombuffer(json.dumps(told).encode(), dtype=np.uint8)
        return {**super()._arrays(), "told": text}

    @classmethod
    def _from_arrays(
        cls, estimator: Any, interactions: Interactions, arrays: dict[str, NDArray[Any]]
    ) -> Self:
        told = json.loads(arrays["told"].tobytes())
        model = cls._of_recipe(estimator, build(Blend, told["recipe"]), interactions, arrays)
        model.tried = tuple(Tried(**one) for one in told["tried"])
        return model


@dataclass(frozen=True)
class _Candidate:
    estimator: Estimator
    value: float
    seconds: float


class _Choice:
    """The stages of choosing, and the clock."""

    def __init__(self, auto: Auto, interactions: Interactions, besides: Mapping[str, Any]) -> None:
        self.auto, self.interactions, self.besides = auto, interactions, besides
        self.tried: list[Tried] = []
        self.judge = Judge(auto.metric, pairs="new")
        self.begun = time.monotonic()

    def recipe(self) -> Blend:
        """Look, tune, blend."""
        try:
            folds = cuts(self.interactions, 0.1, self.auto.random_state, self.auto.target)
        except DataError as error:
            logger.warning("auto: nothing tells models apart, so the first is taken (%s)", error)
            return Blend(members=(self._first()[0],), weights=(1.0,))
        folds = [replace(fold, besides=self.besides) for fold in folds]
        found = self._look(folds)
        finalists = self._best(found, lambda one: family(one.estimator))[:_MOST_TUNED]
        tuned = [self._tuned(one, folds, i, finalists) for i, one in enumerate(finalists)]
        tuned.sort(key=self._worth, reverse=True)
        names = {one.estimator.name for one in tuned}
        others = self._best(found, lambda one: one.estimator.name)
        more = [one for one in others if one.estimator.name not in names]
        return self._blended([*tuned, *more][:_MOST_MEMBERS], folds)

    def _first(self) -> list[Estimator]:
        if self.auto.members is not None:
            return self.auto.estimators()
        about = [FeatureALS(), ContentKNN()] if "item_features" in self.besides else []
        return [*portfolio(self.interactions, 0.1 * self.auto.budget_seconds), *about]

    def _left(self, share: float) -> float:
        """Return the seconds until a share of the budget is spent."""
        return share * self.auto.budget_seconds - (time.monotonic() - self.begun)

    def _worth(self, one: _Candidate) -> float:
        return self.judge.sign * one.value

    def _look(self, folds: Sequence[Fold]) -> list[_Candidate]:
        """Judge every model as it is, the cheap ones first, until the time for that is over."""
        found: list[_Candidate] = []
        error: PyrecError | MemoryError | None = None
        for estimator in self._first():
            if found and self._left(_LOOK) < 0:
                break
            started, value, note = time.monotonic(), None, ""
            try:
                values = []
                for fold in folds:
                    model = estimator.fit(fold.train, **besides_of(estimator, fold.besides))
                    values.append(self.judge(model, fold))
                value = float(np.mean(values))
                estimator = model.estimator  # with what the data have chosen
            except (PyrecError, MemoryError) as failure:
                error, note = failure, f"{type(failure).__name__}: {failure}"
            seconds = time.monotonic() - started
            self._tell("look", estimator, value, seconds, note)
            if value is not None:
                found.append(_Candidate(estimator, value, seconds / len(folds)))
        if not found:
            assert error is not None
            raise error
        return found

    def _best(
        self, found: Sequence[_Candidate], kind: Callable[[_Candidate], str]
    ) -> list[_Candidate]:
        """Return the best of each kind, best first, without the hopeless."""
        ordered = sorted(found, key=self._worth, reverse=True)
        best: dict[str, _Candidate] = {}
        for one in ordered:
            best.setdefault(kind(one), one)
        floor = (1 - _HOPELESS) * self._worth(ordered[0])
        return [one for one in best.values() if self._worth(one) >= floor]

    def _tuned(
        self, one: _Candidate, folds: Sequence[Fold], i: int, finalists: Sequence[_Candidate]
    ) -> _Candidate:
        """Tune a finalist near where it is, for its share of the time that is left for tuning."""
        share = self._left(_TUNE) / (len(finalists) - i)
        # Leave time to fit everything that was chosen once more for each fold, and on all data.
        last = (len(folds) + 1) * sum(finalist.seconds for finalist in finalists)
        seconds = min(share, self._left(_FIT) - last)
        if seconds < 2 * len(folds) * one.seconds or not one.estimator.search:
            return one
        own = [replace(fold, besides=besides_of(one.estimator, fold.besides)) for fold in folds]
        found = tune(
            one.estimator, own, metric=self.auto.metric, trials=self.auto.trials,
            seconds=seconds, random_state=self.auto.random_state, pairs="new",
            search=near(one.estimator.search, one.estimator.get_params()),
        )  # fmt: skip
        best = one
        for trial in found.trials:
            estimator = one.estimator.replace(**trial.options)
            self._tell("tune", estimator, trial.value, trial.seconds, trial.note)
            if trial.value is not None and self.judge.better(trial.value, best.value):
                best = _Candidate(estimator, trial.value, trial.seconds / len(folds))
        return best

    def _blended(self, tuned: Sequence[_Candidate], folds: Sequence[Fold]) -> Blend:
        """Blend the finalists if the time suffices and the gain is more than chance."""
        affordable = list(tuned)
        while len(affordable) > 1:
            needed = (len(folds) + 1) * sum(one.seconds for one in affordable)
            if needed <= self._left(_FIT):
                break
            affordable.remove(max(affordable[1:], key=lambda one: one.seconds))
        alone = Blend(members=(tuned[0].estimator,), weights=(1.0,))
        if len(affordable) == 1:
            return alone
        members = [one.estimator for one in affordable]
        started = time.monotonic()
        found = learn(members, folds, self.auto.metric, alone.pool, alone.normalisation)
        counts = found.weights > 0
        blend = Blend(
            members=tuple(m for m, counted in zip(members, counts, strict=True) if counted),
            weights=tuple(float(weight) for weight in found.weights[counts]),
        )
        note = f"{found.gain:+.4f} (standard error {found.error:.4f}) over its best member"
        self._tell("blend", blend, found.value, time.monotonic() - started, note)
        if found.gain > found.error:
            return blend
        best = members[int(np.argmax(found.alone))]
        return Blend(members=(best,), weights=(1.0,))

    def _tell(
        self, stage: str, estimator: Estimator, value: float | None, seconds: float, note: str
    ) -> None:
        options = {"name": estimator.name, **estimator.get_params()}
        model = msgspec.json.decode(msgspec.json.encode(options))  # as a saved model tells it
        self.tried.append(Tried(stage, model, value, seconds, note))
        shown = "no value" if value is None else f"{value:.4f}"
        logger.info("auto: %s %s: %s in %.1f s %s", stage, estimator.name, shown, seconds, note)
