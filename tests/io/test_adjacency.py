import gzip

import numpy as np
import pytest

from pyrec import read_adjacency
from pyrec.errors import DataError


def test_lines_become_interactions(tmp_path):
    path = tmp_path / "train.txt.gz"
    path.write_bytes(gzip.compress(b"10 5 7\n4\n2 7 7\n"))
    interactions = read_adjacency(path)
    assert interactions.users.ids.tolist() == [2, 4, 10]
    assert interactions.items.ids.tolist() == [5, 7]
    assert interactions.to_scipy().toarray().tolist() == [[0, 2], [0, 0], [1, 1]]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"1 2\n3 x\n", r"lists.txt, line 2: 'x' is not an integer"),
        (b"", r"lists.txt: the file is empty"),
        (b"\n\n", r"lists.txt: has no lines"),
    ],
)
def test_bad_files_are_named(tmp_path, data, message):
    path = tmp_path / "lists.txt"
    path.write_bytes(data)
    with pytest.raises(DataError, match=message):
        read_adjacency(path)


def test_a_file_that_ends_in_the_middle(tmp_path):
    path = tmp_path / "lists.txt.gz"
    path.write_bytes(gzip.compress(b"1 2 3\n" * 1000)[:-20])
    with pytest.raises(DataError, match=r"lists\.txt\.gz: the gzip file ends in the middle"):
        read_adjacency(path)
    path.write_bytes(b"plain text")
    with pytest.raises(DataError, match=r"lists\.txt\.gz: cannot be read .Not a gzipped file"):
        read_adjacency(path)


def test_a_missing_file_is_named_with_the_nearest(tmp_path):
    (tmp_path / "train.txt").write_text("1 2\n")
    with pytest.raises(DataError, match=r"trian.txt: there is no such file; .* 'train.txt'\?"):
        read_adjacency(tmp_path / "trian.txt")


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "shape", "nnz"),
    [
        ("gowalla/train", (29_858, 40_981), 810_128),
        ("gowalla/test", (29_858, None), 217_242),
        ("yelp2018/train", (31_668, 38_048), 1_237_259),
        ("amazonelectronics_m1/train", (1_435, 1_522), 31_887),
        ("taobao_mb/view_train", (None, None), 858_505),
    ],
)
def test_published_splits(real_data, name, shape, nnz):
    interactions = read_adjacency(real_data / f"{name}.txt.gz")
    assert interactions.nnz == nnz
    for found, expected in zip(interactions.shape, shape, strict=True):
        assert expected in (None, found)
    assert np.all(interactions.csr.values == 1)
