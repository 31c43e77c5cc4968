"""Your own songs: bring them in, see where a new one belongs, find relatives in another language, make playlists.

Each command says more with --help. It is run in the folder of the project, after `dvc pull && dvc repro`.
"""

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Sequence
from typing import Any

from pipeline.core.command import guarded

COMMANDS = {  # name -> what it does; each has a module of its own with `add_arguments` and `run`
    "ingest": "bring a music folder into data/",
    "assign": "show where new songs belong",
    "neighbours": "list the songs nearest to a song, by default in another language",
    "playlists": "write playlists that keep their names when songs come and go",
    "add": "place more songs beside those of the library, without training",
    "export": "write the embeddings of all songs as a parquet file",
    "explain": "say what a cluster or the place of a song rests on",
    "listen": "open a page to search, hear, list and place songs",
}


def command(name: str) -> Any:
    """The module of a command; it is imported alone, since some take seconds."""
    return importlib.import_module(f"pipeline.library.{name}")


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="surbani", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, does in COMMANDS.items():
        chosen = next((word for word in arguments if not word.startswith("-")), "") == name
        module = command(name) if chosen else None
        each = commands.add_parser(
            name,
            help=does,
            description=module.__doc__ if module else does,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if module:
            module.add_arguments(each)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a command: its exit code, 1 with one line for what a person can fix, or 130 with one after Ctrl-C."""
    code = 0

    def work() -> None:
        nonlocal code
        try:
            given = parsed(sys.argv[1:] if arguments is None else arguments)
            logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
            code = int(command(given.command).run(given))
        except KeyboardInterrupt:  # while the command was imported, too
            print("stopped; the same command goes on", file=sys.stderr)
            code = 130
        except BrokenPipeError:  # as `| head` leaves it
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # where Python flushes at its end

    guarded(work, "the same command")
    if code:
        sys.exit(code)


if __name__ == "__main__":
    main()
