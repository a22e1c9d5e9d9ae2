import numpy as np
import pytest

from pyrec import Vocabulary
from pyrec.data.catalogue import Catalogue
from pyrec.features import Buckets, MultiHot, OneHot, Pipeline, Text
from pyrec.features.guess import guess_steps

N = 60


def table(**columns):
    texts = {name: np.array(list(map(str, of)), "T") for name, of in columns.items()}
    return Catalogue(Vocabulary.range(N), texts)


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ([f"{i / 4}" for i in range(N)], Buckets(column="of")),
        ([i % 7 for i in range(N)], OneHot(column="of", min_count=2)),  # a few numbers
        (["tea|green", "tea", "cup|green"] * 20, MultiHot(column="of", min_count=2)),
        (["a; b", "b; c", "c"] * 20, MultiHot(column="of", separator=";", min_count=2)),
        ([f"brand {i % 20}" for i in range(N)], OneHot(column="of", min_count=2)),
        ([f"The mug of shape {i}, blue" for i in range(N)], Text(column="of")),
        ([f"one of {i % 5} long lines of advertisement" for i in range(N)], Text(column="of")),
        ([f"https://shop/{i}.png" for i in range(N)], None),
        (["the same"] * N, None),
        ([""] * N, None),
    ],
)
def test_a_column_tells_its_step(values, step):
    assert guess_steps(table(of=values)) == (() if step is None else (step,))


def test_numbers_that_are_names_are_no_quantities():
    codes = [i // 2 + 100 for i in range(N)]
    found = guess_steps(table(amount=codes, maker_id=codes, brandId=codes, zip=codes))
    assert [type(step) for step in found] == [Buckets, OneHot, OneHot, OneHot]


def test_columns_are_left_out():
    values = [f"brand {i % 9}" for i in range(N)]
    assert guess_steps(table(a=values, b=values), {"a"}) == guess_steps(table(b=values))


def test_what_is_guessed_can_be_fitted():
    known = table(
        price=[f"{i}.5" if i % 9 else "" for i in range(N)],
        tags=["x|y", "y", "z"] * 20,
        brand=[f"b{i // 3}" for i in range(N)],
        title=[f"red mug number {i}" for i in range(N)],
    )
    features = Pipeline(steps=guess_steps(known)).fit(known).transform(known)
    assert features.is_sparse
    assert features.matrix.data.min() > 0
    assert {"tags=x", "brand=b4", "title:mug"} <= set(features.names)
