"""The rules of docs/architecture.md that a machine can check: layers, mirrors, sizes, symbols."""

import ast
import re
import subprocess
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PYTHON = ROOT / "pyrec"
CPP = ROOT / "cpp"

# From the ground up. A module imports from its own layer and those above it in this list, and
# never in a circle; neither do packages. What is named stands for all of its modules.
LAYERS = {
    "bindings": "_arrow _encode _ids _kernels capi cmake",
    "foundation": "arguments config errors extras linking runtime",
    "data": "data",
    "tools": "io preparation features rules simulation similarity item_index kernels",
    "models": "models",
    "reranking": "rerank",
    "evaluation": "evaluation",
    "compat": "compat",
    "tuning": "tuning",
    "report": "report",
    "workflow": "workflow",
    "entry": "__init__ __main__ cli",
}
RANKS = {name: rank for rank, names in enumerate(LAYERS.values()) for name in names.split()}

# Where tests are not called after their module: what every model passes, and what runs a process.
PYTHON_MIRRORS = {
    "__init__": "test_init",
    "__main__": "test_linking",
    "_arrow": "data/test_arrow",
    "_ids": "data/test_vocabulary",
    "_encode": "test_encode",
    "_kernels": "test_kernels",
    "capi": "test_linking",
    "cli": "test_cli",  # of all its modules: tests run commands
    "cmake": "test_linking",
    "compat.implicit.als": "compat/implicit/cpu/test_als",
    "compat.implicit.approximate_als": "compat/test_implicit",
    "compat.implicit.bpr": "compat/implicit/cpu/test_bpr",
    "compat.implicit.cpu": "compat/test_implicit",
    "compat.implicit.gpu": "compat/test_implicit",
    "compat.implicit.lmf": "compat/test_implicit",
    "models.abilities": "test_models",
    "models.base": "test_models",
}
CPP_MIRRORS = {"errors": "csr"}  # two exceptions without code: thrown and caught there

# A stub has one file per compiled module, however many functions there are.
MAY_BE_LONG = {"pyrec/_kernels.pyi"}


def modules():
    """Return {dotted name below pyrec: file} of all modules, compiled ones by their stub."""
    files = [*PYTHON.rglob("*.py"), *PYTHON.rglob("*.pyx"), *PYTHON.rglob("*.pyi")]
    names = {file: ".".join(file.relative_to(PYTHON).with_suffix("").parts) for file in files}
    return {name.removesuffix(".__init__"): file for file, name in sorted(names.items())}


def imports(file):
    """Return the dotted names below pyrec that a Python file imports, wherever it does so."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.removeprefix("pyrec.") for name in found if name.startswith("pyrec.")}


def import_graph():
    """Return {module: modules it imports}; the front door, whose imports are lazy, is left out."""
    files = modules()
    graph = {}
    for name, file in files.items():
        if file.suffix == ".py" and name != "__init__":
            wanted = imports(file)
            # `from pyrec.models.base import Model` names an object of a module.
            graph[name] = {w if w in files else w.rpartition(".")[0] for w in wanted} - {""}
    return graph


def rank(module):
    return RANKS[module.partition(".")[0]]  # whatever is new takes its place in LAYERS


def test_python_modules_import_from_lower_layers_only():
    upward = [
        f"pyrec.{module} imports pyrec.{other}"
        for module, others in import_graph().items()
        for other in others
        if rank(other) > rank(module)
    ]
    assert upward == []


def test_python_modules_do_not_import_in_a_circle():
    list(TopologicalSorter(import_graph()).static_order())  # raises CycleError, naming the circle


def test_packages_do_not_import_in_a_circle():
    rooms = {}
    for module, others in import_graph().items():
        room = rooms.setdefault(module.partition(".")[0], set())
        room |= {other.partition(".")[0] for other in others} - {module.partition(".")[0]}
    list(TopologicalSorter(rooms).static_order())


def mirror(module):
    """Return the path of the tests of a module."""
    name = PYTHON_MIRRORS.get(module) or PYTHON_MIRRORS.get(module.partition(".")[0])
    package, _, own = module.rpartition(".")
    folder = package.replace(".", "/")
    return f"tests/{name or f'{folder}/test_{own}'}.py".replace("//", "/")


def is_empty(file):
    """Tell whether a module consists of its docstring."""
    return file.suffix == ".py" and len(ast.parse(file.read_text()).body) <= 1


def test_every_module_has_a_test_file():
    wanted = {mirror(name) for name, file in modules().items() if not is_empty(file)}
    assert sorted(name for name in wanted if not (ROOT / name).exists()) == []


def test_every_public_header_has_a_test_file():
    stems = [file.stem for file in sources(CPP / "include")]
    wanted = {f"cpp/tests/test_{CPP_MIRRORS.get(stem, stem)}.cpp" for stem in stems}
    assert sorted(name for name in wanted if not (ROOT / name).exists()) == []


def includes(file):
    return re.findall(r'^#include ([<"].*[>"])', file.read_text(), re.MULTILINE)


def sources(folder):
    return [f for f in sorted(folder.rglob("*")) if f.suffix in {".h", ".hpp", ".inl", ".cpp"}]


def test_the_core_knows_nothing_of_python():
    forbidden = re.compile(r"Python|pybind11|numpy|Cython|bindings")
    guilty = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in [*sources(CPP / "include"), *sources(CPP / "src"), *sources(CPP / "tests")]
        for name in includes(file)
        if forbidden.search(name)
    ]
    assert guilty == []


def test_public_headers_include_public_headers_only():
    guilty = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in sources(CPP / "include")
        for name in includes(file)
        if name.startswith('"') and not name.startswith('"pyrec/')
    ]
    assert guilty == []


def test_bindings_use_public_headers_only():
    own = {f'"{file.name}"' for file in sources(CPP / "bindings")}
    guilty = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in sources(CPP / "bindings")
        for name in includes(file)
        if name.startswith('"') and not name.startswith('"pyrec/') and name not in own
    ]
    assert guilty == []


def test_headers_do_not_include_each_other_in_a_circle():
    folders = [CPP / "include", CPP / "src"]
    headers = {
        str(file.relative_to(folder)): file for folder in folders for file in sources(folder)
    }
    graph = {
        name: {other.strip('"') for other in includes(file) if other.startswith('"')}
        for name, file in headers.items()
    }
    list(TopologicalSorter(graph).static_order())


def test_units_of_an_instruction_set_include_no_standard_container():
    # Nothing that could instantiate a template with external linkage: see simd/kernels.hpp.
    harmless = {"<cstddef>", "<cstdint>", "<immintrin.h>", "<arm_neon.h>"}
    guilty = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in sources(CPP / "src" / "simd")
        if file.name != "dispatch.cpp"
        for name in includes(file)
        if not name.startswith('"simd/') and name not in harmless
    ]
    assert guilty == []


def symbols(archive):
    """Return {object: [(type, symbol)]} of the defined symbols of a static library."""
    lines = subprocess.run(
        ["nm", "--defined-only", archive], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    found = {}
    for line in lines:
        if line.endswith(":"):
            found[line[:-1]] = entries = []
        elif line:
            entries.append(tuple(line.split()[-2:]))
    return found


def test_an_object_of_an_instruction_set_exports_its_table_and_nothing_else(site):
    objects = symbols(site / "pyrec" / "lib" / "libpyrec_core.a")
    levels = [f.stem for f in sources(CPP / "src" / "simd") if f.suffix == ".cpp"]
    built = [level for level in levels if level != "dispatch" and f"{level}.cpp.o" in objects]
    assert "baseline" in built
    for level in built:
        # Capitals are visible outside the object; W, V and u are the weak ones among them.
        visible = [(kind, name) for kind, name in objects[f"{level}.cpp.o"] if kind not in "trdb"]
        table = f"_ZN5pyrec6detail{len(level) + 8}{level}_kernelsE"
        assert [name for _, name in visible] == [table], level
        assert visible[0][0] in "DR", level


def all_sources():
    python = [f for d in ("pyrec", "tests", "benchmarks") for f in (ROOT / d).rglob("*.py*")]
    return [f for f in python if f.suffix in {".py", ".pyi", ".pyx", ".pxd"}] + sources(CPP)


def test_files_have_fewer_than_400_lines():
    long = {
        str(file.relative_to(ROOT)): lines
        for file in all_sources()
        if (lines := len(file.read_text().splitlines())) >= 400
    }
    assert long.keys() - MAY_BE_LONG == set()


def python_functions(file):
    """Yield (name, lines without the docstring) of all functions of a Python file."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = node.end_lineno - node.lineno + 1
            if ast.get_docstring(node) is not None:
                lines -= node.body[0].end_lineno - node.body[0].lineno + 1
            yield node.name, lines


# What looks like a function in the project's formatting: a head that is no container, then lines
# that are indented more, then a brace that is indented as much.
CPP_FUNCTION = re.compile(
    r"^( *)(?!namespace|(?:template <[^;{}]*>\s*)?(?:struct|class|enum|union)|extern|\w+:\n)"
    r"([^\s;{}#/][^;{}]*)\{\n"
    r"(?:\1 .*\n|\n|#.*\n)*\1\}",
    re.MULTILINE,
)


def cpp_functions(code):
    """Yield (head, lines) of the functions in a C++ text."""
    for match in CPP_FUNCTION.finditer(code):
        yield match[2].split("(")[0], match[0].count("\n") + 1


def test_functions_have_fewer_than_60_lines():
    long = []
    for file in all_sources():
        if file.suffix == ".py":
            found = python_functions(file)
        elif file.suffix in {".hpp", ".inl", ".cpp"}:
            found = cpp_functions(file.read_text())
        else:
            continue
        long += [f"{file.relative_to(ROOT)}: {name} ({n})" for name, n in found if n >= 60]
    assert long == []


@pytest.mark.parametrize(
    ("code", "functions"),
    [
        ("int f() {\n    return 1;\n}\n", [("int f", 3)]),
        ("namespace a {\n\nvoid f(int a,\n       int b) {\n    g();\n}\n\n}\n", [("void f", 4)]),
        ("struct S {\n    int f() {\n        if (x) {\n        }\n    }\n};\n", [("int f", 4)]),
        ("int f() { return 1; }\n", []),
    ],
)
def test_cpp_functions_are_recognised(code, functions):
    assert list(cpp_functions(code)) == functions
