"""A whole transfer: list the source, read its tables, give every file a place, bring the files, write tracks.csv."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.command import Problem
from pipeline.fetch import layout, links, sources, table
from pipeline.fetch.items import PARTS, Item, bring
from pipeline.fetch.layout import Plan, kind_of, shortened

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """The arguments of the command."""

    source: str
    into: Path
    add: bool
    remote: str
    jobs: int
    timeout: float


@dataclass(frozen=True)
class Summary:
    """What the data folder holds after a transfer, and what the transfer brought."""

    languages: Counter[str]
    with_lyrics: int
    new: int
    kept: int


def fetch(request: Request) -> Summary:
    source = links.parse(request.source)
    shown = source.shown if isinstance(source, links.OnWeb) else request.source
    with sources.Reader(request.timeout, request.jobs, request.remote) as reader:
        items = _usable(reader.items(source), shown)
        rows, plan = _planned(items, request.jobs)
        _refuse_to_mix(request, plan)
        pairs = [(items[number], request.into / place) for number, place in sorted(plan.places.items())]
        _refuse_to_replace(request, pairs)
        new = _bring_all(pairs, request.jobs)
        _write_lyrics(request.into, plan, rows)
        catalog = table.write_catalog(request.into, plan.songs, rows)
        reader.remove_zips()
    languages = Counter(language or "no language named" for language in catalog["language"])
    return Summary(languages, int((catalog["lyrics"] != "").sum()), new, len(pairs) - new)


def _usable(items: Sequence[Item], source: str) -> list[Item]:
    """The songs, texts and tables; the log says what is left out."""
    foreign = [item.path for item in items if not kind_of(item.path)]
    if foreign:
        log.info("left out files that are no song, text or table: %s", layout.suffix_counts(foreign))
    if not any(kind_of(item.path) == "audio" for item in items):
        hint = "correct the source"
        if any("files/md5/" in item.path for item in items):
            hint = "it is the store of a DVC remote, `dvc pull -r NAME` brings what is in it"
        raise Problem(f"there is no sound file in {source} ({len(items)} files): {hint}")
    return [item for item in items if kind_of(item.path) in ("audio", "lyrics", "table")]


def _planned(items: Sequence[Item], jobs: int) -> tuple[dict[str, table.Row], Plan]:
    """The table row of each song and the place of each file, before any file is placed."""
    songs, texts = ([item.path for item in items if kind_of(item.path) == kind] for kind in ("audio", "lyrics"))
    rows = _table_rows(items, jobs)
    matched = table.match(rows, songs)
    if len(rows) > len(matched):
        log.info("%d rows of the tables name no song of the source", len(rows) - len(matched))
    plan = layout.place([item.path for item in items], table.text_of_song(matched, texts))
    if plan.without_song:
        log.info(
            "left out %d texts whose song is missing or has another text: %s",
            len(plan.without_song),
            shortened(plan.without_song),
        )
    return matched, plan


def _table_rows(items: Sequence[Item], jobs: int) -> list[table.Row]:
    """The rows of all tables among the files."""
    tables = [(item, PARTS / f"{item.part.name}.csv") for item in items if kind_of(item.path) == "table"]
    _bring_all(tables, jobs)
    rows = []
    for item, path in tables:
        new = table.read_rows(path.read_bytes(), item.path)
        if not new:
            log.warning("%s is not used: it has no rows, or no column names the songs (id, file or title)", item.path)
        rows += new
    return rows


def _bring_all(items: Sequence[tuple[Item, Path]], jobs: int) -> int:
    """The number of files that came; a Problem if any failed, after all others are in their places."""
    brought = bring(items, jobs)
    if brought.failed:
        raise Problem(
            f"{len(brought.failed)} of {len(items)} files did not come, the others are there: {brought.failed[0]}"
        )
    return brought.new


def _refuse_to_mix(request: Request, plan: Plan) -> None:
    """Songs of another source are joined only with --add."""
    places = {request.into / place for place in plan.places.values()}
    songs = [file for file in sorted((request.into / "audio").rglob("*")) if kind_of(file.name) == "audio"]
    foreign = [file.as_posix() for file in songs if file.is_file() and file not in places]
    if foreign and not request.add:
        raise Problem(
            f"{request.into}/ already holds {len(foreign)} other songs ({shortened(foreign, 2)}): empty it with "
            f"`rm -r {request.into}/*`, or say --add to have both, or --into another folder"
        )


def _refuse_to_replace(request: Request, pairs: Sequence[tuple[Item, Path]]) -> None:
    """With --add, a different file of the same name is another song; without, it is an older version."""
    clashes = [path.as_posix() for item, path in pairs if request.add and path.exists() and not item.is_it(path)]
    if clashes:
        raise Problem(
            f"{shortened(clashes, 2)} would be replaced by another file of that name: rename it, or fetch without --add"
        )


def _write_lyrics(into: Path, plan: Plan, rows: dict[str, table.Row]) -> None:
    """Writes lyrics that stand in a table to files, unless the song has a file of its own."""
    places = {song: place for place, song in plan.songs.items()}
    for song, lyrics in table.lyrics_cells(rows):
        file = (into / "lyrics" / places[song].removeprefix("audio/")).with_suffix(".txt")
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            part = file.with_name(f".{file.name}.part")
            part.write_text(lyrics, encoding="utf-8")
            part.replace(file)
