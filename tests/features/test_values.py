import numpy as np
import pytest

from pyrec import Vocabulary
from pyrec.data.catalogue import Catalogue
from pyrec.errors import DataError
from pyrec.features.values import numbers, texts


def table(column):
    return Catalogue(Vocabulary([f"i{at}" for at in range(len(column))]), {"price": column})


@pytest.mark.parametrize(
    "column",
    [
        np.array([2.5, np.nan, 3.0]),
        np.array(["2.5", "", "3.0"]),
        np.array(["2.5", "", "3.0"], np.dtypes.StringDType()),
        np.array([2.5, None, 3], object),
    ],
)
def test_numbers_in_every_form_are_the_same(column):
    assert numbers(table(column), "price").tolist() == pytest.approx([2.5, np.nan, 3], nan_ok=True)
    assert texts(table(column), "price").tolist()[:2] == ["2.5", ""]


def test_whole_numbers_and_flags_are_written_without_a_point():
    assert texts(table(np.array([17.0, 1e20, -3.0])), "price").tolist() == [
        "17", "100000000000000000000", "-3"
    ]  # fmt: skip
    assert texts(table(np.array([True, False])), "price").tolist() == ["1", "0"]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (np.array(["1", "cheap"]), "column 'price': 'cheap' of 'i1' is no number"),
        (np.array([1.0, -np.inf]), "column 'price': '-inf' of 'i1' is not finite"),
        (np.array(["inf", "1"]), "column 'price': 'inf' of 'i0' is not finite"),
    ],
)
def test_what_is_no_number_is_named(column, message):
    with pytest.raises(DataError, match=message):
        numbers(table(column), "price")


def test_an_unknown_column_gets_the_nearest_name():
    with pytest.raises(DataError, match=r"column 'prise': unknown; did you mean 'price'\?"):
        numbers(table(np.ones(2)), "prise")
    with pytest.raises(DataError, match="column 'price': unknown; the table has none"):
        texts(Catalogue(Vocabulary([1]), {}), "price")
