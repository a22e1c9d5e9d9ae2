"""What is bought next: all models on logs of shops, with intervals.

``PYREC_DATA=... python benchmarks/purchases.py retailrocket online_retail --json FILE``

All models have their default options. Views and carts count as `behaviours.py` sets them by hand;
logs that have baskets only are cut by time, as in ``examples/``. Purchases that are new to the user
are told apart from what was touched before: recall and NDCG at 20, with 95% intervals. The file is
written after each model; called again, it goes on there.
"""

import argparse
import json
import time
from pathlib import Path

import behaviours
import pyrec
from pyrec.errors import PyrecError
from pyrec.models.registry import MODELS, estimator_class
from pyrec.models.sequential import Sequential, weighed
from pyrec.preparation.weighting import Weighting
from pyrec.workflow.experiment import load
from pyrec.workflow.runconfig import RunConfig
from pyrec.workflow.splits import folds
from pyrec.workflow.steps import Steps

EXAMPLES = Path(__file__).parent.parent / "examples"
BASKETS = ("online_retail", "complete_journey")
# Models of ratings and of features, and what is made of other models.
LEFT_OUT = ("auto", "blend", "content_knn", "explicit_als", "feature_als")
# A closed form for more items than this takes minutes.
DENSE = 6000


def read(name):
    """Return training and test of a log, and how its events weigh."""
    if name in BASKETS:
        config = RunConfig.from_toml(EXAMPLES / f"{name}.toml")
        return folds(config, load(config, Steps()))[0], config.weighting
    kinds = behaviours.LOGS[name][0]
    weights = dict(zip(kinds, behaviours.HAND_SET, strict=True))
    return behaviours.read(name), Weighting(kinds=weights)


def judged(estimator, cut, weighting):
    """Fit, and return the figures of new purchases and of repeated ones, or why there are none."""
    if isinstance(estimator, pyrec.EASE) and len(cut.train.items) > DENSE:
        return {"note": f"{len(cut.train.items):,} items"}
    if isinstance(estimator, Sequential) and cut.train.timestamps is None:
        return {"note": "no order"}
    known = weighed(estimator, cut.train, weighting)
    began = time.perf_counter()
    try:
        model = estimator.fit(known)
    except PyrecError as error:
        return {"note": str(error)}
    seconds = time.perf_counter() - began
    report = pyrec.evaluate(model, cut, metrics=["recall@20", "ndcg@20"])
    parts = {
        part.name: {"users": len(part.users),
                    **{label: one.to_dict() for label, one in part.estimates.items()}}
        for part in report.parts
    }  # fmt: skip
    return {"fit_seconds": seconds, "parts": parts}


def table(found):
    """Return the rows as Markdown, a column for each log and part."""
    columns = sorted({(log, part) for log, rows in found.items() for row in rows.values()
                      for part in row.get("parts", ())})  # fmt: skip
    lines = ["| | " + " | ".join(f"{log}, {part}" for log, part in columns) + " |",
             "|---|" + "---|" * len(columns)]  # fmt: skip
    for name in dict.fromkeys(name for rows in found.values() for name in rows):
        cells = []
        for log, part in columns:
            row = found[log].get(name, {})
            cells.append(_cell(row["parts"][part]) if "parts" in row else row.get("note", ""))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(figures):
    recall, ndcg = figures["recall@20"]["mean"], figures["ndcg@20"]
    return f"{recall:.4f}, {ndcg['mean']:.4f} ({ndcg['low']:.4f} to {ndcg['high']:.4f})"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", nargs="+", choices=[*behaviours.LOGS, *BASKETS])
    parser.add_argument("--json", required=True, type=Path, metavar="FILE")
    parser.add_argument("--models", help="Only these, parted by commas.")
    asked = parser.parse_args(arguments)
    names = asked.models.split(",") if asked.models else [n for n in MODELS if n not in LEFT_OUT]
    found = json.loads(asked.json.read_text()) if asked.json.exists() else {}
    for log in asked.data:
        rows = found.setdefault(log, {})
        if set(names) <= rows.keys():
            continue
        cut, weighting = read(log)
        for name in names:
            if name not in rows:
                rows[name] = judged(estimator_class(name)(), cut, weighting)
                asked.json.write_text(json.dumps(found, indent=1) + "\n")
                print(log, name, rows[name].get("fit_seconds", rows[name].get("note")), flush=True)
    print(table(found))


if __name__ == "__main__":
    main()
