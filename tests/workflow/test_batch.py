import duckdb
import numpy as np
import pytest

import pyrec
from pyrec.errors import ArtifactError, ConfigError, DataError
from pyrec.workflow import batch, budget
from pyrec.workflow.batch import Lists, write_recommendations
from pyrec.workflow.parts import merge_recommendations


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
    monkeypatch.setattr(budget, "_PIECE", piece)
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
    lists = Lists(model, 5, exclude_seen=exclude_seen)
    assert sum(len(columns["rank"]) for columns in lists) == lists.rows == real.sum()
    np.testing.assert_array_equal(
        lists.exposure, np.bincount(ranking.rows[real], minlength=len(model.items))
    )


def test_ids_keep_their_type(model, tmp_path):
    write_recommendations(model, tmp_path / "lists.parquet", 5)
    types = duckdb.sql(f"from '{tmp_path / 'lists.parquet'}'").types
    assert list(map(str, types)) == ["VARCHAR", "BIGINT", "FLOAT", "INTEGER"]


def test_progress_is_told_after_each_piece(model, tmp_path, monkeypatch):
    monkeypatch.setattr(budget, "_PIECE", 20)
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
    monkeypatch.setattr(budget, "_PIECE", 10)

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
    monkeypatch.setattr(budget, "_PIECE", 10)
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


# ---- folders -------------------------------------------------------------------------------------


def names(folder):
    return sorted(file.name for file in folder.iterdir())


@pytest.mark.parametrize("size", [1, 7, 49, 50, 1000])
def test_a_folder_has_what_a_file_has(model, tmp_path, monkeypatch, size):
    monkeypatch.setattr(budget, "_PIECE", 5)
    folder = tmp_path / "deep" / "lists"
    written = write_recommendations(model, folder, 5, users_per_part=size)
    n = len(model.users)
    parts = [f"part-{number:05d}.parquet" for number in range(-(-n // size))]
    assert names(folder) == ["manifest.json", *parts]
    assert written == write_recommendations(model, tmp_path / "lists.parquet", 5)
    merge_recommendations(folder, tmp_path / "merged.parquet")
    assert duckdb.sql(f"from '{tmp_path / 'merged.parquet'}'").fetchall() == rows_of(tmp_path)
    users = [set(read(folder / part)["user_id"]) for part in parts]
    assert sum(map(len, users)) == len(set.union(*users))


def rows_of(folder):
    return duckdb.sql(f"from '{folder / 'lists.parquet'}'").fetchall()


def test_a_call_goes_on_where_another_ended(model, tmp_path, monkeypatch):
    heard = []

    def interrupt(done, total):
        heard.append((done, total))
        if done == 30:
            raise KeyboardInterrupt

    options = {"users_per_part": 10}
    with pytest.raises(KeyboardInterrupt):
        write_recommendations(model, tmp_path, 5, progress=interrupt, **options)
    assert names(tmp_path) == ["manifest.json", "part-00000.parquet", "part-00001.parquet"]
    before = (tmp_path / "part-00001.parquet").stat().st_mtime_ns
    with pytest.raises(ArtifactError, match=r"has 2 of 5 parts; write the recommendations again"):
        merge_recommendations(tmp_path, tmp_path / "lists.csv")
    heard.clear()
    written = write_recommendations(
        model, tmp_path, 5, progress=lambda *news: heard.append(news), **options
    )
    left = len(model.users) - 20
    assert heard[0] == (10, left)  # of what is left: the rate tells when it is done
    assert heard[-1] == (left, left)
    assert (tmp_path / "part-00001.parquet").stat().st_mtime_ns == before
    assert written == write_recommendations(model, tmp_path / "lists.csv", 5)


def test_a_part_that_was_removed_is_made_again(model, tmp_path):
    written = write_recommendations(model, tmp_path, 5, users_per_part=10)
    (tmp_path / "part-00002.parquet").unlink()
    assert write_recommendations(model, tmp_path, 5, users_per_part=10) == written
    assert len(names(tmp_path)) == 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 6}, r"^k: is 6, and the lists in .* were begun with 5; name another folder"),
        ({"exclude_seen": False}, r"^exclude_seen: is False, and the lists in .* with \['buy'\];"),
        ({"users_per_part": 9}, r"^users_per_part: is 9, and the lists in .* begun with 10; name"),
    ],
)
def test_other_options_are_refused(model, tmp_path, options, message):
    begun = {"k": 5, "exclude_seen": "buy", "users_per_part": 10}
    write_recommendations(model, tmp_path, **begun)
    write_recommendations(model, tmp_path, **begun | {"exclude_seen": ["buy"]}, threads=2)
    before = names(tmp_path)
    with pytest.raises(ConfigError, match=message):
        write_recommendations(model, tmp_path, **begun | options)
    assert names(tmp_path) == before


def test_another_model_is_refused(model, tmp_path):
    write_recommendations(model, tmp_path / "lists", 5)
    model.save(tmp_path / "model")
    write_recommendations(pyrec.load(tmp_path / "model"), tmp_path / "lists", 5)
    other = pyrec.ItemKNN(neighbors=19).fit(model.interactions)
    with pytest.raises(DataError, match=r"^model: not the one that the lists in .* to begin anew"):
        write_recommendations(other, tmp_path / "lists", 5)


def test_a_model_and_a_path_are_needed(tmp_path):
    with pytest.raises(DataError, match="model: must be of type Model, not str"):
        write_recommendations("model", tmp_path / "lists")
    model = pyrec.Popularity().fit(pyrec.Events.from_ids(users=[1], items=[2]).aggregate())
    with pytest.raises(DataError, match="k: must be a whole number"):
        write_recommendations(model, tmp_path / "lists", 0)
    with pytest.raises(DataError, match="path: 3 is no path"):
        write_recommendations(model, 3)
    assert names(tmp_path) == []


def test_users_per_part_must_be_a_number(model, tmp_path):
    for wrong in (0, -1, 2.5, "ten", True):
        with pytest.raises(DataError, match="users_per_part: must be"):
            write_recommendations(model, tmp_path / "lists", 5, users_per_part=wrong)
    assert names(tmp_path) == []


@pytest.mark.parametrize("memory", [102e6, 150_000_000, None])
@pytest.mark.parametrize("threads", [1, 3])
def test_the_bits_do_not_depend_on_memory_and_threads(model, tmp_path, memory, threads):
    options = {"memory": memory, "threads": threads}
    for path in (tmp_path / "lists", tmp_path / "lists.csv"):
        write_recommendations(model, path, 500, **options)
    merge_recommendations(tmp_path / "lists", tmp_path / "merged.csv")
    write_recommendations(model, tmp_path / "plain.csv", 500)
    plain = (tmp_path / "plain.csv").read_bytes()
    assert (tmp_path / "merged.csv").read_bytes() == (tmp_path / "lists.csv").read_bytes() == plain
