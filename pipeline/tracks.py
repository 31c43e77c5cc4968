"""Stage `tracks`: the checked table of tracks, and for each one that cannot be used the reason.

Reads data/tracks.csv; where there is none, makes the table from data/audio/** and data/lyrics/<same stem>.txt, with the
language from a folder's name. Writes build/tracks/tracks.csv.
"""

import logging
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated

import pandas as pd

from pipeline import params, stage, store
from pipeline.params import Within
from pipeline.sound import waves
from pipeline.stage import Problem

log = logging.getLogger(__name__)

COLUMNS = ("id", "audio", "lyrics", "title", "artist", "language", "genre", "license", "source")
SOUNDS = {".wav", ".mp3", ".ogg", ".oga", ".flac", ".m4a", ".aac", ".opus", ".wma", ".mp4", ".aif", ".aiff"}
BAD_ID = re.compile(r"^$|^[./]|[/\\\x00-\x1f\x7f]")  # an id names files; it must not lead anywhere else
LANGUAGES = {"english": "en", "eng": "en", "bangla": "bn", "bengali": "bn", "hindi": "hi", "urdu": "ur", "tamil": "ta"}


@dataclass(frozen=True)
class Tracks:
    min_seconds: Annotated[float, Within(0.1)]


@dataclass(frozen=True)
class Params:
    tracks: Tracks


def listed(file: Path) -> pd.DataFrame:
    """The table that a person wrote, refused as a whole when a row of it cannot be meant so."""
    table = store.read_table(file)
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
        raise Problem(f"{file}: id {double.iloc[0]!r} stands in more than one row: give each track an id of its own")
    for column in ("audio", "lyrics"):
        for path in table[column]:
            _inside(path, column, file)
    return table


def _inside(path: str, column: str, file: Path) -> None:
    """Refuses a path that leaves the data folder, and one that leads nowhere."""
    if column == "lyrics" and not path:
        return
    parts = PurePosixPath(path.replace("\\", "/")).parts
    if not parts or parts[0] == "/" or ".." in parts or ":" in parts[0] or not path.isprintable():
        raise Problem(f"{file}: {column} {path!r} must be a path inside {file.parent}/, without '..': correct the row")
    if not (file.parent / path).is_file():
        raise Problem(f"{file.parent / path} is listed in {file} but missing: run `dvc pull`, or take the row out")


def found(data: Path) -> pd.DataFrame:
    """The table made from the folders: a row for each sound file under data/audio."""
    files = sorted(p for p in (data / "audio").rglob("*") if p.suffix.lower() in SOUNDS and p.is_file())
    if not files:
        raise Problem(f"no {data}/tracks.csv and no sound file under {data}/audio: run `dvc pull`, or put songs there")
    ids = _ids([file.relative_to(data / "audio") for file in files])
    stems = Counter(file.stem for file in files)
    rows = []
    for file, id_ in zip(files, ids, strict=True):
        inner = file.relative_to(data / "audio")
        words = [data / "lyrics" / inner.with_suffix(".txt")]
        if stems[file.stem] == 1:  # words beside all folders could be anybody's
            words.append(data / "lyrics" / f"{file.stem}.txt")
        text = next((path.relative_to(data).as_posix() for path in words if path.is_file()), "")
        row = dict.fromkeys(COLUMNS, "")
        row |= {"id": id_, "audio": file.relative_to(data).as_posix(), "lyrics": text}
        rows.append(row | {"title": file.stem, "language": _language(inner)})
    return pd.DataFrame(rows)


def _ids(files: list[Path]) -> Iterator[str]:
    """An id a file: its stem; its whole path where that is taken; and a number where even that is."""
    stems = [_allowed(file.stem) for file in files]
    counts, used = Counter(stems), set[str]()
    for file, stem in zip(files, stems, strict=True):
        wish = stem if counts[stem] == 1 else _allowed("__".join(file.parts))
        id_, number = wish, 2
        while id_ in used or (id_ in counts and id_ != stem):
            id_, number = f"{wish}_{number}", number + 1
        used.add(id_)
        yield id_


def _allowed(name: str) -> str:
    return BAD_ID.sub("_", name) or "_"


def _language(inner: Path) -> str:
    """The language that the first folder names, in two letters where it is a name we know."""
    folder = inner.parts[0].lower() if len(inner.parts) > 1 else ""
    return LANGUAGES.get(folder, folder)


def checked(table: pd.DataFrame, data: Path, p: Tracks) -> pd.DataFrame:
    """The table with what the files themselves say, and the reason where a track cannot be used."""
    facts = []
    for row in stage.progress(table.to_dict("records"), "tracks", len(table)):
        fact: dict[str, object] = {"seconds": "", "sample_rate": "", "channels": "", "codec": "", "reason": ""}
        try:
            info = waves.probe(data / row["audio"])
        except waves.Unreadable as error:
            fact["reason"] = str(error)
        else:
            fact |= {"seconds": round(info.seconds, 3), "sample_rate": info.sample_rate}
            fact |= {"channels": info.channels, "codec": info.codec}
            if info.seconds < p.min_seconds:
                fact["reason"] = f"{info.seconds:.1f} s long, tracks.min_seconds is {p.min_seconds:g}"
        facts.append(fact | {"has_lyrics": "yes" if row["lyrics"] else "no"})
    told = pd.DataFrame(facts)  # what the files say stands above a column of the same name
    return pd.concat([table.drop(columns=told.columns, errors="ignore").reset_index(drop=True), told], axis=1)


def main() -> None:
    p = params.load(Params).tracks
    file = store.DATA / "tracks.csv"
    if not store.DATA.is_dir():
        raise Problem(f"there is no folder {store.DATA}/: run `dvc pull`, or put songs under {store.DATA}/audio")
    table = checked(listed(file) if file.exists() else found(store.DATA), store.DATA, p)
    store.write_table(store.BUILD / "tracks" / "tracks.csv", table)
    unusable = table[table["reason"] != ""]
    for row in unusable.head(10).to_dict("records"):
        log.warning("%s cannot be used: %s", row["audio"], row["reason"])
    with_lyrics = (table["has_lyrics"] == "yes").sum()
    log.info("%d tracks, %d with lyrics; %d cannot be used", len(table), with_lyrics, len(unusable))
    if len(unusable) == len(table):
        raise Problem(f"none of the {len(table)} tracks can be used; the reasons are in build/tracks/tracks.csv")


if __name__ == "__main__":
    stage.run(main, __doc__, Params)
