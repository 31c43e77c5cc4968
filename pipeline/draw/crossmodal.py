"""Audio against lyrics in the latent space of `hard`: how alike they are, and whether a song finds its own words."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from pipeline.core.store import Array
from pipeline.draw import style
from pipeline.draw.run import Run
from pipeline.draw.style import Drawn, LeftOut

MIN_TRACKS = 3
DEPTHS = (1, 5, 10)
SEEN = "These are the pairs that the model was trained on"
MATRIX = (
    "Tracks sorted by {order}. A red diagonal means that sound and lyrics of a song agree. Each modality is centred on"
    f" its own mean{{given}}. {SEEN}. First seed."
)
RETRIEVAL = (
    "Bars: mean over the seeds; dots: each seed. Lyrics are sorted by cosine similarity to the audio in the latent"
    f" space, each modality centred on its own mean. {SEEN}, so this shows what it remembers, not what it would find"
    " for a new song."
)
WITHIN = (
    " The model receives the {condition} as input and can match by it without listening, so the panel within one"
    " {condition} counts."
)


def cosines(audio: Array, lyrics: Array) -> Array:
    """[audio of a track, lyrics of a track]: cosine similarity, each modality centred on its own mean."""
    unit = []
    for view in (audio, lyrics):
        centred = view - view.mean(axis=0)
        unit.append(centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-12))
    similarity: Array = unit[0] @ unit[1].T
    return similarity


def ranks(similarity: Array, mask: Array) -> Array:
    """The place of each track's own lyrics when the lyrics in its row of `mask` are sorted by similarity; 1 is first.

    Lyrics that are exactly as similar share the places between them, so that a constant finds nothing.
    """
    diagonal = np.diag(similarity)[:, None]
    above = ((similarity > diagonal) & mask).sum(axis=1)
    level = ((similarity == diagonal) & mask).sum(axis=1)  # counts the track's own lyrics too
    places: Array = above + (level + 1) / 2
    return places


def _similarity(run: Run, seed: int, rows: Array) -> Array:
    audio, lyrics = (run.places(f"hard_{modality}")[:, seed] for modality in ("audio", "lyrics"))
    return cosines(audio[rows].astype(np.float64), lyrics[rows].astype(np.float64))


def _both(run: Run, most: int, seed: int) -> Array:
    """The tracks that have both modalities, at most `most`."""
    rows = np.flatnonzero(~np.isnan(run.places("hard_audio").sum((1, 2)) + run.places("hard_lyrics").sum((1, 2))))
    if len(rows) < MIN_TRACKS:
        raise LeftOut(f"{len(rows)} tracks have both audio and lyrics, it takes {MIN_TRACKS}")
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
    return rows


def matrix(run: Run, max_points: int, seed: int) -> Drawn:
    """The similarity of every track's audio to every track's lyrics."""
    rows = _both(run, max_points, seed)
    values = [run.shown(column) for column in run.columns]
    keys = [[column[row] for column in values] for row in rows]
    order = sorted(range(len(rows)), key=lambda place: (keys[place], run.ids[rows[place]]))
    similarity = _similarity(run, 0, rows)[np.ix_(order, order)]
    diagonal = np.eye(len(rows), dtype=bool)
    title = (
        f"hard, on its training tracks: audio is like its own lyrics at cosine {similarity[diagonal].mean():+.2f},"
        f" like those of other tracks at {similarity[~diagonal].mean():+.2f}"
    )
    figure = style.canvas(7.2, 6.5, title)
    axes = figure.subplots()
    image = axes.imshow(similarity, cmap="RdBu_r", vmin=-1, vmax=1, interpolation="nearest")
    figure.colorbar(image, ax=axes, label="cosine similarity", shrink=0.8)
    axes.set(xlabel="lyrics of track", ylabel="audio of track")
    if run.columns:
        _blocks(axes, [keys[place][0] for place in order])
    condition = run.condition("hard")
    given = "" if condition == "none" else f"; both receive the {condition} as input"
    return Drawn(figure, title, MATRIX.format(order=" and ".join(run.columns[:2]) or "id", given=given))


def _blocks(axes: Axes, values: list[str]) -> None:
    """A line between the values, and their names at the middle of their block."""
    starts = [place for place in range(len(values)) if place == 0 or values[place] != values[place - 1]]
    ends = [*starts[1:], len(values)]
    if len(starts) > 20:
        return
    for start in starts[1:]:
        axes.axhline(start - 0.5, color=style.INK, linewidth=0.8)
        axes.axvline(start - 0.5, color=style.INK, linewidth=0.8)
    middles = [(start + end - 1) / 2 for start, end in zip(starts, ends, strict=True)]
    names = [style.brief(values[start] or style.UNKNOWN, 14) for start in starts]
    axes.set_xticks(middles, names)
    axes.set_yticks(middles, names)


def retrieval(run: Run, max_points: int, seed: int) -> Drawn:
    """How often a track's own lyrics are among the nearest to its audio, beside chance."""
    rows = _both(run, max_points, seed)
    masks = _masks(run, rows)
    similar = [_similarity(run, number, rows) for number in range(run.places("hard_audio").shape[1])]
    places = {name: np.stack([ranks(similarity, mask) for similarity in similar]) for name, mask in masks.items()}
    chance = {name: _by_chance(mask) for name, mask in masks.items()}
    strictest = list(masks)[-1]
    hit = float((places[strictest] <= DEPTHS[-1]).mean())
    title = (
        f"hard, on its training tracks: own lyrics are among the {DEPTHS[-1]} nearest to the audio in {hit:.0%},"
        f" by chance in {chance[strictest][-1]:.0%}" + (f" ({strictest})" if len(masks) > 1 else "")
    )
    figure = style.canvas(4.0 * len(masks) + 0.6, 3.7, title)
    for axes, name in zip(figure.subplots(1, len(masks), squeeze=False, sharey=True)[0], masks, strict=True):
        _recalls(axes, places[name], chance[name])
        axes.set_title(name)
    figure.axes[0].set_ylabel("tracks")
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower left", ncols=2)
    within = WITHIN.format(condition=run.condition("hard")) if len(masks) > 1 else ""
    return Drawn(figure, title, RETRIEVAL + within)


def _masks(run: Run, rows: Array) -> Mapping[str, Array]:
    """Which lyrics [audio, lyrics] a track is compared with: all, and those with the same value of the label given."""
    masks = {f"among the lyrics of all {len(rows)} tracks": np.ones((len(rows), len(rows)), dtype=bool)}
    condition = run.condition("hard")
    if condition in run.tracks:
        values = np.array(run.values(condition))[rows]
        masks[f"among those of the same {condition} alone"] = values[:, None] == values[None, :]
    return masks


def _by_chance(mask: Array) -> list[float]:
    size = mask.sum(axis=1)
    return [float(np.minimum(1, depth / size).mean()) for depth in DEPTHS]


def _recalls(axes: Axes, ranked: Array, chance: list[float]) -> None:
    places = np.arange(len(DEPTHS))
    shares = np.array([(ranked <= depth).mean(axis=1) for depth in DEPTHS])  # [depth, seed]
    axes.bar(places - 0.2, shares.mean(axis=1), 0.38, color=style.COLOURS[0], label="hard")
    axes.bar(places + 0.2, chance, 0.38, color="#C8C8C8", label="chance")
    for seed in shares.T:
        axes.plot(places - 0.2, seed, linestyle="", marker="o", markersize=4, color=style.INK, markeredgecolor="white")
    for place, share, luck in zip(places, shares.mean(axis=1), chance, strict=True):
        axes.text(place + 0.2, luck + 0.008, f"{luck:.0%}", ha="center", va="bottom", fontsize=8.5, color=style.QUIET)
        top = max(share, *shares[place])
        axes.text(place - 0.2, top + 0.012, f"{share:.0%}", ha="center", va="bottom", fontsize=8.5)
    axes.set_xticks(places, [f"first {depth}" if depth > 1 else "first" for depth in DEPTHS])
    axes.set_ylim(0, min(1.12, max(0.1, 1.25 * max(shares.max(), *chance))))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(visible=True, axis="y")
