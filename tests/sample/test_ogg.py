"""Ogg files with a fixed stream number."""

import numpy as np
import pytest

from pipeline.sample import ogg, write


def test_an_ogg_file_is_the_same_bytes_each_time() -> None:
    wave = np.sin(np.arange(30_000) / 5).astype(np.float32)
    first, second = (write.encoded(wave, "ogg", 5) for _ in range(2))
    assert first == second
    assert ogg.renumber(first, 6) == first


def test_what_is_no_ogg_is_refused() -> None:
    with pytest.raises(ValueError, match="no Ogg page at byte 0"):
        ogg.renumber(bytes(100), 1)
