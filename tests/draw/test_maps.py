"""Maps: what the sentence over a map counts."""

import numpy as np
import pytest

from pipeline.draw import maps


def test_neighbours_that_are_alike_are_counted_beside_chance() -> None:
    points = np.array([[0.0], [0.1], [5.0], [5.1], [9.0]])
    alike, chance = maps.alike(points[:4], ["a", "a", "b", "b"]) or (0, 0)
    assert (alike, chance) == pytest.approx((1 / 3, 1 / 3))  # all three others are asked
    assert maps.alike(points, ["a", "a", "a", "", "a"]) is None
