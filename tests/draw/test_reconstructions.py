"""Reconstructions: what a model reads, as a spectrum."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.fft

from pipeline.core import store
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
        reconstructions.spectrum(run(None), np.zeros((2, 3)), "sound")


@pytest.mark.usefixtures("workspace")
def test_statistics_beside_the_vectors_of_an_encoder_have_a_spectrum(rng: np.random.Generator) -> None:
    store.write_json(
        store.BUILD / "ears" / "names.json", ["toy 0", "mfcc00_mean", "mfcc00_std", "mfcc01_mean", "toy 1"]
    )
    logmel = reconstructions.spectrum(run((MELS, FRAMES)), values := rng.normal(size=(2, 5)), "sound")
    assert np.allclose(scipy.fft.dct(logmel, axis=1, norm="ortho")[:, :2], values[:, [1, 3]])


@pytest.mark.usefixtures("workspace")
def test_vectors_of_an_encoder_alone_have_no_spectrum() -> None:
    store.write_json(store.BUILD / "ears" / "names.json", ["toy 0", "toy 1"])
    with pytest.raises(LeftOut, match="the models hear vectors of an encoder"):
        reconstructions.spectrum(run((MELS, FRAMES)), np.zeros((2, 2)), "sound")
