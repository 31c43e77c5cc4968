"""Refuses songs of other corpora among the files that git publishes. `make lint` and the hook before a commit run it.

The store lies inside the repository, so that a clone needs no account; whoever pushes songs into it and commits it
publishes them. Git ignores what is new there (.gitignore), and this finds what was added by force. Not a stage: run it
as `python -m pipeline.fetch.check_songs`.
"""

import csv
import io
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from pipeline.core import command
from pipeline.core.command import Problem
from pipeline.fetch.check_store import STORE

SAMPLE = "surbani-sample"  # the column `source` of the songs that may be published
SOUND = re.compile(  # how files of sound begin: OGG, FLAC, WAV, AIFF, WMA, MP3, AAC and MP4
    rb"OggS|fLaC|RIFF....WAVE|FORM....AIF|\x30\x26\xb2\x75\x8e\x66|ID3|\xff[\xe2-\xff]..|....ftyp", re.DOTALL
)
HEAD = 12  # bytes that show it
SHOWN = 3


def published(root: Path) -> list[Path]:
    """The objects of the store that git tracks or is about to; none where this is no git checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", STORE.as_posix()], cwd=root, capture_output=True, check=False
    )
    names = listed.stdout.decode().split("\0") if not listed.returncode else []
    return [root / name for name in names if name and (root / name).is_file()]


def foreign(objects: list[Path]) -> list[str]:
    """What may not be published, each by its name in its corpus, or as the object that it is."""
    by_digest = {path.parent.name + path.name: path for path in objects}
    listings = [_listing(path) for digest, path in by_digest.items() if digest.endswith(".dir")]
    ours = {digest for listing in listings if _is_sample(listing, by_digest) for digest in listing.values()}
    names = {
        digest: name
        for listing in listings
        for name, digest in listing.items()
        if name.startswith(("audio/", "lyrics/")) and digest in by_digest
    }
    names |= {digest: str(path) for digest, path in by_digest.items() if digest not in names and _is_sound(path)}
    return sorted(name for digest, name in names.items() if digest not in ours)


def _listing(path: Path) -> dict[str, str]:
    """The digest of each file of a folder by its name."""
    try:
        return {entry["relpath"]: entry["md5"] for entry in json.loads(path.read_bytes())}
    except (ValueError, KeyError, TypeError):  # a damaged listing; check_store reports it
        return {}


def _is_sample(listing: dict[str, str], by_digest: dict[str, Path]) -> bool:
    """Whether every row of the folder's table of tracks is one of the sample."""
    table = by_digest.get(listing.get("tracks.csv", ""))
    return table is not None and set(_sources(table)) == {SAMPLE}


def _sources(table: Path) -> Iterator[str]:
    for row in csv.DictReader(io.StringIO(table.read_text(encoding="utf-8", errors="replace"), newline="")):
        yield row.get("source") or ""


def _is_sound(path: Path) -> bool:
    with path.open("rb") as file:
        return bool(SOUND.match(file.read(HEAD)))


def main() -> None:
    if songs := foreign(published(Path())):
        shown = ", ".join(songs[:SHOWN]) + (f" and {len(songs) - SHOWN} more" if len(songs) > SHOWN else "")
        raise Problem(
            f"{len(songs)} songs or lyrics in {STORE} are not of the sample, and git would publish them ({shown}): "
            f"take them out with `git reset -- {STORE}`"
        )
    print(f"{STORE} holds no song but those of the sample, as far as git knows it")


if __name__ == "__main__":
    command.run(main, __doc__)
