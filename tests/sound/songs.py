"""Songs of a few seconds, and a project folder that holds four of them."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml
from numpy.typing import NDArray

from pipeline.core import store
from pipeline.sound import features
from pipeline.sound.features import Features, Refused
from pipeline.sound.settings import Audio

RATE = 22050
P = Audio(6.0, RATE, 3.0, 300, 2048, 128, 40, 3, 80.0, "scipy", 1)
Wave = NDArray[np.float32]


def music(seconds: float, seed: int = 0) -> Wave:
    """Struck tones over a little noise, with a silent stretch: every level that a song has."""
    return _music(seconds, seed).copy()


@cache
def _music(seconds: float, seed: int) -> Wave:
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    wave = 1e-3 * rng.normal(size=len(time))
    for start in np.arange(0, seconds, 0.25):
        pitch = 110 * 2 ** (rng.integers(0, 36) / 12)
        since = np.maximum(time - start, 0)
        wave += (time >= start) * 0.2 * np.exp(-6 * since) * np.sin(2 * np.pi * pitch * since)
    wave[RATE // 2 : RATE // 2 + 4000] = 0
    return wave.astype(np.float32)


def make_project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with four tracks and parameters for clips of six seconds; it becomes the current one."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("SURBANI_CACHE", str(folder / "cache"))
    (folder / "data").mkdir()
    for i in range(4):
        soundfile.write(folder / "data" / f"{i}.wav", music(9, i), RATE)
    set_audio(folder)
    list_tracks(folder)
    return folder


def set_audio(folder: Path, **changes: object) -> None:
    """Writes params.yaml: P with changes."""
    settings = vars(P) | changes
    (folder / "params.yaml").write_text(yaml.safe_dump({"audio": settings, "device": "cpu"}))


def list_tracks(folder: Path) -> None:
    files = sorted((folder / "data").iterdir())
    rows = [{"id": f.stem, "audio": f.name, "seconds": "9.0", "reason": ""} for f in files]
    store.write_table(Path("build/tracks/tracks.csv"), pd.DataFrame(rows))


def features_of(path: Path) -> Features:
    track = features.computed(path, P)
    assert isinstance(track, Features)
    return track


def spy_on_decoding(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are really decoded, as they come."""
    names: list[str] = []
    real = features.decoded

    def spy(path: Path, p: Audio) -> NDArray[np.float32] | Refused:
        names.append(path.name)
        return real(path, p)

    monkeypatch.setattr(features, "decoded", spy)
    return names
