"""How a stage starts: `--help`, logging, and one line instead of a traceback for what a user can fix."""

import argparse
import dataclasses
import errno
import logging
import sys
from collections.abc import Callable, Iterable
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


class Problem(Exception):
    """Something that a user can fix: the message names the thing, the value and the next command."""


def progress(items: Iterable[T], what: str, total: int | None = None) -> Iterable[T]:
    """The items, with a progress bar when stderr is a terminal."""
    return tqdm(items, desc=what, total=total, disable=None, leave=False)


def _help(doc: str, params: type | None) -> str:
    if params is None:
        return doc
    sections = ", ".join(field.name for field in dataclasses.fields(params))
    return f"{doc.strip()}\n\nReads from params.yaml: {sections}. dvc.yaml lists what it reads and writes."


def run(main: Callable[[], None], doc: str | None, params: type | None = None) -> None:
    """Runs `main` as a command: exit 0, or 1 with the error on stderr."""
    parser = argparse.ArgumentParser(
        description=_help(doc or "", params), formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    guarded(main)


def guarded(main: Callable[[], None], again: str = "`dvc repro`") -> None:
    """Calls `main`; a Problem, an error of the operating system or Ctrl-C ends the program with its message alone.

    `again` is the command that goes on.
    """
    try:
        main()
    except Problem as problem:
        sys.exit(f"error: {problem}")
    except OSError as error:
        named = f": {error.filename}" if error.filename else ""
        cure = "make room on the disk of build/" if error.errno == errno.ENOSPC and not named else "fix it"
        sys.exit(f"error: {error.strerror or error}{named}; {cure} and run {again} again")
    except KeyboardInterrupt:
        print(f"stopped; {again} goes on from the last finished stage", file=sys.stderr)
        sys.exit(130)
