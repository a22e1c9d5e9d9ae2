"""Every public entry point names what it cannot take, and never with another library's error."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import pyrec
from pyrec.data.catalogue import Catalogue
from pyrec.errors import (
    ConfigError,
    DataError,
    NotSupportedError,
    OutOfMemoryError,
    PyrecError,
    UnknownIdError,
)
from pyrec.features import Features, OneHot, Pipeline, log_statistics
from pyrec.kernels import top_k
from pyrec.preparation.cleaning import CleaningRules, clean
from pyrec.preparation.split import GivenSplit, LastSplit, SessionSplit, TimeSplit, split
from pyrec.preparation.weighting import Weighting, binarize, bm25, log1p, tfidf, time_decay, weigh

LOG = pyrec.Events.from_ids(
    users=[1, 1, 2, 2, 3], items=["a", "b", "a", "c", "b"],
    kinds=["view", "buy", "view", "view", "buy"], timestamps=[1, 2, 3, 4, 5],
)  # fmt: skip
MATRIX = LOG.aggregate()
MODELS = {
    name: estimator.fit(MATRIX)
    for name, estimator in {
        "popularity": pyrec.Popularity(),
        "item_knn": pyrec.ItemKNN(),
        "user_knn": pyrec.UserKNN(),
        "als": pyrec.ALS(factors=2, iterations=1),
    }.items()
}
KNN = MODELS["item_knn"]
U = np.eye(3, dtype=np.float32)
SHELF = Catalogue(
    pyrec.Vocabulary(["a", "b", "c"]),
    {"price": np.array([1.0, np.nan, 3.0]), "brand": np.array(["x", "x", "y"])},
)
REPORT = pyrec.evaluate(KNN, LOG, metrics="recall@2", resamples=1)


def frame(**columns):
    return pd.DataFrame({"user": [1, 2], "item": [3, 4]} | columns)


def read(source, **options):
    return pyrec.read_events(source, user="user", item="item", **options)


def ruled(predicate, **rules):
    return pyrec.Rules(where=predicate, **rules).compile(SHELF, KNN.items)


def about(ids, rows):
    features = Features(pyrec.Vocabulary(ids), np.array(rows, np.float32), ("tea",))
    return pyrec.ContentKNN().fit(MATRIX, item_features=features)


CASES = [
    # (what is done, its error, and a part of the message that names place or remedy)
    (lambda: read(None), DataError, "source: must be a path or have __arrow_c_stream__"),
    (lambda: read(3), DataError, "source: must be a path"),
    (lambda: read(frame(), delimiter=";"), ConfigError, "are for files"),
    (lambda: read(frame(), user_id="x"), TypeError, "user_id"),
    (lambda: read(frame(t=[True, False]), timestamp="t"), DataError, "'t': holds truth values"),
    (lambda: read(frame(user=[None, None])), DataError, "no row has all of"),
    (lambda: read(frame(w=[1.0, np.inf]), weight="w"), DataError, "row 2: inf is not a finite"),
    (lambda: read("x.csv", null_values="NULL"), ConfigError, "null_values: expected `array`"),
    (lambda: read("x.csv", delimiter=""), ConfigError, "delimiter: '' parts no fields"),
    (lambda: pyrec.read_events("x.csv", user="u", item="u"), ConfigError, "that of the users"),
    (lambda: read("x.csv", quote="ab"), ConfigError, "quote: 'ab' must be one character"),
    (lambda: read("x.csv", timestamp_unit="s"), ConfigError, "timestamp: name the column"),
    (lambda: pyrec.read_events("x.csv", user=None, item="item"), ConfigError, "user: must be"),
    (lambda: read(""), DataError, "source: must be a path"),
    (lambda: read("a\0.csv"), DataError, r"a.*\.csv: "),
    (lambda: read("/dev/zero", format="csv"), DataError, "a pipe or device cannot be read twice"),
    (lambda: pyrec.read_adjacency(None), DataError, "path: None is no path"),
    (lambda: pyrec.read_items(None, item="x"), DataError, "source: must be a path"),
    (
        lambda: pyrec.Events(None, None, [0], [0]),
        DataError,
        "users: must be a Vocabulary, not None",
    ),
    (lambda: pyrec.Events.from_ids(users=["\ud800"], items=[1]), DataError, "no Unicode text"),
    (
        lambda: pyrec.Events.from_ids(users=np.ma.array([1, 2], mask=[0, 1]), items=[1, 2]),
        DataError,
        "users: some are masked",
    ),
    (
        lambda: pyrec.Events.from_ids(users=[1], items=[1], weights=np.ma.array([1], mask=[1])),
        DataError,
        "weights: some are masked",
    ),
    (lambda: LOG.items.encode("\udcff"), DataError, "is no Unicode text"),
    (lambda: pyrec.Interactions.from_scipy(np.eye(2)), DataError, "scipy.sparse.csr_array"),
    (lambda: pyrec.Interactions(1, 2, MATRIX.csr), DataError, "users: must be a Vocabulary"),
    (lambda: LOG.aggregate(kind_weights={"view": "1", "buy": 2}), DataError, "'1' of 'view'"),
    (lambda: clean(None, CleaningRules()), DataError, "events: must be of type Events"),
    (lambda: clean(LOG, {"duplicates": True}), DataError, r"rules: .* CleaningRules\(\.\.\.\)"),
    (lambda: split(LOG, "last"), DataError, "options: .* name one such as"),
    (lambda: split(MATRIX, LastSplit()), DataError, "events: must be of type Events"),
    (lambda: split(LOG, GivenSplit(), test=[1]), DataError, "test: must be of type Events"),
    (lambda: split(LOG, TimeSplit(at=0)), DataError, "at is 1970-01-01T00:00:00Z, and the first"),
    (lambda: weigh(LOG, {"merge": "sum"}), DataError, r"options: .* Weighting\(\.\.\.\)"),
    (lambda: weigh(MATRIX, Weighting()), DataError, "events: must be of type Events"),
    (lambda: binarize(None), DataError, "matrix: must be a scipy sparse matrix"),
    (lambda: log1p([1]), DataError, "matrix: must be a scipy sparse matrix"),
    (lambda: tfidf("x"), DataError, "matrix: must be a scipy sparse matrix"),
    (lambda: bm25(3), DataError, "matrix: must be a scipy sparse matrix"),
    (lambda: time_decay(sp.eye(2), 3), DataError, "data: must be of type Events or Interactions"),
    (lambda: pyrec.ALS(5), ConfigError, r"options go by name: ALS\(factors=\.\.\.\)"),
    (lambda: pyrec.ALS(solver="CG"), ConfigError, "did you mean 'cg'"),
    (lambda: pyrec.ItemKNN(metric="euclid"), ConfigError, "metric: .*known are 'asymmetric'"),
    (lambda: pyrec.ALS().fit(None), DataError, "must be a scipy sparse matrix"),
    (lambda: pyrec.ALS().fit(MATRIX, callback=5), DataError, "callback: must be a function"),
    (lambda: KNN.recommend(1, k=2**31), DataError, "k: must be a whole number"),
    (lambda: KNN.recommend(1, k=2**63), DataError, "k: must be a whole number"),
    (
        lambda: KNN.recommend([1] * 9999, k=2**30),
        OutOfMemoryError,
        "GB, more than this machine has",
    ),
    (lambda: KNN.recommend(1, exclude_seen=None), DataError, "exclude_seen: must be True, False"),
    (lambda: KNN.recommend(1, exclude_seen=1), DataError, "exclude_seen: must be True, False"),
    (lambda: KNN.recommend(1, exclude_seen="cart"), DataError, "'cart' is unknown"),
    (lambda: KNN.recommend(1, items="a"), DataError, "items: must be ids or a list"),
    (lambda: KNN.recommend(1, exclude=10), DataError, "exclude: must be ids or a list"),
    (lambda: KNN.recommend([[1], [2]]), DataError, "users: must be an id or a 1-D array"),
    (lambda: KNN.recommend_for(None), DataError, "histories: must be ids"),
    (lambda: KNN.recommend_for({"a": "b"}), DataError, "weights: must be 1-D real numbers"),
    (lambda: KNN.explain([1], ["a"]), DataError, "user: must be one id"),
    (lambda: MODELS["popularity"].explain(1, "a"), NotSupportedError, "has no explain; isinstance"),
    (lambda: MODELS["user_knn"].similar_items("a"), NotSupportedError, "has no similar_items"),
    (lambda: KNN.save(None), DataError, "path: None is no path"),
    (lambda: pyrec.load(3), DataError, "path: 3 is no path"),
    (lambda: pyrec.write_table({"a": np.ones(1)}, None), DataError, "path: None is no path"),
    (lambda: pyrec.write_table(5, "x.csv"), DataError, "stream: must be columns by name"),
    (lambda: pyrec.write_table([1, 2], "x.csv"), DataError, "a batch must be columns by name"),
    (lambda: pyrec.write_table({1: np.ones(1)}, "x.csv"), DataError, "column 1: its name must be"),
    (lambda: pyrec.write_ranking([1, 2], "x.csv"), DataError, "ranking: must be of type Ranking"),
    (lambda: top_k(U, U, 1, exclude=[5]), DataError, r"exclude\[0\] = 5 is outside \[0, 3\)"),
    (lambda: top_k(U, U, 1, exclude=[[0], [1]]), DataError, r"exclude: is \(2, 3\), not"),
    (lambda: top_k(U, U, 1, exclude=[[0], ["a"], []]), DataError, "exclude: must be integers"),
    (lambda: top_k(U, U, 1, exclude="a"), DataError, "exclude: must be 1-D"),
    (lambda: ruled(pyrec.where("prize") > 2), DataError, "did you mean 'price'"),
    (lambda: ruled(pyrec.where("brand") > 2), DataError, "brand: 'x' is not a number"),
    (lambda: ruled(None, caps={"brnd": 1}), DataError, "did you mean 'brand'"),
    (lambda: ruled(None, caps={"brand": 0}), DataError, "must be a whole number of 1 or more"),
    (lambda: ruled(None, pinned=["mug"]), UnknownIdError, "mug"),
    (lambda: ruled(None, boosts=[pyrec.Boost(["mug"])]), UnknownIdError, "mug"),
    (lambda: ruled(None, repeatable=["mug"]), UnknownIdError, "mug"),
    (lambda: about(["a", "b"], [[1], [np.nan]]), DataError, "matrix: row 1 has nan"),
    (lambda: about(["x", "y"], [[1], [1]]), DataError, "item_features: none of the 3 items"),
    (lambda: pyrec.evaluate(None, LOG), DataError, "model: must be a fitted one"),
    (lambda: pyrec.evaluate(KNN, -MATRIX.to_scipy()), DataError, "item 'a' with the weight -1"),
    (lambda: pyrec.compare(None, REPORT), DataError, "first: must be of type Report"),
    (lambda: pyrec.cross_validate(pyrec.ALS(), MATRIX), DataError, "events: .*from_interactions"),
    (
        lambda: pyrec.cross_validate(pyrec.ALS(), LOG, metric="recall"),
        ConfigError,
        "metric: unknown option; did you mean 'metrics'",
    ),
]


@pytest.mark.parametrize(("action", "error", "message"), CASES)
def test_what_cannot_be_taken_is_named(action, error, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.csv").write_text("user,item,u\n1,2,3\n")
    with pytest.raises(error, match=message) as caught:
        action()
    assert isinstance(caught.value, PyrecError) or error is TypeError  # Python's own, by name
    assert list(tmp_path.iterdir()) == [tmp_path / "x.csv"]


def test_what_a_model_lacks_is_no_attribute():
    assert not hasattr(MODELS["popularity"], "similar_items")
    assert hasattr(KNN, "similar_items")
    with pytest.raises(AttributeError, match="no attribute 'recomend'"):
        KNN.recomend(1)


def test_numpy_truth_values_and_collections_of_ids_are_taken():
    expected = KNN.recommend([1, 2, 3], exclude_seen=False).rows
    for same in (KNN.users, np.array([1, 2, 3]), (1, 2, 3)):
        found = KNN.recommend(same, exclude_seen=np.False_)
        np.testing.assert_array_equal(found.rows, expected)
    allowed = KNN.recommend([1, 2], items={"a", "c"}, exclude_seen=False)
    np.testing.assert_array_equal(
        allowed.rows, KNN.recommend([1, 2], items=["a", "c"], exclude_seen=False).rows
    )
    every = KNN.recommend([1, 2], items=KNN.items)
    np.testing.assert_array_equal(every.rows, KNN.recommend([1, 2]).rows)


def test_weights_of_scipy_matrices_stay_scipy_matrices():
    matrix = sp.coo_matrix([[4, 0], [1, 1]])
    for weighted in (binarize(matrix), log1p(matrix), tfidf(matrix), bm25(matrix)):
        assert isinstance(weighted, sp.csr_array)
        assert weighted.shape == matrix.shape
    np.testing.assert_allclose(
        tfidf(matrix).toarray(), tfidf(pyrec.Interactions.from_scipy(matrix)).to_scipy().toarray()
    )


def test_rules_that_leave_nothing_are_told_once_and_lists_are_empty(caplog):
    nothing = ruled(pyrec.where("price") > 99)
    assert caplog.messages == [
        "where: excludes all 3 items (0 are not in the catalogue); lists will be empty",
        "rules: lists can have at most 0 items, not 3",
    ]
    chain = pyrec.Fallback.of([KNN, MODELS["popularity"]])
    for model in (*MODELS.values(), chain):
        lists = model.recommend([1, 2], k=2, rules=nothing)
        assert (lists.counts.tolist(), lists.short) == ([0, 0], 2)
    assert len(caplog.messages) == 2


def test_values_that_no_item_has_are_told_with_the_nearest(caplog):
    assert ruled(pyrec.where("brand").isin(["X", "y"])).room() == 1
    assert "brand: no item has the value 'X'" in caplog.messages[0]


def test_a_category_that_was_not_there_at_fitting_is_counted_and_in_nobodys_list():
    fitted = Pipeline(steps=[OneHot(column="brand")]).fit(SHELF)
    new = Catalogue(pyrec.Vocabulary(["a", "b", "c", "d"]), {"brand": np.array([*"xxy", "z"])})
    features = fitted.transform(new)
    assert features.report.steps[-1].counts["brand: others"] == 1
    model = pyrec.ContentKNN().fit(MATRIX, item_features=features)
    assert "d" in model.items.ids.tolist()
    assert "d" not in model.recommend([1, 2, 3], k=4).ids


def test_features_of_items_that_a_log_lacks_are_new_items_or_counted():
    model = about(["a", "b", "nothing like it"], [[1], [1], [1]])
    assert "nothing like it" in model.recommend(2, k=3).ids.tolist()
    left = model.features.aligned(KNN.items).report.steps[-1].counts
    assert left == {"rows": 3, "without features": 0, "left out": 1}


def test_a_log_whose_time_goes_backwards_means_the_same():
    shop = pyrec.simulate_shop(users=60, items=40, days=40)
    # Where times are equal arrival decides, so here they differ.
    later = shop.events.timestamps + np.arange(len(shop.events))
    log = replace(shop.events, timestamps=later)
    back = log.take(np.arange(len(log))[::-1])
    rules = CleaningRules(returns=True, return_kind="return", purchase_kind="purchase")
    ways = [
        lambda log: clean(log, rules)[0].aggregate(),
        lambda log: weigh(log, Weighting(half_life=10)),
        *(
            lambda log, options=options, part=part: getattr(split(log, options), part).aggregate()
            for options in (TimeSplit(target="purchase"), LastSplit(), SessionSplit())
            for part in ("train", "test")
        ),
    ]
    for way in ways:
        one, other = way(log).csr, way(back).csr
        np.testing.assert_array_equal(one.columns, other.columns)
        np.testing.assert_allclose(one.values, other.values, rtol=1e-6)
    forth, turned = (
        log_statistics(one, "users", catalogue=shop.catalogue, price="price") for one in (log, back)
    )
    for name, column in forth.columns.items():
        np.testing.assert_allclose(column, turned.columns[name], rtol=1e-9)
    for estimator in (pyrec.Transitions(), pyrec.SessionKNN()):
        lists = [estimator.fit(one).recommend(log.users.ids, k=5).rows for one in (log, back)]
        np.testing.assert_array_equal(*lists)
