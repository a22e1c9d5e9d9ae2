"""What commands do with a table of items: features for models, rules for lists."""

import json

import pytest
from command import command, refused, use, write_shop

import pyrec


@pytest.fixture(scope="module", autouse=True)
def installed(site):
    use(site)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A finished run with features and rules, of a shop with a catalogue."""
    folder = write_shop(tmp_path_factory.mktemp("shop"))
    catalogue = pyrec.simulate_shop(users=150, items=60, days=40).catalogue
    columns = [catalogue.items.ids, catalogue.columns["category"], catalogue.columns["price"]]
    lines = ["id,category,price", *(",".join(map(str, row)) for row in zip(*columns, strict=True))]
    (folder / "items.csv").write_text("\n".join(lines))
    text = (folder / "run.toml").read_text().replace("item_knn", 'feature_als"\nfactors="8')
    text = text.replace('"8"', "8").replace("[split]", """
        [data.catalogue]
        path = "items.csv"
        item = "id"
        [rules]
        where = { column = "price", below = 60 }
        caps = { category = 2 }
        [split]""")  # fmt: skip
    (folder / "run.toml").write_text(text)
    result = command("run", "run.toml", cwd=folder)
    assert result.returncode == 0, result.stderr
    return folder


def listed(*arguments, **options):
    """Return the ids of the first list that recommend prints."""
    result = command("recommend", *arguments, "--json", **options)
    assert result.returncode == 0, result.stderr
    return [entry["id"] for entry in json.loads(result.stdout)[0]["list"]]


@pytest.fixture(scope="module")
def items(shop):
    return pyrec.read_items(shop / "items.csv", item="id")


def test_recommend_obeys_the_rules_of_the_run(shop, items):
    user = pyrec.load(shop / "out" / "model").users.ids[3]
    prices = dict(zip(items.items.ids, items.columns["price"].astype(float), strict=True))
    kinds = dict(zip(items.items.ids, items.columns["category"], strict=True))
    found = listed(shop / "out", user)
    assert max(prices[id_] for id_ in found) < 60
    ruled = [kinds[id_] for id_ in found]
    assert max(map(ruled.count, ruled)) <= 2
    free = listed(shop / "out", user, "--without-rules")
    assert free != found
    assert free == pyrec.load(shop / "out" / "model").recommend(user).ids.tolist()
    assert free == listed(shop / "out" / "model", user), "a folder without a configuration"
    narrow = ["--where", "price < 30", "--where", f"category = {ruled[0]}"]
    cheap = listed(shop / "out", user, "--without-rules", *narrow)
    assert cheap
    assert all(prices[id_] < 30 and kinds[id_] == ruled[0] for id_ in cheap)
    configured = ["--config", shop / "run.toml"]
    assert listed(shop / "out" / "model", user, *configured) == found


def test_everybodys_lists_obey(shop, tmp_path):
    result = command("recommend", shop / "out", "-k", 5, "-o", tmp_path / "lists.parquet")
    assert result.returncode == 0, result.stderr
    written = (tmp_path / "lists.parquet").read_bytes()
    assert written == (shop / "out" / "recommendations.parquet").read_bytes()


def test_what_is_wrong_is_told(shop):
    user = pyrec.load(shop / "out" / "model").users.ids[3]
    out, model = shop / "out", shop / "out" / "model"
    refused(command("recommend", out, user, "--where", "prize < 3"), "prize.*did you mean 'price'")
    refused(command("recommend", out, user, "--where", "cheap"), "is no comparison such as")
    refused(command("recommend", model, user, "--where", "price < 3"), "--config", status=2)
    wrong = ["--set", "rules.caps.band=1", "--set", f"output.directory={shop / 'new'}"]
    refused(command("run", shop / "run.toml", *wrong), "rules.caps: .*items.csv has no.*'band'")
    wrong = ["--set", "features.items=[{step='text', colum='a'}]"]
    refused(
        command("fit", shop / "run.toml", *wrong), r"run.toml: features.items\[0\].colum: .*'col"
    )


def test_an_update_keeps_what_made_the_features(shop, tmp_path):
    days = (shop / "log.csv").read_text().splitlines()
    (tmp_path / "day.csv").write_text(f"{days[0]}\nnew,{days[1].split(',')[1]},view,2030-01-01\n")
    new = tmp_path / "new"
    result = command("update", shop / "out", tmp_path / "day.csv", "-o", new)
    assert result.returncode == 0, result.stderr
    names = (
        pyrec.features.load(new / "features" / "items")
        .transform(pyrec.read_items(shop / "items.csv", item="id"))
        .names
    )
    assert any(name.startswith("category=") for name in names)
    assert command("update", shop / "out", tmp_path / "day.csv").returncode == 0
    pyrec.features.load(shop / "out" / "model" / "features" / "items", verify=True)
