"""What the interactive map needs, by the id of each track: its columns, its places, and its true neighbours."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

from pipeline.core.store import Array
from pipeline.draw import maps, planes
from pipeline.draw.planes import Points
from pipeline.draw.run import Run
from pipeline.draw.style import LeftOut

log = logging.getLogger(__name__)

NEIGHBOURS = 8  # that are listed
MAX_VALUES = 40  # of a column that can colour the map
SHOWN = ("title", "artist", "language")
NAMES = ("id", "title", "artist")  # no colouring: nearly each track has a name of its own
FILES = ("audio", "lyrics", "license", "source", "reason", "codec", "has_lyrics", "seconds", "sample_rate", "channels")

Planes = Mapping[str, Mapping[str, Array]]  # model -> projection -> [row of its points, 2]


def mappable(run: Run, names: Sequence[str], max_points: int, seed: int) -> list[str]:
    """Those that have clusters and enough points; the log says what the others lack."""
    kept = []
    for name in names:
        try:
            planes.points(run, name, max_points, seed)
            run.clusters(name)
        except LeftOut as reason:
            log.info("%s is not on the map: %s", name, reason)
        else:
            kept.append(name)
    return kept


def map_data(run: Run, names: Sequence[str], laid_out: Planes, max_points: int, seed: int) -> dict[str, Any]:
    """The tracks with their columns, and for each model its planes, clusters and true neighbours."""
    rows = planes.sample(len(run.ids), max_points, seed)
    columns = _columns(run, rows)
    tracks = named_tracks(run, rows)
    for place, (row, track) in enumerate(zip(rows, tracks.values(), strict=True)):
        track["values"] = {column: values[place] for column, values in columns.items()}
        track["tags"] = run.tags.of_track(row) if run.tags else []
    models = {name: _model(run, name, rows, planes.points(run, name, max_points, seed), laid_out) for name in names}
    tagger = run.tags.tagger if run.tags else ""
    return {"tracks": tracks, "columns": list(columns), "tagger": tagger, "models": models}


def named_tracks(run: Run, rows: Iterable[int]) -> dict[str, dict[str, Any]]:
    """Title, artist and language of these rows of the run, by id."""
    return {run.ids[row]: {name: _cell(run, name, row) for name in SHOWN} for row in rows}


def _cell(run: Run, column: str, row: int) -> str:
    return str(run.tracks[column].iloc[row]) if column in run.tracks else ""


def _columns(run: Run, rows: Array) -> Mapping[str, list[str]]:
    """The columns that may colour the map: those of evaluate.labels first."""
    more = [str(name) for name in run.tracks if name not in (*run.columns, *NAMES, *FILES)]
    kept = {}
    for name in (*run.columns, *more):
        values = [_cell(run, name, row) for row in rows]
        known = {value for value in values if value}
        if 2 <= len(known) <= MAX_VALUES or (len(known) > MAX_VALUES and all(map(_is_number, known))):
            kept[name] = values
    return kept


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False


def _model(run: Run, name: str, rows: Array, points: Points, laid_out: Planes) -> dict[str, Any]:
    ids = [run.ids[row] for row in points.rows]
    near = NearestNeighbors(n_neighbors=min(NEIGHBOURS, len(ids) - 1)).fit(points.values)
    nearest = zip(ids, near.kneighbors(return_distance=False), strict=True)
    by_projection = {**laid_out.get(name, {}), "pca": planes.pca(points.values)}
    return {
        "family": str(run.embedding(name).about["family"]),
        "condition": run.condition(name),
        "clusters": dict(zip((run.ids[row] for row in rows), maps.cluster_names(run, name, rows), strict=True)),
        "neighbours": {id_: [ids[place] for place in places] for id_, places in nearest},
        "planes": {
            projection: {"label": label} | _plane(points, by_projection[projection], ids)
            for projection, label in planes.LABELS.items()
            if projection in by_projection
        },
    }


def _plane(points: Points, plane: Array, ids: list[str]) -> dict[str, Any]:
    plane = plane.astype(np.float64)
    plane = (plane - plane.mean(axis=0)) / plane.std()
    count = min(maps.NEIGHBOURS, (len(ids) - 1) // 2)
    return {
        "trustworthiness": round(float(trustworthiness(points.values, plane, n_neighbors=count)), 3) if count else None,
        "neighbours": count,
        "places": dict(zip(ids, plane.round(3).tolist(), strict=True)),  # finer than a pixel
    }
