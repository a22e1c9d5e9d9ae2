"""The package's front door: complete, typed, and light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import pyrec


def test_every_public_name_can_be_fetched():
    assert sorted(pyrec.__all__) == sorted(pyrec._MODULES)
    for name in pyrec.__all__:
        assert getattr(pyrec, name) is not None
    assert set(pyrec.__all__) <= set(dir(pyrec))


def test_type_checkers_see_the_same_names_in_the_same_modules():
    tree = ast.parse(Path(pyrec.__file__).read_text())
    checked = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {
        alias.name: node.module.removeprefix("pyrec").removeprefix(".")
        for node in checked.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert typed == pyrec._MODULES


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'pyrec' has no attribute 'AlS'"):
        pyrec.AlS  # noqa: B018


def test_the_version_is_that_of_the_installed_package():
    assert pyrec.__version__.count(".") == 2


def test_importing_the_package_imports_nothing_heavy():
    program = "import sys, pyrec; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"numpy", "scipy", "msgspec", "pyrec._kernels", "pyrec.runtime"} & set(modules)
