"""What the documentation says is true: its examples run, and the paths that it names exist."""

import doctest
import importlib
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pyrec

ROOT = Path(__file__).parent.parent
MODULES = sorted(
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for file in (ROOT / "pyrec").rglob("*.py")
)


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    """Let every test run in a folder of its own: examples may write files."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", MODULES)
def test_doctests(name):
    results = doctest.testmod(importlib.import_module(name))
    assert results.failed == 0, "see the captured output"


def public_objects():
    """Yield (name, object) of everything that `import pyrec` offers, and what its modules offer."""
    for name in pyrec.__all__:
        member = getattr(pyrec, name)
        if inspect.ismodule(member):
            for inner in member.__all__:
                yield f"{name}.{inner}", getattr(member, inner)
        else:
            yield name, member


def test_every_public_name_has_an_example():
    # An exception is documented by what raises it.
    lacking = [
        name
        for name, member in public_objects()
        if not (inspect.isclass(member) and issubclass(member, Exception))
        and ">>>" not in (inspect.getdoc(member) or "")
    ]
    assert lacking == []


def documented_parameters(docstring):
    """Return the names in the Parameters section of a numpydoc docstring."""
    section = re.search(r"^Parameters\n-+\n(.*?)(\n\n\S|\Z)", docstring, re.DOTALL | re.MULTILINE)
    heads = re.findall(r"^(\S.*?)(?: :.*)?$", section[1], re.MULTILINE) if section else []
    return [name.strip(" *") for head in heads for name in head.split(",")]


def test_public_functions_document_the_parameters_that_they_have():
    wrong = {}
    for name, member in public_objects():
        if inspect.isfunction(member):
            parameters = sorted(inspect.signature(member).parameters)
            documented = sorted(documented_parameters(inspect.getdoc(member)))
            if documented != parameters:
                wrong[name] = (documented, parameters)
    assert wrong == {}


def code_blocks(file):
    """Yield (language, code, line) of the fenced blocks, but for those marked as not to run."""
    text = file.read_text()
    pattern = r"^(<!-- not run: [^\n]* -->\n)?```(\w*)\n(.*?)^```$"
    for match in re.finditer(pattern, text, re.DOTALL | re.MULTILINE):
        if not match[1]:
            yield match[2], match[3], text.count("\n", 0, match.start(3)) + 1


def run_shell(code):
    """Run the lines that call pyrec; others, such as pip install, would change the machine."""
    commands = [c for c in code.replace("\\\n", " ").splitlines() if c.startswith("pyrec ")]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for command in commands:
        result = subprocess.run(
            command,
            shell=True,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"{command}\n{result.stdout}{result.stderr}"


@pytest.mark.parametrize(
    "document", ["README.md", *sorted(f"docs/{f.name}" for f in (ROOT / "docs").glob("*.md"))]
)
def test_code_blocks_run_in_order(document):
    names = {"__name__": "__main__"}
    for language, code, line in code_blocks(ROOT / document):
        if language == "python":
            # Blank lines in front give a traceback the line numbers of the document.
            exec(compile("\n" * (line - 1) + code, document, "exec"), names)
        elif language == "sh":
            run_shell(code)


def table_paths(text):
    """Return the paths in backticks in the 'Where to change what' table."""
    table = text.partition("### Where to change what")[2].partition("\n#")[0]
    return [token for token in re.findall(r"`([^`]+)`", table) if re.search(r"[/.]", token)]


def listed_paths(text):
    """Return the paths of the listing in section 2: names below the folder they are indented in."""
    listing = re.search(r"^## 2\. Files.*?^```text\n(.*?)^```", text, re.DOTALL | re.MULTILINE)[1]
    folder = ""
    for line in listing.splitlines():
        names = re.split(r" {2,}", line.strip())[0].split()
        if line.startswith(" "):
            yield from (folder + name for name in names)
        elif line:
            folder = names[0] if names[0].endswith("/") else ""
            yield from names


def test_paths_in_the_architecture_document_exist():
    text = (ROOT / "docs" / "architecture.md").read_text()
    paths = [*table_paths(text), *listed_paths(text)]
    assert len(paths) > 50
    missing = [path for path in paths if not list(ROOT.glob(re.sub("<[a-z]+>", "*", path)))]
    assert missing == []


def test_the_architecture_document_lists_every_file():
    listed = set(listed_paths((ROOT / "docs" / "architecture.md").read_text()))
    files = [
        str(file.relative_to(ROOT))
        for folder in ("pyrec", "cpp/include", "cpp/src", "cpp/bindings", "cpp/cmake")
        for file in (ROOT / folder).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    ]
    assert sorted(file for file in files if file not in listed) == []
