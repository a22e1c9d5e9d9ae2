"""From a shop's log and catalogue to lists that are diverse, explained, and what the shop wants.

``python examples/shop/shop.py`` does it for a shop that it makes up, with ``complete_journey`` or
``online_retail`` and ``--data FOLDER`` for a real one, and writes lists, reasons and a report.
"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import logs
import numpy as np

import pyrec
from pyrec import Boost, Fallback, Rules, runtime, valid_at, where
from pyrec.data.catalogue import Catalogue
from pyrec.features import (
    Features,
    Numeric,
    OneHot,
    Pipeline,
    Statistics,
    Text,
    find_segments,
    log_statistics,
)
from pyrec.models.fallback import FallbackModel, FallbackRanking
from pyrec.preparation.cleaning import clean
from pyrec.preparation.split import TimeSplit, split
from pyrec.preparation.weighting import log1p
from pyrec.report.describe import activity, describe
from pyrec.report.judging import judged
from pyrec.report.page import Pictures, render
from pyrec.report.people import choose, people_of
from pyrec.report.reasons import sentences
from pyrec.report.served import served
from pyrec.rerank import MMR, Calibration, Chain, Context, RerankedModel, rerank_lists
from pyrec.workflow.steps import Steps

# Who and what has more events is held back more, and what nobody touched counts little.
PERSONAL = pyrec.ALS(
    factors=64, regularization=0.01, regularization_exponent=1, unobserved_weight=0.1
)
K = 10
CANDIDATES = 50
STEPS = Chain(steps=[Calibration(weight=0.3), MMR(trade_off=0.8)])
METRICS = ["recall@20", "ndcg@20", "hit_rate@20", "coverage@20", "novelty@20"]
WHY = {
    "en": {
        "segment": "what people like you choose",
        "popular": "what most people choose",
        "pinned": "from the shop's window",
    },
    "zh": {"segment": "与您相似的顾客喜欢", "popular": "本店热销", "pinned": "本店推荐"},
}


def main(argv: Sequence[str] | None = None) -> None:
    """Do everything, and tell what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", nargs="?", default="simulated", choices=list(logs.READERS))
    parser.add_argument("--data", type=Path, help="where the log is; a simulated one is written")
    parser.add_argument("--out", type=Path, default=Path("out/shop"))
    args = parser.parse_args(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    steps = Steps()

    with steps("read and clean"):
        shop = logs.READERS[args.log](args.data or args.out / "data")
        events, _ = clean(shop.events, shop.cleaning)
    print(events)

    with steps("judge on the future"):
        quality = judge(shop, events)

    with steps("learn from everything"):
        segments = segments_of(shop, events)
        newcomers = newcomers_of(events)
        chain = fit(shop, events, segments | dict(zip(newcomers, (0, 1), strict=False)))

    with steps("make lists"):
        rules = rules_of(shop, events).compile(shop.catalogue, chain.items, k=K)
        users = np.concatenate([events.users.ids, newcomers])
        lists = recommend(chain, users, shop, rules)
    sources, counts = np.unique(lists.sources[lists.rows >= 0], return_counts=True)
    print(f"{len(lists):,} lists, {lists.short} of them with fewer than {K} items")
    print("entries by", dict(zip(sources.tolist(), counts.tolist(), strict=True)))

    with steps("explain"):
        titles = shop.catalogue.titles()
        reasons = {language: explain(lists, chain, titles, language) for language in WHY}

    with steps("write"):
        write(lists, reasons, args.out / "lists.parquet")
        chain.models[0].save(args.out / "personal")
    html = report(args.log, shop, events, quality, lists, reasons, steps)
    (args.out / "report.html").write_text(html, encoding="utf-8")
    print(f"{args.out / 'lists.parquet'}, {args.out / 'report.html'}")


def about(catalogue: Catalogue) -> Features:
    """Return what items are: the words of their titles, category, maker, price."""
    steps = [Text(column="title"), OneHot(column="category"), Numeric(column="price", scale="log")]
    if "brand" in catalogue.columns:
        steps.append(OneHot(column="brand", min_count=5))
    return Pipeline(steps=steps).fit(catalogue).transform(catalogue)


def interest(shop: logs.Log, events: pyrec.Events) -> pyrec.Interactions:
    """Return who is interested in what, and how much."""
    return log1p(events.aggregate("sum", kind_weights=shop.kinds))


def judge(shop: logs.Log, events: pyrec.Events) -> dict[str, Any]:
    """Learn from the past and judge on what happened afterwards: lists as they would be shown."""
    cut = split(events, TimeSplit(ratio=0.1, target=shop.target))
    model = PERSONAL.fit(interest(shop, cut.train))
    shown = RerankedModel(model, STEPS, Context.of(model, shop.catalogue, groups="category"))
    popular = pyrec.Popularity().fit(model.interactions)
    options = {"metrics": METRICS, "exclude_seen": shop.target or True}
    personal, reranked, baseline = (
        pyrec.evaluate(one, cut, **options) for one in (model, shown, popular)
    )
    print(f"\nPersonal lists:\n{personal}")
    print(f"\nWhat re-ranking does to them:\n{pyrec.compare(reranked, personal)}")
    groups = served(reranked.main, shown, shop.catalogue, ["category"])
    return judged([(reranked, baseline)]) | {"groups": groups, "rules": None}


def segments_of(shop: logs.Log, events: pyrec.Events) -> dict[Any, int]:
    """Divide people by what they do and spend."""
    habits = {"price": "price", "target": shop.target, "view": "view" if shop.target else None}
    people = Pipeline(steps=[Statistics(**habits)], of="users")
    people = people.fit(events.users, events=events, catalogue=shop.catalogue)
    found = find_segments(people.transform(events.users), n=5)
    plain = log_statistics(events, "users", catalogue=shop.catalogue, **habits)
    print("\nSegments of people:", *found.profiles(top=2, by=plain), "", sep="\n")
    return dict(zip(events.users.ids.tolist(), found.numbers.tolist(), strict=True))


def newcomers_of(events: pyrec.Events) -> list[Any]:
    """Return ids of people who just came in; the first two said whom they are like."""
    if events.users.ids.dtype.kind == "i":
        return (int(events.users.ids.max()) + np.arange(1, 4)).tolist()
    return ["newcomer 1", "newcomer 2", "newcomer 3"]


def fit(shop: logs.Log, events: pyrec.Events, segments: dict[Any, int]) -> FallbackModel:
    """Learn everything: each model is for whom and for what those before it have no answer."""
    known = interest(shop, events)
    return Fallback.of(
        {
            "personal": PERSONAL.fit(known),
            "content": pyrec.ContentKNN().fit(known, item_features=about(shop.catalogue)),
            "segment": pyrec.SegmentPopularity().fit(known, user_segments=segments),
            "popular": pyrec.Popularity().fit(known),
        }
    )


def rules_of(shop: logs.Log, events: pyrec.Events) -> Rules:
    """Return what the shop wants: of what it has, something of everything, a little of its own."""
    columns = shop.catalogue.columns
    available = (where("stock") > 0) & (where("price") > 0)
    if "valid_until" in columns:
        available &= valid_at(str(events.timestamps.max().astype("datetime64[us]")))
    cheap = float(np.nanquantile(np.asarray(columns["price"], float), 0.25))
    sold = np.bincount(events.item_rows, minlength=len(events.items))
    return Rules(
        where=available,
        caps={"brand": 3, "category": 5} if "brand" in columns else {"category": 3},
        pinned={3: events.items.ids[np.argmax(sold)]},
        boosts=[Boost(where("price") <= cheap, times=1.1)],
        repeatable=where("category").isin(shop.repeatable) if shop.repeatable else None,
    )


def recommend(chain: FallbackModel, users: Any, shop: logs.Log, rules: Any) -> FallbackRanking:
    """Make long lists under the rules, and choose of each the few that are best together."""
    seen = shop.target or True
    candidates = chain.recommend(users, CANDIDATES, exclude_seen=seen, rules=rules)
    context = Context.of(chain.models[1], shop.catalogue, groups="category")
    return rerank_lists(STEPS, candidates, context, K, rules=rules)


def explain(
    lists: FallbackRanking, chain: FallbackModel, titles: dict[Any, str], language: str
) -> list[list[str]]:
    """Say of every entry why it is there, as the model that gave it can."""
    models = dict(zip(chain.links, chain.models, strict=True))
    told = []
    for user, ids, sources in zip(lists.users, lists.ids, lists.sources, strict=True):
        why = [WHY[language].get(source, "") for source in sources.tolist()]
        for name in ("personal", "content"):
            if len(at := np.flatnonzero(sources == name)):
                parts = models[name].explain_batch([user], [ids[at].tolist()], k=2)
                own = sentences(parts, models[name].interactions, titles, language=language)[0]
                for place, sentence in zip(at.tolist(), own, strict=True):
                    why[place] = sentence
        told.append(why)
    return told


def write(lists: FallbackRanking, reasons: dict[str, list[list[str]]], path: Path) -> None:
    """Write every entry with its source and reasons."""
    real = lists.rows >= 0
    why = {f"reason_{language}": np.array(told)[real] for language, told in reasons.items()}
    pyrec.write_table({**lists.to_columns(), **why}, path)


def report(
    name: str,
    shop: logs.Log,
    events: pyrec.Events,
    quality: dict[str, Any],
    lists: FallbackRanking,
    reasons: dict[str, list[list[str]]],
    steps: Steps,
) -> str:
    """Return one page: how good lists are, what a few people get and why, the log, the cost."""
    shown = np.append(choose(np.bincount(events.user_rows), 6), np.arange(-3, 0))
    exposure = np.bincount(lists.rows[lists.rows >= 0], minlength=len(lists.items))
    some = FallbackRanking(
        lists.rows[shown], lists.scores[shown], lists.items, lists.users[shown],
        links=lists.links, places=lists.places[shown],
    )  # fmt: skip
    why = [
        [f"{english}\n{chinese}" for english, chinese in zip(*both, strict=True)]
        for both in ((reasons["en"][at], reasons["zh"][at]) for at in shown)
    ]
    rules = rules_of(shop, events)
    facts = {
        "source": f"{name}: a shop from log to lists",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": {**describe(events), "provenance": events.report.to_dict()},
        "quality": quality,
        "output": {
            "k": K, "exclude_seen": not shop.repeatable, "rows": int(lists.counts.sum()),
            "users": len(lists), "items": int(np.count_nonzero(exposure)),
        },
        "steps": [asdict(step) for step in steps.done],
        "runtime": runtime.info(),
        "config": {
            "model": {"name": " > ".join(lists.links)},
            "rules": {"where": str(rules.where), "pinned": str(rules.pinned), **rules.caps},
            "rerank": {str(i): str(step) for i, step in enumerate(STEPS.steps, 1)},
        },
    }  # fmt: skip
    per_item = np.bincount(events.item_rows, minlength=len(events.items))
    pictures = Pictures(activity(events), {"events": per_item, "recommendations": exposure})
    return render(facts, pictures, people_of(some, events, catalogue=shop.catalogue, reasons=why))


if __name__ == "__main__":
    main()
