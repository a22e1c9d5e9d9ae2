"""The command line: ``pyrec demo | run | fit | evaluate | compare | tune | recommend | ...``.

One file per command. Their modules import nothing heavier than click, so that ``--help`` answers at
once; the engine is imported inside the commands.

Exit status: 0 done, 1 an error that pyrec names in one line, 2 wrong usage, 130 interrupted.
"""

import os
import signal
import sys

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit.

    Parameters
    ----------
    arguments : list of str, optional
        What follows the program's name; those of the process if None.
    """
    if sys.stdout is None or sys.stderr is None:  # closed by the caller, who wants no output
        sink = open(os.devnull, "w")  # noqa: PTH123, SIM115 (for the life of the process)
        sys.stdout, sys.stderr = sys.stdout or sink, sys.stderr or sink
    # As Ctrl-C does: what is unfinished goes away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    from pyrec.errors import PyrecError
    from pyrec.extras import need

    try:
        click = need("click", "the command line")
        from pyrec.cli.app import app

        with app.make_context("pyrec", sys.argv[1:] if arguments is None else arguments) as context:
            app.invoke(context)
        sys.stdout.flush()
        status = 0
    except PyrecError as error:
        status = _fail(str(error), 1)
    except KeyboardInterrupt:
        status = _fail("interrupted", 130)
    except BrokenPipeError:  # the reader of our output has gone, as ``head`` does: no news
        _drop_output()
        status = 0
    except OSError as error:
        # What pyrec writes itself fails with a PyrecError; this is the standard output.
        _drop_output()
        status = _fail(f"cannot write: {error.strerror}", 1)
    except MemoryError:
        status = _fail("out of memory; use fewer threads or factors, or a larger machine", 1)
    except ImportError as error:
        if "SIMD" not in str(error):
            raise
        status = _fail(f"PYREC_SIMD: {error}", 1)
    except Exception as error:
        status = _usage(error, click)
    sys.exit(status)


def _usage(error: Exception, click: object) -> int:
    """Show a click error in one line; anything else is a defect of ours and keeps its traceback."""
    kinds = click.exceptions  # type: ignore[attr-defined]
    if isinstance(error, kinds.Exit):
        return int(error.exit_code)
    if isinstance(error, kinds.NoArgsIsHelpError):
        print(error.format_message(), file=sys.stderr)
        return int(error.exit_code)
    if isinstance(error, kinds.Abort):
        return _fail("interrupted", 130)
    if not isinstance(error, kinds.ClickException):
        raise error
    help_ = f" (see {error.ctx.command_path} --help)" if getattr(error, "ctx", None) else ""
    return _fail(error.format_message() + help_, int(error.exit_code))


def _fail(message: str, status: int) -> int:
    print(f"pyrec: {' '.join(message.split())}", file=sys.stderr)
    return status


def _drop_output() -> None:
    """Let the flush at exit succeed, whatever is still to be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
