"""The corpus: the columns of its table, the suffixes of sound files, usable tracks, and what is left out."""

import logging
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

import pandas as pd

from pipeline.core import languages
from pipeline.core.command import Problem
from pipeline.core.sheet import read_sheet
from pipeline.core.store import BUILD, DATA, read_rows, read_table, write_table

log = logging.getLogger(__name__)

COLUMNS = ("id", "audio", "lyrics", "title", "artist", "language", "genre", "license", "source")
SOUNDS = {".wav", ".mp3", ".ogg", ".oga", ".flac", ".m4a", ".aac", ".opus", ".wma", ".mp4", ".aif", ".aiff"}
TEXTS = (".txt", ".lrc")  # suffixes of lyrics
SKIPPED = ("id", "stage", "file", "reason")  # of a file that a stage leaves out
LOGGED = 10  # of them, at most
BAD_ID = re.compile(r"^$|^[./]|[/\\\x00-\x1f\x7f]")  # an id becomes a file name, so it must not be a path


def usable_tracks() -> pd.DataFrame:
    """The checked tracks that can be used, one row per id."""
    return read_table(BUILD / "tracks" / "tracks.csv").set_index("id", drop=False)


def heard_tracks() -> pd.DataFrame:
    """The tracks that have audio features, in the order of their rows in build/audio."""
    return usable_tracks().loc[list(read_rows(BUILD / "audio").ids)]


def write_skipped(stage: str, files: "pd.Series[str]", reasons: Mapping[str, str]) -> None:
    """Writes build/<stage>/skipped.csv: the file of each track (by id) that the stage leaves out, and the reason."""
    rows = [(id_, stage, files[id_], reason) for id_, reason in reasons.items()]
    write_table(BUILD / stage / "skipped.csv", pd.DataFrame(rows, columns=SKIPPED))
    for _, _, file, reason in rows[:LOGGED]:
        log.warning("%s is left out: %s", DATA / file, reason)
    if len(rows) > LOGGED:
        log.warning("and %d more, in %s", len(rows) - LOGGED, BUILD / stage / "skipped.csv")


def skipped() -> pd.DataFrame:
    """Everything that is left out, one row per track and stage: id, stage, file, reason."""
    tables = [read_table(BUILD / stage / "skipped.csv") for stage in ("tracks", "audio", "lyrics")]
    return pd.concat(tables, ignore_index=True)


def read_catalog(file: Path) -> pd.DataFrame:
    """The table that a person wrote; a single wrong row is an error, a missing file is none, unless all are missing."""
    table = read_list(file)
    if not any(os.path.lexists(file.parent / path) for path in table["audio"]):
        what = f"not one sound file that {file} lists is there ({file.parent / table['audio'].iloc[0]})"
        raise Problem(f"{what}: run `dvc pull`, or correct the column audio")
    return table


def read_list(file: Path) -> pd.DataFrame:
    """The checked rows of the table, whether or not their files are there."""
    table = read_sheet(file, COLUMNS)
    for column in ("id", "audio"):
        if column not in table:
            raise Problem(f"{file} has no column {column!r} (it has {', '.join(table.columns)}): add it")
    if table.empty:
        raise Problem(f"{file} lists no track: add rows, or remove it to have one made from {file.parent}/audio")
    for column in COLUMNS:
        if column not in table:
            table[column] = ""
    for id_ in table["id"]:
        if BAD_ID.search(id_):
            raise Problem(f"{file}: id {id_!r} is not allowed (no slash, no leading dot, not empty): rename it")
    double = table.loc[table["id"].duplicated(), "id"]
    if len(double):
        raise Problem(f"{file}: id {double.iloc[0]!r} is in more than one row: give each track its own id")
    for column in ("audio", "lyrics"):
        for path in table[column]:
            if path or column == "audio":
                _require_inside(path, column, file)
    return table


def _require_inside(path: str, column: str, file: Path) -> None:
    """Raises a Problem for a path outside the data folder."""
    parts = PurePosixPath(path.replace("\\", "/")).parts
    if not parts or parts[0] == "/" or ".." in parts or ":" in parts[0] or not path.isprintable():
        ingest = f"`python -m pipeline.library ingest FOLDER` links songs from elsewhere into {file.parent}/"
        raise Problem(
            f"{file}: {column} {path!r} must be a path inside {file.parent}/, without '..': correct the row ({ingest})"
        )


def scan_folder(data: Path) -> pd.DataFrame:
    """A table made from the folders: one row per sound file under data/audio."""
    files = sorted(path for path in (data / "audio").rglob("*") if is_song(path) and path.is_file())
    if not files:
        raise Problem(f"no {data}/tracks.csv and no sound file under {data}/audio: run `dvc pull`, or put songs there")
    ids = _ids([file.relative_to(data / "audio") for file in files])
    stems = Counter(file.stem for file in files)
    rows = []
    for file, id_ in zip(files, ids, strict=True):
        inner = file.relative_to(data / "audio")
        candidates = [data / "lyrics" / inner, data / "lyrics" / file.name, file]
        if stems[file.stem] > 1:
            del candidates[1]  # those lyrics could belong to any of them
        texts = (path.with_suffix(kind) for path in candidates for kind in TEXTS)
        text = next((path.relative_to(data).as_posix() for path in texts if path.is_file()), "")
        row = dict.fromkeys(COLUMNS, "")
        row |= {"id": id_, "audio": file.relative_to(data).as_posix(), "lyrics": text}
        rows.append(row | {"title": file.stem, "language": _language(inner)})
    _name_foreign_folders(data, [file.relative_to(data / "audio") for file in files])
    return pd.DataFrame(rows)


def is_song(path: Path) -> bool:
    """Whether the name is that of a sound file; `._x.mp3`, which macOS puts beside x.mp3 on foreign disks, is none."""
    return path.suffix.lower() in SOUNDS and not path.name.startswith("._") and "__MACOSX" not in path.parts


def _name_foreign_folders(data: Path, inner: list[Path]) -> None:
    """The folders that were expected to name a language and do not, as those of artists."""
    foreign = sorted({path.parts[0] for path in inner if len(path.parts) > 1 and not _language(path)})
    if foreign:
        shown = ", ".join(foreign[:3]) + (f" and {len(foreign) - 3} more" if len(foreign) > 3 else "")
        cure = "name the folders by language (de, German), or write it into tracks.csv"
        log.info("%s/audio: no language is known for the songs of %s: %s", data, shown, cure)


def _ids(files: list[Path]) -> Iterator[str]:
    """One id per file: its stem, or its whole path if stems are equal, with a number if even that is taken."""
    stems = [_allowed(file.stem) for file in files]
    counts, used = Counter(stems), set[str]()
    for file, stem in zip(files, stems, strict=True):
        wanted = stem if counts[stem] == 1 else _allowed("__".join(file.parts))
        id_, number = wanted, 2
        while id_ in used or (id_ in counts and id_ != stem):
            id_, number = f"{wanted}_{number}", number + 1
        used.add(id_)
        yield id_


def _allowed(name: str) -> str:
    return BAD_ID.sub("_", name) or "_"


def _language(inner: Path) -> str:
    """The code of the language that the first folder names; "" where it names none, as that of an artist."""
    folder = " ".join(inner.parts[0].casefold().split()) if len(inner.parts) > 1 else ""
    return languages.code(folder) if folder in languages.FOLDERS else ""
