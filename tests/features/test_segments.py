import numpy as np
import pytest
import scipy.sparse as sp

from pyrec import Features, Vocabulary, features
from pyrec.data.catalogue import Catalogue
from pyrec.errors import ConfigError, DataError
from pyrec.features.segments import Segments, find_segments


@pytest.fixture
def people():
    rng = np.random.default_rng(3)
    young = rng.normal([20, 1, 5], [2, 0.2, 0], (60, 3))
    old = rng.normal([70, 4, 5], [3, 0.2, 0], (30, 3))
    rich = rng.normal([45, 50, 5], [4, 1, 0], (10, 3))
    matrix = np.concatenate([young, rich, old])
    return Features(Vocabulary.range(100), matrix, ("age", "spent", "constant"))


def test_segments_are_found_the_largest_first(people):
    found = find_segments(people, n=3)
    assert found.numbers.tolist() == [0] * 60 + [2] * 10 + [1] * 30
    assert found.centers[:, 0] == pytest.approx([20, 70, 45], abs=3)
    assert found.numbers.dtype == np.int32


def test_profiles_tell_what_is_particular(people):
    first, second, third = find_segments(people, n=3).profiles(top=2)
    assert (first.size, second.size, third.size) == (60, 30, 10)
    assert third.differences[0][0] == "spent"
    assert third.differences[0][1] == pytest.approx(50, abs=1)
    assert second.differences[0][0] == "age"
    assert str(third).startswith("segment 2: 10 (10.0%); spent 50")
    names = {name for profile in (first, second, third) for name, *_ in profile.differences}
    assert "constant" not in names


def test_a_table_may_tell_more_than_the_features(people):
    found = find_segments(people, n=3)
    pounds = np.where(np.arange(101) < 60, 2.0, np.nan)
    table = Catalogue(
        Vocabulary(np.arange(100, -1, -1)),
        {"pounds": pounds[::-1], "nothing": np.full(101, np.nan)},
    )
    first, second, _ = found.profiles(top=1, by=table)
    assert str(first) == "segment 0: 60 (60.0%); pounds 2 (of all 2, +0.0 sd)"
    assert np.isnan(second.differences[0][1])


def test_the_same_segments_come_out_again_and_for_sparse_features(people):
    found = find_segments(people, n=3, random_state=7)
    sparse = Features(people.ids, sp.csr_array(people.matrix), people.names)
    for again in (find_segments(people, 3, 7), find_segments(sparse, 3, 7)):
        assert np.array_equal(found.centers, again.centers)
        assert np.array_equal(found.numbers, again.numbers)


def test_others_get_the_nearest_segment_and_ids_theirs(people):
    found = find_segments(people, n=3)
    new = Features(Vocabulary(["x", "y"]), np.array([[68, 5, 5], [22, 2, 5]]), people.names)
    assert found.assign(new).tolist() == [1, 0]
    assert found.of(Vocabulary([99, 0, 500])).tolist() == [1, 0, -1]
    other = Features(Vocabulary(["x"]), np.array([[1.0]]), ("age",))
    with pytest.raises(DataError, match="features: are not those that the segments were found by"):
        found.assign(other)


def test_arrays_give_the_same_segments_back(people):
    found = find_segments(people, n=3)
    again = Segments.from_arrays(found.to_arrays())
    assert np.array_equal(found.centers, again.centers)
    assert again.of(people.ids).tolist() == found.numbers.tolist()
    assert again.profiles() == found.profiles()


def test_wrong_numbers_are_refused(people):
    few = Features(Vocabulary.range(4), np.array([[1], [1], [2], [2]]), ("age",))
    with pytest.raises(DataError, match="3 segments of 2 different rows; ask for fewer"):
        find_segments(few, n=3)
    with pytest.raises(ConfigError, match="n: must be a whole number of at least 1, not 0"):
        find_segments(people, n=0)
    with pytest.raises(DataError, match="features: must be of type Features"):
        features.find_segments(people.matrix)
