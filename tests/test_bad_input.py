"""Every public entry point names what it cannot take, and never with another library's error."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import pyrec
from pyrec.errors import ConfigError, DataError, NotSupportedError, OutOfMemoryError, PyrecError
from pyrec.kernels import top_k
from pyrec.preparation.cleaning import CleaningRules, clean
from pyrec.preparation.split import GivenSplit, LastSplit, TimeSplit, split
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
REPORT = pyrec.evaluate(KNN, LOG, metrics="recall@2", resamples=1)


def frame(**columns):
    return pd.DataFrame({"user": [1, 2], "item": [3, 4]} | columns)


def read(source, **options):
    return pyrec.read_events(source, user="user", item="item", **options)


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
