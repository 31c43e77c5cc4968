"""Stage `tracks`: the checked table of the tracks that can be used, and for each other one the reason.

Reads data/tracks.csv; where there is none, makes the table from data/audio/** and data/lyrics/<same stem>.txt, with the
language from a folder's name. Reads the corpus card data/corpus.yaml, if there is one. Writes build/tracks: tracks.csv,
skipped.csv and corpus.json, which holds the columns that every later stage scores and asks about.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pandas as pd

from pipeline.core import catalog, command, corpus, params, store
from pipeline.core.command import Problem
from pipeline.core.params import Number, Within
from pipeline.sound import waves

log = logging.getLogger(__name__)

MIN_TRACKS = 3  # with fewer there is nothing to cluster
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
        has_lyrics = "yes" if row["lyrics"] and (data / row["lyrics"]).is_file() else "no"  # else stage lyrics says why
        facts = round(info.seconds, 3), info.sample_rate, info.channels, info.codec, has_lyrics
        usable.append(row | dict(zip(FACTS, facts, strict=True)))  # replaces a column of the same name
    return pd.DataFrame(usable, columns=[*(name for name in table if name not in FACTS), *FACTS]), reasons


def main() -> None:
    p = params.load(Params).tracks
    file, folder = store.DATA / "tracks.csv", store.BUILD / "tracks"
    if not store.DATA.is_dir():
        raise Problem(f"there is no folder {store.DATA}/: run `dvc pull`, or put songs under {store.DATA}/audio")
    card = corpus.read_card()
    table = catalog.read_catalog(file) if file.exists() else catalog.scan_folder(store.DATA)
    usable, reasons = checked(table, store.DATA, p)
    store.write_table(folder / "tracks.csv", usable)
    catalog.write_skipped("tracks", table.set_index("id")["audio"], reasons)
    if len(usable) < MIN_TRACKS:
        raise _too_few(len(usable), len(table), folder)
    declared = corpus.resolved(card, usable)
    declared.write()
    scored = f"labels: {', '.join(declared.labels)}" if declared.labels else "no column has two values to score against"
    counts = len(usable), (usable["has_lyrics"] == "yes").sum(), len(reasons)
    log.info("%d usable tracks, %d with lyrics; %d cannot be used; %s", *counts, scored)
    if single := sorted({*(card.labels or ()), *card.factors} - {*declared.labels, *declared.factors}):
        log.warning("%s: columns with less than two values are left out: %s", corpus.CARD, ", ".join(single))


def _too_few(usable: int, listed: int, folder: Path) -> Problem:
    """Nothing after this stage can run, so what it would have replaced stays where it is."""
    subject = f"{usable or 'none'} of the {listed} tracks" if usable < listed else f"{usable} track{'s' * (usable > 1)}"
    reasons = f" (the reasons are in {folder}/skipped.csv)" if usable < listed else ""
    cure = f"add songs to {store.DATA}/ and run `dvc repro` again"
    stale = f"; {store.REPORTS}/ still shows the earlier corpus" if (store.REPORTS / "metrics.json").exists() else ""
    return Problem(f"{subject} can be used{reasons}, and clusters need at least {MIN_TRACKS}: {cure}{stale}")


if __name__ == "__main__":
    command.run(main, __doc__, Params)
