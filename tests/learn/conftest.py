"""Features and lyrics of eight tracks."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline import easy, medium
from pipeline.core import store
from tests.learn.toys import IDS, STATS, WORDS, StoredFrames, stored_frames_of


@pytest.fixture
def built(small: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Features of eight tracks of up to three segments; lyrics of six of them, in another order."""
    valid = np.ones((8, 3), np.bool_)
    valid[1, 2] = valid[4, 1] = valid[4, 2] = False
    centre = rng.standard_normal((8, 1, STATS))
    stats = (centre + 0.3 * rng.standard_normal((8, 3, STATS))).astype(np.float32)
    mfcc = rng.standard_normal((8, 3, 4, 40)).astype(np.float32)
    logmel = rng.standard_normal((8, 3, 16, 16)).astype(np.float32)
    for array in (stats, mfcc, logmel):
        array[~valid] = 99.0
    store.write_rows(Path("build/audio"), IDS)
    store.write_rows(Path("build/ears"), IDS, sound=stats, valid=valid)
    store.write_rows(Path("build/frames"), IDS, mfcc=mfcc, logmel=logmel)
    has_lyrics = np.array([True, True, False, True, True, False, True, True])
    tfidf = np.where(has_lyrics[:, None], rng.random((8, WORDS)), 0).astype(np.float32)
    few = tfidf[:, :3]
    store.write_rows(
        Path("build/lyrics"),
        IDS[::-1],
        tfidf=tfidf,
        tfidf_svd=few,
        bert_svd=few,
        bert_free_svd=few,
        has_lyrics=has_lyrics,
    )
    table = pd.DataFrame({"id": sorted(IDS), "language": ["bn", "en", "", "bn", "en", "hi", "bn", "en"], "reason": ""})
    table["artist"] = ["x", "x", "y", "y", "z", "z", "u", "v"]
    store.write_table(Path("build/tracks/tracks.csv"), table)
    monkeypatch.setattr(easy, "frames_of", stored_frames_of)
    monkeypatch.setattr(medium, "Frames", StoredFrames)
    return small
