"""Stage `tracks`: the checked table of the tracks that can be used, and for each other one the reason.

Reads data/tracks.csv; where there is none, makes the table from data/audio/** and data/lyrics/<same stem>.txt, with the
language from a folder's name. Writes build/tracks: tracks.csv and skipped.csv.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pandas as pd

from pipeline.core import catalog, command, params, store
from pipeline.core.command import Problem
from pipeline.core.params import Number, Within
from pipeline.sound import waves

log = logging.getLogger(__name__)

FACTS = ("seconds", "sample_rate", "channels", "codec", "has_lyrics")  # what the files say


@dataclass(frozen=True)
class Tracks:
    min_seconds: Annotated[Number, Within(0.1)]


@dataclass(frozen=True)
class Params:
    tracks: Tracks


def checked(table: pd.DataFrame, data: Path, p: Tracks) -> tuple[pd.DataFrame, dict[str, str]]:
    """The usable tracks with what their files say, and by id why the rest cannot be used."""
    usable, reasons = [], {}
    for row in command.progress(table.to_dict("records"), "tracks", len(table)):
        try:
            info = waves.probe(data / row["audio"])
        except waves.Unreadable as error:
            reasons[row["id"]] = str(error)
            continue
        if info.seconds < p.min_seconds:
            reasons[row["id"]] = f"{info.seconds:.1f} s long, tracks.min_seconds is {p.min_seconds:g}"
            continue
        facts = round(info.seconds, 3), info.sample_rate, info.channels, info.codec, "yes" if row["lyrics"] else "no"
        usable.append(row | dict(zip(FACTS, facts, strict=True)))  # replaces a column of the same name
    return pd.DataFrame(usable, columns=[*(name for name in table if name not in FACTS), *FACTS]), reasons


def main() -> None:
    p = params.load(Params).tracks
    file, folder = store.DATA / "tracks.csv", store.BUILD / "tracks"
    if not store.DATA.is_dir():
        raise Problem(f"there is no folder {store.DATA}/: run `dvc pull`, or put songs under {store.DATA}/audio")
    table = catalog.read_catalog(file) if file.exists() else catalog.scan_folder(store.DATA)
    usable, reasons = checked(table, store.DATA, p)
    store.write_table(folder / "tracks.csv", usable)
    catalog.write_skipped("tracks", table.set_index("id")["audio"], reasons)
    with_lyrics = (usable["has_lyrics"] == "yes").sum()
    log.info("%d usable tracks, %d with lyrics; %d cannot be used", len(usable), with_lyrics, len(reasons))
    if usable.empty:
        raise Problem(f"none of the {len(table)} tracks can be used; the reasons are in {folder}/skipped.csv")


if __name__ == "__main__":
    command.run(main, __doc__, Params)
