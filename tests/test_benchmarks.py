"""The comparison with other libraries runs from end to end, and does not take any word for it."""

import gzip
import json

import numpy as np
import pytest
import scipy.sparse as sp

import behaviours
import cold_start
import compat
import data
import dislikes
import drift
import explaining
import feedback
import freshness
import grids
import next_item
import peers
import published
import purchases
import pyrec
import reranking
import rules
from pyrec.workflow.runconfig import RunConfig
from races import WORKS, machine, referee, similarity
from races.race import Contender, Cost, Disagreement

TINY = ["--data", "XS", "--factors", "16", "-k", "10", "--users", "200", "--events", "4000"]


@pytest.fixture
def alone(monkeypatch):
    """Only ours takes part, whatever is installed."""
    monkeypatch.setattr(Contender, "installed", property(lambda own: own.module == "pyrec"))


@pytest.fixture
def unmeasured(monkeypatch):
    """The machine's peak is not asked for."""
    monkeypatch.setattr(machine, "peak_program", lambda: None)


def test_all_works_are_raced_and_written(alone, unmeasured, tmp_path, capsys):
    stem = tmp_path / "found"
    works = list(WORKS)
    assert peers.main([*works, *TINY, "--rounds", "1", "--noisy", "--output", str(stem)]) == 0
    found = json.loads(stem.with_suffix(".json").read_text())
    assert {race["work"] for race in found["races"]} == set(works)
    assert stem.with_suffix(".md").read_text().count("\n| ") == 2 + len(found["races"])
    assert stem.with_suffix(".png").stat().st_size > 1000
    table = capsys.readouterr().out
    for race in found["races"]:
        (line,) = race["lines"]
        assert line["contender"] == "pyrec"
        assert line["ratio"] == 1
        assert line["seconds"] > 0
        assert f"{race['work']}: {race['title']}" in table


def test_a_noisy_machine_is_refused(alone, unmeasured, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(machine, "OTHERS_AT_MOST", -1.0)
    monkeypatch.setattr(referee, "ATTEMPTS", 1)
    stem = tmp_path / "found"
    arguments = ["metrics", "--users", "100", "--rounds", "2", "--output", str(stem)]
    assert peers.main(arguments) == 1
    assert "too noisy: metrics, 100 users" in capsys.readouterr().err
    assert not stem.with_suffix(".json").exists()
    assert peers.main([*arguments, "--noisy"]) == 0
    assert "~" in capsys.readouterr().out


def test_an_unknown_work_is_named(capsys):
    with pytest.raises(SystemExit):
        peers.main(["top-l"])
    assert "top-l: not one of top-k, " in capsys.readouterr().err


def test_contenders_must_agree():
    sums = np.ones(5)
    with pytest.raises(Disagreement, match="other: the sum of a row differs by"):
        similarity.agree_in_sums({
            "pyrec": {"sums": sums, "stored": 5},
            "other": {"sums": 1.1 * sums, "stored": 5},
        })  # fmt: skip


def test_the_share_is_that_of_the_scarcest_resource():
    peak = Cost(floats=100, dots=400, bytes=10)
    assert Cost(floats=50, bytes=2).share(1.0, peak) == 0.5
    assert Cost(floats=50, bytes=20).share(4.0, peak) == 0.5
    assert Cost(additions=1).share(1.0, peak) is None


def test_the_peak_is_no_less_for_a_busy_moment():
    peak = machine.Peak(1)
    peak.seen = Cost(floats=1e9)
    now = peak.measure()
    assert now.floats == 1e9
    assert 0 < now.bytes < 1e4
    assert 0 < now.additions < 1e4


def test_generated_shops_have_the_shape_that_they_are_asked_for():
    matrix = data.matrix("S")
    users, items, pairs, *_ = data.SHAPES["S"]
    assert matrix.shape == (users, items)
    assert matrix.nnz == pairs
    assert matrix.has_canonical_format
    assert np.diff(matrix.indptr).min() >= 0


def test_published_figures_are_chosen_on_validation_and_taken_up_again(
    tmp_path, monkeypatch, capsys
):
    rng = np.random.default_rng(0)
    same = (np.arange(120)[:, None] % 2) == (np.arange(30)[None, :] % 2)
    dense = rng.random((120, 30)) < np.where(same, 0.4, 0.05)
    tested = dense & (rng.random(dense.shape) < 0.2)
    for part, pairs in {"train": dense & ~tested, "test": tested}.items():
        lines = [f"{user} {' '.join(map(str, np.flatnonzero(row)))}"
                 for user, row in enumerate(pairs) if row.any()]  # fmt: skip
        (tmp_path / "tiny").mkdir(exist_ok=True)
        with gzip.open(tmp_path / "tiny" / f"{part}.txt.gz", "wt") as file:
            file.write("\n".join(lines) + "\n")
    monkeypatch.setenv("PYREC_DATA", str(tmp_path))
    small = {
        "popularity": [pyrec.Popularity()],
        "graph_filter": [pyrec.GraphFilter(), pyrec.GraphFilter(target_exponent=1)],
        "als": [pyrec.ALS(factors=4)],
    }
    monkeypatch.setitem(grids.GRIDS, "tiny", small)
    out = tmp_path / "tiny.json"
    published.main(["--data", "tiny", "--json", str(out), "--models", "popularity"])
    published.main(["--data", "tiny", "--json", str(out)])
    found = json.loads(out.read_text())
    assert list(found["models"]) == [*small, "graph_filter + als"]
    assert capsys.readouterr().out.count("Popularity(") == 1
    for row in found["models"].values():
        assert row["test"]["ndcg@20"]["low"] <= row["test"]["ndcg@20"]["mean"]
        assert row["fit_seconds"] > 0
    tried = found["models"]["graph_filter"]["tried"]
    assert tried[0]["validation"] == max(one["validation"] for one in tried)
    assert found["models"]["graph_filter"]["validation"] == {"ndcg@20": tried[0]["validation"]}
    best = max(row["validation"]["ndcg@20"] for row in found["models"].values())
    assert found["models"][found["chosen"]]["validation"]["ndcg@20"] == best


def test_validation_of_sampled_negatives_holds_out_what_is_latest(tmp_path, monkeypatch):
    films, people = 300 - np.arange(120), [7, 8]  # coded 0 to 119, 0 and 1, as they appear
    rated = [(person, film) for person in people for film in films]
    trained = [(user, item) for user in range(2) for item in (*range(user, 10), 119)]
    times = [(7, films[3], 50), (7, films[1], 40), (7, films[2], 60), (7, films[30], 90)]
    files = {
        "ml-1m/ratings.csv": "user,movie,rating\n" + _lines(rated, ","),
        "ml-1m/timestamps_subset.csv": "user,movie,timestamp\n" + _lines(times, ","),
        "ml-1m-ncf/train.tsv": _lines(trained, "\t"),
        "ml-1m-ncf/test.tsv": _lines([(0, 30), (1, 31)], "\t"),
        "ml-1m-ncf/test.negative": _lines([("(0,30)", *range(20, 119)), ("(1,31)", *range(99))]),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        with gzip.open(tmp_path / f"{name}.gz", "wt") as file:
            file.write(text)
    monkeypatch.setenv("PYREC_DATA", str(tmp_path))
    split = published.Sampled("ml-1m-ncf")
    assert [fold.test.csr.columns.tolist() for fold in split.folds] == [[2], [3]]
    gone = [set(split.train.csr.columns[:11]) - set(fold.train.csr.columns[:10])
            for fold in split.folds]  # fmt: skip
    assert gone == [{2}, {2, 3}]
    assert [fold.train.nnz for fold in split.folds] == [20, 19]
    for judge, fold in zip(split.judges, split.folds, strict=True):
        assert 0 <= judge(pyrec.Popularity().fit(fold.train), fold) <= 1


def _lines(rows, by="\t"):
    return "".join(by.join(map(str, row)) + "\n" for row in rows)


@pytest.mark.real_data
@pytest.mark.usefixtures("real_data")
def test_what_comes_next_is_told_with_intervals(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["next_item.py", "diginetica"])
    next_item.main()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 * len(next_item.MODELS)
    assert all("hit_rate@20" in line and " to " in line for line in lines)


def test_the_plain_vsknn_listens_to_the_latest_and_most_similar_sessions():
    sessions = [{1, 2, 3}, {2, 4}, {5, 6}]
    sessions_of = {1: [0], 2: [0, 1], 3: [0], 4: [1], 5: [2], 6: [2]}
    scores = next_item.vsknn([1, 2], sessions, sessions_of)
    assert scores == pytest.approx({1: 0.75, 2: 1.25, 3: 0.75, 4: 0.5})
    assert next_item.vsknn([1, 2], sessions, sessions_of, sample=1).keys() == {2, 4}


@pytest.mark.real_data
@pytest.mark.usefixtures("real_data")
def test_new_and_touched_purchases_are_told_apart(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["behaviours.py", "retailrocket", "--model", "popularity"])
    behaviours.main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0].split("  ")[-1] for line in lines[::2]] == [
        "purchases alone", "all alike", "set by hand", "learnt for new", "learnt for all"
    ]  # fmt: skip
    assert all(line.startswith("   new recall@20") for line in lines[1::2])


@pytest.mark.real_data
@pytest.mark.usefixtures("real_data")
def test_the_table_of_purchases_is_taken_up_again(tmp_path, capsys):
    file = tmp_path / "found.json"
    known = ["complete_journey", "--json", str(file), "--models"]
    purchases.main([*known, "popularity"])
    purchases.main([*known, "popularity,transitions,ease"])
    assert capsys.readouterr().out.count("complete_journey popularity ") == 1
    found = json.loads(file.read_text())["complete_journey"]
    assert "items" in found.pop("ease")["note"]
    for row in found.values():
        assert set(row["parts"]) == {"new", "repeat"}
        ndcg = row["parts"]["new"]["ndcg@20"]
        assert ndcg["low"] <= ndcg["mean"] <= ndcg["high"]


def test_the_program_with_two_imports_runs(tmp_path):
    sp.save_npz(tmp_path / "likes.npz", data.matrix("XS"))
    answers = tmp_path / "answers.npz"
    seconds = compat.program("pyrec.compat.implicit", tmp_path / "likes.npz", answers)
    assert min(seconds.values()) > 0
    assert np.load(answers)["lists"].shape == (300, compat.K)


def test_re_ranking_is_timed_beside_the_lists(capsys):
    reranking.main(["--users", "300", "--items", "500", "--factors", "8", "--rounds", "1"])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert len(lines) == 2 + len(reranking.steps())
    assert all("%" in line for line in lines[1:])


@pytest.mark.real_data
@pytest.mark.usefixtures("real_data")
def test_cold_start_tells_new_items_known_items_and_new_people_apart(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["cold_start.py", "ml-100k"])
    monkeypatch.setattr(cold_start, "FACTORS", cold_start.FACTORS[:1])
    monkeypatch.setattr(cold_start, "CONTENT", cold_start.CONTENT[:1])
    monkeypatch.setattr(cold_start, "EXPOSURES", (0.7,))
    cold_start.main()
    told = [line.split("  ")[1] for line in capsys.readouterr().out.splitlines()[2:]]
    assert told == [
        "new among new, exposure 0.7", "new among all, exposure 0.7",
        "known items, exposure 0.7", "new users",
    ]  # fmt: skip


def test_explanations_are_timed_beside_all_scores(capsys):
    explaining.main(["--data", "XS", "--factors", "8", "--rounds", "1"])
    assert "300 users" in (told := capsys.readouterr().out)
    assert [line.split()[0] for line in told.splitlines()[1:]] == ["all", "lists", "explanations"]


def test_rules_are_timed(capsys):
    rules.main(["--data", "random", "--items", "500", "--users", "1", "20", "--rounds", "1"])
    printed = capsys.readouterr().out
    searched = [line.split("|")[2].strip() for line in printed.splitlines() if "| index" in line]
    assert searched == ["1", "20"]
    assert "| half boosted | 20 |" in printed
    assert "join two compiled sets: " in printed


def test_a_half_life_is_chosen_and_judged_beside_none(tmp_path):
    log = pyrec.simulate_shop(users=150, items=60, days=40).events.only("view")
    config = RunConfig.from_dict({
        "data": {"path": "log.csv", "user": "u", "item": "i"},
        "weighting": {"half_life": 90},
        "model": {"name": "item_knn"},
    })  # fmt: skip
    half_life, found = drift.judged(config, log, trials=2)
    assert half_life in drift.HALF_LIVES
    assert found.difference.low <= found.difference.mean <= found.difference.high


def test_bad_ratings_are_weighed(tmp_path, monkeypatch, capsys):
    rng = np.random.default_rng(0)
    pairs = np.flatnonzero(rng.random(60 * 40) < 0.4)
    stars = 1 + (pairs % 2 == pairs // 40 % 2) * 2 + rng.integers(0, 3, len(pairs))
    (tmp_path / "ml-1m").mkdir()
    with gzip.open(tmp_path / "ml-1m" / "ratings.csv.gz", "wt") as file:
        file.write("user,movie,rating\n")
        file.writelines(
            f"{pair // 40},{pair % 40},{star}\n" for pair, star in zip(pairs, stars, strict=True)
        )
    monkeypatch.setenv("PYREC_DATA", str(tmp_path))
    dislikes.main(["--models", "item_knn"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[1] for line in lines[2:4]] == ["likes alone", "all ratings alike"]
    assert len(lines) == 6


def test_the_feedback_loop_is_measured_for_all_policies(capsys):
    feedback.main(
        ["--users", "80", "--items", "50", "--days", "30", "--rounds", "1", "--factors", "4"]
    )
    printed = capsys.readouterr().out.splitlines()
    assert printed[2].startswith("| truth | 1.000 → 1.000 | ")
    assert len(printed) == 2 + len(feedback.policies(4))


def test_an_update_is_judged_beside_a_refit():
    log = pyrec.simulate_shop(users=300, items=80, days=30).events
    week = 7 * freshness.DAY
    parts = freshness.cut(log, week)
    assert sum(map(len, parts)) == len(log)
    assert parts[0].timestamps.max() < parts[1].timestamps.min()
    found = freshness.measure((log, "purchase", None, week), pyrec.ALS(factors=8), seeds=2)
    row = freshness.told([found, found]).split(" | ")
    assert len(row) == len(freshness.HEADER) - 1
    assert row[0] == "2 x 2"
    refit = found[0][0]["refit"]
    assert freshness.gap([(refit, refit)]) == (0, 0, 0)
    assert len(freshness.fold_in_latency(pyrec.ALS(factors=8).fit(log), 20, rounds=2)) == 40
