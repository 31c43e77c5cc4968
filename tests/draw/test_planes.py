"""Planes: the same points always lie at the same place."""

import numpy as np

from pipeline.draw import planes


def test_umap_and_tsne_put_the_same_points_at_the_same_place(rng: np.random.Generator) -> None:
    points = rng.normal(size=(8, 3)).astype(np.float32)
    for project in planes.PROJECTIONS.values():
        once, again = (project(points, 0) for _ in range(2))
        assert once.shape == (8, 2)
        assert np.array_equal(once, again)
