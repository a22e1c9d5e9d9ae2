import json
from pathlib import Path

import hypothesis.strategies as st
import ir_measures
import numpy as np
import pytest
import reference
import scipy.sparse as sp
from hypothesis import given, settings
from strategies import judged_lists

import pyrec
from pyrec.data.groups import Groups
from pyrec.data.interactions import as_csr
from pyrec.errors import ConfigError, DataError
from pyrec.evaluation.evidence import Lists, Ratings, Scores
from pyrec.evaluation.metrics import METRICS, mae, measure, metric, parse, rmse
from pyrec.rerank import Context

OF_WANTED = ["precision", "recall", "recall_capped", "f1", "ndcg", "ndcg_graded", "map", "mrr",
             "hit_rate"]  # fmt: skip


def matrix(wanted, n_items):
    """Relevant items as a sparse matrix that keeps the gains of 0."""
    pairs = [(user, item, gain) for user, row in enumerate(wanted) for item, gain in row.items()]
    users, items, gains = np.array(pairs, float).reshape(-1, 3).T
    return sp.coo_array((gains, (users.astype(int), items.astype(int))), (len(wanted), n_items))


# ---- against the definitions ---------------------------------------------------------------------


@given(case=judged_lists(), data=st.data())
def test_every_metric_is_what_its_definition_says(case, data):
    rows, wanted, n_items = case
    cutoffs = data.draw(st.lists(st.integers(1, rows.shape[1]), min_size=1, max_size=3))
    names = [f"{name}@{k}" for name in OF_WANTED for k in cutoffs]
    found = measure(rows, matrix(wanted, n_items), names)
    for user, (ranked, row) in enumerate(zip(rows.tolist(), wanted, strict=True)):
        for k in cutoffs:
            expected = (
                reference.metrics(ranked, row, k) if row else dict.fromkeys(OF_WANTED, np.nan)
            )
            for name in OF_WANTED:
                np.testing.assert_allclose(
                    found[f"{name}@{k}"][user], expected[name], rtol=1e-12, err_msg=f"{name}@{k}"
                )


@given(case=judged_lists(), data=st.data())
def test_metrics_of_the_catalogue(case, data):
    rows, wanted, n_items = case
    k = data.draw(st.integers(1, rows.shape[1]))
    shown = np.bincount(rows[:, :k][rows[:, :k] >= 0], minlength=n_items)
    found = measure(rows, matrix(wanted, n_items), [f"coverage@{k}", f"gini@{k}"])
    assert found[f"coverage@{k}"] == np.mean(shown > 0)
    expected = reference.gini(shown) if shown.any() else np.nan
    np.testing.assert_allclose(found[f"gini@{k}"], expected, atol=1e-12)


def test_novelty_is_the_mean_surprise():
    rows = [[0, 1], [2, -1], [-1, -1]]
    lists = Lists(rows, sp.csr_array((3, 3)), popularity=[8, 2, 0], n_users=8)
    np.testing.assert_array_equal(METRICS["novelty"].function(lists, 2), [1.0, 3.0, np.nan])
    with pytest.raises(DataError, match="novelty@2: needs the number of users"):
        measure(rows, sp.csr_array((3, 3)), "novelty")


@given(data=st.data())
def test_auc_is_the_share_of_pairs_in_order(data):
    n_users, n_items = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 15))
    items = st.lists(st.integers(0, n_items - 1), unique=True)
    score = st.integers(-2, 2).map(float)
    scored = [{i: data.draw(score) for i in data.draw(items)} for _ in range(n_users)]
    wanted = [set(data.draw(items)) for _ in range(n_users)]
    evidence = Scores(
        as_csr(matrix(scored, n_items)),
        as_csr(matrix([dict.fromkeys(row, 1.0) for row in wanted], n_items)),
    )
    expected = [reference.auc(s, w) for s, w in zip(scored, wanted, strict=True)]
    np.testing.assert_allclose(METRICS["auc"].function(evidence), expected, rtol=1e-12)


def test_errors_of_ratings():
    ratings = Ratings(np.array([3.0, 4, 1]), np.array([1.0, 4, 2]), np.array([0, 2, 2, 3]))
    np.testing.assert_allclose(rmse(ratings), [np.sqrt(2), np.nan, 1])
    np.testing.assert_allclose(mae(ratings), [1, np.nan, 1])


# ---- against another implementation --------------------------------------------------------------

ORACLES = {
    "precision": lambda k: ir_measures.P @ k,
    "recall": lambda k: ir_measures.R @ k,
    "ndcg": lambda k: ir_measures.nDCG @ k,
    "map": lambda k: ir_measures.AP @ k,
    "mrr": lambda k: ir_measures.RR,  # with a cut-off it is not trec_eval's, and breaks ties alone
    "hit_rate": lambda k: ir_measures.Success @ k,
}


@settings(max_examples=40)
@given(data=st.data(), seed=st.integers(0, 2**32), levels=st.sampled_from([2, 5, 1000]))
def test_an_independent_implementation_agrees(data, seed, levels):
    """trec_eval, on scores with many ties (2 levels) and few; both sides break ties alike."""
    rng = np.random.default_rng(seed)
    n, n_items, k = 4, 12, data.draw(st.integers(1, 12))
    scores = rng.integers(0, levels, (n, n_items)).astype(np.float32)
    wanted = rng.random((n, n_items)) < 0.3
    wanted[:, 0] = True  # trec_eval has no value for someone who wanted nothing
    rows, _ = reference.top_k(scores, n_items)
    found = measure(rows, sp.csr_array(wanted), [f"{name}@{k}" for name in ORACLES])

    def document(item):  # trec_eval gives ties to the greater name, we to the lower row
        return f"{n_items - item:06}"

    qrels = [ir_measures.Qrel(str(u), document(i), 1) for u, i in np.argwhere(wanted)]
    run = [ir_measures.ScoredDoc(str(u), document(i), float(scores[u, i]))
           for u in range(n) for i in range(n_items)]  # fmt: skip
    names = {oracle(k): name for name, oracle in ORACLES.items()}
    for value in ir_measures.iter_calc(list(names), qrels, run):
        user, name, expected = int(value.query_id), names[value.measure], value.value
        if name == "map":  # trec_eval divides by all relevant items, we by those that fit
            expected *= wanted[user].sum() / min(k, wanted[user].sum())
        if name == "mrr" and expected < 1 / k:
            expected = 0.0
        assert found[f"{name}@{k}"][user] == pytest.approx(expected, abs=1e-9)


# ---- computed by hand ----------------------------------------------------------------------------


def test_golden_lists():
    golden = json.loads((Path(__file__).parent.parent / "golden" / "metrics.json").read_text())
    wanted = [dict.fromkeys(items, 1.0) for items in golden["wanted"]]
    names = [*golden["values"], *golden["catalogue"]]
    found = measure(golden["lists"], matrix(wanted, 8), names)
    for name, values in golden["values"].items():
        np.testing.assert_allclose(found[name], np.array(values, float), atol=1e-5, err_msg=name)
    assert {name: found[name] for name in golden["catalogue"]} == golden["catalogue"]


def test_one_list_by_hand():
    """A list of 5 with hits at 2 and 5, three items wanted; log2(3) = 1.585, log2(6) = 2.585."""
    found = measure([[9, 0, 8, 7, 1]], sp.csr_array([[1, 1, 1, 0, 0, 0, 0, 0, 0, 0]]), [
        "precision", "recall", "recall_capped", "f1", "ndcg", "map", "mrr", "hit_rate",
        "recall_capped@2", "mrr@1", "hit_rate@1", "coverage"])  # fmt: skip
    by_hand = {
        "precision@5": 2 / 5,
        "recall@5": 2 / 3,
        "recall_capped@5": 2 / 3,
        "f1@5": 0.5,
        "ndcg@5": (0.63093 + 0.38685) / (1 + 0.63093 + 0.5),
        "map@5": (1 / 2 + 2 / 5) / 3,
        "mrr@5": 0.5,
        "hit_rate@5": 1.0,
        "recall_capped@2": 1 / 2,
        "mrr@1": 0.0,
        "hit_rate@1": 0.0,
        "coverage@5": 0.5,
    }
    assert {name: float(np.ravel(value)[0]) for name, value in found.items()} == pytest.approx(
        by_hand, abs=1e-5
    )


def test_precision_is_over_k_and_never_above_one():
    """Also where fewer than k items are relevant: that is another metric, and named so."""
    found = measure([[0, 1, 2, 3]], sp.csr_array([[1, 0, 0, 0]]), ["precision", "recall_capped"])
    assert found["precision@4"] == 0.25
    assert found["recall_capped@4"] == 1.0


def test_nobody_wanted_anything():
    found = measure([[0, 1]], sp.csr_array((1, 2)), OF_WANTED)
    assert all(np.isnan(values).all() for values in found.values())


# ---- determinism ---------------------------------------------------------------------------------


def test_same_bits_for_any_thread_count_and_batch():
    rng = np.random.default_rng(5)
    n, n_items = 20_000, 300
    rows = rng.permuted(np.tile(np.arange(n_items, dtype=np.int32), (n, 1)), axis=1)[:, :10]
    wanted = sp.random_array((n, n_items), density=0.02, rng=rng, format="csr")
    names = [f"{name}@{k}" for name in OF_WANTED for k in (1, 5, 10)]
    expected = measure(rows, wanted, names, threads=1)
    for threads in (2, 7):
        for name, values in measure(rows, wanted, names, threads=threads).items():
            np.testing.assert_array_equal(values, expected[name])
    for name, values in measure(rows[77:99], wanted[77:99], names).items():
        np.testing.assert_array_equal(values, expected[name][77:99])


# ---- names ---------------------------------------------------------------------------------------


def test_names_are_read_strictly():
    requests = parse(["ndcg", "recall@5", "ndcg@20", "mae"], k=20)
    assert [request.label for request in requests] == ["ndcg@20", "recall@5", "mae"]
    assert [request.label for request in parse("map", k=3)] == ["map@3"]
    for text, message in [
        ("recal@20", "'recal' is no metric; did you mean 'recall'?"),
        ("hitrate", "did you mean 'hit_rate'?"),
        ("zzz", "known are 'auc', 'coverage'"),
        ("recall@0", r"'recall@0': the cut-off must be a whole number of 1 or more"),
        ("recall@", "'recall@': the cut-off"),
        ("recall@5.5", "the cut-off"),
        ("recall@-3", "the cut-off"),
        ("auc@20", "'auc' has no cut-off; write it without '@20'"),
    ]:
        with pytest.raises(ConfigError, match=message.replace("?", r"\?")):
            parse([text], k=10)
    with pytest.raises(ConfigError, match="name at least one"):
        parse([], k=10)
    with pytest.raises(ConfigError, match="'auc' cannot be computed from lists alone"):
        measure([[0]], sp.csr_array([[1]]), "auc")


def test_a_new_metric_is_one_function():
    @metric("first_only", Lists)
    def first_only(lists, k):
        """Whether the first item is relevant."""
        return (lists.first_hit == 1).astype(float)

    try:
        found = measure([[1, 0], [0, 1]], sp.csr_array([[1, 0], [1, 0]]), ["first_only"])
        assert found["first_only@2"].tolist() == [0.0, 1.0]
        assert METRICS["first_only"].definition == "Whether the first item is relevant."
    finally:
        del METRICS["first_only"]


def test_every_metric_says_what_it_is():
    assert all(len(one.definition) > 20 for one in METRICS.values())


# ---- what lists are beside right -----------------------------------------------------------------


def test_popularity_is_the_mean_number_of_people():
    lists = Lists([[0, 1], [2, -1], [-1, -1]], sp.csr_array((3, 3)), popularity=[8, 2, 0])
    np.testing.assert_array_equal(METRICS["popularity"].function(lists, 2), [5, 0, np.nan])


SHELF = Groups.of(["tea", "tea", "cup", None])


def about_groups(rows, **known):
    had = as_csr(sp.csr_array([[3, 0, 1, 0], [0, 0, 0, 1]]))
    context = Context(pyrec.Interactions.from_scipy(had), groups={"kind": SHELF}, **known)
    wanted = sp.csr_array((len(rows), 4))
    return Lists(rows, wanted, context=context, histories=had)


def test_metrics_of_groups_are_those_of_their_definitions():
    lists = about_groups([[0, 2], [0, 1]])
    found = {
        text: parse(text, 2)[0].of(lists)
        for text in ("ild:kind", "miscalibration:kind", "coverage:kind@1", "gini:kind",
                     "least_exposure:kind")
    }  # fmt: skip
    np.testing.assert_array_equal(found["ild:kind"], [1, 0])
    shares = {"tea": 0.01 * 0.75 + 0.99 * 0.5, "cup": 0.01 * 0.25 + 0.99 * 0.5}
    divergence = 0.75 * np.log(0.75 / shares["tea"]) + 0.25 * np.log(0.25 / shares["cup"])
    np.testing.assert_allclose(found["miscalibration:kind"], [divergence, np.nan], rtol=1e-6)
    assert found["coverage:kind@1"] == 0.5
    assert found["gini:kind"] == reference.gini(np.array([1.0, 3.0]))
    assert found["least_exposure:kind"] == 0.25


def test_diversity_is_of_features_where_no_groups_are_named():
    vectors = np.array([[2, 0], [1, 1], [0, 3], [0, 0]])
    lists = about_groups([[0, 1, 2], [0, 3, -1]], vectors=vectors)
    cosines = 2 * np.sqrt(0.5)
    expected = [1 - cosines / 3, np.nan]
    np.testing.assert_allclose(parse("ild", 3)[0].of(lists), expected, rtol=1e-6)


def test_what_metrics_of_groups_lack_is_named():
    for text, message in {
        "ild": "ild@2: needs features of the items; or name groups, as 'ild:category'",
        "gini:kind": "gini:kind@2: needs a catalogue with the column 'kind'",
        "miscalibration:kind": "miscalibration:kind@2: needs what each user had before",
    }.items():
        with pytest.raises(DataError, match=message):
            measure([[0, 1]], sp.csr_array((1, 4)), text)
    with pytest.raises(DataError, match=r"gini:colour@2: .*no groups 'colour', there are 'kind'"):
        parse("gini:colour", 2)[0].of(about_groups([[0, 1]]))
    with pytest.raises(ConfigError, match="'recall' is not about groups; write it without ':kind'"):
        parse("recall:kind@2", 1)
    with pytest.raises(ConfigError, match="'miscalibration' is about groups of items; name their"):
        parse("miscalibration", 1)
