"""How well the clusters agree with each label, models beside baselines."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from pipeline.draw import style
from pipeline.draw.run import Run, models
from pipeline.draw.style import Drawn, LeftOut

BLUE, PALE = style.COLOURS[0], "#B4B4B4"
READING = (
    "Adjusted mutual information of {clusterer}'s clusters with each label: 0 is chance, 1 perfect. Bars: mean over the"
    " seeds; dots: each seed. hard_audio and hard_lyrics are hard's latent space as one modality alone fills it."
)


def bars(seen: Run) -> Drawn:
    """AMI by representation, a panel a label; bars are means over the seeds, dots the seeds."""
    labels = [label for label in seen.columns if any(len(seen.ami(kind.name, label)) for kind in seen.kinds)]
    if not labels:
        raise LeftOut("no score to show")
    names = [kind.name for kind in seen.kinds if any(len(seen.ami(kind.name, label)) for label in labels)]
    title = _sentence(seen, names, "genre" if "genre" in labels else labels[0])
    figure = style.canvas(max(7.2, 1.0 + 3.2 * len(labels)), 1.3 + 0.3 * len(names), title)
    grid = figure.subplots(1, len(labels), squeeze=False, sharey=True)[0]
    for axes, label in zip(grid, labels, strict=True):
        _panel(axes, seen, names, label)
    grid[0].set_yticks(range(len(names)), names)
    grid[0].invert_yaxis()
    handles = [Patch(color=BLUE), Patch(color=PALE), Patch(facecolor="white", edgecolor=BLUE, hatch="////")]
    words = ["model", "baseline", "model that was told this label: says nothing"]
    figure.legend(handles, words, loc="outside lower left", ncols=3)
    return Drawn(figure, title, READING.format(clusterer=seen.headline))


def baselines(seen: Run) -> set[str]:
    return {kind.name for kind in seen.kinds if kind.folder.name == "baselines"}


def _panel(axes: Axes, seen: Run, names: list[str], label: str) -> None:
    plain = baselines(seen)
    lowest = 0.0
    for place, name in enumerate(names):
        own = seen.ami(name, label)
        if own.empty:
            continue
        mean = float(own["value"].mean())
        lowest = min(lowest, float(own["value"].min()))
        colour = PALE if name in plain else BLUE
        if "yes" in set(own["leaky"]):
            axes.barh(place, mean, 0.7, facecolor="white", edgecolor=colour, hatch="////", linewidth=0.8)
        else:
            axes.barh(place, mean, 0.7, color=colour)
        axes.plot(own["value"], np.full(len(own), place), linestyle="", marker="o", markersize=3.5, color=style.INK,
                  markeredgecolor="white", markeredgewidth=0.4)  # fmt: skip
        axes.text(max(0, own["value"].max()), place, f"  {mean:.2f}", va="center", fontsize=8.5)
    axes.axvline(0, color=style.QUIET, linewidth=0.8)
    axes.grid(visible=True, axis="x")
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.16)
    axes.set_xlim(left=1.2 * lowest - 0.02 * (lowest < 0))
    axes.set(title=label, xlabel="AMI")


def _sentence(seen: Run, names: list[str], label: str) -> str:
    """The best of each kind; told labels never count."""
    plain = baselines(seen)
    trained = {kind.name for kind in models(seen)} - plain
    best = {}
    for what, group in (
        ("model", [name for name in names if name in trained]),
        ("baseline", [name for name in names if name in plain]),
    ):
        fair = {name: seen.ami(name, label) for name in group}
        means = {name: own["value"].mean() for name, own in fair.items() if len(own) and "yes" not in set(own["leaky"])}
        if means:
            mean, name = max((mean, name) for name, mean in means.items())
            best[what] = f"{name} (AMI {mean:.2f})"
    if len(best) < 2:
        return f"How well the clusters agree with {label}"
    return f"On {label} the best model is {best['model']} and the best baseline {best['baseline']}"
