"""Where songs are drawn on a map: where the report drew them, else on the two main directions of their space."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.core import store
from pipeline.core.command import Problem
from pipeline.core.store import Array
from pipeline.library.distances import distances
from pipeline.library.spaces import Space

REPORT = store.REPORTS / "figures" / "map.json"
AROUND = 3  # songs between which a new one is drawn on a map of the report
MAIN = "PCA"


@dataclass(frozen=True)
class Plane:
    """The places of the songs of a space."""

    label: str
    places: Array  # [song, 2], nan for a song without a place
    space: Space
    directions: tuple[Array, Array] | None  # [number, 2] and what is subtracted, where a new point can be projected

    def of_point(self, point: Array) -> Array:
        """Where a new point is drawn: on a map that cannot be computed for it, between the nearest songs."""
        if self.directions is not None:
            onto, middle = self.directions
            projected: Array = point @ onto - middle
            return projected
        rows = np.flatnonzero(self.space.present)
        near = rows[np.argsort(distances(point[None], self.space.points[rows])[0], kind="stable")[:AROUND]]
        between: Array = self.places[near].mean(axis=0)
        return between


def plane(space: Space) -> Plane:
    """The plane of a space."""
    return _reported(space) or _main_directions(space)


def _reported(space: Space) -> Plane | None:
    """The map of the report, where it shows all songs of the space."""
    try:
        drawn: dict[str, Any] = store.read_json(REPORT)["models"][space.embedding]["planes"]
        label, known = next((each["label"], each["places"]) for each in drawn.values())
    except (Problem, KeyError, TypeError, StopIteration, AttributeError):
        return None
    if any(id_ not in known for id_, has in zip(space.ids, space.present, strict=True) if has):
        return None
    nowhere = (np.nan, np.nan)
    places = [known[id_] if has else nowhere for id_, has in zip(space.ids, space.present, strict=True)]
    return Plane(str(label), np.array(places, dtype=np.float64).reshape(-1, 2), space, None)


def _main_directions(space: Space) -> Plane:
    places = np.full((len(space.ids), 2), np.nan)
    points = np.asarray(space.points[space.present], np.float64)
    if not len(points):
        return Plane(MAIN, places, space, None)
    mean = points.mean(axis=0)
    _, vectors = np.linalg.eigh((points - mean).T @ (points - mean))
    onto = vectors[:, ::-1][:, :2]
    if onto.shape[1] < 2:
        onto = np.hstack([onto, np.zeros_like(onto)])
    onto = onto / max(float(((points - mean) @ onto).std()), 1e-12)
    places[space.present] = points @ onto - mean @ onto
    return Plane(MAIN, places, space, (onto, mean @ onto))
