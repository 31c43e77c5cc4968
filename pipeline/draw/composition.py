"""What the clusters are made of: the tracks of each cluster, counted by every label."""

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from pipeline.core.store import Array
from pipeline.draw import style
from pipeline.draw.run import Run
from pipeline.draw.style import Drawn, LeftOut
from pipeline.score.labels import NOISE, Labels

MAX_CLUSTERS = 12  # in a panel
READING = (
    "Each number counts tracks; the darker, the larger the share of its cluster (column). First seed; AMI is 0 where"
    " labels and clusters agree no better than chance, 1 where they agree fully."
)


def panels(run: Run, name: str, most: int) -> Drawn:
    """Counts of the tracks by cluster and label, one panel per label."""
    clusters = run.clusters(name)
    if not (clusters >= 0).any():
        raise LeftOut(f"{run.headline} found no cluster")
    if not run.columns:
        raise LeftOut("the corpus has no column of evaluate.labels")
    tables = {column: counted(clusters, style.grouped(run.shown(column), most)) for column in run.columns}
    title = f"{name}: {_sentence(run, name)}"
    rows = max(len(table) for _, _, table in tables.values())
    shown = len(next(iter(tables.values()))[1])
    figure = style.canvas(max(7.2, (1.6 + 0.42 * shown) * len(tables)), 1.6 + 0.36 * rows, title)
    for axes, (column, table) in zip(figure.subplots(1, len(tables), squeeze=False)[0], tables.items(), strict=True):
        _heat(axes, *table)
        axes.set(title=column + _mark(run, name, column), xlabel=f"{run.headline} cluster")
    return Drawn(figure, title, READING)


def counted(clusters: Labels, values: list[str]) -> tuple[list[str], list[str], Array]:
    """Names of the labels, names of the clusters, and the counts [label, cluster]."""
    names = sorted(set(values), key=lambda name: (name in (style.OTHER, style.UNKNOWN), name))
    numbers = sorted(set(clusters[clusters >= 0].tolist()))
    shown = numbers[:MAX_CLUSTERS]
    groups = {str(number): clusters == number for number in shown}
    if len(numbers) > MAX_CLUSTERS:
        groups["more"] = clusters > shown[-1]
    if (clusters == NOISE).any():
        groups["noise"] = clusters == NOISE
    labels = np.array(values)
    table = np.array([[int(((labels == name) & members).sum()) for members in groups.values()] for name in names])
    return names, list(groups), table


def _heat(axes: Axes, names: list[str], clusters: list[str], table: Array) -> None:
    share = table / np.maximum(table.sum(axis=0), 1)
    colours = mpl.colormaps["Blues"]
    axes.imshow(share, cmap=colours, vmin=0, vmax=1.15, aspect="auto")
    for (row, column), count in np.ndenumerate(table):
        ink = style.INK if style.needs_dark_text(colours(share[row, column] / 1.15)) else "white"
        axes.text(column, row, str(count) if count else "·", ha="center", va="center", fontsize=8.5, color=ink)
    axes.set_xticks(range(len(clusters)), clusters)
    axes.set_yticks(range(len(names)), [style.brief(name, 18) for name in names])
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _sentence(run: Run, name: str) -> str:
    seeds = {column: run.ami(name, column)["value"] for column in run.columns}
    parts = [
        f"{column} at AMI {ami.iloc[0]:.2f}{_mark(run, name, column)}" for column, ami in seeds.items() if len(ami)
    ]
    if not parts:
        return "what its clusters are made of"
    return "clusters agree with " + (", ".join(parts[:-1]) + " and " if len(parts) > 1 else "") + parts[-1]


def _mark(run: Run, name: str, column: str) -> str:
    return " (its input)" if column == run.condition(name) else ""
