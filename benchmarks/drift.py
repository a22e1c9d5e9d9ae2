"""How fast the past should fade: half-lives chosen on validation, judged once on the test.

``PYREC_DATA=... python benchmarks/drift.py online_retail complete_journey taobao_events``

The logs, splits and cleaning of ``examples/``, weights without a scheme, and nothing searched but
the half-life.
"""

import argparse
from pathlib import Path

import pyrec
from pyrec.models.sequential import weighed
from pyrec.tuning.study import tune
from pyrec.workflow.experiment import load
from pyrec.workflow.runconfig import RunConfig
from pyrec.workflow.splits import folds, validation_protocol
from pyrec.workflow.steps import Steps
from pyrec.workflow.tune import validation_folds

EXAMPLES = Path(__file__).parent.parent / "examples"
HALF_LIVES = [3.0, 7.0, 15.0, 30.0, 60.0, 120.0, 10_000.0]


def judged(config, log, trials):
    """Return the chosen half-life and how the test's NDCG with and without it compare."""
    estimator = config.estimator()
    search = dict.fromkeys(estimator.search, False) | {"weighting.half_life": HALF_LIVES}
    tuned = tune(
        estimator, validation_folds(config, log), trials=trials, search=search,
        weighting=config.weighting, **validation_protocol(config),
    )  # fmt: skip
    cut = folds(config, log)[0]
    protocol = config.evaluation.get_params() | {"metrics": ["ndcg@20"]}
    faded, plain = (
        pyrec.evaluate(estimator.fit(weighed(estimator, cut.train, how)), cut, **protocol)
        for how in (tuned.weighting, config.weighting.replace(half_life=None))
    )
    return tuned.weighting.half_life, pyrec.compare(faded, plain, metrics="ndcg@20")["ndcg@20"]


# The plain cosine.
PLAIN = {"item_knn": ("model.metric=cosine", "model.shrink=0")}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", nargs="+")
    parser.add_argument("--models", nargs="+", default=["item_knn", "als"])
    parser.add_argument("--trials", type=int, default=12)
    asked = parser.parse_args(arguments)
    print("| log | model | half-life | NDCG@20 | without | difference (95%) |\n" + "|---" * 6 + "|")
    for name in asked.data:
        for model in asked.models:
            changes = [f"model.name={model}", "weighting.scheme=none", *PLAIN.get(model, ())]
            config = RunConfig.from_toml(EXAMPLES / f"{name}.toml", changes)
            half_life, found = judged(config, load(config, Steps()), asked.trials)
            gap = found.difference
            print(
                f"| {name} | {model} | {half_life:g} | {found.first:.4f} | {found.second:.4f} "
                f"| {gap.mean:+.4f} ({gap.low:+.4f} to {gap.high:+.4f}) |",
                flush=True,
            )


if __name__ == "__main__":
    main()
