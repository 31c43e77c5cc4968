"""What a question to `assign` costs, and whether it calls the right songs strange.

A script, not a test: `PYTHONPATH=. python tests/bench/bench_assign.py` in the folder of a project. Cost: CPU seconds of
the start with all encoders, and of a song and its parts, none of it from the cache. Strangeness: songs of a fifth of
the artists are scored against a library of the rest, fold after fold, by the model of all; then white noise, a tone of
440 Hz, something like speech (a buzz through moving formants, with pauses), and silence with clicks.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import soundfile
from scipy.signal import lfilter

from pipeline.core import cache

T = TypeVar("T")
RATE, SECONDS, SONGS, FOLDS = 22_050, 30, 8, 5


def spent(what: str, work: Callable[[], T]) -> T:
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    print(f"{what:44} {time.process_time() - cpu:5.2f} CPU-s, {time.perf_counter() - wall:5.2f} s")
    return result


def oddities(folder: Path) -> dict[str, Path]:
    rng, clock = np.random.default_rng(0), np.arange(SECONDS * RATE) / RATE
    clicks = np.zeros(len(clock))
    clicks[:: RATE // 2] = 0.8
    waves = {
        "white noise": 0.2 * rng.standard_normal(len(clock)),
        "tone of 440 Hz": 0.4 * np.sin(2 * np.pi * 440 * clock),
        "like speech": speech(clock, rng),
        "clicks": clicks,
    }
    files = {name: folder / f"{name}.wav" for name in waves}
    for name, file in files.items():
        soundfile.write(file, waves[name], RATE)
    return files


def speech(clock: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    pitch = 110 * (1 + 0.15 * np.sin(2 * np.pi * 0.4 * clock) + 0.05 * np.sin(2 * np.pi * 2.1 * clock))
    buzz = np.where((np.cumsum(pitch) / RATE) % 1 < 0.9, -0.5, 0.5)
    spoken, long = np.zeros(len(clock)), RATE // 8
    for start in range(0, len(clock), long):
        part = buzz[start : start + long] * (rng.random() > 0.2)
        if rng.random() < 0.25:
            part = 0.15 * rng.standard_normal(len(part))
        for low, high, wide in ((300, 800, 80), (900, 2200, 120), (2300, 3000, 160)):
            radius, angle = np.exp(-np.pi * wide / RATE), 2 * np.pi * rng.uniform(low, high) / RATE
            part = lfilter([1 - radius], [1, -2 * radius * np.cos(angle), radius**2], part)
        spoken[start : start + long] = part * np.hanning(len(part)) ** 0.3
    return np.asarray(0.6 * spoken / np.abs(spoken).max())


def empty_cache() -> str:
    """A cache that holds the weights of encoders alone, as that of a person who places the first song."""
    folder, usual = Path(tempfile.mkdtemp()), cache.place()
    if usual and (usual / "encoders").exists():
        shutil.copytree(usual / "encoders", folder / "encoders")
    return str(folder)


def cost() -> None:
    def opened():  # type: ignore[no-untyped-def]
        from pipeline.library import Library

        return Library.open()

    songs = spent("import and open the library", opened)
    spent("import what places songs, open params.yaml", lambda: songs.placer)
    ids = [id_ for id_, has in zip(songs.ids, songs.column("has_lyrics"), strict=True) if has == "yes"][: SONGS + 1]
    rows = songs.tracks.loc[ids]
    files = [(f"data/{row.audio}", f"data/{row.lyrics}") for row in rows.itertuples()]
    spent("the first song, which opens models and encoders", lambda: songs.assign(*files[0]))
    spent(f"{SONGS} more songs", lambda: [songs.assign(*pair) for pair in files[1:]])
    from pipeline.library.hearing import heard
    from pipeline.library.reading import cleaned
    from pipeline.sound import features

    placer = songs.placer
    first = Path(files[1][0])
    os.environ["SURBANI_CACHE"] = empty_cache()
    spent("of one song: decoding and statistics", lambda: features.computed(first, placer.p.audio))
    sound = spent("of one song: statistics and encoder", lambda: heard(first, placer.p.audio, placer.device, 1))
    words = spent("of one song: lyrics", lambda: placer.reader.read(cleaned(Path(files[1][1]))))
    spent("of one song: placing", lambda: placer._placed("", sound, words, "en", ""))


def strangeness() -> None:
    from pipeline.core.folds import track_folds
    from pipeline.library import Library
    from pipeline.library.placing import Model
    from pipeline.library.strangeness import scale

    songs = Library.open()
    artists, fold = np.array(songs.column("artist"), dtype=object), track_folds(songs.ids, FOLDS)
    for facet in songs.facets[:2]:
        model: Model = songs.placer.model(songs.space(facet).model)
        shown = model.sounds if facet == "sound" else model.words
        strange = []
        for number in range(FOLDS):
            usual = scale(shown[fold != number], artists[fold != number])
            strange += [usual.strange(point) for point in shown[fold == number] if np.isfinite(point).all()]
        print(f"{facet}: {np.mean(strange):.3f} of {len(strange)} held-out songs are called strange")
    for name, file in oddities(Path(tempfile.mkdtemp())).items():
        placed = songs.assign(file).placements["sound"]
        print(f"{name}: {'strange' if placed.strange else 'NOT strange'} ({placed.score:.3f} as far out)")


if __name__ == "__main__":
    os.environ["SURBANI_CACHE"] = empty_cache()
    cost()
    strangeness()
