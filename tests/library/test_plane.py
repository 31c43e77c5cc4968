"""Songs are drawn where the report drew them, as long as it shows all of them; else on the main directions."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.core import store
from pipeline.library.plane import REPORT, plane
from pipeline.library.spaces import Space


@pytest.fixture
def space(rng: np.random.Generator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Space:
    monkeypatch.chdir(tmp_path)
    points = rng.normal(size=(20, 5)) * [9, 3, 1, 1, 1]
    points[7] = np.nan
    present = np.isfinite(points[:, 0])
    return Space("sound", "cross", "cross", tuple(f"t{n}" for n in range(20)), points, present)


def reported(space: Space, count: int) -> dict[str, list[float]]:
    """A map of the report with the first songs of the space."""
    places = {id_: [float(row), float(-row)] for row, id_ in enumerate(space.ids[:count]) if space.present[row]}
    planes = {"umap": {"label": "UMAP", "places": places}}
    store.write_json(REPORT, {"models": {"cross": {"planes": planes}}})
    return places


def test_without_a_report_the_widest_directions_are_drawn_and_a_new_song_is_projected(space: Space) -> None:
    drawn = plane(space)
    assert drawn.label == "PCA"
    assert np.isnan(drawn.places[7]).all()
    shown = space.present
    for axis in (0, 1):
        assert abs(np.corrcoef(drawn.places[shown, axis], space.points[shown, axis])[0, 1]) > 0.9
    for row in (0, 19):
        assert drawn.of_point(space.points[row]) == pytest.approx(drawn.places[row])


def test_a_map_of_the_report_is_used_where_it_shows_all_songs(space: Space) -> None:
    places = reported(space, 20)
    drawn = plane(space)
    assert drawn.label == "UMAP"
    assert drawn.places[3].tolist() == places["t3"]
    assert np.isnan(drawn.places[7]).all()
    near = np.argsort(np.linalg.norm(space.points - space.points[4], axis=1))[:3]
    assert drawn.of_point(space.points[4]) == pytest.approx(drawn.places[near].mean(axis=0))
    reported(space, 19)
    assert plane(space).label == "PCA"


def test_spaces_of_one_number_or_one_song_are_drawn(space: Space) -> None:
    narrow = Space("sound", "cross", "cross", space.ids, space.points[:, :1], space.present)
    assert np.isfinite(plane(narrow).places[space.present]).all()
    single = Space("sound", "cross", "cross", space.ids, space.points, np.arange(20) == 2)
    assert np.isfinite(plane(single).places[2]).all()
    nobody = Space("sound", "cross", "cross", space.ids, space.points, np.zeros(20, dtype=np.bool_))
    assert np.isnan(plane(nobody).places).all()
