"""Brings songs, lyrics and their table into data/, from Google Drive, another DVC remote, a zip or a folder.

SOURCE is one of
  https://drive.google.com/drive/folders/ID  a shared folder; also .../file/d/ID, open?id=ID, gdrive://ID[/path], an ID
  remote://NAME[/path]                       a folder or zip in a remote that `dvc remote list` names, with its login
  https://.../songs.zip                      a zip behind a link
  PATH                                       a folder or a zip on this machine

Public folders of Drive open with an API key in SURBANI_DRIVE_KEY, private ones with the credentials of the DVC remote.
Folders named by language (bn, Bangla, English, ...) give the language, a text of the same name is a song's lyrics, and
any CSV or TSV among the files gives title, artist, genre and so on. After an interruption, the same command continues.
"""

import argparse
import errno
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.core import store
from pipeline.core.command import Problem, guarded
from pipeline.fetch.items import PARTS
from pipeline.fetch.transfer import Request, Summary, fetch


def parsed(arguments: Sequence[str] | None) -> Request:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.fetch", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", metavar="SOURCE")
    parser.add_argument("--into", type=Path, default=store.DATA, metavar="FOLDER", help="default: data")
    parser.add_argument("--add", action="store_true", help="add the songs to those of another source")
    parser.add_argument(
        "--remote", default="gdrive", metavar="NAME", help="the remote whose credentials open Drive; default: gdrive"
    )
    parser.add_argument("--jobs", type=int, default=8, metavar="N", help="files at a time; default: 8")
    parser.add_argument("--timeout", type=float, default=30, metavar="S", help="seconds without a byte; default: 30")
    request = Request(**vars(parser.parse_args(arguments)))
    if request.jobs < 1 or request.timeout <= 0:
        parser.error("--jobs must be at least 1 and --timeout above 0")
    return request


def report(into: Path, summary: Summary) -> None:
    languages = ", ".join(f"{count} {language}" for language, count in sorted(summary.languages.items()))
    print(
        f"{into}/ holds {summary.languages.total()} songs ({languages}), {summary.with_lyrics} with lyrics; "
        f"{summary.new} files came, {summary.kept} were there already"
    )
    if into == store.DATA:
        print("next: dvc add data && dvc repro")
    else:
        print(f"`dvc repro` reads {store.DATA}/: move the songs there, then dvc add data && dvc repro")


def main(arguments: Sequence[str] | None = None) -> None:
    request = parsed(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    for library in ("urllib3", "google"):  # their messages hold whole links, with the secrets in them
        logging.getLogger(library).setLevel(logging.ERROR)
    try:
        report(request.into, fetch(request))
    except OSError as error:
        if error.errno == errno.ENOSPC:  # on either disk; the error itself may name the source
            raise Problem(
                f"no room for {request.into}/ or {PARTS}/: free some and run the same command again"
            ) from None
        place = f": {error.filename}" if error.filename else ""
        raise Problem(
            f"{error.strerror or type(error).__name__}{place}; fix it and run the same command again"
        ) from None


def stop(*_: object) -> None:
    """Ends at once, also while threads wait for Google: an unfinished file never has its final name."""
    os.write(sys.stderr.fileno(), b"stopped; the same command continues from here\n")
    os._exit(130)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, stop)
    guarded(main)
