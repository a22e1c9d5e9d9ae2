from pyrec.data.provenance import Report


def test_steps_are_appended_and_told():
    read = Report().then("read", {"rows": 1200, "user missing": 3}, ["ids: integers"])
    both = read.then("clean", {"bots": 1})
    assert len(read.steps) == 1
    assert [step["name"] for step in both.to_dict()] == ["read", "clean"]
    assert str(both) == "read: rows 1,200, user missing 3\n  ids: integers\nclean: bots 1"
