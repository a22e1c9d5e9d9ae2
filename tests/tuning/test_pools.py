import numpy as np
import pytest
import scipy.sparse as sp

import pyrec
from pyrec.models.query import Filter
from pyrec.tuning.pools import Users, pooled, union


@pytest.fixture(scope="module")
def asked():
    dense = np.random.default_rng(0).random((40, 30)) < 0.3
    log = pyrec.Interactions.from_scipy(sp.csr_array(dense.astype(np.float32)))
    models = [pyrec.EASE(regularization=5).fit(log), pyrec.ItemKNN(neighbors=5).fit(log)]
    return Users(models, np.arange(40, dtype=np.int32))


def test_a_pool_is_the_union_of_lists(asked):
    unseen = Filter(exclude=asked.history)
    pool = union(asked, 4, unseen)
    lists = [asked.lists(model, 4, unseen)[0] for model in asked.models]
    for user in range(40):
        begin, end = pool.offsets[user : user + 2]
        wanted = {row for rows in lists for row in rows[user].tolist() if row >= 0}
        assert pool.columns[begin:end].tolist() == sorted(wanted)


@pytest.mark.parametrize("normalisation", ["scores", "ranks"])
def test_opinions_do_not_depend_on_who_else_is_asked(asked, normalisation):
    pool = union(asked, 6, Filter(exclude=asked.history))
    together = pooled(asked, pool, 6, normalisation).opinions
    for user in (0, 17, 39):
        at = np.array([user], np.int32)
        alone = pooled(asked.take(at), pool.take(at), 6, normalisation).opinions
        begin, end = pool.offsets[user : user + 2]
        np.testing.assert_array_equal(alone, together[:, begin:end])


def test_ranks_are_those_of_the_list(asked):
    unseen = Filter(exclude=asked.history)
    pool = union(asked, 10, unseen)
    opinions = pooled(asked, pool, 10, "ranks").opinions
    for i, model in enumerate(asked.models):
        rows, scores = asked.lists(model, 10, unseen)
        for user in range(40):
            begin, end = pool.offsets[user : user + 2]
            of = dict(zip(pool.columns[begin:end].tolist(), opinions[i, begin:end], strict=True))
            for row, score in zip(rows[user].tolist(), scores[user], strict=True):
                if row >= 0:
                    rank = 1 + np.count_nonzero(scores[user] > score)
                    assert of[row] == pytest.approx(60 / (60 + rank))
