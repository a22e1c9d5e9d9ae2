import json
from contextlib import suppress
from functools import cache
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyrec import Events, Vocabulary
from pyrec.data.catalogue import Catalogue
from pyrec.data.moments import DAY
from pyrec.errors import ArtifactError, ConfigError, DataError
from pyrec.features import (
    Buckets,
    MultiHot,
    Numeric,
    OneHot,
    Pipeline,
    Reduce,
    Statistics,
    Text,
    load,
)  # fmt: skip

EVERY = Pipeline(
    steps=[
        Text(column="title", min_df=1),
        MultiHot(column="tags", other=True),
        Reduce(components=3),
        OneHot(column="brand", missing="indicator"),
        Buckets(column="price", n=3, missing="indicator"),
        Numeric(column="price", scale="log"),
        Statistics(columns=("events", "recency")),
    ],
    until="1970-02-01",
)


def shop(n=30, seed=0):
    """Items 0 to n - 1 with all that a catalogue may have, some of it missing."""
    rng = np.random.default_rng(seed)
    string = np.dtypes.StringDType()
    words = np.array(["red", "mug", "tea", "茶杯", "", "big cup"], string)
    return Catalogue(
        Vocabulary.range(n),
        {
            "title": rng.choice(words, n) + np.array(" ", string) + rng.choice(words, n),
            "tags": rng.choice(np.array(["a|b", "b", "", "c|a"], string), n),
            "brand": rng.choice(np.array(["x", "y", ""], string), n),
            "price": np.where(rng.random(n) < 0.2, np.nan, rng.lognormal(size=n)),
        },
    )


def rows(table, chosen):
    columns = {name: column[chosen] for name, column in table.columns.items()}
    return Catalogue(Vocabulary(table.items.ids[chosen]), columns)


@cache
def january():
    rng = np.random.default_rng(1)
    return Events.from_ids(
        users=rng.integers(0, 9, 200), items=rng.integers(0, 25, 200),
        timestamps=rng.integers(0, 31 * DAY, 200),
    )  # fmt: skip


@cache
def fitted_once():
    return EVERY.fit(shop(), events=january())


@pytest.fixture
def log():
    return january()


@pytest.fixture
def fitted():
    return fitted_once()


def test_steps_stand_side_by_side_and_a_reduction_in_place_of_those_before_it(fitted):
    names = fitted.transform(shop()).names
    assert names[:3] == ("component 1", "component 2", "component 3")
    assert names[3:6] == ("brand=x", "brand=y", "brand: missing")
    assert [name.partition("[")[0] for name in names[6:9]] == ["price"] * 3
    assert names[9:] == ("price: missing", "price", "events", "recency")


@given(st.lists(st.integers(0, 39), min_size=1, unique=True))
def test_a_row_has_the_same_bits_in_every_table(chosen):
    table = shop(40)
    fitted = fitted_once()
    whole = fitted.transform(table).dense()
    part = fitted.transform(rows(table, np.array(chosen))).dense()
    assert np.array_equal(whole[chosen].view(np.int32), part.view(np.int32))


def test_a_saved_pipeline_makes_the_same_features(fitted, tmp_path):
    fitted.save(tmp_path / "pipeline")
    again = load(tmp_path / "pipeline", verify=True)
    assert again.pipeline == EVERY
    assert again.report.to_dict() == fitted.report.to_dict()
    table = shop(50, seed=9)
    one, other = fitted.transform(table), again.transform(table)
    assert one.names == other.names
    assert np.array_equal(one.dense().view(np.int32), other.dense().view(np.int32))
    assert one.report.to_dict() == other.report.to_dict()
    assert not [file for file in (tmp_path / "pipeline").iterdir()
                if file.suffix not in (".npy", ".json")]  # fmt: skip


words = st.text(max_size=6) | st.sampled_from(["tea", "茶杯", "tea mug", "a|b"])
rare = st.floats(-1e6, 1e6) | st.just(np.nan)


@settings(max_examples=25)
@given(st.lists(st.tuples(words, rare), min_size=2, max_size=12), st.data())
def test_any_table_makes_the_same_features_before_and_after_saving(table, data):
    titles, prices = zip(*table, strict=True)
    columns = {"t": np.array(titles, np.dtypes.StringDType()), "p": np.array(prices)}
    there = Catalogue(Vocabulary.range(len(table)), columns)
    steps = [
        OneHot(column="t", other=True), MultiHot(column="t", missing="indicator"),
        Buckets(column="p", n=data.draw(st.integers(2, 5))),
        Numeric(column="p", scale=data.draw(st.sampled_from(["log", "standard"]))),
        Text(column="t", min_df=1),
    ]  # fmt: skip
    fitted = []
    for step in steps:
        with suppress(DataError):  # nothing to learn from
            fitted.append(Pipeline(steps=[step]).fit(there))
    with TemporaryDirectory() as folder:
        for at, one in enumerate(fitted):
            one.save(f"{folder}/{at}")
            again = load(f"{folder}/{at}")
            new = rows(there, data.draw(st.permutations(range(len(table)))))
            before, after = one.transform(new), again.transform(new)
            assert before.names == after.names
            assert np.array_equal(before.dense().view(np.int32), after.dense().view(np.int32))
            assert np.all(np.isfinite(before.dense()))


def test_a_damaged_pipeline_is_refused(fitted, tmp_path):
    with pytest.raises(ArtifactError, match=r"manifest\.json: No such file"):
        load(tmp_path)
    path = tmp_path / "pipeline"
    fitted.save(path)
    words = next(path.glob("0.idf-*.npy"))
    content = bytearray(words.read_bytes())
    words.write_bytes(content[:-4])
    with pytest.raises(ArtifactError, match=r"0\.idf-\w+\.npy: cannot be read"):
        load(path)
    content[-1] ^= 1
    words.write_bytes(content)
    with pytest.raises(ArtifactError, match=r"0\.idf-\w+\.npy: has changed since it was saved"):
        load(path, verify=True)
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["metadata"]["pipeline"]["steps"][0]["step"] = "magic"
    (path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ArtifactError, match="no feature pipeline that this pyrec knows"):
        load(path)


def test_only_what_had_events_is_learnt_from():
    table = Catalogue(
        Vocabulary([1, 2, 3]),
        {"brand": np.array(["a", "b", "late"]), "price": np.array([1.0, 3.0, 1000.0])},
    )
    log = Events.from_ids(users=[7, 7], items=[2, 1])
    pipeline = Pipeline(steps=[OneHot(column="brand"), Numeric(column="price")])
    features = pipeline.fit(table, events=log).transform(table)
    assert features.names == ("brand=a", "brand=b", "price")
    assert features.dense()[:, 2].tolist() == [-1, 1, 998]
    assert [dict(step.counts) for step in features.report.steps] == [
        {"rows": 2, "left out without events": 1},
        {"rows": 3, "brand: others": 1},
    ]


def test_a_log_that_reaches_beyond_the_training_period_is_refused(log):
    with pytest.raises(DataError, match="are not before 1970-01-20T00:00:00Z, the end of the"):
        EVERY.replace(until="1970-01-20").fit(shop(), events=log)
    with pytest.raises(DataError, match="until: give the log of the training period"):
        EVERY.fit(shop())


def test_a_log_of_other_items_is_refused():
    log = Events.from_ids(users=[1], items=[400], timestamps=[0])
    with pytest.raises(DataError, match="table: has none of the 1 items of the log; check the ids"):
        EVERY.fit(shop(), events=log)


def test_ids_of_another_kind_are_refused(fitted):
    log = Events.from_ids(users=[1], items=["1"], timestamps=[0])
    with pytest.raises(DataError, match="table: the ids are integers, those asked for are strings"):
        EVERY.fit(shop(), events=log)
    table = Catalogue(Vocabulary([f"i{at}" for at in range(30)]), shop().columns)
    with pytest.raises(DataError, match="statistics: the ids are integers, those asked for are"):
        fitted.transform(table)


def test_a_table_without_a_column_is_refused(fitted):
    fewer = shop()
    fewer = Catalogue(fewer.items, {"titles": fewer.columns["title"]})
    with pytest.raises(DataError, match=r"column 'title': unknown; did you mean 'titles'\?"):
        fitted.transform(fewer)
    with pytest.raises(DataError, match="table: must be of type Catalogue or Vocabulary, not dict"):
        fitted.transform({})


def test_columns_of_the_same_name_are_refused():
    twice = Pipeline(steps=[Numeric(column="price"), Numeric(column="price", scale="log")])
    with pytest.raises(DataError, match="names: 'price' is there twice"):
        twice.fit(shop()).transform(shop())


def test_users_of_whom_only_the_log_tells(log):
    pipeline = Pipeline(steps=[Statistics(price="price")], of="users")
    features = pipeline.fit(log.users, events=log, catalogue=shop()).transform(log.users)
    assert "price level" in features.names
    assert not features.is_sparse
    assert features.dense().mean(axis=0) == pytest.approx(0, abs=1e-5)


def test_a_table_without_rows_has_no_features(fitted):
    empty = rows(shop(), np.arange(0))
    assert fitted.transform(empty).matrix.shape == (0, 13)


TOML = """
[features]
until = 1970-02-01

[[features.items]]
step = "one_hot"
column = "brand"

[[features.items]]
step = "numeric"
column = "price"
scale = "log"

[[features.users]]
step = "statistics"
"""


def test_a_file_and_keywords_build_the_same(tmp_path):
    (tmp_path / "run.toml").write_text(TOML)
    items = Pipeline.from_toml(tmp_path / "run.toml")
    assert items == Pipeline(
        steps=(OneHot(column="brand"), Numeric(column="price", scale="log")), until="1970-02-01"
    )
    users = Pipeline.from_toml(tmp_path / "run.toml", of="users")
    assert users == Pipeline(steps=(Statistics(),), of="users", until="1970-02-01")


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ({}, r"features\.items: has no steps; add one as \[\[features\.items\]\]"),
        ({"item": []}, r"features\.item: unknown option; did you mean 'items'\?"),
        ({"items": ["text"]}, r"features\.items\[0\]: must be a table"),
        ({"items": [{"column": "x"}]}, r"features\.items\[0\]\.step: None is no step; known are"),
        ({"items": [{"step": "onehot", "column": "x"}]}, r"'onehot' is no step; did you mean 'one"),
        ({"items": [{"step": "text"}]}, r"features\.items\[0\]\.column: is required"),
        (
            {"items": [{"step": "buckets", "column": "x", "n": "ten"}]},
            r"features\.items\[0\]\.n: expected `int`, got `str`",
        ),
    ],
)
def test_what_is_wrong_in_a_file_is_named(features, message):
    with pytest.raises(ConfigError, match=message):
        Pipeline.from_dict(features)


def test_a_wrong_pipeline_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="steps: there are none"):
        Pipeline(steps=[])
    with pytest.raises(ConfigError, match="until: 'soon' is not a date"):
        Pipeline(steps=[Statistics()], until="soon")
    with pytest.raises(ConfigError, match=r"steps\.\[0\]: expected"):
        Pipeline(steps=["text"])
    (tmp_path / "bad.toml").write_text("[features]\nitem = 1\n")
    with pytest.raises(ConfigError, match=r"bad\.toml: features\.item: unknown option"):
        Pipeline.from_toml(tmp_path / "bad.toml")


def test_a_pipeline_forgets_people_of_whom_statistics_keep_numbers(tmp_path):
    log = Events.from_ids(users=["ann", "ann", "secret-bob"], items=[1, 2, 2])
    fitted = Pipeline(steps=[Statistics(scale="none")], of="users").fit(log.users, events=log)
    fitted.save(tmp_path / "people")
    load(tmp_path / "people").without(["secret-bob"]).save(tmp_path / "people")
    assert not any(b"secret" in file.read_bytes() for file in (tmp_path / "people").iterdir())
    less = load(tmp_path / "people", verify=True)
    assert less.transform(log.users).dense()[:, 0].tolist() == [2.0, 0.0]
    assert fitted.transform(log.users).dense()[:, 0].tolist() == [2.0, 1.0]
