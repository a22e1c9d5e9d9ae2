import sys

import numpy as np
import pytest
import scipy.sparse as sp

import pyrec
from pyrec.errors import ConfigError, DataError, MissingPackageError
from pyrec.models.search import Choices
from pyrec.tuning.validation import cut, cuts


@pytest.fixture(scope="module")
def log():
    """Two communities, so that there is something to learn."""
    rng = np.random.default_rng(3)
    same = (np.arange(150)[:, None] % 2) == (np.arange(40)[None, :] % 2)
    return pyrec.Interactions.from_scipy(
        sp.csr_array((rng.random((150, 40)) < np.where(same, 0.4, 0.05)).astype(np.float32))
    )


def choices(tuned):
    return [(trial.options, trial.value, trial.state) for trial in tuned.trials]


def test_the_best_of_all_trials_is_returned(log):
    tuned = pyrec.tune(pyrec.EASE(regularization=4000), log, trials=6, metric="recall@5")
    assert len(tuned.trials) == 6
    assert tuned.trials[0].options["regularization"] == 4000
    assert tuned.value == max(trial.value for trial in tuned.trials)
    fold = cut(log)
    again = pyrec.evaluate(tuned.estimator.fit(fold.train), fold.test, metrics="recall@5")
    assert again["recall@5"] == tuned.value
    assert tuned.to_dict()["model"] == {"name": "ease", **tuned.estimator.get_params()}


def test_a_seed_decides_the_choices(log):
    one, two, other = (
        pyrec.tune(pyrec.EASE(), log, trials=4, random_state=seed) for seed in (1, 1, 2)
    )
    assert choices(one) == choices(two) != choices(other)


def test_a_study_of_choices_goes_on(log, tmp_path):
    for trials in (1, 2):
        found = pyrec.tune(pyrec.ItemKNN(), log, trials=trials, study=tmp_path / "choices")
    assert len(found.trials) == 2


def test_a_study_goes_on_as_if_it_had_not_stopped(log, tmp_path):
    whole = pyrec.tune(pyrec.RP3Beta(), log, trials=13)
    file = tmp_path / "new" / "study"
    pyrec.tune(pyrec.RP3Beta(), log, trials=5, study=file)
    pyrec.tune(pyrec.RP3Beta(), log, trials=11, study=file)
    assert choices(pyrec.tune(pyrec.RP3Beta(), log, trials=13, study=file)) == choices(whole)


def test_a_study_of_something_else_is_refused(log, tmp_path):
    pyrec.tune(pyrec.EASE(), log, trials=1, study=tmp_path / "study")
    for change, name in (
        ({"estimator": pyrec.EASE(neighbors=5)}, "model"),
        ({"search": {"regularization": [1.0, 2.0]}}, "search"),
        ({"metric": "recall@3"}, "metric"),
        ({"data": cuts(log)}, "data"),
    ):
        asked = {"estimator": pyrec.EASE(), "data": log, **change}
        with pytest.raises(ConfigError, match=f"study: .* was begun with another {name}"):
            pyrec.tune(asked.pop("estimator"), asked.pop("data"), trials=1,
                       study=tmp_path / "study", **asked)  # fmt: skip


def test_it_stops_when_the_time_is_over(log):
    tuned = pyrec.tune(pyrec.EASE(), log, trials=10_000, seconds=0.5)
    assert 1 <= len(tuned.trials) < 10_000


def test_ctrl_c_keeps_what_is_done(log, tmp_path):
    def interrupt(trial, done):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):  # from the caller's own function: the caller knows
        pyrec.tune(pyrec.EASE(), log, trials=9, study=tmp_path / "s", progress=interrupt)
    assert len(pyrec.tune(pyrec.EASE(), log, trials=3, study=tmp_path / "s").trials) == 3


def test_ctrl_c_while_fitting_ends_with_the_best_so_far(log, monkeypatch):
    fits = []

    def fit(self, interactions, callback=None):
        fits.append(self)
        if len(fits) == 4:
            raise KeyboardInterrupt
        return original(self, interactions, callback=callback)

    original = pyrec.EASE.fit
    monkeypatch.setattr(pyrec.EASE, "fit", fit)
    tuned = pyrec.tune(pyrec.EASE(), log, trials=9)
    assert tuned.interrupted
    assert len(tuned.trials) == 3
    fits[:] = [None] * 3
    with pytest.raises(KeyboardInterrupt):  # nothing was done
        pyrec.tune(pyrec.EASE(), log, trials=9)


def test_what_fails_is_told_and_left(log):
    search = dict.fromkeys(pyrec.ItemKNN.search, False) | {"metric": ["cosine", "jaccard"]}
    tuned = pyrec.tune(pyrec.ItemKNN(weighting="bm25"), log, trials=8, search=search)
    failed = [trial for trial in tuned.trials if trial.state == "failed"]
    assert failed
    assert all("jaccard, which compares sets" in trial.note for trial in failed)
    assert tuned.estimator.metric == "cosine"
    with pytest.raises(ConfigError, match="jaccard"):
        pyrec.tune(pyrec.ItemKNN(weighting="bm25"), log, trials=2,
                   search=search | {"metric": ["jaccard"]})  # fmt: skip


def test_hopeless_trainings_are_given_up(log):
    weak = Choices(of=(0.01, 1e20))
    search = {"factors": [8], "regularization": weak, "unobserved_weight": False}
    search |= {"iterations": False, "item_exponent": False}
    als = pyrec.ALS(factors=8, iterations=8, regularization=0.01)
    tuned = pyrec.tune(als, log, trials=16, search=search)
    states = {trial.options["regularization"]: trial.state for trial in tuned.trials[8:]}
    assert states == {0.01: "done", 1e20: "pruned"}


def test_nothing_to_search(log):
    with pytest.raises(ConfigError, match="popularity declares no options to search"):
        pyrec.tune(pyrec.Popularity(), log)
    with pytest.raises(DataError, match="estimator: must be of type Estimator"):
        pyrec.tune("als", log)


def test_without_optuna_the_extra_is_named(log, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingPackageError, match=r"tuning needs the package optuna.*pyrec\[tune"):
        pyrec.tune(pyrec.EASE(), log, trials=1)
