"""Instruments are in tune."""

import numpy as np
import pytest

from pipeline.sample import instruments


@pytest.mark.parametrize("name", ["guitar", "banjo", "sitar", "harmonium", "flute", "esraj", "organ", "epiano"])
def test_instruments_are_in_tune(name: str) -> None:
    wave = np.asarray(instruments.INSTRUMENTS[name](220.0, 1.5, np.random.default_rng(1)), float)
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave)), 2**18))
    f = np.fft.rfftfreq(2**18, 1 / instruments.RATE)
    near = (f > 200) & (f < 240)
    assert f[near][spectrum[near].argmax()] == pytest.approx(220, rel=0.01)
