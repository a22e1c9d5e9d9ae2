import pytest

from pyrec.config import read_toml, to_toml
from pyrec.errors import ConfigError
from pyrec.preparation.split import LastSplit, TimeSplit
from pyrec.preparation.weighting import Weighting
from pyrec.workflow.runconfig import RunConfig

ISSUE = """
[data]
path = "events.csv.gz"
user = "visitorid"
item = "itemid"
event = "event"
timestamp = "timestamp"
event_weights = { view = 1, addtocart = 3, transaction = 5 }
[split]
method = "last"            # time | last | random | users | folds | given | none
target = "transaction"     # judge on this kind
[model]
name = "popularity"
half_life = 30.0
[evaluation]
metrics = ["recall@20", "ndcg@20"]
[output]
directory = "out"
k = 20
"""


@pytest.fixture
def toml(tmp_path):
    def write(text=ISSUE):
        (tmp_path / "run.toml").write_text(text)
        return tmp_path / "run.toml"

    return write


def test_a_whole_run(toml, tmp_path):
    config = RunConfig.from_toml(toml())
    assert config.data.path == str(tmp_path / "events.csv.gz")
    assert config.output.directory == str(tmp_path / "out")
    assert config.split == LastSplit(target="transaction")
    assert config.estimator().half_life == 30
    assert config.weighting.kinds == {"view": 1, "addtocart": 3, "transaction": 5}
    assert config.evaluation.metrics == ("recall@20", "ndcg@20")


def test_defaults():
    config = RunConfig.from_dict(
        {"data": {"path": "a.csv", "user": "u", "item": 3}, "model": {"name": "popularity"}}
    )
    assert config.split == TimeSplit()
    assert config.weighting == Weighting()
    assert (config.output.k, config.exclude_seen) == (20, True)


def test_round_trip(toml, tmp_path):
    config = RunConfig.from_toml(toml())
    (tmp_path / "again.toml").write_text(to_toml(config.complete()))
    again = RunConfig.from_toml(tmp_path / "again.toml")
    assert again == config
    assert read_toml(tmp_path / "again.toml")["model"]["half_life"] == 30


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('user = "visitorid"', 'usr = "visitorid"', "data.usr: unknown option; did you mean"),
        ("[split]", "[splits]", "splits: unknown option; did you mean 'split'?"),
        ('method = "last"', 'method = "lst"', "split.method: 'lst' is unknown; did you"),
        ('method = "last"', 'method = "last"\nratio = 1', "split.ratio: unknown option; known are"),
        ("half_life", "half_lif", "model.half_lif: unknown option; did you mean 'half_life'?"),
        ("half_life = 30.0", "half_life = -1.0", "model.half_life: expected `float` > 0.0"),
        ('"popularity"', '"popularty"', "model.name: 'popularty' is no model; did you mean"),
        ('name = "popularity"', "", "model.name: say which"),
        ("k = 20", "k = 0", "output.k: expected `int` >= 1"),
        ("k = 20", 'k = "20"', "output.k: expected `int`, got `str`"),
        ('"recall@20"', '"recal@20"', "evaluation.metrics: 'recal' is no metric"),
        ("view = 1", "view = inf", "data.event_weights"),
        ('item = "itemid"', "", "data.item: is required"),
        ("[output]", "[weighting]\nkinds = { view = 9 }\n[output]", "weighting.kinds"),
        ("[output]", "[cleaning]\nmin_users = 5\n[output]", "cleaning.min_users: unknown option"),
        ("[output]", "[output", "not valid TOML"),
        ('name = "popularity"', "name = 3", "model.name: say which"),
    ],
)  # fmt: skip
def test_wrong_options_are_named_by_their_dotted_path(toml, old, new, message):
    assert old in ISSUE
    with pytest.raises(ConfigError) as caught:
        RunConfig.from_toml(toml(ISSUE.replace(old, new)))
    assert message in str(caught.value)


def test_overrides(toml, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path / "..")
    config = RunConfig.from_toml(
        toml(),
        ["model.half_life=7", "data.path=log.csv", "split.method = time", "split.ratio=0.1",
         "evaluation.metrics=['mrr@5']", "data.event_weights.view=2", "output.exclude_seen=false"],
    )  # fmt: skip
    assert config.estimator().half_life == 7
    assert config.data.path == "log.csv"  # relative to the working directory
    assert config.output.directory == str(tmp_path / "out")  # relative to the file
    assert config.split == TimeSplit(ratio=0.1, target="transaction")
    assert config.evaluation.metrics == ("mrr@5",)
    assert config.weighting.kinds == {"view": 2, "addtocart": 3, "transaction": 5}
    assert config.exclude_seen is False


def test_another_model_comes_without_the_options_of_the_first(toml):
    config = RunConfig.from_toml(toml(), ["model.name=item_knn", "model.neighbors=7"])
    assert config.complete()["model"].items() >= {"name": "item_knn", "neighbors": 7}.items()


@pytest.mark.parametrize("override", ["model.factors", "=3", "model..x=1", "model.x y=1", ""])
def test_an_override_that_is_none(toml, override):
    with pytest.raises(ConfigError, match=r"must look like model.factors=128"):
        RunConfig.from_toml(toml(), [override])


def test_an_override_is_checked_like_the_file(toml):
    with pytest.raises(ConfigError, match=r"output.kk: unknown option; did you mean 'k'"):
        RunConfig.from_toml(toml(), ["output.kk=3"])
    with pytest.raises(ConfigError, match=r"output: expected `object`"):
        RunConfig.from_toml(toml(), ["output=3"])


def test_environment_variables_in_paths(toml, monkeypatch):
    text = ISSUE.replace("events.csv.gz", "$PYREC_LOGS/events.csv.gz")
    monkeypatch.setenv("PYREC_LOGS", "/logs")
    assert RunConfig.from_toml(toml(text)).data.path == "/logs/events.csv.gz"
    monkeypatch.delenv("PYREC_LOGS")
    with pytest.raises(ConfigError, match=r"data.path: the environment variable PYREC_LOGS is not"):
        RunConfig.from_toml(toml(text))


def test_what_is_judged_is_what_is_written_unless_it_is_said():
    def config(**options):
        return RunConfig.from_dict(
            {"data": {"path": "a", "user": "u", "item": "i"}, "model": {"name": "popularity"}}
            | options
        )

    assert config(evaluation={"exclude_seen": "buy"}).exclude_seen == "buy"
    assert config(output={"exclude_seen": ["buy", "view"]}).exclude_seen == ["buy", "view"]
    assert config(output={"exclude_seen": False}).evaluation.exclude_seen is True


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ConfigError, match=r"none.toml: cannot be read \(No such file"):
        RunConfig.from_toml(tmp_path / "none.toml")
