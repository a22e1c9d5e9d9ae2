"""Where C, C++ and Cython projects find the engine.

A CMake project says ``find_package(pyrec CONFIG)`` and links ``pyrec::core``, which has the C++
headers and the C header ``pyrec/c_api.h``. It finds the package by itself if it is built by
scikit-build-core with pyrec among its build requirements, and otherwise with
``-Dpyrec_DIR=$(python -m pyrec --cmakedir)``. A Cython module says ``from pyrec.capi cimport ...``
and needs neither headers nor a library. Complete projects of each kind are in ``examples/linking``.
"""

from pathlib import Path

import pyrec

__all__ = ["get_cmake_dir", "get_include"]


def get_include() -> str:
    """Return the folder to add to a compiler's include path.

    Returns
    -------
    str
        The folder above ``pyrec/c_api.h`` and the C++ headers.

    Raises
    ------
    FileNotFoundError
        If the installation has no headers.

    Examples
    --------
    >>> (Path(get_include()) / "pyrec" / "c_api.h").exists()
    True
    """
    return str(_installed("include/pyrec/c_api.h").parent.parent)


def get_cmake_dir() -> str:
    """Return the folder of ``pyrecConfig.cmake``, to be given to CMake as ``pyrec_DIR``.

    Raises
    ------
    FileNotFoundError
        If the installation has no such file.

    Examples
    --------
    >>> sorted(path.name for path in Path(get_cmake_dir()).glob("*Config.cmake"))
    ['pyrecConfig.cmake']
    """
    return str(_installed("cmake/pyrecConfig.cmake").parent)


def _installed(file: str) -> Path:
    # An editable installation has two folders: the sources and what CMake has installed.
    for folder in pyrec.__path__:
        if (path := Path(folder) / file).exists():
            return path
    raise FileNotFoundError(f"pyrec/{file} is missing from {list(pyrec.__path__)}: install again")
