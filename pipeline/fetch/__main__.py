"""Brings songs, lyrics and their table into data/, from Google Drive, another DVC remote, a zip or a folder.

SOURCE is one of
  https://drive.google.com/drive/folders/ID  a shared folder; also .../file/d/ID, open?id=ID, gdrive://ID[/path], an ID
  remote://NAME[/path]                       a folder or zip in a remote that `dvc remote list` tells, with its login
  https://.../songs.zip                      a zip behind a link
  PATH                                       a folder or a zip on this machine

Public folders of Drive open with an API key in SURBANI_DRIVE_KEY, private ones with the credentials of the DVC remote.
Folders named by language (bn, Bangla, English, ...) give the language, a text of the same name is a song's lyrics, and
any CSV or TSV among the files gives title, artist, genre and so on. Stopped, it goes on from there when run again.
"""

import argparse
import errno
import logging
import os
import signal
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.core import store
from pipeline.core.command import Problem, guarded
from pipeline.fetch import layout, links, sources, table, web
from pipeline.fetch.items import PARTS, Item, bring
from pipeline.fetch.layout import Plan, common, kind_of

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wish:
    """What the command line says."""

    source: str
    into: Path
    add: bool
    remote: str
    jobs: int
    timeout: float


def asked(arguments: Sequence[str] | None = None) -> Wish:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.fetch", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", metavar="SOURCE")
    parser.add_argument("--into", type=Path, default=store.DATA, metavar="FOLDER", help="default: data")
    parser.add_argument("--add", action="store_true", help="put the songs beside others that are already there")
    parser.add_argument(
        "--remote", default="gdrive", metavar="NAME", help="whose credentials open Drive; default: gdrive"
    )
    parser.add_argument("--jobs", type=int, default=8, metavar="N", help="files at a time; default: 8")
    parser.add_argument("--timeout", type=float, default=30, metavar="S", help="seconds without a byte; default: 30")
    wish = Wish(**vars(parser.parse_args(arguments)))
    if wish.jobs < 1 or wish.timeout <= 0:
        parser.error("--jobs must be at least 1 and --timeout above 0")
    return wish


def brought(items: Sequence[tuple[Item, Path]], jobs: int) -> int:
    """How many files came; a Problem where any did not, when all others are in their places."""
    done = bring(items, jobs)
    if done.failed:
        raise Problem(f"{len(done.failed)} of {len(items)} files did not come, the others are here: {done.failed[0]}")
    return done.new


def tables(items: Sequence[Item], jobs: int) -> list[table.Row]:
    """What the tables among the files say, read before anything is placed."""
    wanted = [(item, PARTS / f"{item.part.name}.csv") for item in items if kind_of(item.path) == "table"]
    brought(wanted, jobs)
    found = []
    for item, path in wanted:
        rows = table.rows(path.read_bytes(), item.path)
        if not rows:
            log.warning("%s is not used: it has no rows, or no column names the songs (id, file or title)", item.path)
        found += rows
    return found


def wanted(items: Sequence[Item], source: str) -> list[Item]:
    """Songs, texts and tables; what is left out is told."""
    other = [item.path for item in items if not kind_of(item.path)]
    if other:
        log.info("left out what is no song, text or table: %s", layout.endings(other))
    if not any(kind_of(item.path) == "audio" for item in items):
        hint = "correct the source"
        if any("files/md5/" in item.path for item in items):
            hint = "it is the store of a DVC remote, `dvc pull -r NAME` brings what is in it"
        raise Problem(f"there is no sound file in {source} ({len(items)} files): {hint}")
    return [item for item in items if kind_of(item.path) in ("audio", "lyrics", "table")]


def refuse_to_mix(into: Path, plan: Plan, wish: Wish) -> None:
    """Songs of another source are never joined in silence."""
    places = {into / place for place in plan.places.values()}
    there = [file for file in sorted((into / "audio").rglob("*")) if file.is_file() and kind_of(file.name) == "audio"]
    others = [file.as_posix() for file in there if file not in places]
    if others and not wish.add:
        raise Problem(
            f"{into}/ already holds {len(others)} other songs ({common(others, 2)}): empty it with `rm -r {into}/*`, "
            "or say --add to have both, or --into another folder"
        )


def refuse_to_replace(pairs: Sequence[tuple[Item, Path]], wish: Wish) -> None:
    """With --add, a file of the same name is another's; without, it is an older version of this one."""
    clash = [path.as_posix() for item, path in pairs if wish.add and path.exists() and not item.is_it(path)]
    if clash:
        raise Problem(
            f"{common(clash, 2)} would be replaced by another file of that name: rename it, or fetch without --add"
        )


def fetch(wish: Wish) -> None:
    source = links.named(wish.source)
    shown = source.shown if isinstance(source, links.OnWeb) else wish.source
    with sources.Reader(web.patience(wish.timeout), wish.jobs, wish.remote) as reader:
        items = wanted(reader.items(source), shown)
        rows = tables(items, wish.jobs)
        paths = [item.path for item in items]
        told = table.matched(rows, [path for path in paths if kind_of(path) == "audio"])
        if len(rows) > len(told):
            log.info("%d rows of the tables name no song that is there", len(rows) - len(told))
        plan = layout.planned(paths, table.pairs(told, [path for path in paths if kind_of(path) == "lyrics"]))
        if plan.without_song:
            log.info(
                "left out %d texts, whose song is not there or has another one: %s",
                len(plan.without_song),
                common(plan.without_song),
            )
        refuse_to_mix(wish.into, plan, wish)
        pairs = [(items[number], wish.into / place) for number, place in sorted(plan.places.items())]
        refuse_to_replace(pairs, wish)
        new = brought(pairs, wish.jobs)
        _write_words(wish.into, plan, told)
        whole = table.written(wish.into, plan.songs, told)
        reader.done()
    _tell(wish.into, len(whole), int((whole["lyrics"] != "").sum()), new, len(pairs) - new, whole["language"].tolist())


def _write_words(into: Path, plan: Plan, told: dict[str, table.Row]) -> None:
    """Lyrics that stand in a table become files, unless the song has a file of its own."""
    places = {song: place for place, song in plan.songs.items()}
    for song, words in table.words(told):
        file = (into / "lyrics" / places[song].removeprefix("audio/")).with_suffix(".txt")
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            beside = file.with_name(f".{file.name}.part")
            beside.write_text(words, encoding="utf-8")
            beside.replace(file)


def _tell(into: Path, songs: int, with_lyrics: int, new: int, here: int, languages: list[str]) -> None:
    counts: dict[str, int] = defaultdict(int)
    for language in languages:
        counts[language or "no language named"] += 1
    told = ", ".join(f"{count} {language}" for language, count in sorted(counts.items()))
    print(
        f"{into}/ holds {songs} songs ({told}), {with_lyrics} with lyrics; {new} files came, {here} were here already"
    )
    if into == store.DATA:
        print("next: dvc add data && dvc repro")
    else:
        print(f"`dvc repro` reads {store.DATA}/: move the songs there, then dvc add data && dvc repro")


def main(arguments: Sequence[str] | None = None) -> None:
    wish = asked(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    for chatty in ("urllib3", "google"):  # they would tell links with all that is in them
        logging.getLogger(chatty).setLevel(logging.ERROR)
    try:
        fetch(wish)
    except OSError as error:
        if error.errno == errno.ENOSPC:  # of one disk or the other; the error itself may name the source
            raise Problem(f"no room for {wish.into}/ or {PARTS}/: make some and run the same command again") from None
        named = f": {error.filename}" if error.filename else ""
        raise Problem(
            f"{error.strerror or type(error).__name__}{named}; mend it and run the same command again"
        ) from None


def stopped(*_: object) -> None:
    """Ends without waiting for those who wait for Google: no file is ever under its name by half."""
    os.write(sys.stderr.fileno(), b"stopped; the same command goes on from here\n")
    os._exit(130)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, stopped)
    guarded(main)
