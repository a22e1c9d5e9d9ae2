import numpy as np
import pytest

import pyrec
from pyrec.errors import ConfigError
from pyrec.preparation.split import split
from pyrec.workflow.runconfig import RunConfig
from pyrec.workflow.tune import tune, validation_folds


def log(seed=0):
    rng = np.random.default_rng(seed)
    users = rng.integers(0, 60, 1500)
    items = (rng.integers(0, 15, 1500) * 2 + users % 2) % 30
    return pyrec.Events.from_ids(users=users, items=items, timestamps=np.arange(1500))


def config(tmp_path, **options):
    plain = {
        "data": {"path": "log.csv", "user": "who", "item": "what"},
        "model": {"name": "ease"},
        "tune": {"trials": 3},
        "output": {"directory": str(tmp_path / "out")},
        **options,
    }
    return RunConfig.from_dict(plain)


def found(tuned):
    return [(trial.options, trial.value) for trial in tuned.trials]


@pytest.mark.parametrize(
    "how",
    [
        {"method": "time", "ratio": 0.3},
        {"method": "last"},
        {"method": "random"},
        {"method": "users", "ratio": 0.3},
    ],
)
@pytest.mark.parametrize("splits", [1, 2])
def test_the_test_takes_no_part(tmp_path, how, splits):
    """Other items in the test, and everything that is chosen stays bit for bit the same."""
    plan = config(tmp_path, split=how, tune={"trials": 3, "splits": splits})
    events = log()
    test = split(events, plan.split).test
    tested = set(zip(test.user_rows, test.item_rows, test.timestamps, strict=True))
    is_test = np.array(
        [pair in tested
         for pair in zip(events.user_rows, events.item_rows, events.timestamps, strict=True)]
    )  # fmt: skip
    for fold in validation_folds(plan, events):
        for part in (fold.test.train, fold.test.test):
            pairs = zip(part.user_rows, part.item_rows, part.timestamps, strict=True)
            assert not tested & set(pairs)
    assert is_test.any()
    train = split(events, plan.split).train
    seen = [set(zip(f.test.train.user_rows, f.test.train.item_rows, strict=True))
            for f in validation_folds(plan, events)]  # fmt: skip
    whole = set(zip(train.user_rows, train.item_rows, strict=True))
    assert all(part <= whole for part in seen)


def test_what_is_tested_changes_no_choice(tmp_path):
    plan = config(tmp_path, split={"method": "time", "at": "1970-01-01T00:00:00.001200"})
    events = log()
    poisoned = events.item_rows.copy()
    poisoned[1200:] = (poisoned[1200:] + 7) % 30
    other = pyrec.Events.from_ids(
        users=events.users.decode(events.user_rows),
        items=events.items.decode(poisoned),
        timestamps=events.timestamps,
    )
    one, two = (tune(plan, tmp_path / "t.toml", events=e) for e in (events, other))
    assert found(one) == found(two)


def test_the_chosen_configuration_runs(tmp_path):
    plan = config(tmp_path, evaluation={"metrics": ["recall@5"]})
    tuned = tune(plan, tmp_path / "tuned.toml", events=log(), study=tmp_path / "study")
    text = (tmp_path / "tuned.toml").read_text()
    assert text.startswith(f"# Chosen by pyrec tune: ndcg@20 {tuned.value:.4f} on 1 validation")
    chosen = RunConfig.from_toml(tmp_path / "tuned.toml")
    assert chosen.estimator() == tuned.estimator
    assert chosen.evaluation == plan.evaluation
    assert chosen.output.directory == plan.output.directory
    assert chosen.data.path == str(tmp_path.cwd() / "log.csv")


def test_folds_leave_nothing_to_tune_on(tmp_path):
    with pytest.raises(ConfigError, match="with 'folds' everything is tested"):
        validation_folds(config(tmp_path, split={"method": "folds"}), log())
    plan = config(tmp_path, tune={"validation": {"method": "none"}})
    with pytest.raises(ConfigError, match=r"tune\.validation\.method: must be 'time'"):
        validation_folds(plan, log())


def test_ranges_are_those_of_the_file(tmp_path):
    plan = config(tmp_path, tune={"trials": 4, "search": {"regularization": [1.0, 2.0]}})
    tuned = tune(plan, tmp_path / "tuned.toml", events=log())
    assert {trial.options["regularization"] for trial in tuned.trials} <= {1.0, 2.0}


def moved(days=60, n=4000):
    """A log whose people like items of one kind first, and at the end those of the other."""
    rng = np.random.default_rng(1)
    day = np.sort(rng.uniform(0, days, n))
    users = rng.integers(0, 60, n)
    late = day > 0.6 * days
    items = (rng.integers(0, 20, n) * 2 + (users + late) % 2) % 40
    times = (day * 86_400_000_000).astype(np.int64)
    return pyrec.Events.from_ids(users=users, items=items, timestamps=times)


@pytest.mark.parametrize(
    ("option", "values"), [("half_life", [3000.0, 3.0]), ("window", [60.0, 12.0])]
)
def test_how_fast_the_past_fades_is_chosen_too(tmp_path, option, values):
    still = {"regularization": False, "user_exponent": False, "item_exponent": False}
    plan = config(
        tmp_path,
        split={"method": "time", "ratio": 0.1},
        evaluation={"pairs": "all"},
        tune={"trials": 6, "search": still, "weighting": {option: values}},
        model={"name": "ease", "regularization": 5},
    )
    tuned = tune(plan, tmp_path / "best.toml", study=tmp_path / "study", events=moved())
    of = {trial.options[f"weighting.{option}"]: trial.value for trial in tuned.trials}
    assert set(of) == set(values)
    assert of[values[1]] > of[values[0]] + 0.01
    best = RunConfig.from_toml(tmp_path / "best.toml")
    assert getattr(best.weighting, option) == values[1]
    assert tuned.weighting == best.weighting
    assert tuned.to_dict()["weighting"][option] == values[1]
    with pytest.raises(ConfigError, match=r"did you mean 'weighting\.half_life'"):
        tune(
            plan.replace(tune=plan.tune.replace(weighting={"half_lif": [1.0]})),
            tmp_path / "no.toml", events=moved(),
        )  # fmt: skip
