import numpy as np

from pyrec.io.reading import read_events, read_items
from pyrec.workflow.demonstration import write_shop
from pyrec.workflow.runconfig import RunConfig


def test_the_files_have_what_was_simulated(tmp_path):
    shop, options = write_shop(tmp_path / "shop", users=50, items=30, days=20)
    config = RunConfig.from_dict(options | {"model": {"name": "popularity"}})
    assert config.data.path == str(tmp_path / "shop" / "events.parquet")
    read = read_events(
        config.data.path, user="user_id", item="item_id", event="event", timestamp="timestamp",
        weight="quantity",
    )  # fmt: skip
    assert len(read) == len(shop.events)
    for ids, rows in (("users", "user_rows"), ("items", "item_rows")):
        decoded = [getattr(e, ids).decode(getattr(e, rows)) for e in (read, shop.events)]
        np.testing.assert_array_equal(*decoded)
    np.testing.assert_array_equal(read.timestamps, shop.events.timestamps)
    np.testing.assert_array_equal(read.weights, shop.events.weights_or_ones())
    names = [np.array(e.kind_names)[e.kinds] for e in (read, shop.events)]
    np.testing.assert_array_equal(*names)
    items = read_items(config.data.catalogue.path, item="item_id")
    assert items.titles() == shop.catalogue.titles()


def test_another_random_state_is_another_shop(tmp_path):
    shops = [
        write_shop(tmp_path, users=20, items=10, days=5, random_state=state)[0].events
        for state in (0, 0, 1)
    ]
    assert np.array_equal(shops[0].item_rows, shops[1].item_rows)
    assert len(shops[0]) != len(shops[2]) or not np.array_equal(
        shops[0].item_rows, shops[2].item_rows
    )
