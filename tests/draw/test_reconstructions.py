"""Reconstructions: what a model reads, as a spectrum."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.fft

from pipeline.draw import reconstructions
from pipeline.draw.run import Run
from pipeline.draw.style import LeftOut

MELS, FRAMES = 16, 12


def run(spectrum: tuple[int, int] | None) -> Run:
    runs: Any = None
    return Run((), pd.DataFrame(), (), "kmeans", (), runs, pd.DataFrame(), spectrum)


def test_mfcc_turn_back_into_the_spectrum_that_they_came_from(rng: np.random.Generator) -> None:
    logmel = rng.normal(size=(2, MELS, FRAMES))
    mfcc = scipy.fft.dct(logmel, axis=1, norm="ortho")
    flat = reconstructions.spectrum(run((MELS, FRAMES)), mfcc.reshape(2, -1), "mfcc")
    assert np.allclose(flat, logmel)


def test_numbers_of_another_program_have_no_spectrum() -> None:
    with pytest.raises(LeftOut, match="external"):
        reconstructions.spectrum(run(None), np.zeros((2, 3)), "stats")
