"""The corpus: the columns of its table, the suffixes of sound files, usable tracks, and what is left out."""

import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

import pandas as pd

from pipeline.core import languages
from pipeline.core.command import Problem
from pipeline.core.store import BUILD, DATA, read_rows, read_table, write_table

log = logging.getLogger(__name__)

COLUMNS = ("id", "audio", "lyrics", "title", "artist", "language", "genre", "license", "source")
SOUNDS = {".wav", ".mp3", ".ogg", ".oga", ".flac", ".m4a", ".aac", ".opus", ".wma", ".mp4", ".aif", ".aiff"}
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
    """The table that a person wrote; a single wrong row is an error."""
    table = read_table(file)
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
            _inside(path, column, file)
    return table


def _inside(path: str, column: str, file: Path) -> None:
    """Raises a Problem for a path outside the data folder, and for a missing file."""
    if column == "lyrics" and not path:
        return
    parts = PurePosixPath(path.replace("\\", "/")).parts
    if not parts or parts[0] == "/" or ".." in parts or ":" in parts[0] or not path.isprintable():
        raise Problem(f"{file}: {column} {path!r} must be a path inside {file.parent}/, without '..': correct the row")
    if not (file.parent / path).is_file():
        raise Problem(f"{file.parent / path} is listed in {file} but missing: run `dvc pull`, or take the row out")


def scan_folder(data: Path) -> pd.DataFrame:
    """A table made from the folders: one row per sound file under data/audio."""
    files = sorted(p for p in (data / "audio").rglob("*") if p.suffix.lower() in SOUNDS and p.is_file())
    if not files:
        raise Problem(f"no {data}/tracks.csv and no sound file under {data}/audio: run `dvc pull`, or put songs there")
    ids = _ids([file.relative_to(data / "audio") for file in files])
    stems = Counter(file.stem for file in files)
    rows = []
    for file, id_ in zip(files, ids, strict=True):
        inner = file.relative_to(data / "audio")
        candidates = [data / "lyrics" / inner.with_suffix(".txt")]
        if stems[file.stem] == 1:  # else the lyrics could belong to any of them
            candidates.append(data / "lyrics" / f"{file.stem}.txt")
        text = next((path.relative_to(data).as_posix() for path in candidates if path.is_file()), "")
        row = dict.fromkeys(COLUMNS, "")
        row |= {"id": id_, "audio": file.relative_to(data).as_posix(), "lyrics": text}
        rows.append(row | {"title": file.stem, "language": _language(inner)})
    return pd.DataFrame(rows)


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
    """The language that the first folder names, as a code where it is known."""
    folder = inner.parts[0].lower() if len(inner.parts) > 1 else ""
    return languages.code(folder) if folder in languages.FOLDERS else folder
