"""What the commands that write the sample have in common: no folder is taken from others, and ends are one line."""

import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.core.command import Problem


def refuse_foreign(out: Path, own: Collection[str]) -> None:
    """Raises when the folder holds anything whose name is not among `own`."""
    if not out.exists():
        return
    if not out.is_dir():
        raise Problem(f"{out} is a file: name a folder")
    foreign = sorted(path.name for path in out.iterdir() if path.name not in own)
    if foreign:
        raise refusal(out, foreign[0])


def refusal(out: Path, held: str) -> Problem:
    return Problem(f"{out} holds {held}: choose an empty folder; nothing was written")


@contextmanager
def one_line(out: Path, stopped: str) -> Iterator[None]:
    """Ends the program with one line at what a user can mend, and with `stopped` at Ctrl-C."""
    try:
        yield
    except Problem as problem:
        sys.exit(f"error: {problem}")
    except OSError as error:
        sys.exit(f"error: {error.filename or out}: {error.strerror or error}")
    except KeyboardInterrupt:
        sys.exit(stopped)
