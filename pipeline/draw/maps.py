"""Maps of the tracks: t-SNE and UMAP of each representation, coloured by cluster and by every label."""

import warnings
from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.axes import Axes
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors

from pipeline.core.store import Array
from pipeline.draw import style
from pipeline.draw.run import Run
from pipeline.draw.style import Drawn, LeftOut
from pipeline.score.agreement import NOISE

FEWEST = 5  # tracks that make a map
NEAR = 10  # neighbours that are asked for their label


def tsne(points: Array, seed: int) -> Array:
    perplexity = min(30.0, (len(points) - 1) / 3)
    found: Array = TSNE(init="pca", perplexity=perplexity, random_state=seed, n_jobs=1).fit_transform(points)
    return found


def umap(points: Array, seed: int) -> Array:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it misses Tensorflow, which nothing here needs
        from umap import UMAP  # here, for the import and its first fit compile for about 15 s

        mapping = UMAP(n_neighbors=min(15, len(points) - 1), init="pca", random_state=seed, n_jobs=1)
        found: Array = mapping.fit_transform(points)
    return found


MAPS: Mapping[str, tuple[str, Callable[[Array, int], Array]]] = {"tsne": ("t-SNE", tsne), "umap": ("UMAP", umap)}


def sheet(seen: Run, name: str, how: tuple[str, ...], most: int, points: int, seed: int) -> Drawn:
    """The maps of one representation, a row a way of mapping and a column a colouring."""
    places = seen.places(name)[:, 0].astype(np.float32)
    rows = chosen(~np.isnan(places.sum(axis=1)), points, seed)
    here = spread(places[rows])
    colourings = {"cluster": _clusters(seen, name, rows)}
    colourings |= {column: [seen.values(column)[row] for row in rows] for column in seen.columns}
    title = f"{name}: {_sentence(here, colourings, seen.told(name))}"
    figure = style.canvas(max(7.2, 3.1 * len(colourings)), 0.9 + 2.9 * len(how) + 0.9, title)
    grid = figure.subplots(len(how), len(colourings), squeeze=False)
    for row, axes in zip(how, grid, strict=True):
        called, mapping = MAPS[row]
        plane = mapping(here, seed)
        for place, (colouring, values) in zip(axes, colourings.items(), strict=True):
            _scatter(place, plane, style.grouped(values, most))
            place.set_title(f"{called} by {colouring}" + (" (told)" if colouring == seen.told(name) else ""))
    for place in grid[-1]:
        handles, texts = grid[0][list(grid[-1]).index(place)].get_legend_handles_labels()
        place.legend(handles, texts, loc="upper left", bbox_to_anchor=(-0.02, -0.02), ncols=2, columnspacing=0.8,
                     handletextpad=0.1, borderaxespad=0.2, markerscale=1.3)  # fmt: skip
    few = "" if len(rows) == len(seen.ids) else f"{len(rows)} tracks of {len(seen.ids)}, drawn by lot. "
    return Drawn(figure, title, few + _reading(seen, name))


def spread(here: Array) -> Array:
    """The same places, if a map can be made of them: enough of them, not on one point, in two dimensions at least."""
    if len(here) < FEWEST:
        raise LeftOut(f"{len(here)} tracks have a place in it, a map needs {FEWEST}")
    if here.std(axis=0).max() < 1e-6:
        raise LeftOut("all tracks lie on one point")
    return np.hstack([here, np.zeros_like(here)]) if here.shape[1] == 1 else here


def chosen(there: Array, most: int, seed: int) -> Array:
    """The rows of tracks that have a place, `most` of them at most."""
    rows: Array = np.flatnonzero(there)
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
    return rows


def _clusters(seen: Run, name: str, rows: Array) -> list[str]:
    try:
        found = seen.clusters(name)[rows]
    except LeftOut:
        return ["" for _ in rows]
    return [str(one) if one >= 0 else "noise" if one == NOISE else "" for one in found]


def _scatter(axes: Axes, plane: Array, values: list[str]) -> None:
    names = sorted(set(values), key=lambda name: (name in (style.OTHER, style.UNKNOWN), len(name) > 2, name))
    paint = style.colours(names)
    size = 26 if len(plane) <= 300 else 9
    for name in names:
        these = np.array([value == name for value in values])
        colour, marker = paint[name]
        edge = None if marker == "x" else "white"
        x, y = plane[these].T
        label = style.brief(name, 18)
        wide = 2 * size if marker == "." else size
        axes.scatter(x, y, wide, colour, marker=marker, label=label, edgecolors=edge, linewidths=0.35)
    style.hide_axes(axes)


def alike(points: Array, values: list[str]) -> tuple[float, float] | None:
    """The share of a track's nearest neighbours that carry its label, and the share that chance would give."""
    labels = np.array(values)
    points, labels = points[labels != ""], labels[labels != ""]
    counts = np.unique(labels, return_counts=True)[1]
    if len(counts) < 2 or len(labels) <= 2:
        return None
    near = NearestNeighbors(n_neighbors=min(NEAR, len(labels) - 1)).fit(points)
    same = labels[near.kneighbors(return_distance=False)] == labels[:, None]
    chance = float((counts * (counts - 1)).sum() / (len(labels) * (len(labels) - 1)))
    return float(same.mean()), chance


def _sentence(points: Array, colourings: dict[str, list[str]], told: str) -> str:
    parts = []
    for column, values in colourings.items():
        found = None if column == "cluster" else alike(points, values)
        if found:
            known = ", and the model was told it" if column == told else ""
            parts.append(f"{found[0]:.0%} share its {column} (chance {found[1]:.0%}{known})")
    near = min(NEAR, len(points) - 1)
    return f"of the {near} nearest neighbours of a track, " + ", ".join(parts) if parts else "where the tracks lie"


def _reading(seen: Run, name: str) -> str:
    return (
        f"{seen.kind(name).about['family']}, first seed. Neighbours are counted in the representation itself, not on"
        f" the map; clusters are those of {seen.headline}. Distances between far groups on such maps mean nothing."
    )
