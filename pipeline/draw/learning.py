"""How the models learnt: their curves, and what each latent unit came to carry."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from pipeline.draw import style
from pipeline.draw.run import Run, models
from pipeline.draw.style import Drawn, LeftOut

TERMS = {
    "loss": "loss (nats a segment)",
    "kl": "KL (nats a segment)",
    "mse_audio": "squared error, audio",
    "mse_lyrics": "squared error, lyrics",
}
FLOOR = 1e-3  # nats; below it a unit carries nothing that could be seen
CURVES = (
    "Thin: each seed; thick: their mean. The KL term grows to its full weight over the first epochs"
    " (train.warmup), and an autoencoder does not press on it at all. Squared errors are in standardised units: 1"
    " is as good as the mean. Losses of different models cannot be compared: they count different numbers."
)
UNITS = (
    "Bars: mean over the seeds; dots: each seed, its units sorted by themselves, for units of two seeds have"
    " nothing to do with each other. A unit counts as active if the variance of its mean over the tracks is above"
    " 0.01 (mean over the seeds in the title)."
)


def curves(seen: Run) -> pd.DataFrame:
    """The curves of all models and seeds; nan where a model has no such term."""
    files = [kind.folder / f"{kind.name}_curve.csv" for kind in models(seen)]
    tables = [pd.read_csv(file) for file in files if file.exists()]
    if not tables:
        return pd.DataFrame(columns=["model", "seed", "epoch", *TERMS])
    return pd.concat(tables, ignore_index=True).reindex(columns=["model", "seed", "epoch", *TERMS])


def mean_curves(table: pd.DataFrame) -> pd.DataFrame:
    """The mean over the seeds, a row a model and epoch: small enough for git."""
    means = table.drop(columns="seed").groupby(["model", "epoch"], sort=False).mean().reset_index()
    return means.round(4)


def training(seen: Run) -> Drawn:
    """A row a model, a column a term; seeds thin, their mean thick."""
    table = curves(seen)
    if table.empty:
        raise LeftOut("no model left a curve")
    names = list(dict.fromkeys(table["model"]))
    terms = [term for term in TERMS if table[term].notna().any()]
    title = _sentence(table)
    figure = style.canvas(2.9 * len(terms) + 0.4, 0.8 + 1.5 * len(names), title)
    grid = figure.subplots(len(names), len(terms), squeeze=False)
    for row, name in zip(grid, names, strict=True):
        own = table[table["model"] == name]
        for axes, term in zip(row, terms, strict=True):
            _curve(axes, own, term)
        row[0].set_ylabel(name, fontsize=10)
    for axes, term in zip(grid[0], terms, strict=True):
        axes.set_title(TERMS[term])
    for axes in grid[-1]:
        axes.set_xlabel("epoch")
    return Drawn(
        figure,
        title,
        CURVES,
    )


def _curve(axes: Axes, own: pd.DataFrame, term: str) -> None:
    if own[term].isna().all():
        axes.text(0.5, 0.5, "none", transform=axes.transAxes, ha="center", va="center", color=style.QUIET)
        axes.set(xticks=[], yticks=[])
        return
    for _, seed in own.groupby("seed"):
        axes.plot(seed["epoch"], seed[term], color=style.COLOURS[4], linewidth=0.8)
    mean = own.groupby("epoch")[term].mean()
    axes.plot(mean.index, mean, color=style.COLOURS[0], linewidth=2.0)
    axes.grid(visible=True)
    axes.margins(x=0.02)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _sentence(table: pd.DataFrame) -> str:
    """How many models still gained at the end: the mean audio error of the last tenth of the epochs."""
    falling = []
    for name, own in table.groupby("model", sort=False):
        error = own.groupby("epoch")["mse_audio"].mean().to_numpy()
        late = max(1, len(error) // 10)
        if len(error) > late and error[-1] < 0.98 * error[-1 - late]:
            falling.append(str(name))
    if not falling:
        return "All models have levelled off: the last tenth of the epochs lowers the audio error by less than 2 %"
    return f"In the last tenth of the epochs the audio error still falls by over 2 % for {', '.join(falling)}"


def units(seen: Run) -> Drawn:
    """The KL term of each latent unit, from the busiest to the idlest, a panel a model."""
    kinds = [kind for kind in models(seen) if float(kind.about.get("beta", 0)) > 0]  # without a KL term it says nothing
    if not kinds:
        raise LeftOut("no model has a KL term")
    counts = [
        f"{kind.name} {_number(float(np.mean(kind.about['active_units'])))} of {len(kind.about['kl_per_unit'][0])}"
        for kind in kinds
    ]
    title = "Latent units that carry something: " + ", ".join(counts)
    highest = max(float(np.max(kind.about["kl_per_unit"])) for kind in kinds)
    wide = min(3, len(kinds))
    deep = -(-len(kinds) // wide)
    figure = style.canvas(max(7.2, 3.4 * wide), 0.8 + 2.3 * deep, title)
    grid = figure.subplots(deep, wide, squeeze=False, sharey=True)
    for axes, kind in zip(grid.flat, kinds, strict=False):
        nats = np.maximum(np.sort(np.array(kind.about["kl_per_unit"]))[:, ::-1], FLOOR)  # [seed, unit]
        places = np.arange(1, nats.shape[1] + 1)
        axes.set_yscale("log")
        axes.bar(places, nats.mean(axis=0), color=style.COLOURS[0], width=0.75)
        for seed in nats:
            axes.plot(
                places,
                seed,
                linestyle="",
                marker="o",
                markersize=3,
                color=style.COLOURS[1],
                markeredgecolor="white",
                markeredgewidth=0.3,
            )
        axes.set(
            ylim=(FLOOR, 2 * highest),
            title=f"{kind.name}, beta {kind.about['beta']:g}",
            xlabel="latent unit, sorted",
        )
        axes.grid(visible=True, axis="y")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda nats, _: f"{nats:g}"))
    for row in grid:
        row[0].set_ylabel("KL, nats a segment")
    for axes in grid.flat[len(kinds) :]:
        axes.set_axis_off()
    return Drawn(
        figure,
        title,
        UNITS,
    )


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
