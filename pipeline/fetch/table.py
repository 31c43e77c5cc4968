"""Metadata that come with songs: tables whose columns have other names, matched to the files."""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pandas as pd

from pipeline.core import catalog, store
from pipeline.fetch.layout import WORDS, stem_of

# Our name of a column, and what others call it. The first that is there is taken; the others stay as they are.
ALIASES = {
    "id": ("track_id", "song_id", "trackid", "songid", "uid"),
    "audio": (
        "audio_path",
        "audio_file",
        "filename",
        "file_name",
        "file",
        "filepath",
        "file_path",
        "path",
        "track_path",
    ),
    "lyrics": ("lyrics_path", "lyrics_file", "lyric", "lyrics_text", "text"),
    "title": ("song_title", "song_name", "track_name", "track_title", "song", "name"),
    "artist": ("artist_name", "artists", "singer", "performer", "band"),
    "language": ("lang", "language_name", "languages"),
    "genre": ("genre_top", "track_genre", "genres", "style", "category"),
    "license": ("licence", "rights"),
    "source": ("url", "link", "origin"),
}


@dataclass(frozen=True)
class Row:
    """What a table of the source says about one song, under our column names."""

    cells: Mapping[str, str]
    folder: str  # where in the source its table lies


def rows(content: bytes, path: str) -> list[Row]:
    """The rows of a CSV or TSV, whatever its separator; none where no column could name a song."""
    text = _decoded(content)
    first = text.partition("\n")[0]
    separator = max(",;\t|", key=first.count)
    try:
        read = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if any(row)]
    except csv.Error:  # a cell that never ends
        return []
    if len(read) < 2:
        return []
    names = _renamed(read[0])
    if not {"id", "audio", "title"} & set(names):
        return []
    folder = PurePosixPath(path).parent.as_posix()
    return [
        Row({name: cell.strip() for name, cell in zip(names, row, strict=False) if name}, folder) for row in read[1:]
    ]


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")  # what spreadsheets of the West write


def _renamed(head: Sequence[str]) -> list[str]:
    names = [re.sub(r"[\s-]+", "_", name.strip().lower()) for name in head]
    for ours, others in ALIASES.items():
        theirs = next((name for name in others if name in names), None)
        if ours not in names and theirs:
            names[names.index(theirs)] = ours
    return names


def matched(told: Iterable[Row], songs: Sequence[str]) -> dict[str, Row]:
    """The row of each song, by the song's path in the source: by file name, id or title, where only one song fits."""
    by_stem: dict[str, list[str]] = defaultdict(list)
    for song in songs:
        by_stem[stem_of(song)].append(song)
    found: dict[str, Row] = {}
    for row in told:
        for column in ("audio", "id", "title"):
            named = row.cells.get(column, "")
            song = _one(named, row.folder, by_stem) if named else ""
            if song:
                found.setdefault(song, row)
                break
    return found


def _one(named: str, folder: str, by_stem: Mapping[str, Sequence[str]]) -> str:
    """The only song that can be meant: first by the path that is named, then by who lies beside the table."""
    named = named.replace("\\", "/")
    candidates = by_stem.get(stem_of(f"{named}.x"), []) or by_stem.get(stem_of(named), [])  # "Mr. X" has no suffix
    for fits in (
        lambda song: f"/{song}".casefold().endswith(f"/{named.lstrip('./')}".casefold()),
        lambda song: folder == "." or song.startswith(f"{folder}/"),
    ):
        if len(candidates) > 1:
            candidates = [song for song in candidates if fits(song)] or candidates
    return candidates[0] if len(candidates) == 1 else ""


def pairs(found: Mapping[str, Row], texts: Sequence[str]) -> dict[str, str]:
    """The text of each song whose row names a file that is there."""
    by_stem: dict[str, list[str]] = defaultdict(list)
    for text in texts:
        by_stem[stem_of(text)].append(text)
    named = {song: row.cells.get("lyrics", "") for song, row in found.items()}
    chosen = {song: _one(cell, found[song].folder, by_stem) for song, cell in named.items() if _is_name(cell)}
    return {song: text for song, text in chosen.items() if text}


def words(found: Mapping[str, Row]) -> Iterator[tuple[str, str]]:
    """The songs whose row holds the lyrics themselves, not the name of a file."""
    for song, row in found.items():
        cell = row.cells.get("lyrics", "")
        if cell and not _is_name(cell) and re.search(r"\s", cell):
            yield song, cell + "\n"


def _is_name(cell: str) -> bool:
    """Whether the cell names a file of lyrics."""
    return PurePosixPath(cell).suffix.lower() in WORDS


def written(data: Path, songs: Mapping[str, str], found: Mapping[str, Row]) -> pd.DataFrame:
    """Writes data/tracks.csv: rows that stand there stay as they are, a row is added for each song that has none."""
    file = data / "tracks.csv"
    old = catalog.read_catalog(file) if file.exists() else pd.DataFrame(columns=list(catalog.COLUMNS), dtype=str)
    made = catalog.scan_folder(data)
    new = made[~made["audio"].isin(old["audio"])]
    fresh = [{str(name): str(cell) for name, cell in row.items()} for row in new.to_dict("records")]
    used = set(old["id"])
    for row in fresh:
        told = found.get(songs.get(row["audio"], ""))
        if told:
            _overlay(row, told.cells)
        row["id"] = _free(row["id"], used)
    whole = pd.concat([old, pd.DataFrame(fresh)], ignore_index=True).fillna("") if fresh else old
    first = [name for name in catalog.COLUMNS if name in whole]
    whole = whole[[*first, *(name for name in whole if name not in first)]]
    beside = file.with_name(".tracks.csv.part")
    store.write_table(beside, whole)
    beside.replace(file)
    return catalog.read_catalog(file)  # as the first stage will read it


def _overlay(row: dict[str, str], cells: Mapping[str, str]) -> None:
    """What the table says stands above what the folders say; but an id only if it is allowed."""
    for name, cell in cells.items():
        if name in ("audio", "lyrics") or not cell or (name == "id" and catalog.BAD_ID.search(cell)):
            continue
        row[name] = catalog.LANGUAGES.get(cell.lower(), cell) if name == "language" else cell


def _free(id_: str, used: set[str]) -> str:
    """The id, with a number where another track has it."""
    wish, number = id_, 2
    while wish in used:
        wish, number = f"{id_}_{number}", number + 1
    used.add(wish)
    return wish
