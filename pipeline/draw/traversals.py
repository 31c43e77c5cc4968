"""Latent traversals: the spectrum that a decoder makes when one latent unit moves and all others stay."""

import numpy as np
from matplotlib.axes import Axes

from pipeline.core import store
from pipeline.core.store import Array
from pipeline.draw import reconstructions, style
from pipeline.draw.run import Run
from pipeline.draw.style import Drawn, LeftOut

WIDE = 4  # panels in a row
READING = (
    "Each panel moves one latent unit from low (blue) to high (orange), in standard deviations of the tracks, the"
    " others at their mean, and shows how the mean spectrum that the decoder makes differs from that of the mean. The"
    " units with the largest KL term; first seed."
)


def panels(run: Run, name: str) -> Drawn:
    """One panel per unit: decibels from the mean, by mel band, one line per step."""
    folder = run.embedding(name).folder
    if not (folder / f"{name}_traversal.npy").exists():
        raise LeftOut("no traversal was kept")
    units = store.read_json(folder / f"{name}_units.json")
    spectra = _spectra(run, name, np.load(folder / f"{name}_traversal.npy", allow_pickle=False))
    title = f"{name}: one latent unit moves the spectrum by up to {np.abs(spectra).max():.1f} dB"
    deep = -(-len(spectra) // WIDE)
    figure = style.canvas(2.6 * WIDE, 0.8 + 1.9 * deep, title)
    grid = figure.subplots(deep, WIDE, squeeze=False, sharex=True, sharey=True)
    for axes, unit, lines in zip(grid.flat, units, spectra, strict=False):
        _panel(axes, unit, lines)
    for axes in grid.flat[len(spectra) :]:
        axes.set_axis_off()
    for row in grid:
        row[0].set_ylabel("dB from the mean")
    for axes in grid[-1]:
        axes.set_xlabel("mel band")
    return Drawn(figure, title, READING)


def _spectra(run: Run, name: str, moved: Array) -> Array:
    """[unit, step, mel]: mean spectra, without that of the middle step, from [unit, step, *input]."""
    units, steps = moved.shape[:2]
    flat = moved.astype(np.float64).reshape(units * steps, *moved.shape[2:])
    spectra = reconstructions.spectrum(run, flat, str(run.embedding(name).about["input"]))
    spectra = (spectra if spectra.ndim == 2 else spectra.mean(axis=2)).reshape(units, steps, -1)
    return spectra - spectra[:, steps // 2 : steps // 2 + 1]


def _panel(axes: Axes, unit: int, lines: Array) -> None:
    for line, colour in zip(lines, style.between(len(lines)), strict=True):
        axes.plot(line, color=colour, linewidth=1.4)
    axes.grid(visible=True)
    axes.set_title(f"unit {unit}")
