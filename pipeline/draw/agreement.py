"""How well the clusters agree with each label, models beside baselines."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from pipeline.core.embeddings import Representation
from pipeline.draw import style
from pipeline.draw.run import Run
from pipeline.draw.style import Drawn, LeftOut

BLUE, PALE = style.COLOURS[0], "#B4B4B4"
READING = (
    "Adjusted mutual information of {clusterer}'s clusters with each label: 0 is chance, 1 perfect. Bars: mean over the"
    " seeds; dots: each seed."
)
PARTS = (
    " hard_sound and hard_words are facets of hard's code, each of one modality; hard is the joint facet of both, and"
    " hard_audio and hard_lyrics are that facet as computed from one modality alone."
)


def bars(run: Run) -> Drawn:
    """AMI per representation, one panel per label; bars are means over the seeds, dots the seeds."""
    labels = [label for label in run.columns if any(len(run.ami(each.name, label)) for each in run.embeddings)]
    if not labels:
        raise LeftOut("no score to show")
    shown = [each for each in run.embeddings if any(len(run.ami(each.name, label)) for label in labels)]
    title = _sentence(run, shown, "genre" if "genre" in labels else labels[0])
    figure = style.canvas(max(7.2, 1.0 + 3.2 * len(labels)), 1.3 + 0.3 * len(shown), title)
    grid = figure.subplots(1, len(labels), squeeze=False, sharey=True)[0]
    for axes, label in zip(grid, labels, strict=True):
        _panel(axes, run, shown, label)
    grid[0].set_yticks(range(len(shown)), [each.name for each in shown])
    grid[0].invert_yaxis()
    handles = {"model": Patch(color=BLUE), "baseline": Patch(color=PALE)}
    if any(run.condition(each.name) in labels for each in shown):
        hatched = Patch(facecolor="white", edgecolor=BLUE, hatch="////")
        handles["model that receives this label as input: not counted"] = hatched
    figure.legend([*handles.values()], [*handles], loc="outside lower left", ncols=3)
    parts = PARTS if {"hard_audio", "hard_lyrics"} <= {each.name for each in shown} else ""
    return Drawn(figure, title, READING.format(clusterer=run.headline) + parts)


def _panel(axes: Axes, run: Run, shown: list[Representation], label: str) -> None:
    lowest = 0.0
    for place, embedding in enumerate(shown):
        seeds = run.ami(embedding.name, label)
        if seeds.empty:
            continue
        mean = float(seeds["value"].mean())
        lowest = min(lowest, float(seeds["value"].min()))
        colour = BLUE if embedding.is_model else PALE
        if "yes" in set(seeds["leaky"]):
            axes.barh(place, mean, 0.7, facecolor="white", edgecolor=colour, hatch="////", linewidth=0.8)
        else:
            axes.barh(place, mean, 0.7, color=colour)
        axes.plot(seeds["value"], np.full(len(seeds), place), linestyle="", marker="o", markersize=3.5,
                  color=style.INK, markeredgecolor="white", markeredgewidth=0.4)  # fmt: skip
        axes.text(max(0, seeds["value"].max()), place, f"  {mean:.2f}", va="center", fontsize=8.5)
    axes.axvline(0, color=style.QUIET, linewidth=0.8)
    axes.grid(visible=True, axis="x")
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.16)
    axes.set_xlim(left=1.2 * lowest - 0.02 * (lowest < 0))
    axes.set(title=label, xlabel="AMI")


def _sentence(run: Run, shown: list[Representation], label: str) -> str:
    model = _best(run, [each.name for each in shown if each.is_model and each.is_trained], label)
    baseline = _best(run, [each.name for each in shown if not each.is_model], label)
    if model is None or baseline is None:
        return f"How well the clusters agree with {label}"
    return f"On {label} the best model is {model} and the best baseline {baseline}"


def _best(run: Run, names: list[str], label: str) -> str | None:
    """The one with the highest mean over the seeds; one that gets the label as input is not counted."""
    seeds = {name: run.ami(name, label) for name in names}
    means = [
        (rows["value"].mean(), name) for name, rows in seeds.items() if len(rows) and "yes" not in {*rows["leaky"]}
    ]
    if not means:
        return None
    mean, name = max(means)
    return f"{name} (AMI {mean:.2f})"
