"""Brings a music folder into data/: links to its songs, their tags as a table, and their lyrics.

Nothing is written into the music folder. Title, artist, album, year, genre and language come from the tags, else from
names like `Artist - Title.mp3`; a folder that is called like a language (German, de) gives the language. Lyrics come
from texts beside the songs (.txt, .lrc), else from the tags. The id of a song is a digest of its sound: it stays when
the file is moved or tagged anew. The same sound twice is taken once.

Run it again when songs came or went: it reads what is new, and marks what left in the column `left`. What you edited
in tracks.csv or in the lyrics stays as it is, and a row that you took out stays out. After Ctrl-C it goes on.

Files that were left out are in left_out.csv, each with its reason. The exit code is 3 where some could not be used.
"""

import argparse
import datetime
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.core import store
from pipeline.core.command import Problem, progress
from pipeline.intake import doubles, song
from pipeline.intake.arrivals import TWICE, all_arrivals, single
from pipeline.intake.file_names import shown
from pipeline.intake.ledger import Ledger
from pipeline.intake.merge import LEFT, Arrival, Changes, Rows, mark_left, merged
from pipeline.intake.shelf import Shelf
from pipeline.intake.walk import HARMLESS, Sighting, Walk, failure, walked

SHOWN = 10  # files that are named on the screen
UNUSABLE = 3  # the exit code where some songs could not be used


@dataclass
class Outcome:
    """What a run did."""

    songs: int
    with_lyrics: int
    changes: Changes
    left_out: list[tuple[str, str]]  # file and reason
    alike: list[tuple[str, str]] | None  # the same recording twice; None where nobody asked
    copied_instead: int  # songs that could not be linked
    size: int  # of the songs that were seen, in bytes

    @property
    def unusable(self) -> int:
        """How many files were left out that a person may have to look at."""
        return sum(not reason.startswith((*HARMLESS, TWICE)) for _, reason in self.left_out)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("music", type=Path, metavar="FOLDER", help="the music folder")
    parser.add_argument("--into", type=Path, default=store.DATA, metavar="FOLDER", help="default: data")
    parser.add_argument("--copy", action="store_true", help="copy the songs; a link needs the music folder to stay")
    parser.add_argument(
        "--doubles", action="store_true", help="also list the same recording in another codec, in doubles.csv (slower)"
    )


def run(arguments: argparse.Namespace) -> int:
    """The command; its exit code."""
    outcome = ingest(arguments.music, arguments.into, copy=arguments.copy, compare=arguments.doubles)
    report(outcome, arguments.into)
    if (table := arguments.music / "tracks.csv").exists():
        print(f"{table} was not read: `python -m pipeline.fetch {arguments.music}` brings songs with such a table")
    return UNUSABLE if outcome.unusable else 0


def ingest(music: Path, into: Path = store.DATA, *, copy: bool = False, compare: bool = False) -> Outcome:
    """Brings the songs of `music` into the data folder `into`."""
    music, into = music.expanduser().resolve(), into.expanduser()
    _refuse_place(music, into.resolve())
    shelf = Shelf(into, copy=copy)
    rows, before = shelf.rows(), shelf.before()  # they refuse before anything is read
    walk = walked(music)
    if not walk.songs:
        raise Problem(f"there is no sound file in {music}: correct the folder, or mount its disk; nothing was changed")
    with Ledger() as ledger:
        songs = single(song.read_all(walk.songs, ledger), walk, before)
        lengths = {seen: song.seconds for seen, song in songs.items()}
        alike = list(doubles.pairs(lengths, ledger)) if compare else None
    arrivals = all_arrivals(music, songs, walk)
    if not rows and not arrivals:
        first = next(iter(walk.left_out.items()))
        raise Problem(
            f"not one of the {len(walk.songs)} sound files in {music} can be used ({shown(first[0])} {first[1]})"
        )
    digests = _put_all(shelf, rows, before, arrivals, walk)
    if not music.is_dir():
        raise Problem(f"{music} vanished on the way: mount its disk and run this again; nothing was changed")
    changes = merged(rows, before, arrivals)
    changes.left = mark_left(rows, before, arrivals, _Gone(music, arrivals), datetime.date.today().isoformat())
    shelf.write(rows, before, arrivals, digests)
    shelf.remove_dead_links(before.keys() | arrivals.keys())
    return _outcome(shelf, rows, changes, walk, alike)


def _refuse_place(music: Path, into: Path) -> None:
    """The music folder is only read, so the data folder must not lie in it, nor it in the data folder."""
    if not music.is_dir():
        raise Problem(f"{music} is no folder: name the one that holds the songs, and mount its disk if it has one")
    if into.is_relative_to(music) or music.is_relative_to(into):
        raise Problem(f"{into} and {music} lie in each other: say `--into` a folder outside of the music")


def _put_all(shelf: Shelf, rows: Rows, before: Rows, arrivals: dict[str, Arrival], walk: Walk) -> dict[str, str]:
    """Links songs and writes lyrics; gives the digests of the lyrics. A song that vanishes meanwhile is left out."""
    digests = {}
    for id_, arrival in progress(list(arrivals.items()), "linking songs"):
        last = before.get(id_, {})
        if last and id_ not in rows:
            continue  # taken out by hand
        try:
            shelf.put(id_, arrival.path)
        except OSError as error:
            if error.filename != str(arrival.path):
                raise  # the data folder cannot be written
            walk.left_out[arrival.path] = failure(error)
            del arrivals[id_]
            continue
        digests[id_] = shelf.put_words(id_, arrival.words, last.get("words", ""))
    return digests


class _Gone:
    """Whether a song is no longer in the music folder; one that cannot be reached is not gone."""

    def __init__(self, music: Path, arrivals: Mapping[str, Arrival]) -> None:
        self.music, self.replaced = music, {arrival.path for arrival in arrivals.values()}

    def __call__(self, path: Path) -> bool:
        if not path.is_relative_to(self.music):
            return False
        try:
            path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            return False
        return path in self.replaced  # the file is there, with another sound


def _outcome(
    shelf: Shelf, rows: Rows, changes: Changes, walk: Walk, alike: Sequence[tuple[Sighting, Sighting]] | None
) -> Outcome:
    left_out = [(shown(path), reason) for path, reason in sorted(walk.left_out.items())]
    named = None if alike is None else [(shown(first.path), shown(second.path)) for first, second in alike]
    shelf.write_list("left_out.csv", left_out, ("file", "reason"))
    if named is not None:
        shelf.write_list("doubles.csv", named, ("file", "same_recording"))
    with_lyrics = sum(bool(row.get("lyrics")) for row in rows.values())
    size = sum(seen.size for seen in walk.songs if seen.path not in walk.left_out)
    return Outcome(len(rows), with_lyrics, changes, left_out, named, shelf.copied_instead, size)


def report(outcome: Outcome, into: Path) -> None:
    """Prints what came, what left, and what was left out."""
    for file, reason in outcome.left_out[:SHOWN]:
        print(f"left out: {file} {reason}", file=sys.stderr)
    if len(outcome.left_out) > SHOWN:
        print(f"and {len(outcome.left_out) - SHOWN} more, in {into}/left_out.csv", file=sys.stderr)
    for first, second in (outcome.alike or ())[:SHOWN]:
        print(f"the same recording: {first} and {second}")
    if len(outcome.alike or ()) > SHOWN:
        print(f"and {len(outcome.alike or ()) - SHOWN} more, in {into}/doubles.csv")
    if outcome.copied_instead:
        print(f"{outcome.copied_instead} songs were copied, since no link can be made in {into}/")
    changes = outcome.changes
    counts = {
        "new": changes.new,
        "brought up to date": changes.updated,
        "came back": changes.returned,
        f"left the folder (column `{LEFT}`)": changes.left,
        "stay out, as you took their rows out": changes.taken_out,
    }
    said = ", ".join(f"{len(ids)} {what}" for what, ids in counts.items() if ids) or "nothing new"
    print(f"{into}/ holds {outcome.songs} songs, {outcome.with_lyrics} with lyrics: {said}")
    if into == store.DATA:
        room = f"{2 * outcome.size / 1e9:.1f} GB"
        print(f"next: dvc add data && dvc repro (DVC keeps up to two copies of the songs: {room})")
    else:
        print(f"`dvc repro` reads {store.DATA}/, not {into}/")
