"""What the interactive map needs: where each track lies, what it carries, and which tracks are near it in truth."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

from pipeline.core.store import Array
from pipeline.draw import maps
from pipeline.draw.run import Run
from pipeline.draw.style import LeftOut
from pipeline.score.agreement import NOISE

log = logging.getLogger(__name__)

NEAR = 8  # neighbours that are listed
MOST_VALUES = 40  # of a column that can colour the map
TOLD_APART = ("id", "title", "artist")  # shown, but no colouring: nearly each track has its own
FILES = ("audio", "lyrics", "license", "source", "reason", "codec", "has_lyrics", "seconds", "sample_rate", "channels")

Atlas = dict[str, Any]


def pca(points: Array, seed: int) -> Array:
    found: Array = PCA(2, random_state=seed).fit_transform(points)
    return found


PROJECTIONS = {"umap": ("UMAP", maps.umap), "tsne": ("t-SNE", maps.tsne), "pca": ("PCA", pca)}


def atlas(seen: Run, names: Sequence[str], how: Sequence[str], most: int, seed: int) -> Atlas:
    """The tracks and their columns, and for each model its planes, clusters and true neighbours."""
    rows = maps.chosen(np.ones(len(seen.ids), dtype=bool), most, seed)
    tracks = [
        {"id": seen.ids[row], **{name: _cell(seen, name, row) for name in ("title", "artist", "language")}}
        for row in rows
    ]
    models = {}
    for name in names:
        try:
            models[name] = _model(seen, name, rows, [*how, "pca"], seed)
        except LeftOut as reason:
            log.info("%s is not on the map: %s", name, reason)
    return {"tracks": tracks, "columns": _columns(seen, rows), "models": models}


def _cell(seen: Run, column: str, row: int) -> str:
    return str(seen.tracks[column].iloc[row]) if column in seen.tracks else ""


def _columns(seen: Run, rows: Array) -> Mapping[str, list[str]]:
    """The columns that may colour the map: those of evaluate.labels first."""
    others = [str(name) for name in seen.tracks if name not in (*seen.columns, *TOLD_APART, *FILES)]
    kept = {}
    for name in (*seen.columns, *others):
        values = [_cell(seen, name, row) for row in rows]
        known = {value for value in values if value}
        if 2 <= len(known) <= MOST_VALUES or (len(known) > MOST_VALUES and all(map(_is_number, known))):
            kept[name] = values
    return kept


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False


def _model(seen: Run, name: str, rows: Array, how: Sequence[str], seed: int) -> dict[str, Any]:
    places = seen.places(name)[:, 0].astype(np.float32)[rows]
    there = ~np.isnan(places.sum(axis=1))
    here = maps.spread(places[there])
    where = np.flatnonzero(there)
    near = NearestNeighbors(n_neighbors=min(NEAR, len(here) - 1)).fit(here)
    neighbours: list[list[int]] = [[] for _ in rows]
    for place, others in zip(where, near.kneighbors(return_distance=False), strict=True):
        neighbours[place] = [int(where[other]) for other in others]
    planes = {}
    for way in dict.fromkeys(way for way in PROJECTIONS if way in how):
        called, project = PROJECTIONS[way]
        plane = project(here, seed).astype(np.float64)
        plane = (plane - plane.mean(axis=0)) / plane.std()
        kept = min(maps.NEAR, (len(here) - 1) // 2)
        planes[way] = {
            "called": called,
            "trustworthiness": round(float(trustworthiness(here, plane, n_neighbors=kept)), 3) if kept else None,
            "neighbours": kept,
            "places": _spelt(plane, there),
        }
    return {
        "family": str(seen.kind(name).about["family"]),
        "told": seen.told(name),
        "clusters": [str(c) if c >= 0 else "noise" if c == NOISE else "" for c in seen.clusters(name)[rows]],
        "neighbours": neighbours,
        "planes": planes,
    }


def _spelt(plane: Array, there: Array) -> list[list[float] | None]:
    """Three decimals a coordinate, which is finer than a pixel; None for a track without a place."""
    points = iter(plane.round(3).tolist())
    return [next(points) if one else None for one in there]
