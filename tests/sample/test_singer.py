"""Sung vowels have their formants."""

import numpy as np
import pytest

from pipeline.sample import singer, voices


@pytest.mark.parametrize(("vowel", "first", "second"), [("i", 290, 2290), ("a", 700, 1180), ("u", 310, 830)])
def test_a_sung_vowel_has_its_formants(vowel: str, first: float, second: float) -> None:
    voice = voices.BY_NAME["baritone-1"]
    note = singer.Note(1.0, 2.0, 40.0, (vowel,), "en")
    _, wave = singer.sing([note], voice, singer.Manner(vibrato=0), np.random.default_rng(1))
    spectrum = np.abs(np.fft.rfft(wave[12000:24000] * np.hanning(12000)))
    f = np.fft.rfftfreq(12000, 1 / singer.RATE)
    for formant in (first, second):
        near = (f > formant - 250) & (f < formant + 250)
        assert f[near][spectrum[near].argmax()] == pytest.approx(formant, abs=85)
