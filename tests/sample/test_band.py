"""Every palette of the band plays."""

import numpy as np
import pytest

from pipeline.sample import band, song


@pytest.mark.parametrize("palette", sorted(band.HARMONY))
def test_every_palette_plays(songs: list[song.Song], palette: str) -> None:
    one = next(one for one in songs if one.track.palette == palette)
    wave = band.play(one.track, one.score, np.random.default_rng(1))
    assert np.isfinite(wave).all()
    assert np.sqrt(np.mean(wave**2)) > 0.01
