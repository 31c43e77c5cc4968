"""The mask of the lyrics reaches the models: what stands in the row of a track without lyrics changes nothing."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline import hard, medium
from pipeline.core import store
from pipeline.core.store import Array

IDS = tuple("abcdefgh")
HAS_LYRICS = np.array([True, True, False, True, True, False, True, False])
JUNK = [np.nan, np.inf, 1e30]


@pytest.fixture
def heard(small: Path, rng: np.random.Generator) -> Array:
    """What is heard of eight tracks in the workspace; rows of lyrics for them, of which five belong to lyrics."""
    sound = rng.standard_normal((8, 2, 6)).astype(np.float32)
    store.write_rows(small / "build" / "ears", IDS, sound=sound, valid=np.ones((8, 2), np.bool_))
    store.write_rows(small / "build" / "audio", IDS)
    table = pd.DataFrame({"id": IDS, "artist": list("aabbccdd"), "language": ["bn", "en"] * 4, "reason": ""})
    store.write_table(small / "build" / "tracks" / "tracks.csv", table)
    return rng.standard_normal((8, 5)).astype(np.float32)


def outputs(stage: str, words: Array, junk: float) -> dict[str, Array]:
    """All that a model stage makes of the tracks, with `junk` where there are no lyrics."""
    rows = np.where(HAS_LYRICS[:, None], words, np.float32(junk))
    store.write_rows(Path("build/lyrics"), IDS, bert_free=rows, has_lyrics=HAS_LYRICS)
    {"medium": medium.main, "hard": hard.main}[stage]()
    return {name: np.load(Path("build") / stage / f"{name}.npy") for name in ARRAYS[stage]}


ARRAYS = {"medium": ("fusion",), "hard": ("hard", "hard_audio", "hard_sound", "hard_words", "hard_lyrics")}


@pytest.mark.parametrize("stage", ARRAYS)
def test_garbage_in_the_row_of_a_missing_text_changes_nothing(
    stage: str, heard: Array, set_param: Callable[[str, object], None]
) -> None:
    set_param(f"{stage}.lyrics", "bert_free")
    set_param("medium.models", ["fusion"])
    set_param("seeds", [0])
    plain = outputs(stage, heard, 0.0)
    for name in ARRAYS[stage][:3]:
        assert np.isfinite(plain[name]).all()
    for junk in JUNK:
        spoilt = outputs(stage, heard, junk)
        for name, values in plain.items():
            np.testing.assert_array_equal(spoilt[name], values)
    moved = outputs(stage, heard + HAS_LYRICS[:, None] * np.arange(5, dtype=np.float32), 0.0)
    assert not np.array_equal(moved[ARRAYS[stage][0]], plain[ARRAYS[stage][0]])
