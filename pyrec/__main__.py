"""``python -m pyrec``: the command line, and where a build finds the engine (`pyrec.linking`)."""

import sys

from pyrec.linking import get_cmake_dir, get_include

# These need nothing but the core: a build has no use for the packages of the application.
FOLDERS = {"--cmakedir": get_cmake_dir, "--includedir": get_include}

if __name__ == "__main__":
    if len(sys.argv) == 2 and sys.argv[1] in FOLDERS:
        print(FOLDERS[sys.argv[1]]())
    else:
        from pyrec.cli import main

        main()
