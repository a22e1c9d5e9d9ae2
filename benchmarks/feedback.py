"""A simulated shop whose model learns from its own lists, with remedies of several weights.

``python benchmarks/feedback.py``: 2,000 people, 1,000 products and 90 days before the first of ten
weeks; ALS with 32 factors, beside popularity, item neighbours, and lists by the truth.
"""

import argparse

import pyrec
from pyrec.evaluation.feedback import Policy, feedback_loop
from pyrec.rerank import Exploration, PopularityControl


def policies(factors):
    als = pyrec.ALS(factors=factors, iterations=10)
    found = {
        "truth": Policy(),
        "popularity": Policy(pyrec.Popularity()),
        "item_knn": Policy(pyrec.ItemKNN(metric="cosine", shrink=0)),
        "als": Policy(als),
        "als, updated": Policy(als, update="partial"),
    }
    for weight in (0.3, 0.6):
        found[f"als, popularity control {weight}"] = Policy(als, PopularityControl(weight=weight))
    for weight in (0.05, 0.1, 0.2):
        found[f"als, exploration {weight}"] = Policy(als, Exploration(weight=weight))
    return found


MEASURES = ("utility", "tail", "gini", "overlap", "coverage", "popularity")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, default in (("users", 2000), ("items", 1000), ("days", 90), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--factors", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=10)
    asked = parser.parse_args(arguments)
    shop = pyrec.simulate_shop(
        users=asked.users, items=asked.items, days=asked.days, random_state=asked.seed
    )
    print("| lists | " + " | ".join(MEASURES) + " |\n" + "|---" * (len(MEASURES) + 1) + "|")
    found = feedback_loop(shop, policies(asked.factors), rounds=asked.rounds)
    for name, rounds in found.items():
        cells = [f"{getattr(rounds[0], m):.3f} → {getattr(rounds[-1], m):.3f}" for m in MEASURES]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
