"""Stage `audio`: statistics of what each segment of a track's middle sounds like, and levels of each track.

Reads build/tracks/tracks.csv and the sound files it names; writes build/audio. Tracks that cannot be decoded are left
out, each with its reason in skipped.csv. The frames that the statistics come from (MFCC, log-mel) stay in the content
cache, where the networks read them. With `audio.external` the statistics come from a table that another program
made, one row per segment, and there are no frames and no levels.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.core import cache, catalog, command, params, store, workers
from pipeline.core.cache import Cache
from pipeline.core.command import Problem
from pipeline.sound import descriptors, external
from pipeline.sound.features import Refused, all_features, sound_files
from pipeline.sound.levels import levels
from pipeline.sound.settings import Audio

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Params:
    audio: Audio


def write(tracks: pd.DataFrame, p: Audio, folder: Path, kept: Cache) -> dict[str, str]:
    """Writes the features of the tracks, and returns by id why a track has none."""
    store.fresh_folder(folder)
    files = sound_files([store.DATA / path for path in tracks["audio"]])
    results = command.progress(all_features(files, p, kept), "audio", len(files))
    rows, digests, level_rows, reasons = {}, [], [], {}
    for id_, file, track in zip(tracks["id"], files, results, strict=True):
        if isinstance(track, Refused):
            reasons[id_] = track.reason
            continue
        rows[id_] = track.stats, track.valid
        digests.append(file.sha256)
        level_rows.append(levels(track.logmel[track.valid]))
    if rows:
        stats, valid = map(np.stack, zip(*rows.values(), strict=True))
        table = pd.DataFrame(level_rows)
        store.write_rows(folder, list(rows), stats=stats, valid=valid, levels=table.to_numpy())
        store.write_json(folder / "stats_names.json", descriptors.named(p.mels, p.mfcc))
        store.write_json(folder / "levels_names.json", list(table))
        store.write_json(folder / "sha256.json", digests)
    return reasons


def write_external(tracks: pd.DataFrame, path: Path, folder: Path) -> dict[str, str]:
    """Writes the table at `path` as the statistics, and returns by id why a track has none."""
    table = external.read(path, list(tracks["id"]))
    store.write_rows(store.fresh_folder(folder), table.ids, stats=table.stats, valid=table.valid)
    store.write_json(folder / "stats_names.json", table.names)
    log.info("%d numbers a segment, at most %d segments a track, from %s", *table.stats.shape[:0:-1], path)
    if not path.resolve().is_relative_to(store.DATA.resolve()):
        log.warning("%s is not under %s/: `dvc repro` does not see when it changes", path, store.DATA)
    return dict.fromkeys(tracks["id"][~tracks["id"].isin(table.ids)], f"has no whole row in {path}")


def _log_short(tracks: pd.DataFrame, p: Audio) -> None:
    short = tracks[tracks["seconds"].astype(float) < p.clip_seconds - 0.05]
    if len(short):
        first = ", ".join(
            f"{Path(track['audio']).name} is {float(track['seconds']):.1f} s long"
            for track in short.head(3).to_dict("records")
        )
        more = f" (and {len(short) - 3} more tracks are shorter)" if len(short) > 3 else ""
        cure = "they have fewer segments; drop them or lower clip_seconds"
        log.info("%s%s, audio.clip_seconds is %g: %s", first, more, p.clip_seconds, cure)


def main() -> None:
    p = params.load(Params).audio
    tracks, folder = catalog.usable_tracks(), store.BUILD / "audio"
    if p.external == "none":
        _log_short(tracks, p)
        workers.one_thread()
        reasons = write(tracks, p, folder, Cache("audio", cache.place()))
    else:
        reasons = write_external(tracks, Path(p.external), folder)
    catalog.write_skipped("audio", tracks["audio"], reasons)
    if len(reasons) == len(tracks):
        raise Problem(f"none of the {len(tracks)} tracks can be decoded; the reasons are in build/audio/skipped.csv")
    log.info("%d tracks in build/audio; %d left out", len(tracks) - len(reasons), len(reasons))


if __name__ == "__main__":
    command.run(main, __doc__, Params)
