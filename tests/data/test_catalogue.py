import numpy as np
import pytest

from pyrec import Vocabulary
from pyrec.data.catalogue import Catalogue
from pyrec.errors import DataError


def test_columns_are_checked_and_frozen():
    prices = np.array([1.0, 2.0])
    table = Catalogue(Vocabulary([7, 8]), {"price": prices})
    prices[0] = 9
    assert table.columns["price"].tolist() == [1, 2]
    assert table.titles("price") == {7: "1.0", 8: "2.0"}
    with pytest.raises(DataError, match="there is no column 'title'"):
        table.titles()
    with pytest.raises(DataError, match=r"price: is \(1,\) for 2 items"):
        Catalogue(Vocabulary([7, 8]), {"price": prices[:1]})
