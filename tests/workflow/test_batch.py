import duckdb
import numpy as np
import pytest

import pyrec
from pyrec.errors import DataError
from pyrec.workflow import batch
from pyrec.workflow.batch import Lists, write_recommendations


@pytest.fixture
def model():
    rng = np.random.default_rng(0)
    log = pyrec.Events.from_ids(
        users=[f"u{i}" for i in rng.integers(0, 50, 400)],
        items=rng.integers(100, 130, 400),
        kinds=rng.choice(["view", "buy"], 400),
    )
    return pyrec.ItemKNN(neighbors=20).fit(log.aggregate())


def read(file):
    return duckdb.sql(f"from '{file}'").fetchnumpy()


@pytest.mark.parametrize("piece", [1, 7, 50, 8192])
@pytest.mark.parametrize("exclude_seen", [True, False, "buy", ["buy", "view"]])
def test_the_file_has_what_the_model_recommends(model, tmp_path, monkeypatch, piece, exclude_seen):
    monkeypatch.setattr(batch, "_PIECE", piece)
    file = tmp_path / "lists.parquet"
    written = write_recommendations(model, file, 5, exclude_seen=exclude_seen)
    ranking = model.recommend(model.users.ids, 5, exclude_seen=exclude_seen)
    real = ranking.rows >= 0
    table = read(file)
    assert list(table) == ["user_id", "item_id", "score", "rank"]
    np.testing.assert_array_equal(table["user_id"], np.repeat(model.users.ids, real.sum(axis=1)))
    np.testing.assert_array_equal(table["item_id"], model.items.decode(ranking.rows[real]))
    np.testing.assert_array_equal(table["score"], ranking.scores[real])
    np.testing.assert_array_equal(table["rank"], np.nonzero(real)[1] + 1)
    assert (written.rows, written.users) == (real.sum(), real.any(axis=1).sum())
    np.testing.assert_array_equal(
        written.exposure, np.bincount(ranking.rows[real], minlength=len(model.items))
    )


def test_ids_keep_their_type(model, tmp_path):
    write_recommendations(model, tmp_path / "lists.parquet", 5)
    types = duckdb.sql(f"from '{tmp_path / 'lists.parquet'}'").types
    assert list(map(str, types)) == ["VARCHAR", "BIGINT", "FLOAT", "INTEGER"]


def test_progress_is_told_after_each_piece(model, tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "_PIECE", 20)
    heard = []
    write_recommendations(
        model, tmp_path / "lists.csv", 5, progress=lambda *news: heard.append(news)
    )
    n = len(model.users)
    assert heard == [(20, n), (40, n), (n, n)]


def test_short_lists_and_people_without_any(tmp_path):
    log = pyrec.Events.from_ids(users=["a", "a", "b"], items=[1, 2, 1])
    model = pyrec.Popularity().fit(log.aggregate())
    written = write_recommendations(model, tmp_path / "lists.csv", 10)
    assert (written.rows, written.users) == (1, 1)
    assert (tmp_path / "lists.csv").read_text() == "user_id,item_id,score,rank\nb,2,1.0,1\n"


def test_nothing_left_for_anybody_is_a_file_without_rows(tmp_path):
    log = pyrec.Events.from_ids(users=["a", "b"], items=[1, 1])
    model = pyrec.Popularity().fit(log.aggregate())
    assert write_recommendations(model, tmp_path / "lists.parquet", 10).rows == 0
    assert len(read(tmp_path / "lists.parquet")["user_id"]) == 0


def test_an_error_in_the_middle_leaves_no_file(model, tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "_PIECE", 10)

    def progress(done, total):
        if done > 20:
            raise KeyError("halfway")

    with pytest.raises(KeyError, match="halfway"):
        write_recommendations(model, tmp_path / "lists.parquet", 5, progress=progress)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_kind_is_named(model, tmp_path):
    with pytest.raises(DataError, match="kind 'by' is unknown"):
        write_recommendations(model, tmp_path / "lists.parquet", 5, exclude_seen="by")
    assert list(tmp_path.iterdir()) == []


def test_memory_does_not_grow_with_the_number_of_users(tmp_path, monkeypatch):
    """Pieces are asked for one at a time, when the file has taken the one before."""
    monkeypatch.setattr(batch, "_PIECE", 10)
    log = pyrec.Events.from_ids(users=np.arange(1000), items=np.arange(1000) % 7)
    model = pyrec.Popularity().fit(log.aggregate())
    alive = []

    class Watched(Lists):
        def __iter__(self):
            for columns in super().__iter__():
                alive.append(1)
                yield columns
                alive.pop()
                assert len(alive) <= 1

    monkeypatch.setattr(batch, "Lists", Watched)
    assert write_recommendations(model, tmp_path / "lists.parquet", 3).rows == 3000
