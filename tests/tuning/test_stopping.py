import numpy as np
import pytest
import scipy.sparse as sp

import pyrec
from pyrec.errors import ConfigError, DataError
from pyrec.tuning.stopping import EarlyStopping
from pyrec.tuning.validation import Judge, cut


@pytest.fixture(scope="module")
def fold():
    rng = np.random.default_rng(3)
    same = (np.arange(150)[:, None] % 2) == (np.arange(40)[None, :] % 2)
    dense = rng.random((150, 40)) < np.where(same, 0.4, 0.05)
    return cut(pyrec.Interactions.from_scipy(sp.csr_array(dense.astype(np.float32))))


@pytest.mark.parametrize("patience", [1, 3])
def test_it_ends_after_the_best_pass_and_names_it(fold, patience):
    als = pyrec.ALS(factors=8, iterations=40)
    judge, values = Judge("ndcg@5"), []
    stopping = EarlyStopping(fold, "ndcg@5", patience)

    def watch(step):
        values.append(judge(step.model(), fold))
        return stopping(step)

    als.fit(fold.train, callback=watch)
    assert len(values) == stopping.iteration + patience < 40
    assert stopping.value == max(values) == values[stopping.iteration - 1]
    best = als.replace(iterations=stopping.iteration).fit(fold.train)
    assert judge(best, fold) == stopping.value


def test_wrong_arguments_are_named(fold):
    with pytest.raises(ConfigError, match="patience: must be 1 or more, not 0"):
        EarlyStopping(fold, patience=0)
    with pytest.raises(DataError, match="fold: must be of type Fold"):
        EarlyStopping(fold.train)
