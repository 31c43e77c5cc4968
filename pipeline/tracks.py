"""Stage `tracks`: the checked table of tracks, and for each one that cannot be used the reason.

Reads data/tracks.csv; where there is none, makes the table from data/audio/** and data/lyrics/<same stem>.txt, with the
language from a folder's name. Writes build/tracks/tracks.csv.
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


@dataclass(frozen=True)
class Tracks:
    min_seconds: Annotated[Number, Within(0.1)]


@dataclass(frozen=True)
class Params:
    tracks: Tracks


def checked(table: pd.DataFrame, data: Path, p: Tracks) -> pd.DataFrame:
    """The table with what the files themselves say, and the reason where a track cannot be used."""
    facts = []
    for row in command.progress(table.to_dict("records"), "tracks", len(table)):
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
    table = checked(catalog.read_catalog(file) if file.exists() else catalog.scan_folder(store.DATA), store.DATA, p)
    store.write_table(store.BUILD / "tracks" / "tracks.csv", table)
    unusable = table[table["reason"] != ""]
    for row in unusable.head(10).to_dict("records"):
        log.warning("%s cannot be used: %s", row["audio"], row["reason"])
    with_lyrics = (table["has_lyrics"] == "yes").sum()
    log.info("%d tracks, %d with lyrics; %d cannot be used", len(table), with_lyrics, len(unusable))
    if len(unusable) == len(table):
        raise Problem(f"none of the {len(table)} tracks can be used; the reasons are in build/tracks/tracks.csv")


if __name__ == "__main__":
    command.run(main, __doc__, Params)
