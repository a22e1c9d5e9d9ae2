import pytest

from pyrec.config import to_toml
from pyrec.errors import ConfigError, DataError
from pyrec.preparation.split import TimeSplit
from pyrec.workflow.runconfig import RunConfig
from pyrec.workflow.starter import starter

LOG = """visitorid,itemid,event,timestamp
1,10,view,1700000000
1,10,transaction,1700000100
2,20,addtocart,1700000200
"""


@pytest.fixture
def log(tmp_path):
    def write(text=LOG):
        (tmp_path / "log.csv").write_text(text)
        return tmp_path / "log.csv"

    return write


def test_a_log_with_telling_names(log, tmp_path):
    found = starter(log())
    assert len(found.events) == 3
    config = RunConfig.from_dict(found.options)
    assert config.data.path == str(tmp_path / "log.csv")
    assert config.weighting.kinds == {"view": 1, "addtocart": 3, "transaction": 5}
    assert config.split == TimeSplit(target="transaction")
    (tmp_path / "run.toml").write_text(to_toml(found.options))
    assert RunConfig.from_toml(tmp_path / "run.toml") == config
    assert "user: column 'visitorid' (guessed from its name)" in found.notes
    assert "judged on: transaction (guessed from its name)" in found.notes


def test_what_is_given_is_not_called_a_guess(log):
    found = starter(log(LOG.replace("visitorid", "who")), {"user": "who", "event": None})
    assert found.notes[0] == "user: column 'who'"


def test_without_times_the_split_is_by_chance(log):
    found = starter(log("user,item\n1,2\n"))
    assert found.options["split"] == {"method": "random"}


def test_a_log_without_a_header(log):
    found = starter(
        log("1;2;3\n4;5;3\n"),
        {"user": "0", "item": "1", "weight": "2"},
        header=False,
        delimiter=";",
    )
    assert len(found.events) == 2
    assert {"header": False, "delimiter": ";"}.items() <= found.options["data"].items()
    RunConfig.from_dict(found.options)


def test_returns_among_quantities_are_netted_out(log):
    found = starter(log("user,item,quantity\n1,2,3\n1,2,-1\n"))
    assert found.options["cleaning"] == {"returns": True, "positive_weights": True}
    assert "quantities below 0 are returns (guessed)" in found.notes


def test_what_cannot_be_told_is_asked_for(log, tmp_path):
    with pytest.raises(ConfigError, match="user: cannot tell"):
        starter(log("a,b\n1,2\n"))
    with pytest.raises(DataError, match="no such file"):
        starter(tmp_path / "none.csv")
