"""How a model stage gets its songs, trains a model on every seed, and writes what was learnt.

Shared by easy, medium, hard and the autoencoder baseline. A model NAME leaves in build/<stage>/:
NAME.npy [track, seed, latent], NAME.safetensors and NAME.json (weights of the first seed, and what it is),
NAME_curve.csv, NAME_input.npy / NAME_output.npy (a few reconstructions), NAME_traversal.npy (what moving a unit does).
With a mixture as prior also NAME_assignments.npy [track, seed, k]: how much a track belongs to each component.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import torch
from safetensors.torch import save_file
from sklearn.mixture import GaussianMixture

from models import device as devices
from models.families import Shape
from models.fit import Epoch, Recipe, Songs, active_units, codes, embed, fit, per_track, standardised
from models.objective import Objective
from models.prior import Mixture
from models.vae import VAE, Scale
from pipeline import store, workers
from pipeline.params import Count, NotNegative, Share, Within
from pipeline.stage import Problem, progress
from pipeline.store import Array

log = logging.getLogger(__name__)

EXAMPLES = 4  # reconstructions that are kept to be looked at
PRETRAINED = 0.5  # share of the epochs after which a mixture takes the place of the standard normal prior
UNITS, STEPS = 8, (-2.0, -1.0, 0.0, 1.0, 2.0)  # of a traversal; steps in standard deviations of the tracks
DRAWN = 20_261_121  # seeds which lyrics are taken away or change hands: the same for every model and seed
Device = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True)
class Train:
    batch: Count
    rate: Annotated[float, Within(1e-7, 1)]
    warmup: Share
    view: Literal["self", "cross"]
    objective: Literal["beta", "tc", "dip"]
    strength: NotNegative
    precision: Literal["auto", "fp32", "bf16"]
    workers: Annotated[int, Within(0)]


@dataclass(frozen=True)
class Source:
    """What a model is shown: an array of stage audio, one of stage lyrics, and a column of the tracks as condition."""

    audio: str
    lyrics: str | None = None
    condition: str = "none"
    flat: bool = False  # frames as one long vector
    shuffled: bool = False  # each track has the lyrics of another, a control: what they say of the song is lost
    missing: float = 0.0  # share of the tracks with lyrics whose lyrics are taken away


@dataclass(frozen=True)
class Corpus:
    """The songs as tensors, whose they are, and what the networks need to know of their form."""

    ids: tuple[str, ...]
    songs: Songs
    scales: Mapping[str, Scale]
    shapes: Mapping[str, Shape]
    labels: tuple[str, ...]  # the values of the condition, in the order of its columns


def given(audio: str) -> bool:
    """Whether stage audio wrote this array: features of another program (audio.external) have no frames."""
    store.read_rows(store.BUILD / "audio", "stats")  # raises where the stage did not run
    return (store.BUILD / "audio" / f"{audio}.npy").exists()


def demand(audio: str, parameter: str) -> None:
    if not given(audio):
        raise Problem(f"{parameter} is {audio}, which audio.external does not give: set it to stats")


def corpus(source: Source) -> Corpus:
    """All tracks that have audio features, as `source` says."""
    heard = store.read_rows(store.BUILD / "audio", source.audio, "valid")
    ids = heard.ids
    if not ids:
        raise Problem("no track has audio features: run `dvc repro audio` and read what it says")
    track, segment = np.nonzero(heard["valid"])
    values = torch.from_numpy(np.ascontiguousarray(heard[source.audio][track, segment]))
    shown = {"audio": values.flatten(1) if source.flat else values}
    scales = {"audio": _scale(shown["audio"])}
    there = torch.zeros(len(ids), dtype=torch.bool)
    if source.lyrics:
        rows = store.read_rows(store.BUILD / "lyrics", source.lyrics, "there").at(ids)
        words, known = _altered(np.array(rows[source.lyrics]), np.array(rows["there"]), source)
        there = torch.from_numpy(known)
        if known.any():  # else the model is that of the sound alone, to the byte
            shown["lyrics"] = torch.from_numpy(words)
            scales["lyrics"] = _text_scale(shown["lyrics"][there])
    told, labels = _condition(ids, source.condition)
    songs = Songs(shown["audio"], torch.from_numpy(track), shown.get("lyrics"), there, told)
    return Corpus(ids, songs, scales, {name: tuple(view.shape[1:]) for name, view in shown.items()}, labels)


def _altered(words: Array, there: Array, source: Source) -> tuple[Array, Array]:
    """The lyrics, and who has some, after shuffling and taking away what `source` says."""
    if source.shuffled:
        known = np.flatnonzero(there)
        words[known] = words[np.random.default_rng(DRAWN).permutation(known)]
    left = kept(there, source.missing)
    words[there & ~left] = 0
    return words, left


def kept(there: Array, missing: float) -> Array:
    """Which of the tracks with lyrics keep them when a share is taken away; a larger one takes the same and more."""
    known = np.flatnonzero(there)
    left = np.array(there)
    left[np.random.default_rng(DRAWN + 1).permutation(known)[: round(missing * len(known))]] = False
    return left


def _scale(values: torch.Tensor) -> Scale:
    """Zero mean and unit variance: per number for vectors, per row (coefficient, mel) for pictures."""
    over = (0,) if values.dim() == 2 else (0, 2)
    return Scale(values.mean(over, keepdim=True)[0], values.std(over, correction=0, keepdim=True)[0].clamp(min=1e-6))


def _text_scale(words: torch.Tensor) -> Scale:
    """One divisor for all words: dividing each by its own would make the rarest word the loudest."""
    return Scale(words.mean(0), words.std(0, correction=0).square().mean().sqrt().clamp(min=1e-6))


def _condition(ids: tuple[str, ...], column: str) -> tuple[torch.Tensor, tuple[str, ...]]:
    """One-hot rows of a column of the tracks; a track without a value gets zeros."""
    if column == "none":
        return torch.zeros(len(ids), 0), ()
    tracks = store.usable_tracks()
    if column not in tracks:
        columns = ", ".join(tracks.columns)
        raise Problem(f"hard.condition is {column!r}, which is no column of data/tracks.csv; it has {columns}")
    values = [str(value) for value in tracks[column].loc[list(ids)]]
    labels = tuple(sorted(set(values) - {""}))
    return torch.tensor([[float(value == label) for label in labels] for value in values]), labels


@lru_cache(maxsize=1)
def _remembered(source: Source, _folder: Path) -> Corpus:
    """The corpus of this working folder, for the seeds that a process trains one after another."""
    return corpus(source)


@dataclass(frozen=True)
class Model:
    """One model of a stage: where it goes, what it is shown, how it is built and trained."""

    folder: Path
    name: str
    family: str
    source: Source
    build: Callable[..., VAE]  # of shapes, scales and labels; a partial, since it travels to other processes
    epochs: int
    beta: float
    alone: tuple[str, ...] = ()  # modalities by which alone the tracks are also embedded
    clusters: int = 0  # components of the mixture that is the prior; 0: a standard normal


@dataclass(frozen=True)
class Job:
    """A model to train from one seed."""

    model: Model
    seed: int
    recipe: Recipe
    device: torch.device
    bf16: bool
    keep: bool  # the weights and examples of this seed are written


@dataclass(frozen=True)
class Learnt:
    """What one seed gives."""

    means: Mapping[str, Array]  # embedding name -> [track, latent]
    kl: list[float]  # nats a segment, per unit
    active: int | None  # units; undefined without a KL term, where any scale of a unit is as good
    active_alone: Mapping[str, int]  # modality -> units that are active where it alone is seen
    mse: Mapping[str, float]  # per modality at the last epoch, in standardised units
    curve: list[dict[str, object]]
    assignments: Array | None  # [track, component]


def learn(model: Model, seeds: tuple[int, ...], train: Train, device: Device) -> None:
    """Trains `model` once a seed and writes it. On a CPU the seeds share the cores, one process each."""
    where, _, why = _placed(train, device)
    first, *others = jobs(model, seeds, train, device)
    todo = [replace(first, keep=True), *others]
    made = corpus(model.source)
    processes = 1 if where.type == "cuda" else min(len(seeds), train.workers or workers.cores())
    size = f"{len(made.songs.track)} segments of {len(made.ids)} tracks, {len(seeds)} seeds on {processes} processes"
    log.info("%s: %s; %s", model.name, size, why)
    single = int((torch.bincount(made.songs.track) == 1).sum())
    if train.view == "cross" and single:
        log.info("%s: %d tracks have one segment only, which is its own other half", model.name, single)
    learnt = list(progress(learn_all(todo, processes), model.name, len(todo)))
    _write(model, train, made, seeds, learnt)


def jobs(model: Model, seeds: tuple[int, ...], train: Train, device: Device) -> list[Job]:
    """One job a seed, none of which writes a file."""
    where, bf16, _ = _placed(train, device)
    made = recipe(model, train)
    return [Job(model, seed, made, where, bf16, keep=False) for seed in seeds]


def _placed(train: Train, device: Device) -> tuple[torch.device, bool, str]:
    """Where to train, whether in bf16, and why."""
    try:
        where, why = devices.choose(device)
    except ValueError as error:
        raise Problem(f"{error}: set device to auto or cpu") from None
    bf16, precision = devices.bf16(train.precision, where)
    return where, bf16, f"{why}; {precision}"


def recipe(model: Model, train: Train) -> Recipe:
    """How `model` is trained under these parameters; an autoencoder has no KL term to be shaped."""
    objective = Objective(model.beta)
    if model.beta and train.objective == "tc":
        objective = replace(objective, correlation=train.strength)
    if model.beta and train.objective == "dip":
        objective = replace(objective, off_diagonal=train.strength, diagonal=train.strength)
    return Recipe(model.epochs, train.batch, train.rate, train.warmup, objective, cross=train.view == "cross")


def learn_all(todo: list[Job], processes: int) -> Iterator[Learnt]:
    """What each job gives, in their order; jobs with the same source side by side spare reading it again."""
    _remembered.cache_clear()  # the songs may have changed since
    yield from workers.in_order(learn_seed, todo, processes, _died)


def _died(job: Job) -> Learnt:
    raise Problem(
        f"{job.model.name} seed {job.seed}: the process was ended, most likely for memory: lower train.workers"
    )


def learn_seed(job: Job) -> Learnt:
    """Trains and embeds one seed."""
    if job.device.type == "cpu":
        torch.set_num_threads(1)  # the seeds share the cores; and one keeps the sums' order on any number of them
    model = job.model
    made = _remembered(model.source, Path.cwd())
    torch.manual_seed(job.seed)
    vae = model.build(made.shapes, made.scales, labels=len(made.labels))
    vae = vae.to(job.device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs miss it
    ready = standardised(vae, made.songs.to(job.device))
    curve = _trained(vae, ready, job)
    _round(vae)
    seen = embed(vae, ready)
    means = {model.name: seen.mean.cpu().numpy()}
    alone = {modality: _alone(vae, ready, modality) for modality in model.alone}
    means |= {f"{model.name}_{modality}": values for modality, (values, _) in alone.items()}
    if job.keep:
        _keep(model.folder, model.name, vae, made, ready)
        _traverse(model.folder, model.name, vae, ready)
    kl = [round(value, 5) for value in seen.kl.tolist()]
    active = active_units(seen) if job.recipe.objective.beta else None
    rows = _curve(model.name, job.seed, curve)
    active_alone = {modality: units for modality, (_, units) in alone.items()}
    return Learnt(means, kl, active, active_alone, curve[-1].mse, rows, _assignments(vae, ready))


def _trained(vae: VAE, ready: Songs, job: Job) -> list[Epoch]:
    """The curve of a training; of two with a mixture as prior: its components start where the first one's codes lie."""
    whole, clusters = job.recipe, job.model.clusters
    if not clusters:
        return fit(vae, ready, whole, bf16=job.bf16)
    first = round(PRETRAINED * whole.epochs)
    warmup = min(1.0, whole.warmup * whole.epochs / max(1, first))
    curve = fit(vae, ready, replace(whole, epochs=first, warmup=warmup), bf16=job.bf16)
    vae.prior = _mixture(vae, ready, clusters, job.seed).to(job.device)
    return curve + fit(vae, ready, replace(whole, epochs=whole.epochs - first, warmup=0.0), bf16=job.bf16)


def _mixture(vae: VAE, ready: Songs, clusters: int, seed: int) -> Mixture:
    """A mixture fitted to the codes of all segments, each as wide as its posteriors on top."""
    posterior = codes(vae, ready)
    if clusters > len(posterior.mean):
        raise Problem(f"easy.components is {clusters}, and there are {len(posterior.mean)} segments: lower it")
    found = GaussianMixture(clusters, covariance_type="diag", n_init=3, random_state=seed).fit(posterior.mean.cpu())
    weights, means, variances = map(torch.from_numpy, (found.weights_, found.means_, found.covariances_))
    return Mixture(weights, means, variances + posterior.log_var.exp().mean(0).cpu())


@torch.no_grad()
def _assignments(vae: VAE, ready: Songs) -> Array | None:
    """[track, component] of the segments' mean share; None without a mixture."""
    if not isinstance(vae.prior, Mixture):
        return None
    shares: Array = per_track(vae.prior.assign(codes(vae, ready)), ready.track, len(ready.condition)).cpu().numpy()
    return shares


@torch.no_grad()
def _round(vae: VAE) -> None:
    """Half precision for the weights, so that what is embedded is exactly what the small file on disk says.

    The scales stay as they are: an MFCC of -400 would lose its decimals.
    """
    for weights in vae.parameters():
        weights.copy_(weights.half())


def _write(model: Model, train: Train, made: Corpus, seeds: tuple[int, ...], learnt: list[Learnt]) -> None:
    folder, name = model.folder, model.name
    arrays = {key: np.stack([one.means[key] for one in learnt], axis=1) for key in learnt[0].means}
    if shares := [one.assignments for one in learnt if one.assignments is not None]:
        arrays[f"{name}_assignments"] = np.stack(shares, axis=1)  # without a .json it is no embedding
    store.write_rows(folder, made.ids, **arrays)
    store.write_table(folder / f"{name}_curve.csv", pd.DataFrame([row for one in learnt for row in one.curve]))
    source = model.source
    shown = {"input": source.audio, "lyrics": source.lyrics or "none", "condition": source.condition}
    about: dict[str, Any] = {"family": model.family, **shown, "beta": model.beta, "view": train.view}
    if model.beta:
        about |= {"objective": train.objective} | ({} if train.objective == "beta" else {"strength": train.strength})
    if model.clusters:
        about["clusters"] = model.clusters
    about |= {"seeds": list(seeds), "latent": len(learnt[0].kl)}
    about |= {"shapes": {key: list(shape) for key, shape in made.shapes.items()}, "labels": list(made.labels)}
    about["kl_per_unit"] = [one.kl for one in learnt]
    if model.beta:
        about["active_units"] = [one.active for one in learnt]
        log.info("%s: %s of %d units active", name, ", ".join(str(one.active) for one in learnt), len(learnt[0].kl))
    store.write_json(folder / f"{name}.json", about)
    for modality in model.alone:
        seen_by = {"family": f"{model.family}, {modality} alone", "condition": source.condition}
        units = {"latent": about["latent"], "active_units": [one.active_alone[modality] for one in learnt]}
        store.write_json(folder / f"{name}_{modality}.json", seen_by | (units if model.beta else {}))


def _alone(vae: VAE, ready: Songs, modality: str) -> tuple[Array, int]:
    """The tracks as one modality sees them, nan where a track does not have it; and how many units it makes active."""
    seen = embed(vae, ready, only=modality)
    has = ready.has_lyrics if modality == "lyrics" else torch.ones_like(ready.has_lyrics)
    active = active_units(replace(seen, mean=seen.mean[has])) if has.sum() > 1 else 0
    seen.mean[~has] = torch.nan
    return seen.mean.cpu().numpy(), active


def _curve(name: str, seed: int, epochs: list[Epoch]) -> list[dict[str, object]]:
    return [
        {"model": name, "seed": seed, "epoch": number, "loss": round(epoch.loss, 4), "kl": round(epoch.kl, 5)}
        | {f"mse_{key}": round(value, 6) for key, value in epoch.mse.items()}
        for number, epoch in enumerate(epochs, start=1)
    ]


@torch.no_grad()
def _keep(folder: Path, name: str, vae: VAE, made: Corpus, ready: Songs) -> None:
    """Writes the weights in half precision, and what the model makes of the first segment of a few tracks."""
    folder.mkdir(parents=True, exist_ok=True)
    trained = {key for key, _ in vae.named_parameters()}
    state = vae.state_dict().items()
    weights = {key: (value.half() if key in trained else value).contiguous().cpu() for key, value in state}
    save_file(weights, folder / f"{name}.safetensors")
    chosen = np.linspace(0, len(made.ids) - 1, min(EXAMPLES, len(made.ids))).astype(int)
    rows = torch.tensor([int((ready.track == track).nonzero()[0]) for track in chosen], device=ready.track.device)
    batch = ready.batch(rows)
    outputs = vae.decode(vae.embed(batch), batch.condition)
    view = "audio" if "audio" in outputs else next(iter(outputs))
    scale = vae.scales[view]
    assert isinstance(scale, Scale)
    np.save(folder / f"{name}_input.npy", scale.back(batch.views[view]).half().cpu().numpy())
    np.save(folder / f"{name}_output.npy", scale.back(outputs[view]).half().cpu().numpy())
    store.write_json(folder / f"{name}_examples.json", [made.ids[track] for track in chosen])


@torch.no_grad()
def _traverse(folder: Path, name: str, vae: VAE, ready: Songs) -> None:
    """Writes what the decoder makes of the sound when one latent unit moves: NAME_traversal.npy [unit, step, ...].

    Of pictures the mean over time: that is what is looked at, and it is small.
    """
    seen = embed(vae, ready)
    units = seen.kl.argsort(descending=True)[:UNITS]
    latent = seen.mean.mean(0).repeat(len(units), len(STEPS), 1)
    steps = torch.tensor(STEPS, device=latent.device)
    for row, unit in zip(latent, units.tolist(), strict=True):
        row[:, unit] += seen.mean[:, unit].std() * steps
    flat = latent.flatten(0, 1)
    outputs = vae.decode(flat, ready.condition.mean(0).expand(len(flat), -1))
    if "audio" not in outputs:
        return
    scale = vae.scales["audio"]
    assert isinstance(scale, Scale)
    made = scale.back(outputs["audio"])
    made = made.mean(-1, keepdim=True) if made.dim() == 3 else made
    np.save(folder / f"{name}_traversal.npy", made.unflatten(0, (len(units), len(STEPS))).half().cpu().numpy())
    store.write_json(folder / f"{name}_units.json", units.tolist())
