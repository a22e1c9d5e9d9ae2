"""The package as a whole: its front door, and features of real shops."""

import numpy as np
import pandas as pd
import pytest

import pyrec
from pyrec.features import (
    Buckets,
    MultiHot,
    Numeric,
    OneHot,
    Pipeline,
    Reduce,
    Statistics,
    Text,
    find_segments,
    load,
    log_statistics,
)  # fmt: skip
from pyrec.preparation.split import TimeSplit, split


def test_the_door_is_the_class_that_models_take():
    assert pyrec.features.Features is pyrec.Features


def served(fitted, table, folder):
    """Return the features of a table, after checking that a saved pipeline makes the same bits."""
    features = fitted.transform(table)
    fitted.save(folder)
    again = load(folder, verify=True).transform(table)
    assert again.names == features.names
    for name in ("data", "indices", "indptr") if features.is_sparse else ():
        assert np.array_equal(getattr(again.matrix, name), getattr(features.matrix, name))
    if not features.is_sparse:
        assert np.array_equal(again.matrix.view(np.int32), features.matrix.view(np.int32))
    return features


@pytest.mark.real_data
def test_complete_journey(real_data, tmp_path):
    folder = real_data / "complete_journey"
    # One id is written 9e+05: as text it would make all of them strings.
    frame = pd.read_csv(folder / "products.csv.gz").astype({"product_id": "int64"})
    products = pyrec.read_items(frame, item="product_id")
    log = pyrec.read_events(
        folder / "transactions_sample.csv.gz", user="household_id", item="product_id",
        weight="sales_value", timestamp="transaction_timestamp", session="basket_id",
    )  # fmt: skip
    train = split(log, TimeSplit(at="2017-11-01")).train
    items = Pipeline(
        steps=[
            OneHot(column="department"), OneHot(column="brand"),
            OneHot(column="product_category", min_count=3),
            Text(column="product_type"), Statistics(),
        ],
        until="2017-11-01",
    )  # fmt: skip
    features = served(items.fit(products, events=train), products, tmp_path / "items")
    assert features.is_sparse
    assert "brand=Private" in features.names
    counts = features.report.steps[-1].counts
    assert counts["rows"] == len(products)
    bought = np.isin(products.items.ids, train.without_unused_ids().items.ids)
    assert counts["statistics: without events"] == np.count_nonzero(~bought)
    aligned = features.aligned(train.items)
    assert aligned.report.steps[-1].counts["without features"] < 0.05 * len(train.items)
    households = pyrec.read_items(folder / "demographics.csv.gz", item="household_id")
    columns = ("age", "income", "home_ownership", "marital_status")
    steps = [OneHot(column=name, missing="indicator") for name in columns]
    people = Pipeline(steps=[*steps, Statistics()], of="users").fit(households, events=train)
    found = served(people, households, tmp_path / "users")
    segments = find_segments(found, n=5)
    assert sum(profile.size for profile in segments.profiles()) == len(households)


@pytest.mark.real_data
def test_online_retail(real_data, tmp_path):
    path = real_data / "online_retail/online_retail.csv.gz"
    items = pyrec.read_items(path, item="StockCode", columns=["Description", "UnitPrice"])
    people = pyrec.read_items(path, item="CustomerID", columns=["Country"])
    log = pyrec.read_events(
        path, user="CustomerID", item="StockCode", weight="Quantity", timestamp="InvoiceDate",
        session="InvoiceNo",
    )  # fmt: skip
    pipeline = Pipeline(
        steps=[
            Text(column="Description"), Reduce(components=32),
            Buckets(column="UnitPrice"), Numeric(column="UnitPrice", scale="log"),
        ],
    )  # fmt: skip
    features = served(pipeline.fit(items, events=log), items, tmp_path / "items")
    assert features.matrix.shape[0] == 4_070
    titles = items.titles("Description")
    rows = [row for row, title in enumerate(titles.values()) if "CAKESTAND" in title]
    dense = features.dense()[:, :32]
    normal = dense / np.maximum(np.linalg.norm(dense, axis=1, keepdims=True), 1e-9)
    alike = normal[rows] @ normal.T
    assert alike[:, rows].mean() > 3 * alike.mean()  # items of a kind have like features
    table = log_statistics(log, "users", catalogue=items, price="UnitPrice")
    assert np.nanmedian(table.columns["spent"]) == pytest.approx(650, rel=0.3)  # pounds
    assert np.nanmax(table.columns["price level"]) <= 1
    users = Pipeline(
        steps=[OneHot(column="Country", min_count=10, other=True), Statistics(price="UnitPrice")],
        of="users",
    ).fit(people, events=log, catalogue=items)
    found = served(users, people, tmp_path / "users")
    assert "Country=United Kingdom" in found.names
    largest = find_segments(found, n=4).profiles(top=3, by=table)[0]
    assert largest.share > 0.25
    assert len(largest.differences) == 3


@pytest.mark.real_data
def test_ml_1m(real_data, tmp_path):
    folder = real_data / "ml-1m"
    form = dict(format="csv", delimiter="::", header=False, encoding="latin-1", quote="")
    films = pyrec.read_items(folder / "movies.dat.gz", item=0, columns=[1, 2], **form)
    people = pyrec.read_items(folder / "users.dat.gz", item=0, columns=[1, 2, 3], **form)
    log = pyrec.read_events(folder / "ratings.csv.gz", user="user", item="movie", weight="rating")
    pipeline = Pipeline(steps=[MultiHot(column="2"), Text(column="1"), Statistics()])
    features = served(pipeline.fit(films, events=log), films, tmp_path / "films")
    assert sum(name.startswith("2=") for name in features.names) == 18  # genres
    assert features.aligned(log.items).report.steps[-1].counts["without features"] == 0
    taste = Pipeline(steps=[OneHot(column=str(at)) for at in (1, 2, 3)], of="users")
    found = served(taste.fit(people), people, tmp_path / "people")
    assert found.matrix.shape == (6_040, 2 + 7 + 21)
    assert np.all(found.matrix.sum(axis=1) == 3)


@pytest.mark.real_data
def test_ml_100k(real_data, tmp_path):
    form = dict(format="csv", delimiter="|", header=False, encoding="latin-1", quote="")
    people = pyrec.read_items(real_data / "ml-100k/u.user.gz", item=0, columns=[1, 2, 3], **form)
    log = pyrec.read_events(
        real_data / "ml-100k/u.data.gz", user=0, item=1, weight=2, timestamp=3,
        format="csv", delimiter="\t", header=False,
    )  # fmt: skip
    train = split(log, TimeSplit(at="1998-03-01")).train
    pipeline = Pipeline(
        steps=[Buckets(column="1", n=5), OneHot(column="2"), OneHot(column="3"), Statistics()],
        of="users",
        until="1998-03-01",
    )
    features = served(pipeline.fit(people, events=train), people, tmp_path / "people")
    assert features.names[5:7] == ("2=F", "2=M")
    with pytest.raises(pyrec.errors.DataError, match="not before 1998-03-01"):
        pipeline.fit(people, events=log)
