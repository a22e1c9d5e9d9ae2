"""The contract suite, for every model."""

import contract
import pytest

import pyrec

ESTIMATORS = [
    pyrec.Popularity(),
]


@pytest.fixture(scope="class", params=ESTIMATORS, ids=lambda e: f"{e.name}-{ESTIMATORS.index(e)}")
def estimator(request):
    return request.param


class TestModels(contract.ModelContract):
    pass
