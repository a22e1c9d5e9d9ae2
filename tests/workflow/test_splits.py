import numpy as np
import pytest

import pyrec
from pyrec.errors import ConfigError
from pyrec.preparation.split import SessionSplit
from pyrec.workflow.compare import compare
from pyrec.workflow.experiment import fit, judge, with_kind_weights
from pyrec.workflow.runconfig import RunConfig
from pyrec.workflow.splits import folds, validation_protocol, validation_splits
from pyrec.workflow.steps import Steps


def log():
    rng = np.random.default_rng(0)
    users = np.repeat(np.arange(80), 12)
    items = (rng.integers(0, 20, len(users)) * 2 + users % 2) % 40
    kinds = np.where(rng.random(len(users)) < 0.4, "buy", "view")
    return pyrec.Events.from_ids(
        users=users, items=items, kinds=kinds, timestamps=rng.permutation(len(users))
    )


def config(**options):
    plain = {
        "data": {"path": "log.csv", "user": "who", "item": "what"},
        "model": {"name": "item_knn"},
        **options,
    }
    return RunConfig.from_dict(plain)


def test_the_validation_is_cut_as_the_test_was():
    plan = config(split={"method": "sessions", "ratio": 0.2})
    cut = folds(plan, log())[0]
    again = validation_splits(plan, log())[0]
    assert cut.description["method"] == again.description["method"] == "sessions"
    assert len(again.train) + len(again.test) < len(cut.train)
    assert again.train.timestamps.max() < 80 * 12


def test_validations_by_session_go_back_in_time():
    plan = config(split={"method": "sessions"}, tune={"splits": 3})
    sizes = [len(part.train) for part in validation_splits(plan, log())]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 3
    given = config(split={"method": "sessions"}, tune={"validation": {"method": "sessions"}})
    assert isinstance(given.tune.validation, SessionSplit)


def test_the_protocol_of_a_validation_has_no_metrics():
    plan = config(evaluation={"k": 7, "metrics": ["recall@3"], "exclude_seen": "buy"})
    assert validation_protocol(plan)["exclude_seen"] == "buy"
    assert not {"metrics", "k", "resamples", "random_state"} & set(validation_protocol(plan))


def test_weights_of_kinds_are_learned_and_then_part_of_the_configuration():
    plan = config(
        data={"path": "log.csv", "user": "who", "item": "what", "event_weights": "learned"},
        split={"method": "last", "target": "buy"},
        evaluation={"exclude_seen": "buy", "metrics": ["recall@5"]},
    )
    steps = Steps()
    learned = with_kind_weights(plan, log(), steps)
    assert [step.name for step in steps.done] == ["learn the weights of kinds of event"]
    assert learned.data.event_weights == learned.weighting.kinds
    assert set(learned.weighting.kinds) == {"buy", "view"}
    assert with_kind_weights(learned, log(), Steps()) == learned
    assert judge(learned, log(), Steps())["parts"]


def test_learning_the_weights_needs_a_target():
    plan = config(
        data={"path": "log.csv", "user": "who", "item": "what", "event_weights": "learned"}
    )
    with pytest.raises(ConfigError, match=r"data\.event_weights: name the kind .* split\.target"):
        with_kind_weights(plan, log(), Steps())
    with pytest.raises(ConfigError, match=r"data\.event_weights"):
        config(data={"path": "l", "user": 0, "item": 1, "event_weights": "learnt"})


def test_models_of_sequences_learn_from_single_events():
    plan = config(
        data={"path": "l", "user": 0, "item": 1, "event_weights": {"view": 0, "buy": 2}},
        model={"name": "transitions"},
    )
    model = fit(plan, log(), Steps())
    bought = log().only("buy")
    assert model.interactions.nnz == bought.aggregate().nnz


def test_models_of_sequences_are_compared_with_others():
    plan = config(
        data={"path": "l", "user": 0, "item": 1, "event_weights": "learned"},
        models=[{"name": "transitions"}, {"name": "session_knn"}],
        split={"method": "last", "target": "buy"},
        evaluation={"metrics": ["recall@5"]},
    )
    found = compare(plan, events=log())
    assert {model["name"] for model in found["models"]} == {
        "item_knn", "transitions", "session_knn"
    }  # fmt: skip
