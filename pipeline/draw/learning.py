"""How the models learnt: their curves, and how much each latent unit carries."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from pipeline.core.embeddings import Representation
from pipeline.draw import style
from pipeline.draw.run import Run
from pipeline.draw.style import Drawn, LeftOut

TERMS = {
    "loss": "loss per segment (nats)",
    "kl": "KL per segment (nats)",
    "mse_audio": "squared error, audio",
    "mse_lyrics": "squared error, lyrics",
}
FLOOR = 1e-3  # nats; below it a unit carries nothing that could be seen
ACTIVE = 0.1  # nats: pipeline.nets.fit counts units by it
CURVES = (
    "Thin: each seed; thick: their mean. The KL term grows to its full weight over the first epochs (train.warmup); an"
    " autoencoder has none. Squared errors are in standardised units: 1 is as good as the mean. Losses of different"
    " models cannot be compared: they count different numbers."
)
UNITS = (
    "Bars: mean over the seeds; dots: each seed, its units sorted from high to low, since unit numbers do not match"
    " across seeds. A unit counts as active above the dashed line, where it carries at least 0.1 nat per segment (mean"
    " over the seeds in the title). The mean of a unit that carries less still varies a little from track to track."
)


def curves(run: Run) -> pd.DataFrame:
    """The curves of all models and seeds; nan where a model has no such term."""
    files = [embedding.folder / f"{embedding.name}_curve.csv" for embedding in run.trained]
    tables = [pd.read_csv(file) for file in files if file.exists()]
    if not tables:
        return pd.DataFrame(columns=["model", "seed", "epoch", *TERMS])
    return pd.concat(tables, ignore_index=True).reindex(columns=["model", "seed", "epoch", *TERMS])


def mean_curves(table: pd.DataFrame) -> pd.DataFrame:
    """The mean over the seeds, one row per model and epoch: small enough for git."""
    means = table.drop(columns="seed").groupby(["model", "epoch"], sort=False).mean().reset_index()
    return means.round(4)


def training(run: Run) -> Drawn:
    """One row per model, one column per term; seeds thin, their mean thick."""
    table = curves(run)
    if table.empty:
        raise LeftOut("no model left a curve")
    names = list(dict.fromkeys(table["model"]))
    terms = [term for term in TERMS if table[term].notna().any()]
    title = _sentence(table)
    figure = style.canvas(2.9 * len(terms) + 0.4, 0.8 + 1.5 * len(names), title)
    grid = figure.subplots(len(names), len(terms), squeeze=False)
    for row, name in zip(grid, names, strict=True):
        for axes, term in zip(row, terms, strict=True):
            _curve(axes, table[table["model"] == name], term)
        row[0].set_ylabel(name, fontsize=10)
    for axes, term in zip(grid[0], terms, strict=True):
        axes.set_title(TERMS[term])
    for axes in grid[-1]:
        axes.set_xlabel("epoch")
    return Drawn(figure, title, CURVES)


def _curve(axes: Axes, table: pd.DataFrame, term: str) -> None:
    if table[term].isna().all():
        axes.text(0.5, 0.5, "none", transform=axes.transAxes, ha="center", va="center", color=style.QUIET)
        axes.set(xticks=[], yticks=[])
        return
    for _, seed in table.groupby("seed"):
        axes.plot(seed["epoch"], seed[term], color=style.COLOURS[4], linewidth=0.8)
    mean = table.groupby("epoch")[term].mean()
    axes.plot(mean.index, mean, color=style.COLOURS[0], linewidth=2.0)
    axes.grid(visible=True)
    axes.margins(x=0.02)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _sentence(table: pd.DataFrame) -> str:
    """How many models still gained at the end: the mean audio error of the last tenth of the epochs."""
    falling = []
    for name, rows in table.groupby("model", sort=False):
        error = rows.groupby("epoch")["mse_audio"].mean().to_numpy()
        late = max(1, len(error) // 10)
        if len(error) > late and error[-1] < 0.98 * error[-1 - late]:
            falling.append(str(name))
    if not falling:
        return "All models have levelled off: the last tenth of the epochs lowers the audio error by less than 2 %"
    return f"In the last tenth of the epochs the audio error still falls by over 2 % for {', '.join(falling)}"


def units(run: Run) -> Drawn:
    """The KL term of each latent unit, from the largest to the smallest, one panel per model."""
    models = [embedding for embedding in run.trained if not embedding.is_autoencoder]
    if not models:
        raise LeftOut("no model has a KL term")
    counts = [f"{each.name} {each.active or 0:.3g} of {len(each.about['kl_per_unit'][0])}" for each in models]
    title = "Active latent units: " + ", ".join(counts)
    wide = min(3, len(models))
    deep = -(-len(models) // wide)
    figure = style.canvas(max(7.2, 3.4 * wide), 0.8 + 2.3 * deep, title)
    grid = figure.subplots(deep, wide, squeeze=False, sharey=True)
    for axes, model in zip(grid.flat, models, strict=False):
        _bars(axes, model)
    highest = max(float(np.max(model.about["kl_per_unit"])) for model in models)
    grid[0, 0].set(ylim=(FLOOR, 2 * highest))
    for row in grid:
        row[0].set_ylabel("KL per segment (nats)")
    for axes in grid.flat[len(models) :]:
        axes.set_axis_off()
    return Drawn(figure, title, UNITS)


def _bars(axes: Axes, model: Representation) -> None:
    nats = np.maximum(np.sort(np.array(model.about["kl_per_unit"]))[:, ::-1], FLOOR)  # [seed, unit]
    places = np.arange(1, nats.shape[1] + 1)
    axes.set_yscale("log")
    axes.axhline(ACTIVE, color=style.QUIET, linestyle="--", linewidth=0.8)
    axes.bar(places, nats.mean(axis=0), color=style.COLOURS[0], width=0.75)
    for seed in nats:
        axes.plot(places, seed, linestyle="", marker="o", markersize=3, color=style.COLOURS[1],
                  markeredgecolor="white", markeredgewidth=0.3)  # fmt: skip
    axes.set(title=f"{model.name}, beta {model.about['beta']:g}", xlabel="latent unit, sorted")
    axes.grid(visible=True, axis="y")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
