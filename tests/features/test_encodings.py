import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pyrec import Vocabulary
from pyrec.data.catalogue import Catalogue
from pyrec.errors import ConfigError, DataError
from pyrec.features.encodings import Buckets, Known, MultiHot, Numeric, OneHot


def known(values):
    return Known(Catalogue(Vocabulary([f"i{at}" for at in range(len(values))]),
                           {"x": np.array(values)}))  # fmt: skip


def encoded(step, values, later=None):
    arrays = step.fit(known(values))
    return step.encode(known(values if later is None else later), arrays)


def dense(found):
    return np.asarray(found.matrix.toarray() if hasattr(found.matrix, "toarray") else found.matrix)


@given(st.lists(st.lists(st.sampled_from(["tea", "Tea", "cup", "茶", "a b"])), min_size=1))
def test_categories_are_those_that_a_set_has(rows):
    if not any(rows):
        return
    found = encoded(MultiHot(column="x"), [" | ".join(row) for row in rows])
    labels = sorted({label for row in rows for label in row})
    assert found.names == tuple(f"x={label}" for label in labels)
    assert dense(found).tolist() == [[float(label in row) for label in labels] for row in rows]


def test_rare_and_unseen_categories_are_zeros_or_one_column_and_are_counted():
    seen, later = ["a", "a", "b", ""], ["b", "c", "a", ""]
    found = encoded(OneHot(column="x", min_count=2), seen, later)
    assert (found.names, dense(found).tolist()) == (("x=a",), [[0], [0], [1], [0]])
    assert found.counts == {"x: others": 2, "x: missing": 1}
    found = encoded(OneHot(column="x", min_count=2, other=True), seen, later)
    assert found.names == ("x=a", "x: other")
    assert dense(found).tolist() == [[0, 1], [0, 1], [1, 0], [0, 0]]
    found = encoded(MultiHot(column="x", other=True, missing="indicator"), seen, ["c|d|a", "", "c"])
    assert found.names == ("x=a", "x=b", "x: other", "x: missing")
    assert dense(found).tolist() == [[1, 0, 1, 0], [0, 0, 0, 1], [0, 0, 1, 0]]


def test_numbers_are_categories_whatever_the_reader_made_of_them():
    found = encoded(OneHot(column="x"), [25.0, 18.0, np.nan], ["18", "25", ""])
    assert (found.names, dense(found).tolist()) == (("x=18", "x=25"), [[1, 0], [0, 1], [0, 0]])


def test_categories_that_never_occur_often_enough_are_an_error():
    with pytest.raises(DataError, match="column 'x': no category occurs 2 times in 2 rows"):
        encoded(OneHot(column="x", min_count=2), ["a", "b"])
    with pytest.raises(DataError, match="no category occurs 1 times"):
        encoded(OneHot(column="x"), ["", ""])


@pytest.mark.parametrize(
    "step", [OneHot(column="x", missing="error"), Buckets(column="x", missing="error"),
             Numeric(column="x", missing="error"), MultiHot(column="x", missing="error")]
)  # fmt: skip
def test_a_missing_value_is_an_error_where_that_is_asked_for(step):
    with pytest.raises(DataError, match="column 'x': 1 of 3 values are missing, the first of 'i2'"):
        encoded(step, [1.0, 2.0, 3.0], [1.0, 2.0, np.nan])


@given(hnp.arrays(np.float64, st.integers(1, 30), elements=st.integers(-9, 9)), st.integers(2, 12))
def test_buckets_cover_everything_once_and_evenly(values, n):
    found = encoded(Buckets(column="x", n=n), values)
    matrix = dense(found)
    assert len(found.names) <= n
    assert np.all(matrix.sum(axis=1) == 1)
    assert np.all(matrix.sum(axis=0) > 0)  # no range is empty
    number = matrix.argmax(axis=1)
    assert np.all(np.diff(number[np.argsort(values, kind="stable")]) >= 0)
    if len(set(values.tolist())) == len(values):
        assert matrix.sum(axis=0).max() <= np.ceil(len(values) / n) + 1


def test_buckets_of_later_values_and_of_none():
    step = Buckets(column="x", n=2, missing="indicator")
    found = encoded(step, [1.0, 2.5, 9.0], [-100.0, 2.5, 1e9, np.nan])
    assert found.names == ("x[-inf, 2.5)", "x[2.5, inf)", "x: missing")
    assert dense(found).argmax(axis=1).tolist() == [0, 1, 1, 2]
    assert found.counts == {"x: missing": 1}
    assert encoded(Buckets(column="x"), [3.0, 3.0]).names == ("x[-inf, inf)",)


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        ("mean", [[-1], [1], [0]]),
        ("zero", [[-1], [1], [-2]]),
        ("indicator", [[-1, 0], [1, 0], [0, 1]]),
    ],
)
def test_a_missing_number_is_what_is_asked_for(missing, expected):
    found = encoded(Numeric(column="x", missing=missing), [1.0, 3.0], [1.0, 3.0, np.nan])
    assert dense(found).tolist() == expected
    assert dense(found).dtype == np.float32


def test_scales():
    values = [-3.0, 0.0, 3.0, 15.0]
    logs = np.array([-np.log(4), 0, np.log(4), np.log(16)])
    found = dense(encoded(Numeric(column="x", scale="log"), values))[:, 0]
    assert found == pytest.approx((logs - logs.mean()) / logs.std(), abs=1e-6)
    assert dense(encoded(Numeric(column="x", scale="none"), values))[:, 0].tolist() == values
    assert dense(encoded(Numeric(column="x"), [7.0, 7.0])).tolist() == [[0], [0]]


@pytest.mark.parametrize("step", [Numeric(column="x"), Buckets(column="x")])
def test_a_column_without_any_number_is_an_error(step):
    with pytest.raises(DataError, match="column 'x': has no value at all"):
        encoded(step, ["", ""])


def test_options_are_checked():
    with pytest.raises(ConfigError, match=r"colum: unknown option; did you mean 'column'\?"):
        OneHot(colum="x")
    with pytest.raises(ConfigError, match=r"missing: .*'indicator'"):
        Numeric(column="x", missing="indicate")
    with pytest.raises(ConfigError, match="n: "):
        Buckets(column="x", n=1)
