"""Previews: the loudest stretch of a song as MP3."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.sound import previews

RATE = 8000


def test_a_preview_is_the_loudest_stretch_and_the_same_bytes_twice(tmp_path: Path, rng: np.random.Generator) -> None:
    wave = 0.01 * rng.normal(size=10 * RATE)
    wave[6 * RATE : 8 * RATE] *= 20
    loud = previews.loudest(wave.astype(np.float32), 2, RATE)
    assert np.array_equal(loud, wave[6 * RATE : 8 * RATE].astype(np.float32))
    soundfile.write(tmp_path / "a.wav", wave, RATE)
    written = []
    for name in ("a.mp3", "b.mp3"):
        assert previews.write(tmp_path / "a.wav", tmp_path / name, 2)
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    heard, rate = soundfile.read(tmp_path / "a.mp3")
    assert rate == previews.RATE
    assert len(heard) == pytest.approx(2 * previews.RATE, rel=0.05)
    assert np.abs(heard).max() == pytest.approx(previews.PEAK, abs=0.1)
    assert np.abs(heard[:100]).max() < 0.1  # from silence


def test_what_cannot_be_read_has_no_preview(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(b"no sound")
    assert not previews.write(tmp_path / "a.mp3", tmp_path / "b.mp3", 1)
    assert not previews.write(tmp_path / "gone.mp3", tmp_path / "b.mp3", 1)
    assert not (tmp_path / "b.mp3").exists()
