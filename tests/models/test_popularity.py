import numpy as np
import pytest
import scipy.sparse as sp

import pyrec
from pyrec.data.interactions import Interactions, frozen
from pyrec.data.vocabulary import Vocabulary
from pyrec.errors import ConfigError, DataError

DAY = 86_400_000_000


def test_counts_users_not_weights():
    model = pyrec.Popularity().fit(sp.csr_array([[9, 1, 0], [0, 1, 0], [0, 1, 1]]))
    assert model.counts.tolist() == [1, 3, 1]
    assert model.recommend(0, k=3, exclude_seen=False).ids.tolist() == [1, 0, 2]


def test_half_life_lets_old_events_fade():
    plain = Interactions.from_scipy(sp.csr_array([[1, 0], [1, 0], [0, 1]]))
    times = frozen(np.array([0, 0, 30 * DAY], dtype=np.int64))
    dated = Interactions(Vocabulary.range(3), Vocabulary.range(2), plain.csr, timestamps=times)
    np.testing.assert_allclose(pyrec.Popularity(half_life=30).fit(dated).counts, [1.0, 1.0])
    np.testing.assert_allclose(pyrec.Popularity(half_life=15).fit(dated).counts, [0.5, 1.0])
    with pytest.raises(DataError, match="half_life: the interactions have no timestamps"):
        pyrec.Popularity(half_life=15).fit(plain)
    with pytest.raises(ConfigError, match="half_life"):
        pyrec.Popularity(half_life=0)


def test_who_disliked_an_item_counts_against_it():
    votes = sp.csr_array([[1.0, 2, 0], [3, -1, 0], [1, -1, 1]])
    model = pyrec.Popularity().fit(votes)
    assert model.counts.tolist() == [3, -1, 1]
    newcomer = pyrec.ItemKNN().fit(votes).recommend(9, k=3, unknown="popular")
    assert newcomer.ids.tolist() == [0, 2, 1]
    assert newcomer.scores.tolist() == [3, 1, -1]
