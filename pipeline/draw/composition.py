"""What the clusters are made of: the tracks of each cluster, counted by every label."""

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from pipeline.core.store import Array
from pipeline.draw import style
from pipeline.draw.run import Run
from pipeline.draw.style import Drawn, LeftOut
from pipeline.score.agreement import NOISE, Labels

MOST = 12  # clusters in a panel


def panels(seen: Run, name: str, most: int) -> Drawn:
    """Counts of the tracks by cluster and label, a panel a label."""
    found = seen.clusters(name)
    if not (found >= 0).any():
        raise LeftOut(f"{seen.headline} found no cluster")
    if not seen.columns:
        raise LeftOut("the corpus has no column of evaluate.labels")
    tables = {column: counted(found, style.grouped(seen.values(column), most)) for column in seen.columns}
    title = f"{name}: {_sentence(seen, name)}"
    rows = max(len(table) for _, _, table in tables.values())
    clusters = len(next(iter(tables.values()))[1])
    figure = style.canvas(max(7.2, (1.6 + 0.42 * clusters) * len(tables)), 1.6 + 0.36 * rows, title)
    for axes, (column, table) in zip(figure.subplots(1, len(tables), squeeze=False)[0], tables.items(), strict=True):
        _heat(axes, *table)
        axes.set(title=column + (" (told)" if column == seen.told(name) else ""), xlabel=f"{seen.headline} cluster")
    reading = "Each number counts tracks; the darker, the larger the share of its cluster (column)."
    return Drawn(figure, title, f"{reading} First seed; AMI is 0 where labels say nothing of the cluster, 1 where all.")


def counted(found: Labels, values: list[str]) -> tuple[list[str], list[str], Array]:
    """Names of the labels, names of the clusters, and the counts [label, cluster]."""
    names = sorted(set(values), key=lambda name: (name in (style.OTHER, style.UNKNOWN), name))
    numbers = sorted(set(found[found >= 0].tolist()))
    shown = numbers if len(numbers) <= MOST else numbers[:MOST]
    groups = {str(number): found == number for number in shown}
    if len(numbers) > MOST:
        groups["more"] = found >= shown[-1] + 1
    if (found == NOISE).any():
        groups["noise"] = found == NOISE
    labels = np.array(values)
    table = np.array([[int(((labels == name) & these).sum()) for these in groups.values()] for name in names])
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


def _sentence(seen: Run, name: str) -> str:
    parts = []
    for column in seen.columns:
        first = seen.ami(name, column)["value"]
        if len(first):
            parts.append(f"{column} at AMI {first.iloc[0]:.2f}" + (" (told)" if column == seen.told(name) else ""))
    if not parts:
        return "what its clusters are made of"
    return "clusters agree with " + (", ".join(parts[:-1]) + " and " if len(parts) > 1 else "") + parts[-1]
