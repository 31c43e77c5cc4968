"""Reconstructions: the input of a model beside its output, in decibels of a mel spectrum."""

from dataclasses import dataclass

import numpy as np
import scipy.fft
from matplotlib.axes import Axes

from pipeline.core import store
from pipeline.core.store import Array
from pipeline.draw import style
from pipeline.draw.run import Run
from pipeline.draw.style import Drawn, LeftOut

ENVELOPES = (
    "Inverse cosine transform of the mean MFCC that the models read, and of what their decoders make of the"
    " posterior mean, for the first segment of the same tracks. First seed."
)
PICTURES = (
    "The first segment of {tracks} tracks: above its log-mel spectrogram{made}, below what the decoder makes of the"
    " posterior mean. One colour scale per track. First seed."
)


@dataclass(frozen=True)
class Examples:
    """A few segments before and after: pictures [example, mel, frame] or envelopes [example, mel], in dB."""

    ids: list[str]
    before: Array
    after: Array

    def error(self) -> float:
        """Root mean square of the difference."""
        return float(np.sqrt(np.mean((self.before - self.after) ** 2)))


def examples(run: Run, name: str) -> Examples:
    """The examples that a model stage kept, as spectra."""
    embedding = run.embedding(name)
    paths = [embedding.folder / f"{name}_{part}" for part in ("input.npy", "output.npy", "examples.json")]
    if not all(path.exists() for path in paths):
        raise LeftOut("no example was kept")
    before, after = (np.asarray(np.load(path), dtype=np.float64) for path in paths[:2])
    source = str(embedding.about["input"])
    return Examples(store.read_json(paths[2]), *(spectrum(run, part, source) for part in (before, after)))


def spectrum(run: Run, values: Array, source: str) -> Array:
    """Log-mel from what a model reads: by an inverse cosine transform where MFCC or their means are in it."""
    if run.spectrum is None:
        raise LeftOut("audio.external gives numbers, and no spectrum")
    mels, frames = run.spectrum
    if source == "logmel":
        return values
    if source == "mfcc":
        return _from_mfcc(values if values.ndim == 3 else values.reshape(len(values), -1, frames), mels)
    if source != "sound":
        raise LeftOut(f"{source} cannot be turned into a spectrum")
    names = store.read_json(store.BUILD / "ears" / "names.json")
    means = [place for place, name in enumerate(names) if name.startswith("mfcc") and name.endswith("_mean")]
    if not means:
        raise LeftOut("the models hear vectors of an encoder (audio.hears), which have no spectrum")
    return _from_mfcc(values[:, means], mels)


def _from_mfcc(coefficients: Array, mels: int) -> Array:
    logmel: Array = scipy.fft.idct(coefficients, n=mels, axis=1, norm="ortho")
    return logmel


def pictures(run: Run, name: str) -> Drawn:
    """Spectrograms of a few segments over those that the model makes of them."""
    kept = examples(run, name)
    if kept.before.ndim != 3:
        raise LeftOut("it has no spectrogram, but an envelope")
    title = f"{name} misses a spectrogram by {kept.error():.1f} dB (root mean square over {len(kept.ids)} segments)"
    figure = style.canvas(2.6 * len(kept.ids) + 1.2, 5.0, title)
    grid = figure.subplots(2, len(kept.ids), squeeze=False, sharex=True, sharey=True)
    for column, id_ in enumerate(kept.ids):
        low, high = np.percentile(kept.before[column], [1, 99.5])
        for axes, picture in zip(grid[:, column], (kept.before[column], kept.after[column]), strict=True):
            image = axes.imshow(picture, origin="lower", aspect="auto", cmap="magma", vmin=low, vmax=high)
        grid[0, column].set_title(_title(run, id_), fontsize=9)
        grid[1, column].set_xlabel("frame")
        figure.colorbar(image, ax=grid[:, column], orientation="horizontal", label="dB", aspect=30, pad=0.02)
    for axes, part in zip(grid[:, 0], ("input", "output"), strict=True):
        axes.set_ylabel(f"{part}\nmel band")
    from_mfcc = run.embedding(name).about["input"] == "mfcc"
    made = ", from its MFCC by an inverse cosine transform" if from_mfcc else ""
    return Drawn(figure, title, PICTURES.format(tracks=len(kept.ids), made=made))


def envelopes(run: Run) -> Drawn:
    """The mean spectrum of a few segments, and what each dense model makes of it: one row per model."""
    kept = _envelopes(run)
    if not kept:
        raise LeftOut("no model hears mean MFCC, from which such a spectrum is made")
    errors = ", ".join(f"{name} {model.error():.1f}" for name, model in kept.items())
    title = f"Decibels (root mean square) by which models miss the mean spectrum of a segment: {errors}"
    wide = max(len(model.ids) for model in kept.values())
    figure = style.canvas(2.6 * wide + 0.6, 0.9 + 1.55 * len(kept), title)
    grid = figure.subplots(len(kept), wide, squeeze=False, sharex=True, sharey=True)
    for row, (name, model) in zip(grid, kept.items(), strict=True):
        for axes, before, after in zip(row, model.before, model.after, strict=False):
            _envelope(axes, before, after)
        row[0].set_ylabel(f"{name}\ndB")
    for axes, id_ in zip(grid[0], next(iter(kept.values())).ids, strict=False):
        axes.set_title(_title(run, id_), fontsize=9)
    for axes in grid[-1]:
        axes.set_xlabel("mel band")
    grid[0, 0].legend(loc="upper right", handlelength=1.2)
    return Drawn(figure, title, ENVELOPES)


def _envelopes(run: Run) -> dict[str, Examples]:
    """The examples of each model that hears mean MFCC, among other numbers."""
    kept = {}
    for embedding in run.trained:
        try:
            kept[embedding.name] = examples(run, embedding.name)
        except LeftOut:
            continue
    return {name: model for name, model in kept.items() if model.before.ndim == 2}


def _envelope(axes: Axes, before: Array, after: Array) -> None:
    axes.plot(before, color=style.INK, linewidth=2.2, label="input")
    axes.plot(after, color=style.COLOURS[5], linewidth=1.3, label="output")
    axes.grid(visible=True)


def _title(run: Run, id_: str) -> str:
    """The title of a track, or its id where it has none."""
    return style.brief(str(run.tracks.loc[id_].get("title", "")) or id_, 26)
