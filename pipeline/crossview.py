"""Stage `crossview`: the two-stage cross-view VAE, the one of a few candidates that was chosen without labels.

Writes build/crossview, the embedding and curve of model `cross`, and models/cross. build/crossview/choice.csv says for
each candidate how well the clusters of the tracks' first halves agree with those of their second halves; the highest
agreement is taken. It is measured on all tracks: the trainings without a fold take the same candidate.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import Annotated, Any

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import adjusted_mutual_info_score

from pipeline.core import command, params, store, workers
from pipeline.core.device import choose_device
from pipeline.core.params import Count, NonEmpty, NotNegative, Seeds, Share
from pipeline.core.settings import Device
from pipeline.core.store import Array, Rows
from pipeline.learn import keep, linear, segments, training
from pipeline.learn.keep import Kept, Trained, TrainedSeed
from pipeline.learn.length import Length, best_length
from pipeline.learn.plan import Train
from pipeline.learn.segments import Views, ViewTraining
from pipeline.learn.weights import half_weights
from pipeline.nets.crossview import FirstStage, Means, two_stages, view_songs
from pipeline.nets.families import cross_view
from pipeline.nets.fit import embed
from pipeline.nets.loop import Epoch, Recipe
from pipeline.nets.objective import Objective
from pipeline.nets.vae import VAE
from pipeline.nets.views import Segments, unseen_error
from pipeline.score.kmeans import kmeans

log = logging.getLogger(__name__)

NAME = "cross"
Shares = Annotated[tuple[Share, ...], NonEmpty()]


@dataclass(frozen=True)
class First:
    nets: Count
    hidden: Count
    latent: Count
    nearest: Count
    drawn: Count


@dataclass(frozen=True)
class CrossView(ViewTraining):
    powers: Shares
    neighbours: Shares
    tried: Count
    clusters: Annotated[tuple[Count, ...], NonEmpty()]
    hidden: Count
    latent: Count
    warmup: Share
    beta: NotNegative
    agreement: NotNegative
    first: First

    def cross_recipe(self) -> Recipe:
        return self.recipe(Objective(self.beta, agreement=self.agreement), self.warmup)


@dataclass(frozen=True)
class Params:
    seeds: Seeds
    folds: Count
    device: Device
    train: Train
    crossview: CrossView


@dataclass(frozen=True)
class Candidate:
    """The metric of the segments, and the share of neighbours in the target (0: one stage)."""

    power: float
    neighbours: float

    def __str__(self) -> str:
        return f"power {self.power:g}, neighbours {self.neighbours:g}"


@dataclass(frozen=True)
class CandidateJob:
    """A candidate to train from one seed."""

    candidate: Candidate
    views: Views
    seed: int
    settings: CrossView
    device: torch.device
    keep: bool

    def __str__(self) -> str:
        without = f" without {self.views.hidden}" if self.views.hidden else ""
        return f"crossview ({self.candidate}) seed {self.seed}{without}"


@dataclass(frozen=True)
class CandidateSeed:
    """What one seed of a candidate gives, and how well the clusters of half tracks agree."""

    trained: TrainedSeed
    agreement: float


def _fitted(job: CandidateJob) -> tuple[Segments, VAE, list[Epoch]]:
    """The views of all tracks, and a network that was trained on those that it may see."""
    settings, views = job.settings, job.views.all().to(job.device)
    training.begin(job.seed, job.device)
    return views, *two_stages(
        job.views.seen(views),
        settings.cross_recipe(),
        hidden=settings.hidden,
        latent=settings.latent,
        first=FirstStage(**asdict(settings.first)),
        share=job.candidate.neighbours,
    )


def learn_candidate(job: CandidateJob) -> CandidateSeed:
    """Trains one seed on the tracks that it may see, and embeds all."""
    settings, (views, vae, curve) = job.settings, _fitted(job)
    trained = training.seed_result(NAME, embed(vae, view_songs(views.whole())), curve)
    tried = trained.active and job.views.hidden is None  # nothing is chosen by a training without a fold
    agreement = half_agreement(vae, views, settings.clusters) if tried else 0.0
    vae.scales["audio"] = segments.projection(job.views.metric)
    if job.keep:
        trained = replace(trained, kept=Kept(half_weights(vae)))
    return CandidateSeed(trained, agreement)


def _unseen_error(job: CandidateJob) -> float:
    """How badly the rest of the tracks that were left out is predicted."""
    views, vae, _ = _fitted(job)
    return unseen_error(vae, Means(views, noise=0.0), ~job.views.learnt().to(job.device))


def half_agreement(vae: VAE, views: Segments, clusters: tuple[int, ...]) -> float:
    first, second = (embed(vae, view_songs(half)).mean.cpu().double().numpy() for half in views.halves())
    return cross_half(first, second, clusters)


def cross_half(first: Array, second: Array, clusters: tuple[int, ...]) -> float:
    """The AMI of the clusters of the tracks' first halves with those of their second: a mean over numbers of clusters.

    It needs no label. A space of noise, or a collapsed one, does not put both halves of a song into the same cluster.
    """
    scores = []
    for k in sorted({min(k, len(first) - 1) for k in clusters} - {0, 1}):
        parts = [kmeans(half, k, seed=0) for half in (first, second)]
        several = all(len(np.unique(part)) > 1 for part in parts)
        scores.append(float(adjusted_mutual_info_score(*parts)) if several else 0.0)  # one cluster agrees with anything
    return fmean(scores) if scores else 0.0


def chosen(agreement: Mapping[Candidate, float]) -> Candidate:
    """The candidate of the highest agreement; of equal ones the first in params.yaml."""
    return max(agreement, key=lambda candidate: agreement[candidate])


def candidates(settings: CrossView) -> list[Candidate]:
    return [Candidate(power, share) for share in settings.neighbours for power in settings.powers]


@dataclass(frozen=True)
class Search:
    """Trains candidates on the tracks of stage ears."""

    p: Params
    rows: Rows
    device: torch.device

    def jobs(self, options: Iterable[Candidate], seeds: Seeds) -> list[CandidateJob]:
        """All these seeds of each candidate, candidate by candidate; the first seed of all keeps its weights."""
        return [
            CandidateJob(option, views, seed, self.p.crossview, self.device, seed == self.p.seeds[0])
            for option in options
            for views in [segments.views(self.rows["sound"], np.array(self.rows["valid"]), option.power)]
            for seed in seeds
        ]

    def of_best_length(self, best: Candidate) -> tuple["Search", Length]:
        """The search with the length that predicts unseen tracks best."""
        settings, hidden = self.p.crossview, segments.unseen_views(self.rows.ids, self.rows["valid"])

        def errors(recipes: list[Recipe]) -> Sequence[float | None]:
            assert hidden
            views = segments.views_without(self.rows, best.power, hidden)
            trials = [replace(settings, epochs=each.epochs) for each in recipes]
            jobs = [CandidateJob(best, views, self.p.seeds[0], each, self.device, keep=False) for each in trials]
            return training.learn_all(_unseen_error, jobs, f"{NAME} (length)", self.p.train)

        length = best_length(NAME, settings.cross_recipe(), self.p.train.lengths, errors if hidden else None)
        return replace(self, p=replace(self.p, crossview=replace(settings, epochs=length.epochs))), length

    def without_folds(self, best: Candidate) -> list[CandidateJob | None]:
        """The candidate without the artists of each fold, from one seed after another."""
        seeds, views = self.p.seeds, segments.views_without_folds(self.rows, best.power, self.p.folds)
        return [
            CandidateJob(best, part, seeds[fold % len(seeds)], self.p.crossview, self.device, keep=False)
            if part
            else None
            for fold, part in enumerate(views)
        ]

    def choose(self, folder: Path) -> Candidate:
        """Every candidate is tried with a few seeds."""
        options, few = candidates(self.p.crossview), self.p.seeds[: self.p.crossview.tried]
        tried = training.learn_all(learn_candidate, self.jobs(options, few), NAME, self.p.train)
        by_candidate = {option: tried[len(few) * i : len(few) * (i + 1)] for i, option in enumerate(options)}
        return _choose(folder, {option: [seed.agreement for seed in seeds] for option, seeds in by_candidate.items()})

    def train(self, best: Candidate) -> tuple[list[TrainedSeed], list[TrainedSeed | None]]:
        """The chosen candidate with all seeds and folds."""
        jobs, refits = self.jobs([best], self.p.seeds), self.without_folds(best)
        seeds, parts = training.learn_with_folds(learn_candidate, jobs, refits, NAME, self.p.train)
        return [seed.trained for seed in seeds], [part.trained if part else None for part in parts]


def main() -> None:
    p = params.load(Params)
    workers.one_thread()  # keeps the order of the sums, and so the bytes, on any number of cores
    folder = store.fresh_folder(store.BUILD / "crossview")
    rows = store.read_rows(store.BUILD / "ears", "sound", "valid")
    store.write_rows(folder, rows.ids)
    if not segments.can_be_learnt(rows["valid"]):
        keep.write_untrained(NAME, segments.too_few(rows["valid"]))
        return
    device, why = choose_device(p.device)
    tracks = int(linear.halvable(rows["valid"]).sum())
    log.info("crossview: %d tracks, %d of them with two segments or more; %s", len(rows.ids), tracks, why)
    search = Search(p, rows, device)
    best = search.choose(folder)
    search, length = search.of_best_length(best)
    results, parts = search.train(best)
    settings = search.p.crossview
    build = partial(cross_view, hidden=settings.hidden, latent=settings.latent)
    shapes, recipe = {"audio": rows["sound"].shape[2:]}, settings.cross_recipe()
    keep.write_model(
        Trained(
            folder, NAME, rows.ids, _about(best, p) | length.about(), build, shapes, (), recipe, p.seeds, results, parts
        )
    )


def _choose(folder: Path, agreements: Mapping[Candidate, list[float]]) -> Candidate:
    """The candidate to take; the table shows the agreement and the verdict of each."""
    means = {candidate: fmean(scores) for candidate, scores in agreements.items()}
    best = chosen(means)
    rows = [
        {
            "power": candidate.power,
            "neighbours": candidate.neighbours,
            "seeds": len(agreements[candidate]),
            "cross_half_ami": round(mean, 4),
            "lowest": round(min(agreements[candidate]), 4),
            "verdict": "chosen" if candidate == best else "not chosen",
        }
        for candidate, mean in means.items()
    ]
    store.write_table(folder / "choice.csv", pd.DataFrame(rows))
    log.info("crossview: %s: clusters of first and second halves agree, AMI %.2f", best, means[best])
    return best


def _about(best: Candidate, p: Params) -> dict[str, Any]:
    return {
        "role": "model",
        "family": "two-stage cross-view VAE" if best.neighbours else "cross-view VAE",
        "input": "sound",
        "lyrics": "none",
        "condition": "none",
        "beta": p.crossview.beta,
        "power": best.power,
        "neighbours": best.neighbours,
    }


if __name__ == "__main__":
    command.run(main, __doc__, Params)
