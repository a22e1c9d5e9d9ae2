import pytest

from pyrec.errors import DataError
from pyrec.io import read_events

LOG = "user,item,event,time\nann,tea,view,1430622011\nbob,cup,cart,1430622012\nann,cup,view,\n"


def test_a_log_is_read(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(LOG)
    events = read_events(path, user="user", item="item", event="event")
    assert events.users.decode(events.user_rows).tolist() == ["ann", "bob", "ann"]
    assert events.items.decode(events.item_rows).tolist() == ["tea", "cup", "cup"]
    assert [events.kind_names[k] for k in events.kinds] == ["view", "cart", "view"]


def test_a_missing_column_is_named_with_the_nearest(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(LOG)
    with pytest.raises(DataError, match=r"log\.csv: item: there is no column 'items'.*'item'\?"):
        read_events(path, user="user", item="items")


@pytest.mark.real_data
def test_retailrocket(real_data):
    events = read_events(
        real_data / "retailrocket/events.csv.gz",
        user="visitorid", item="itemid", event="event", timestamp="timestamp",
    )  # fmt: skip
    assert (len(events), len(events.users), len(events.items)) == (97381, 2174, 29905)
    assert events.kind_names == ("addtocart", "transaction", "view")
