"""No kernel takes more instructions than it did: a guard of speed that no busy machine disturbs."""

import shutil

import pytest

import instructions


def test_kernels_take_no_more_instructions_than_before():
    if not shutil.which("valgrind") or not shutil.which("c++"):
        pytest.skip("needs valgrind and a compiler")
    compiler, expected = instructions.stored()
    if compiler != instructions.compiler():
        pytest.skip(f"the counts are those of {compiler}")
    worse = instructions.worse(instructions.count_all(), expected)
    assert worse == [], "if it must be: python benchmarks/instructions.py --update"


def test_more_instructions_are_noticed():
    expected = {"avx2": {"top-k": 1000, "als": 1000}}
    found = {"avx2": {"top-k": 1100, "als": 1010, "new": 5}}
    assert instructions.worse(found, expected) == [
        "top-k (avx2): 1,100 instructions, +10.0%",
        "new (avx2): 5 instructions, never counted before",
    ]
