"""Maps of the tracks: the planes of each embedding, coloured by cluster and by every label."""

import numpy as np
from matplotlib.axes import Axes
from sklearn.neighbors import NearestNeighbors

from pipeline.core.store import Array
from pipeline.draw import planes, style
from pipeline.draw.run import Run
from pipeline.draw.style import Drawn, LeftOut
from pipeline.score.labels import NOISE

NEIGHBOURS = 10  # whose labels are compared with a track's


def sheet(run: Run, name: str, projections: tuple[str, ...], most: int, max_points: int, seed: int) -> Drawn:
    """The maps of one embedding, one row per projection and one column per colouring."""
    points = planes.points(run, name, max_points, seed)
    colourings = {"cluster": _clusters(run, name, points.rows)}
    for column in run.columns:
        values = run.shown(column)
        colourings[column] = [values[row] for row in points.rows]
    title = f"{name}: {_sentence(points.values, colourings, run.condition(name))}"
    figure = style.canvas(max(7.2, 3.1 * len(colourings)), 0.9 + 2.9 * len(projections) + 0.9, title)
    grid = figure.subplots(len(projections), len(colourings), squeeze=False)
    laid_out = {}
    for projection, row in zip(projections, grid, strict=True):
        laid_out[projection] = planes.PROJECTIONS[projection](points.values, seed)
        for axes, (colouring, values) in zip(row, colourings.items(), strict=True):
            _scatter(axes, laid_out[projection], style.grouped(values, most))
            mark = " (its input)" if colouring == run.condition(name) else ""
            axes.set_title(f"{planes.LABELS[projection]} by {colouring}{mark}")
    for first, last in zip(grid[0], grid[-1], strict=True):
        last.legend(*first.get_legend_handles_labels(), loc="upper left", bbox_to_anchor=(-0.02, -0.02), ncols=2,
                    columnspacing=0.8, handletextpad=0.1, borderaxespad=0.2, markerscale=1.3)  # fmt: skip
    return Drawn(figure, title, _reading(run, name, len(points.rows), max_points), laid_out)


def cluster_names(run: Run, name: str, rows: Array) -> list[str]:
    """The cluster of each row as text; empty where it was not clustered."""
    return [str(c) if c >= 0 else "noise" if c == NOISE else "" for c in run.clusters(name)[rows]]


def _clusters(run: Run, name: str, rows: Array) -> list[str]:
    try:
        return cluster_names(run, name, rows)
    except LeftOut:
        return ["" for _ in rows]


def _scatter(axes: Axes, plane: Array, values: list[str]) -> None:
    names = sorted(set(values), key=lambda name: (name in (style.OTHER, style.UNKNOWN), len(name) > 2, name))
    looks = style.colours(names)
    size = 26 if len(plane) <= 300 else 9
    for name in names:
        colour, marker = looks[name]
        edge = None if marker == "x" else "white"
        x, y = plane[np.array([value == name for value in values])].T
        area = 2 * size if marker == "." else size
        axes.scatter(x, y, area, colour, marker=marker, label=style.brief(name, 18), edgecolors=edge, linewidths=0.35)
    style.hide_axes(axes)


def alike(points: Array, values: list[str]) -> tuple[float, float] | None:
    """The share of a track's nearest neighbours that carry its label, and the share that chance would give."""
    labels = np.array(values)
    points, labels = points[labels != ""], labels[labels != ""]
    counts = np.unique(labels, return_counts=True)[1]
    if len(counts) < 2 or len(labels) <= 2:
        return None
    near = NearestNeighbors(n_neighbors=min(NEIGHBOURS, len(labels) - 1)).fit(points)
    same = labels[near.kneighbors(return_distance=False)] == labels[:, None]
    chance = float((counts * (counts - 1)).sum() / (len(labels) * (len(labels) - 1)))
    return float(same.mean()), chance


def _sentence(points: Array, colourings: dict[str, list[str]], condition: str) -> str:
    parts = []
    for column, values in colourings.items():
        shares = None if column == "cluster" else alike(points, values)
        if shares:
            known = ", and the model gets it as input" if column == condition else ""
            parts.append(f"{shares[0]:.0%} share its {column} (chance {shares[1]:.0%}{known})")
    near = min(NEIGHBOURS, len(points) - 1)
    return f"of the {near} nearest neighbours of a track, " + ", ".join(parts) if parts else "where the tracks lie"


def _reading(run: Run, name: str, shown: int, max_points: int) -> str:
    lot = f"{shown} tracks of {len(run.ids)}, drawn by lot. " if len(run.ids) > max_points else ""
    few = f"{shown} tracks of {len(run.ids)}: the others have no place in it. " if shown < len(run.ids) else ""
    return (
        f"{lot or few}{run.embedding(name).about['family']}, first seed. Neighbours are counted in the representation"
        f" itself, not on the map; clusters are those of {run.headline}. Distances between far groups on such maps"
        " mean nothing."
    )
