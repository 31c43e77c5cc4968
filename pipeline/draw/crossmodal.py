"""Audio against lyrics in the latent space of `hard`: how alike they are, and whether a song finds its own words."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from pipeline.core.store import Array
from pipeline.draw import style
from pipeline.draw.maps import chosen
from pipeline.draw.run import Run
from pipeline.draw.style import Drawn, LeftOut

FEWEST = 3
DEPTHS = (1, 5, 10)
LEARNT = "The model has learnt from these very pairs."
RETRIEVAL = (
    "Bars: mean over the seeds; dots: each seed. Lyrics are sorted by cosine similarity to the audio in the"
    " latent space, each modality centred on its own mean. The model has learnt from these very pairs, so this"
    " shows what it remembers, not what it would find for a new song. A model that is told a label can match by"
    " the label without listening, so the panel within one label counts."
)


def cosines(audio: Array, lyrics: Array) -> Array:
    """[audio of a track, lyrics of a track]: cosine similarity, each modality centred on its own mean."""
    unit = []
    for view in (audio, lyrics):
        centred = view - view.mean(axis=0)
        unit.append(centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-12))
    found: Array = unit[0] @ unit[1].T
    return found


def ranks(similarity: Array, among: Array) -> Array:
    """The place of each track's own lyrics when those of its row of `among` are sorted by similarity; 1 is first.

    Lyrics that are exactly as similar share the places between them, so that a constant finds nothing.
    """
    own = np.diag(similarity)[:, None]
    above = ((similarity > own) & among).sum(axis=1)
    level = ((similarity == own) & among).sum(axis=1)  # its own are one of them
    found: Array = above + (level + 1) / 2
    return found


def _views(seen: Run, seed: int, rows: Array) -> Array:
    audio, lyrics = (seen.places(f"hard_{modality}")[:, seed] for modality in ("audio", "lyrics"))
    return cosines(audio[rows].astype(np.float64), lyrics[rows].astype(np.float64))


def _both(seen: Run, points: int, seed: int) -> Array:
    """The tracks that both modalities see."""
    there = ~np.isnan(seen.places("hard_audio").sum((1, 2)) + seen.places("hard_lyrics").sum((1, 2)))
    rows = chosen(there, points, seed)
    if len(rows) < FEWEST:
        raise LeftOut(f"{len(rows)} tracks have both audio and lyrics, it takes {FEWEST}")
    return rows


def matrix(seen: Run, points: int, seed: int) -> Drawn:
    """The similarity of every track's audio to every track's lyrics."""
    rows = _both(seen, points, seed)
    columns = list(seen.columns)
    keys = [[seen.values(column)[row] for column in columns] for row in rows]
    order = sorted(range(len(rows)), key=lambda place: (keys[place], seen.ids[rows[place]]))
    similarity = _views(seen, 0, rows)[np.ix_(order, order)]
    own = np.eye(len(rows), dtype=bool)
    title = (
        f"hard, on its training tracks: audio is like its own lyrics at cosine {similarity[own].mean():+.2f},"
        f" like those of other tracks at {similarity[~own].mean():+.2f}"
    )
    figure = style.canvas(7.2, 6.5, title)
    axes = figure.subplots()
    drawn = axes.imshow(similarity, cmap="RdBu_r", vmin=-1, vmax=1, interpolation="nearest")
    figure.colorbar(drawn, ax=axes, label="cosine similarity", shrink=0.8)
    axes.set(xlabel="lyrics of track", ylabel="audio of track")
    if columns:
        _blocks(axes, [keys[place][0] for place in order])
    by = " and ".join(columns[:1] + columns[1:2]) if columns else "id"
    reading = f"Tracks sorted by {by}; a dark red diagonal would mean that both modalities place a song alike."
    return Drawn(
        figure,
        title,
        f"{reading} Each modality is centred on its own mean; label told to both: {seen.told('hard')}."
        f" {LEARNT} First seed.",
    )


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


def retrieval(seen: Run, points: int, seed: int) -> Drawn:
    """How often a track's own lyrics are among the nearest to its audio, beside chance."""
    rows = _both(seen, points, seed)
    told = seen.told("hard")
    everyone = np.ones((len(rows), len(rows)), dtype=bool)
    among = {f"among the lyrics of all {len(rows)} tracks": everyone}
    if told in seen.tracks:
        values = np.array([seen.values(told)[row] for row in rows])
        among[f"among those of the same {told} alone"] = values[:, None] == values[None, :]
    seeds = range(seen.places("hard_audio").shape[1])
    similar = [_views(seen, number, rows) for number in seeds]
    found = {name: np.stack([ranks(one, mask) for one in similar]) for name, mask in among.items()}
    chance = {name: _by_chance(mask) for name, mask in among.items()}
    strictest = list(among)[-1]
    hit = float((found[strictest] <= DEPTHS[-1]).mean())
    title = (
        f"hard, on its training tracks: own lyrics are among the {DEPTHS[-1]} nearest to the audio in {hit:.0%},"
        f" by chance in {chance[strictest][-1]:.0%}" + (f" ({strictest})" if len(among) > 1 else "")
    )
    figure = style.canvas(4.0 * len(among) + 0.6, 3.7, title)
    for axes, name in zip(figure.subplots(1, len(among), squeeze=False, sharey=True)[0], among, strict=True):
        _recalls(axes, found[name], chance[name])
        axes.set_title(name)
    figure.axes[0].set_ylabel("tracks")
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower left", ncols=2)
    return Drawn(
        figure,
        title,
        RETRIEVAL,
    )


def _by_chance(among: Array) -> list[float]:
    size = among.sum(axis=1)
    return [float(np.minimum(1, depth / size).mean()) for depth in DEPTHS]


def _recalls(axes: Axes, found: Array, chance: list[float]) -> None:
    places = np.arange(len(DEPTHS))
    shares = np.array([(found <= depth).mean(axis=1) for depth in DEPTHS])  # [depth, seed]
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
