"""Metadata tables that come with songs: any column names, matched to the files."""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pandas as pd

from pipeline.core import catalog, languages, store
from pipeline.fetch.layout import TEXTS, stem_of

# Our name of a column, and other common names. The first name that occurs becomes ours; the others stay.
ALIASES = {
    "id": ("track_id", "song_id", "trackid", "songid", "uid"),
    "audio": ("audio_path", "audio_file", "filename", "file_name", "file", "filepath", "file_path", "path",
              "track_path"),
    "lyrics": ("lyrics_path", "lyrics_file", "lyric", "lyrics_text", "text"),
    "title": ("song_title", "song_name", "track_name", "track_title", "song", "name"),
    "artist": ("artist_name", "artists", "singer", "performer", "band"),
    "language": ("lang", "language_name", "languages"),
    "genre": ("genre_top", "track_genre", "genres", "style", "category"),
    "license": ("licence", "rights"),
    "source": ("url", "link", "origin"),
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One row of a source table, under our column names."""

    cells: Mapping[str, str]
    folder: str  # of the table, in the source


def read_rows(content: bytes, path: str) -> list[Row]:
    """The rows of a CSV or TSV with any separator; an empty list if no column can name a song."""
    text = _decoded(content)
    first = text.partition("\n")[0]
    separator = max(",;\t|", key=first.count)
    try:
        lines = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if any(row)]
    except csv.Error:  # a cell that never ends
        return []
    if len(lines) < 2:
        return []
    names = _our_names(lines[0])
    if not {"id", "audio", "title"} & set(names):
        return []
    folder = PurePosixPath(path).parent.as_posix()
    return [
        Row({name: cell.strip() for name, cell in zip(names, row, strict=False) if name}, folder) for row in lines[1:]
    ]


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")  # the default of many spreadsheets


def _our_names(head: Sequence[str]) -> list[str]:
    names = [re.sub(r"[\s-]+", "_", name.strip().lower()) for name in head]
    for ours, aliases in ALIASES.items():
        theirs = next((name for name in aliases if name in names), None)
        if ours not in names and theirs:
            names[names.index(theirs)] = ours
    return names


def match(rows: Iterable[Row], songs: Sequence[str]) -> dict[str, Row]:
    """The row of each song by its source path: the row's file name, id or title fits that song alone."""
    by_stem = _by_stem(songs)
    matched: dict[str, Row] = {}
    for row in rows:
        names = (row.cells.get(column, "") for column in ("audio", "id", "title"))
        song = next(filter(None, (_only_match(name, row.folder, by_stem) for name in names)), "")
        if song:
            matched.setdefault(song, row)
    return matched


def _by_stem(paths: Iterable[str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        groups[stem_of(path)].append(path)
    return groups


def _only_match(name: str, folder: str, by_stem: Mapping[str, Sequence[str]]) -> str:
    """The only path that `name` can mean, preferring a path that ends with it, then one below the table's folder."""
    if not name:
        return ""
    name = name.replace("\\", "/")
    candidates = by_stem.get(stem_of(f"{name}.x"), []) or by_stem.get(stem_of(name), [])  # "Mr. X" has no suffix
    for fits in (
        lambda path: f"/{path}".casefold().endswith(f"/{name.lstrip('./')}".casefold()),
        lambda path: folder == "." or path.startswith(f"{folder}/"),
    ):
        if len(candidates) > 1:
            candidates = [path for path in candidates if fits(path)] or candidates
    return candidates[0] if len(candidates) == 1 else ""


def text_of_song(rows: Mapping[str, Row], texts: Sequence[str]) -> dict[str, str]:
    """The text file of each song whose row names one of `texts`."""
    by_stem = _by_stem(texts)
    cells = {song: row.cells.get("lyrics", "") for song, row in rows.items()}
    chosen = {song: _only_match(cell, rows[song].folder, by_stem) for song, cell in cells.items() if _is_text(cell)}
    return {song: text for song, text in chosen.items() if text}


def lyrics_cells(rows: Mapping[str, Row]) -> Iterator[tuple[str, str]]:
    """The songs whose row holds the lyrics themselves, not the name of a file."""
    for song, row in rows.items():
        cell = row.cells.get("lyrics", "")
        if not _is_text(cell) and re.search(r"\s", cell):
            yield song, cell + "\n"


def _is_text(cell: str) -> bool:
    """Whether the cell names a file of lyrics."""
    return PurePosixPath(cell).suffix.lower() in TEXTS


def write_catalog(data: Path, songs: Mapping[str, str], rows: Mapping[str, Row]) -> pd.DataFrame:
    """Writes data/tracks.csv: keeps the rows that it has, and adds a row for each song that it lacks."""
    file = data / "tracks.csv"
    old = catalog.read_catalog(file) if file.exists() else pd.DataFrame(columns=list(catalog.COLUMNS), dtype=str)
    folders = catalog.scan_folder(data)
    new = [_new_row(row, songs, rows) for row in folders[~folders["audio"].isin(old["audio"])].to_dict("records")]
    used = set(old["id"])
    for row in new:
        row["id"] = _free_id(row["id"], used)
    whole = pd.concat([old, pd.DataFrame(new)], ignore_index=True).fillna("") if new else old
    first = [name for name in catalog.COLUMNS if name in whole]
    part = file.with_name(".tracks.csv.part")
    store.write_table(part, whole[[*first, *(name for name in whole if name not in first)]])
    part.replace(file)
    return catalog.read_catalog(file)  # as the first stage will read it


def _new_row(row: Mapping[Hashable, object], songs: Mapping[str, str], rows: Mapping[str, Row]) -> dict[str, str]:
    """A row that the folders gave, overlaid with the source table; an id of the table counts only if it is allowed."""
    merged = {str(name): str(cell) for name, cell in row.items()}
    source = rows.get(songs.get(merged["audio"], ""))
    for name, cell in source.cells.items() if source else ():
        if name in ("audio", "lyrics") or not cell or (name == "id" and catalog.BAD_ID.search(cell)):
            continue
        merged[name] = (languages.code(cell) or cell) if name == "language" else cell
    return merged


def _free_id(id_: str, used: set[str]) -> str:
    """The id, with a number if another track has it."""
    free, number = id_, 2
    while free in used:
        free, number = f"{id_}_{number}", number + 1
    used.add(free)
    return free
