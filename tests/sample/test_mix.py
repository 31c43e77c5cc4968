"""The mix: settings that do not depend on the track, stereo."""

import numpy as np
import pytest

from pipeline.sample import mix, plan
from tests.sample.corpus import SEED


def test_production_is_drawn_without_looking_at_the_track() -> None:
    assert mix.production(plan.stream(SEED, 5, 3)) == mix.production(plan.stream(SEED, 5, 3))
    assert mix.production(plan.stream(SEED, 5, 3)) != mix.production(plan.stream(SEED, 5, 4))


def test_the_stereo_files_sound_like_the_others() -> None:
    wave = np.sin(np.arange(22_050) / 5).astype(np.float32)
    both = mix.stereo(wave)
    assert both.shape == (44_100, 2)
    assert both.mean(1)[::2] * 1.25 == pytest.approx(wave, abs=1e-3)
