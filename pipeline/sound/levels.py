"""Level and bandwidth of a track: traces of mastering and codec, not of the music."""

import numpy as np
from jaxtyping import Float32

from pipeline.sound.spectra import F32


def levels(logmel: Float32[F32, "segment mel column"]) -> dict[str, float]:
    """The numbers by name, out of log-mel columns in dB; bands count as a share of all."""
    power = 10 ** (logmel.astype(np.float64) / 10)
    columns = 10 * np.log10(power.sum(axis=1) + 1e-10)
    bands = power.mean(axis=(0, 2))
    share, level = np.cumsum(bands) / bands.sum(), 10 * np.log10(bands + 1e-10)
    count = len(bands)
    return {
        "loudness": float(10 * np.log10(power.sum(axis=1).mean() + 1e-10)),
        "loudness spread": float(columns.std()),
        "crest": float(columns.max() - columns.mean()),
        "roll-off 85 %": float(np.searchsorted(share, 0.85)) / count,
        "roll-off 99 %": float(np.searchsorted(share, 0.99)) / count,
        "upper limit": float(np.flatnonzero(level > level.max() - 60).max()) / count,
    }
