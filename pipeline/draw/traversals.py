"""Latent traversals: the spectrum that a decoder makes when one latent unit moves and all others stay."""

import numpy as np

from pipeline.core import store
from pipeline.draw import reconstructions, style
from pipeline.draw.run import Run
from pipeline.draw.style import Drawn, LeftOut

WIDE = 4  # panels in a row
READING = (
    "Each panel moves one latent unit from low (blue) to high (orange), in standard deviations of the tracks,"
    " the others at their mean, and shows the mean spectrum that the decoder makes of it beside that of the mean."
    " The units with the largest KL term; first seed."
)


def panels(seen: Run, name: str) -> Drawn:
    """A panel a unit: decibels from the mean, by mel band, a line a step."""
    kind = seen.kind(name)
    file = kind.folder / f"{name}_traversal.npy"
    if not file.exists():
        raise LeftOut("no traversal was kept")
    units = store.read_json(kind.folder / f"{name}_units.json")
    moved = np.asarray(np.load(file, allow_pickle=False), dtype=np.float64)  # [unit, step, *input]
    many, steps = moved.shape[:2]
    flat = moved.reshape(many * steps, *moved.shape[2:])
    spectra = reconstructions.spectrum(flat, str(kind.about["input"]), *reconstructions.sizes())
    spectra = (spectra if spectra.ndim == 2 else spectra.mean(axis=2)).reshape(many, steps, -1)
    spectra = spectra - spectra[:, steps // 2 : steps // 2 + 1]
    reach = np.abs(spectra).max(axis=(1, 2))
    title = f"{name}: one latent unit moves the spectrum by up to {reach.max():.1f} dB"
    deep = -(-many // WIDE)
    figure = style.canvas(2.6 * WIDE, 0.8 + 1.9 * deep, title)
    grid = figure.subplots(deep, WIDE, squeeze=False, sharex=True, sharey=True)
    colours = style.between(steps)
    for axes, unit, lines in zip(grid.flat, units, spectra, strict=False):
        for line, colour in zip(lines, colours, strict=True):
            axes.plot(line, color=colour, linewidth=1.4)
        axes.grid(visible=True)
        axes.set_title(f"unit {unit}")
    for axes in grid.flat[many:]:
        axes.set_axis_off()
    for row in grid:
        row[0].set_ylabel("dB from the mean")
    for axes in grid[-1]:
        axes.set_xlabel("mel band")
    return Drawn(figure, title, READING)
