"""How many instructions each kernel takes on a small input: a guard that no busy machine disturbs.

``python benchmarks/instructions.py`` counts under valgrind's callgrind, which knows nothing beyond
AVX2, and compares with `instructions.json`; ``--update`` writes that file. Counts are of one
compiler. A cost that is no instruction (a cache miss, a lost prefetch) does not show.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyrec

SOURCE = Path(__file__).with_suffix(".cpp")
STORED = Path(__file__).with_suffix(".json")
LEVELS = ["baseline", "avx2"]
TOLERANCE = 0.03  # of the count stored; a rounding of an input or a library's malloc moves less


def compiler():
    """Return what the counts depend on beside the code, and so are stored with."""
    line = run("c++", "--version").partition("\n")[0]
    return f"{re.sub(r'[(].*[)] ', '', line)}, {os.uname().machine}"


def build(folder):
    """Compile the driver with the library that is installed, and return the program."""
    include = Path(pyrec.get_include())
    program = Path(folder) / "instructions"
    run("c++", "-std=c++20", "-O2", SOURCE, "-I", include,
        include.parent / "lib" / "libpyrec_core.a", "-pthread", "-o", program)  # fmt: skip
    return program


def count(program, kernel, level):
    """Return the instructions of one kernel at one SIMD level."""
    command = ["valgrind", "--tool=callgrind", "--toggle-collect=measured"]
    result = subprocess.run(
        [*command, f"--callgrind-out-file={os.devnull}", program, kernel],
        capture_output=True, text=True, check=True, env={**os.environ, "PYREC_SIMD": level},
    )  # fmt: skip
    return int(re.search(r"Collected : (\d+)", result.stderr)[1])


def count_all():
    """Return {level: {kernel: instructions}}."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        program = build(folder)
        kernels = run(program).splitlines()
        runs = {level: [pool.submit(count, program, k, level) for k in kernels] for level in LEVELS}
        return {
            level: dict(zip(kernels, [done.result() for done in counts], strict=True))
            for level, counts in runs.items()
        }


def stored():
    """Return the compiler and the counts that were stored."""
    found = json.loads(STORED.read_text())
    return found["compiler"], found["counts"]


def worse(found, expected):
    """Return a line on each kernel that takes more instructions than it did."""
    lines = []
    for level, counts in found.items():
        for kernel, n in counts.items():
            before = expected.get(level, {}).get(kernel)
            change = f"{n / before - 1:+.1%}" if before else "never counted before"
            if not before or n > (1 + TOLERANCE) * before:
                lines.append(f"{kernel} ({level}): {n:,} instructions, {change}")
    return lines


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--update", action="store_true", help=f"write {STORED.name}")
    options = parser.parse_args()
    if not shutil.which("valgrind"):
        parser.error("needs valgrind")
    found = count_all()
    _, before = stored() if STORED.exists() else ("", {})
    for level, counts in found.items():
        for kernel, n in counts.items():
            known = before.get(level, {}).get(kernel)
            change = f"{n / known - 1:+8.1%}" if known else "     new"
            print(f"{level:10} {kernel:18} {n:14,} {change}")
    if options.update:
        content = {"compiler": compiler(), "counts": found}
        STORED.write_text(json.dumps(content, indent=1) + "\n")
        return 0
    return 1 if worse(found, before) else 0


if __name__ == "__main__":
    sys.exit(main())
