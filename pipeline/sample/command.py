"""Shared by the commands that write the sample: they overwrite no foreign folder, and end with one line."""

import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.core.command import Problem


def refuse_foreign(out: Path, allowed: Collection[str]) -> None:
    """Raises a Problem if the folder holds any name that is not `allowed`."""
    if not out.exists():
        return
    if not out.is_dir():
        raise Problem(f"{out} is a file: name a folder")
    foreign = sorted(path.name for path in out.iterdir() if path.name not in allowed)
    if foreign:
        raise refusal(out, foreign[0])


def refusal(out: Path, content: str) -> Problem:
    return Problem(f"{out} holds {content}: choose an empty folder; nothing was written")


@contextmanager
def one_line(out: Path, stopped: str) -> Iterator[None]:
    """Ends the program with one line at an error that a user can fix, and with `stopped` at Ctrl-C."""
    try:
        yield
    except Problem as problem:
        sys.exit(f"error: {problem}")
    except OSError as error:
        sys.exit(f"error: {error.filename or out}: {error.strerror or error}")
    except KeyboardInterrupt:
        sys.exit(stopped)
