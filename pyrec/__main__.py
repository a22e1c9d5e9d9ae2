"""``python -m pyrec`` is the command line, too."""

from pyrec.cli import main

if __name__ == "__main__":
    main()
