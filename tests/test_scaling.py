"""The script that measures how costs grow runs, point by point and as a whole."""

import json
from dataclasses import replace

import scaling


def test_each_curve_has_a_cheapest_point_that_runs(monkeypatch):
    monkeypatch.setattr(scaling, "ROUNDS", 1)
    small = {"als-pairs": 2_000, "als-factors": 2, "similarity-pairs": 2_000, "lists-items": 100}
    for name, curve in scaling.CURVES.items():
        if name in small:
            point = scaling.measure(name, small[name])
            assert point["seconds"] > 0
            assert point["bytes"] > 1e6
        assert list(curve.points) == sorted(curve.points)


def test_the_table_the_json_and_the_picture(monkeypatch, tmp_path, capsys):
    curve = replace(scaling.CURVES["lists-items"], points=(50, 100))
    monkeypatch.setattr(scaling, "CURVES", {"lists-items": curve})
    monkeypatch.setattr(scaling, "measured", scaling.measure)
    monkeypatch.setattr("sys.argv", ["scaling.py", "--output", str(tmp_path / "found")])
    scaling.main()
    found = json.loads((tmp_path / "found.json").read_text())
    assert [point["x"] for point in found["curves"]["lists-items"]] == [50, 100]
    assert (tmp_path / "found.png").stat().st_size > 10_000
    assert "top 10 for 4,096 users" in capsys.readouterr().out
