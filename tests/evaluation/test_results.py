import json

import pytest
import scipy.sparse as sp
from stubs import GivenModel, shop

import pyrec
from pyrec.errors import ConfigError
from pyrec.evaluation.results import Report


@pytest.fixture(scope="module", name="shop")
def shop_():
    return shop()


@pytest.fixture(scope="module")
def model(shop):
    return GivenModel(sp.csr_array(shop[0]), shop[2])


def test_same_report_for_any_thread_count(shop, model):
    test = sp.csr_array(shop[1])
    options = dict(metrics=["ndcg@5", "map@10", "auc", "novelty@3", "gini@3"], random_state=5)
    first = pyrec.evaluate(model, test, **options, threads=1)
    for threads in (2, 7):
        again = pyrec.evaluate(model, test, **options, threads=threads)
        assert again.to_dict() == first.to_dict()


def test_the_report_can_be_read_by_people_and_programs(shop, model):
    report = pyrec.evaluate(model, sp.csr_array(shop[1]), metrics=["recall@5", "coverage@5"])
    assert isinstance(report, Report)
    plain = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    main = plain["parts"][0]
    assert main["name"] == "new"
    assert main["users"] == len(report.main.users)
    assert set(main["metrics"]["recall@5"]) == {"mean", "low", "high", "users"}
    assert main["metrics"]["coverage@5"]["low"] is None
    assert plain["protocol"]["definitions"]["recall@5"].startswith("Hits among the first k, over")
    assert plain["protocol"]["exclude_seen"] is True
    assert plain["model"] == {"name": "given", "parameters": {}}
    table = str(report)
    for text in ("given, judged on 40 users", "new pairs, lists without", "recall@5", "95%",
                 "repeated pairs, lists of everything"):  # fmt: skip
        assert text in table
    columns = report.main.per_user()
    assert list(columns) == ["user", "pairs", "recall@5"]
    with pytest.raises(ConfigError, match="'ndcg@5' was not measured; there are 'recall@5'"):
        report["ndcg@5"]
