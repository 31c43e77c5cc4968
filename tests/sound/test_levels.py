"""Levels of a track against values worked out by hand."""

import numpy as np
import pytest

from pipeline.sound.levels import levels


def test_level_and_bandwidth_by_hand() -> None:
    flat = np.full((2, 10, 6), -20, np.float32)  # 10 bands of power 0.01
    flat[:, 8:] = -90
    result = levels(flat)
    assert result["loudness"] == pytest.approx(10 * np.log10(0.08), abs=1e-3)
    assert result["upper limit"] == pytest.approx(0.7)
    assert result["roll-off 85 %"] == pytest.approx(0.6)
    assert result["loudness spread"] == pytest.approx(0, abs=1e-9)
