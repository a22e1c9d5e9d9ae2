import pytest

from pyrec.errors import MissingPackageError, PyrecError
from pyrec.extras import need


def test_a_missing_package_is_named_with_the_line_that_installs_it():
    with pytest.raises(MissingPackageError, match=r"^drawing needs the package nonesuch: pip"):
        need("nonesuch.pyplot", "drawing")
    assert issubclass(MissingPackageError, PyrecError)
    assert issubclass(MissingPackageError, ImportError)


def test_a_package_that_is_there_is_returned():
    assert need("json.decoder", "reading").JSONDecodeError


def test_a_package_that_is_broken_says_so_itself(tmp_path, monkeypatch):
    (tmp_path / "broken_part.py").write_text("import nonesuch")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="No module named 'nonesuch'"):
        need("broken_part", "drawing")
