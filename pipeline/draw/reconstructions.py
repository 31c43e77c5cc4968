"""Reconstructions: what a model was given beside what it makes of it, in decibels of a mel spectrum."""

from dataclasses import dataclass

import numpy as np
import scipy.fft

from pipeline.core import store
from pipeline.core.embeddings import Representation
from pipeline.core.store import Array
from pipeline.draw import style
from pipeline.draw.run import Run, models
from pipeline.draw.style import Drawn, LeftOut

ENVELOPES = (
    "Inverse cosine transform of the mean MFCC that the models read, and of what their decoders make of the"
    " posterior mean, for the first segment of the same tracks. First seed."
)
PICTURES = (
    "The first segment of {many} tracks: above its log-mel spectrogram{made}, below what the decoder makes of the"
    " posterior mean. One colour scale a track. First seed."
)


@dataclass(frozen=True)
class Examples:
    """A few segments before and after: pictures [example, mel, frame] or envelopes [example, mel], in dB."""

    ids: list[str]
    before: Array
    after: Array

    def off(self) -> float:
        """Root mean square of the difference."""
        return float(np.sqrt(np.mean((self.before - self.after) ** 2)))


def examples(kind: Representation, mels: int, frames: int) -> Examples:
    """The examples that a model stage kept, as spectra."""
    paths = [kind.folder / f"{kind.name}_{part}" for part in ("input.npy", "output.npy", "examples.json")]
    if not all(path.exists() for path in paths):
        raise LeftOut("no example was kept")
    before, after = (np.asarray(np.load(path), dtype=np.float64) for path in paths[:2])
    source = str(kind.about["input"])
    return Examples(store.read_json(paths[2]), *(spectrum(part, source, mels, frames) for part in (before, after)))


def spectrum(values: Array, source: str, mels: int, frames: int) -> Array:
    """Log-mel out of what a model reads: an inverse cosine transform where that is MFCC or their statistics."""
    if source == "logmel":
        return values
    if source == "mfcc":
        return _from_mfcc(values if values.ndim == 3 else values.reshape(len(values), -1, frames), mels)
    if source == "stats":
        names = store.read_json(store.BUILD / "audio" / "stats_names.json")
        means = [place for place, name in enumerate(names) if name.startswith("mfcc") and name.endswith("_mean")]
        if means:
            return _from_mfcc(values[:, means], mels)
    raise LeftOut(f"{source} cannot be turned into a spectrum")


def _from_mfcc(coefficients: Array, mels: int) -> Array:
    found: Array = scipy.fft.idct(coefficients, n=mels, axis=1, norm="ortho")
    return found


def sizes() -> tuple[int, int]:
    """Mel bands, and frames of an MFCC picture."""
    if not (store.BUILD / "audio" / "logmel.npy").exists():
        raise LeftOut("audio.external gives numbers, and no spectrum")
    rows = store.read_rows(store.BUILD / "audio", "logmel", "mfcc")
    return rows["logmel"].shape[2], rows["mfcc"].shape[3]


def pictures(seen: Run, name: str) -> Drawn:
    """Spectrograms of a few segments over those that the model makes of them."""
    kept = examples(seen.kind(name), *sizes())
    if kept.before.ndim != 3:
        raise LeftOut("it has no spectrogram, but an envelope")
    title = f"{name} misses a spectrogram by {kept.off():.1f} dB (root mean square over these {len(kept.ids)} segments)"
    figure = style.canvas(2.6 * len(kept.ids) + 1.2, 5.0, title)
    grid = figure.subplots(2, len(kept.ids), squeeze=False, sharex=True, sharey=True)
    for column, id_ in enumerate(kept.ids):
        low, high = np.percentile(kept.before[column], [1, 99.5])
        for axes, picture in zip(grid[:, column], (kept.before[column], kept.after[column]), strict=True):
            drawn = axes.imshow(picture, origin="lower", aspect="auto", cmap="magma", vmin=low, vmax=high)
        grid[0, column].set_title(_called(seen, id_), fontsize=9)
        grid[1, column].set_xlabel("frame")
        figure.colorbar(drawn, ax=grid[:, column], orientation="horizontal", label="dB", aspect=30, pad=0.02)
    for axes, part in zip(grid[:, 0], ("input", "output"), strict=True):
        axes.set_ylabel(f"{part}\nmel band")
    made = ", out of its MFCC by an inverse cosine transform" if seen.kind(name).about["input"] == "mfcc" else ""
    return Drawn(figure, title, PICTURES.format(many=len(kept.ids), made=made))


def envelopes(seen: Run) -> Drawn:
    """The mean spectrum of a few segments, and what each model on statistics makes of it: a row a model."""
    mels, frames = sizes()
    kept: dict[str, Examples] = {}
    for kind in models(seen):
        try:
            found = examples(kind, mels, frames)
        except LeftOut:
            continue
        if found.before.ndim == 2:
            kept[kind.name] = found
    if not kept:
        raise LeftOut("no model reads statistics")
    off = ", ".join(f"{name} {found.off():.1f}" for name, found in kept.items())
    title = f"Decibels (root mean square) by which models miss the mean spectrum of a segment: {off}"
    wide = max(len(found.ids) for found in kept.values())
    figure = style.canvas(2.6 * wide + 0.6, 0.9 + 1.55 * len(kept), title)
    grid = figure.subplots(len(kept), wide, squeeze=False, sharex=True, sharey=True)
    for row, (name, found) in zip(grid, kept.items(), strict=True):
        for axes, id_, before, after in zip(row, found.ids, found.before, found.after, strict=False):
            axes.plot(before, color=style.INK, linewidth=2.2, label="input")
            axes.plot(after, color=style.COLOURS[5], linewidth=1.3, label="output")
            axes.grid(visible=True)
            axes.set_title(_called(seen, id_) if name == next(iter(kept)) else "", fontsize=9)
        row[0].set_ylabel(f"{name}\ndB")
    for axes in grid[-1]:
        axes.set_xlabel("mel band")
    grid[0, 0].legend(loc="upper right", handlelength=1.2)
    return Drawn(
        figure,
        title,
        ENVELOPES,
    )


def _called(seen: Run, id_: str) -> str:
    """A track by its title, or by its id where it has none."""
    row = seen.tracks.loc[id_]
    return style.brief(str(row.get("title", "")) or id_, 26)
