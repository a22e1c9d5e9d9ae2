"""Features: time of statistics, and of a pipeline over a whole catalogue and over one new item.

``pytest --benchmark-enable benchmarks/bench_features.py``
"""

import numpy as np
import pytest

import pyrec
from pyrec.data.catalogue import Catalogue
from pyrec.features import MultiHot, Numeric, OneHot, Pipeline, Text, log_statistics

_STRING = np.dtypes.StringDType()


@pytest.fixture(scope="module")
def log():
    """A million events of 100,000 users and 20,000 items in 90 days, and the days as sessions."""
    rng = np.random.default_rng(0)
    n, days = 1_000_000, 90
    times = np.sort(rng.integers(0, days * 86_400_000_000, n))
    return pyrec.Events(
        pyrec.Vocabulary.range(100_000), pyrec.Vocabulary.range(20_000),
        rng.integers(0, 100_000, n), (rng.zipf(1.3, n) % 20_000).astype(np.int32),
        rng.integers(0, 3, n), ("view", "cart", "purchase"),
        timestamps=times, sessions=times // 86_400_000_000,
    )  # fmt: skip


@pytest.fixture(scope="module")
def shop():
    """100,000 items with titles of eight of 30,000 words, brands, tags and prices."""
    rng = np.random.default_rng(0)
    n = 100_000
    words = rng.integers(0, 30_000, (n, 8)).tolist()
    titles = np.array([" ".join(f"w{word}" for word in row) for row in words], _STRING)
    tags = np.array(["tea|green", "tea", "dish|gift", "gift"], _STRING)
    columns = {
        "title": titles,
        "brand": rng.integers(0, 500, n).astype(float),
        "tags": rng.choice(tags, n),
        "price": rng.lognormal(size=n),
    }
    return Catalogue(pyrec.Vocabulary.range(n), columns)


PIPELINE = Pipeline(
    steps=[
        Text(column="title"), OneHot(column="brand"), MultiHot(column="tags"),
        Numeric(column="price", scale="log"),
    ]
)  # fmt: skip


@pytest.mark.parametrize("of", ["users", "items"])
def test_statistics_of_a_million_events(benchmark, log, of):
    table = benchmark(lambda: log_statistics(log, of, view="view", target="purchase"))
    assert table.columns["events"].sum() == len(log)


def test_a_pipeline_is_fitted(benchmark, shop):
    benchmark.pedantic(lambda: PIPELINE.fit(shop), rounds=3)


def test_a_catalogue_is_transformed(benchmark, shop):
    fitted = PIPELINE.fit(shop)
    features = benchmark.pedantic(lambda: fitted.transform(shop), rounds=3)
    assert len(features) == len(shop)


def test_one_new_item_is_transformed(benchmark, shop):
    fitted = PIPELINE.fit(shop)
    columns = {name: column[:1] for name, column in shop.columns.items()}
    one = Catalogue(pyrec.Vocabulary.range(1), columns)
    assert len(benchmark(lambda: fitted.transform(one))) == 1
