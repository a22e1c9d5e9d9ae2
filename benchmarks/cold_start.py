"""Cold start: items nobody has touched and people without a history, on logs with features.

``PYREC_DATA=... python benchmarks/cold_start.py complete_journey ml-1m`` prints rows of a table.

A tenth of the items is held out entirely. The options of ContentKNN and FeatureALS are chosen by
the recall@20 of another tenth of the items, held out of what is left; then the test is looked at
once. Items compete among the new ones, and among all. What that costs known items, with which the
new ones compete, is seen on a tenth of the other pairs, beside ALS with the same options. A tenth
of the people is judged by their attributes alone where there are any. Films count from four stars.
"""

import argparse
import csv
import gzip
import json
import re
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

import pyrec
from data import folder
from pyrec.data.catalogue import Catalogue
from pyrec.features import MultiHot, Pipeline, Text
from pyrec.preparation.cold import new_items
from pyrec.preparation.split import NewItemsSplit, NewUsersSplit, RandomSplit, split

METRIC = "recall@20"
CONTENT = [
    pyrec.ContentKNN(neighbors=neighbors, weighting=weighting)
    for weighting in ("none", "tfidf", "bm25")
    for neighbors in (20, 50, 100, 300)
]


def factorizations(factors, weights, maps):
    return [
        pyrec.FeatureALS(
            factors=number, regularization=regularization, iterations=8, profile_weight=weight,
            map_regularization=ridge, map_exponent=exponent,
        )
        for number, regularization in factors
        for weight in weights
        for ridge, exponent in maps
    ]  # fmt: skip


FACTORS = factorizations(((64, 0.01), (256, 0.003)), (0.0, 0.3), ((1.0, 0.0), (3.0, 0.5)))
# Where the best of these is at the edge.
MORE_FACTORS = factorizations(
    ((64, 0.01), (256, 0.003), (256, 0.01)),
    (0.0, 0.3, 1.0),
    ((0.1, 0.0), (0.3, 0.0), (1.0, 0.0), (3.0, 0.5)),
)
EXPOSURES = (0.5, 0.7, 0.85)


@dataclass(frozen=True)
class Shop:
    """A log, and tables of its items and, where there is one, of its users."""

    log: pyrec.Events
    items: Catalogue
    users: Catalogue | None = None
    item_steps: tuple = (MultiHot(column="tags", min_count=2),)

    def features(self, train):
        """Return features of all items and users, fitted on those of the training data."""
        items = Pipeline(steps=self.item_steps).fit(self.items, events=train)
        known = {"item_features": items.transform(self.items)}
        if self.users is not None:
            steps = [MultiHot(column="tags", min_count=2)]
            users = Pipeline(steps=steps, of="users").fit(self.users, events=train)
            known["user_features"] = users.transform(self.users)
        return known


def rows(*path, **options):
    """Yield the rows of a table as dictionaries."""
    with gzip.open(folder(path[0]) / path[1], "rt", encoding="latin-1") as lines:
        yield from csv.DictReader(lines, **options)


def events(users, items):
    """Return a log whose items stand in an order by chance, so that ties are broken by chance."""
    log = pyrec.Events.from_ids(users=users, items=items)
    order = np.random.default_rng(0).permutation(len(log.items))
    shuffled = pyrec.Vocabulary(log.items.ids[order])
    return replace(log, items=shuffled, item_rows=shuffled.encode(log.items.ids)[log.item_rows])


def table(tags, **texts):
    """Return a catalogue of ids with lists of tags; texts are columns by id."""
    ids = pyrec.Vocabulary.from_ids(list(tags))
    columns = {"tags": ["|".join(tags[i]) for i in ids.ids.tolist()]}
    columns |= {name: [of[i] for i in ids.ids.tolist()] for name, of in texts.items()}
    return Catalogue(ids, {name: np.array(c, "T") for name, c in columns.items()})


def told(row, columns):
    """Return the filled columns of a row as tags."""
    return [f"{name}={row[name].replace('|', '/')}" for name in columns if row[name]]


def complete_journey():
    of = partial(rows, "complete_journey")
    lines = list(of("transactions_sample.csv.gz"))
    households, products = ([int(r[c]) for r in lines] for c in ("household_id", "product_id"))
    kinds = ["department", "brand", "product_category", "product_type", "manufacturer_id",
             "package_size"]  # fmt: skip
    bought = set(products)
    items = {
        int(float(r["product_id"])): told(r, kinds)  # one is 9e+05
        for r in of("products.csv.gz")
        if int(float(r["product_id"])) in bought
    }
    users = {int(r["household_id"]): told(r, list(r)[1:]) for r in of("demographics.csv.gz")}
    log = events(users=households, items=products)
    return Shop(log, table(items), table(users))


def online_retail():
    lines = [
        r for r in rows("online_retail", "online_retail.csv.gz")
        if r["CustomerID"] and r["InvoiceNo"][0] != "C" and r["StockCode"][:5].isdigit()
    ]  # fmt: skip
    customers, codes = ([r[column] for r in lines] for column in ("CustomerID", "StockCode"))
    titles = {r["StockCode"]: r["Description"] for r in lines}
    items = table({code: [code[:4]] for code in titles}, title=titles)
    log = events(users=customers, items=codes)
    steps = (Text(column="title"), MultiHot(column="tags", min_count=2))
    return Shop(log, items, item_steps=steps)


def amazon_beauty_seq():
    users, items = [], []
    with gzip.open(folder("amazon_beauty_seq") / "Beauty.txt.gz", "rt") as lines:
        for line in lines:
            user, *sequence = map(int, line.split())
            users += [user] * len(sequence)
            items += sequence
    with gzip.open(folder("amazon_beauty_seq") / "Beauty_item2attributes.json.gz", "rt") as file:
        attributes = {int(item): list(map(str, of)) for item, of in json.load(file).items()}
    return Shop(events(users, items), table(attributes))


def lustrum(title):
    """Return the years of a film as tags: five of them are one."""
    year = re.search(r"(\d{4})\)?$", title.strip())
    return [f"year={int(year[1]) // 5 * 5}"] if year else []


def films(ratings, items, users):
    liked = np.array([(user, item) for user, item, rating in ratings if int(rating) >= 4], int)
    return Shop(events(liked[:, 0], liked[:, 1]), table(items), users)


def separated(file):
    with gzip.open(folder("ml-1m") / file, "rt", encoding="latin-1") as lines:
        return [line.rstrip("\n").split("::") for line in lines]


def ml_1m():
    movies, people = (separated(file) for file in ("movies.dat.gz", "users.dat.gz"))
    items = {int(movie): [*genres.split("|"), *lustrum(t)] for movie, t, genres in movies}
    users = {int(r[0]): told(dict(zip("sao", r[1:4], strict=True)), "sao") for r in people}
    ratings = (r.values() for r in rows("ml-1m", "ratings.csv.gz"))
    return films(ratings, items, table(users))


def ml_100k():
    of = partial(rows, "ml-100k", delimiter="|", quoting=csv.QUOTE_NONE)
    genres = [f"genre{n}" for n in range(19)]
    names = ["id", "title", "released", "video", "url", *genres]
    items = {
        int(r["id"]): [g for g in genres if r[g] == "1"] + lustrum(r["released"])
        for r in of("u.item.gz", fieldnames=names)
    }
    people = of("u.user.gz", fieldnames=["id", "age", "sex", "work", "zip"])
    users = {
        int(r["id"]): told({**r, "age": str(int(r["age"]) // 10)}, ("sex", "age", "work"))
        for r in people
    }
    ratings = np.loadtxt(folder("ml-100k") / "u.data.gz", int)[:, :3]
    return films(ratings, items, table(users))


SHOPS = {"complete_journey": complete_journey, "online_retail": online_retail,
         "amazon_beauty_seq": amazon_beauty_seq, "ml-1m": ml_1m, "ml-100k": ml_100k}  # fmt: skip


def judged(model, cut, candidates=None, metrics=METRIC, **options):
    asked = dict(metrics=metrics, candidates=candidates, pairs="new", resamples=2000)
    return pyrec.evaluate(model, cut, **asked, **options)


def fitted(estimator, train, known):
    """Fit an estimator with as much of what is known as it takes."""
    if isinstance(estimator, pyrec.ContentKNN):
        return estimator.fit(train, item_features=known["item_features"])
    return estimator.fit(train, **known if isinstance(estimator, pyrec.FeatureALS) else {})


def chosen(estimators, shop, cut):
    """Return the estimator of the best recall of new items, on a part of the training data."""
    part = split(cut.train, NewItemsSplit(random_state=1))
    train, new = part.train.aggregate(), new_items(part)
    known = {"item_features": shop.features(part.train)["item_features"]}
    found = [judged(fitted(e, train, known), part, new)[METRIC] for e in estimators]
    return estimators[int(np.argmax(found))]


def row(name, label, reports, against):
    """Print figures, and how the first model differs from each of the others."""
    figures = "  ".join(f"{r.model['name']} {r[against]:.4f}" for r in reports)
    gaps = [pyrec.compare(reports[0], other, metrics=against)[against] for other in reports[1:]]
    tests = "  ".join(
        f"[{g.difference.low:+.4f}, {g.difference.high:+.4f}] p {g.p_value:.4f}" for g in gaps
    )
    users = len(reports[0].main.users)
    print(f"{name}  {label}  {users:,} users  {against}  {figures}  {tests}", flush=True)


def compare_new_items(name, shop, grid):
    cut = split(shop.log, NewItemsSplit())
    train, known, new = cut.train.aggregate(), shop.features(cut.train), new_items(cut)
    of_items = {"item_features": known["item_features"]}
    best, content = (chosen(tried, shop, cut) for tried in (grid, CONTENT))
    for estimator in (best, content):
        print(f"{name}  {estimator!r}", flush=True)
    others = [fitted(e, train, of_items) for e in (content, pyrec.Popularity())]
    for exposure in EXPOSURES:
        model = fitted(best.replace(exposure=exposure), train, of_items)
        for label, among in (("new among new", new), ("new among all", None)):
            if among is None or exposure == EXPOSURES[0]:
                found = [judged(m, cut, among) for m in (model, *others)]
                row(name, f"{label}, exposure {exposure}", found, METRIC)
    return best


def compare_known_items(name, shop, best):
    cut = split(split(shop.log, NewItemsSplit()).train, RandomSplit(ratio=0.1))
    train, known = cut.train.aggregate(), shop.features(cut.train)
    als = pyrec.ALS(**{option: getattr(best, option) for option in pyrec.ALS.__struct_fields__})
    alone = judged(fitted(als, train, known), cut, metrics="ndcg@20")
    for exposure in EXPOSURES:
        model = fitted(best.replace(exposure=exposure), train, known)
        found = [judged(model, cut, metrics="ndcg@20"), alone]
        row(name, f"known items, exposure {exposure}", found, "ndcg@20")


def compare_new_users(name, shop, best):
    cut = split(shop.log, NewUsersSplit())
    train, known = cut.train.aggregate(), shop.features(cut.train)
    users = known["user_features"]
    told_of = set(users.ids.ids[np.diff(users.sparse().indptr) > 0].tolist())
    of_known = np.isin(cut.test.users.decode(cut.test.user_rows), list(told_of))
    test = cut.test.take(np.flatnonzero(of_known))
    models = [fitted(e, train, known) for e in (best, pyrec.Popularity())]
    row(name, "new users", [judged(m, test, cold_users="popular") for m in models], METRIC)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", nargs="+", choices=SHOPS)
    parser.add_argument("--wide", action="store_true", help="choose from more options")
    args = parser.parse_args()
    grid = MORE_FACTORS if args.wide else FACTORS
    for name in args.data:
        shop = SHOPS[name]()
        best = compare_new_items(name, shop, grid)
        compare_known_items(name, shop, best)
        if shop.users is not None:
            compare_new_users(name, shop, best)


if __name__ == "__main__":
    main()
