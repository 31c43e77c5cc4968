"""Audio against lyrics: the place of a song among all lyrics."""

import numpy as np

from pipeline.draw import crossmodal


def test_ranks_by_hand_and_a_constant_finds_nothing() -> None:
    similarity = np.array([[0.9, 0.1, 0.2], [0.5, 0.4, 0.6], [0.3, 0.2, 0.25]])
    everyone = np.ones((3, 3), dtype=bool)
    assert crossmodal.ranks(similarity, everyone).tolist() == [1, 3, 2]
    assert crossmodal.ranks(similarity, np.eye(3, dtype=bool)).tolist() == [1, 1, 1]
    assert crossmodal.ranks(np.zeros((3, 3)), everyone).tolist() == [2, 2, 2]
