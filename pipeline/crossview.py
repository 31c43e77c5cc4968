"""Stage `crossview`: the two-stage cross-view VAE, the one of a few candidates that was chosen without labels.

Writes build/crossview, the embedding and curve of model `cross`, and models/cross. build/crossview/choice.csv says for
each candidate how well the clusters of the tracks' first halves agree with those of their second halves.
"""

import logging
from collections.abc import Mapping
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
from pipeline.core.store import Array
from pipeline.learn import keep, linear, segments, training
from pipeline.learn.keep import Kept, Trained, TrainedSeed
from pipeline.learn.linear import Metric
from pipeline.learn.plan import Train
from pipeline.learn.segments import MIN_HALVABLE, ViewTraining
from pipeline.nets.crossview import FirstStage, Segments, two_stages, view_songs
from pipeline.nets.families import cross_view
from pipeline.nets.fit import embed
from pipeline.nets.loop import Recipe
from pipeline.nets.objective import Objective
from pipeline.nets.vae import VAE
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
    reject: Share
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
    metric: Metric
    seed: int
    settings: CrossView
    device: torch.device
    keep: bool

    def __str__(self) -> str:
        return f"crossview ({self.candidate}) seed {self.seed}"


@dataclass(frozen=True)
class CandidateSeed:
    """What one seed of a candidate gives, and how well the clusters of half tracks agree."""

    trained: TrainedSeed
    agreement: float


def learn_candidate(job: CandidateJob) -> CandidateSeed:
    """Trains and embeds one seed."""
    settings, views = job.settings, segments.read_segments(job.metric).to(job.device)
    training.begin(job.seed, job.device)
    vae, curve = two_stages(
        views,
        settings.cross_recipe(),
        hidden=settings.hidden,
        latent=settings.latent,
        first=FirstStage(**asdict(settings.first)),
        share=job.candidate.neighbours,
    )
    trained = training.seed_result(NAME, embed(vae, view_songs(views.whole())), curve)
    agreement = half_agreement(vae, views, settings.clusters) if trained.active else 0.0
    vae.scales["audio"] = segments.projection(job.metric)
    if job.keep:
        trained = replace(trained, kept=Kept(keep.half_weights(vae)))
    return CandidateSeed(trained, agreement)


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


def enough(agreement: Mapping[Candidate, float], reject: float) -> float:
    """What a candidate must reach: a share of the best. The score finds bad ones, but cannot order good ones."""
    best = max(agreement.values())
    return min(best, reject * best)  # chance can make all of them negative


def chosen(agreement: Mapping[Candidate, float], reject: float) -> Candidate:
    """The first candidate that is not rejected."""
    needed = enough(agreement, reject)
    return next(candidate for candidate, score in agreement.items() if score >= needed)


def candidates(settings: CrossView) -> list[Candidate]:
    """In the order of preference: the first of each list in params.yaml before the rest."""
    return [Candidate(power, share) for share in settings.neighbours for power in settings.powers]


@dataclass(frozen=True)
class Search:
    """Trains candidates on the tracks; the metrics are made once per power."""

    p: Params
    metrics: Mapping[float, Metric]
    device: torch.device

    def seeds(self, options: list[Candidate], seeds: Seeds) -> list[CandidateSeed]:
        """All these seeds of each candidate, candidate by candidate; the first seed of all keeps its weights."""
        jobs = [
            CandidateJob(
                option, self.metrics[option.power], seed, self.p.crossview, self.device, seed == self.p.seeds[0]
            )
            for option in options
            for seed in seeds
        ]
        return training.learn_all(learn_candidate, jobs, "crossview", self.p.train) if jobs else []

    def best(self, folder: Path) -> tuple[Candidate, list[TrainedSeed]]:
        """The chosen candidate with all seeds; every candidate is tried with a few."""
        settings, options = self.p.crossview, candidates(self.p.crossview)
        few = self.p.seeds[: settings.tried]
        tried = self.seeds(options, few)
        by_candidate = {option: tried[len(few) * i : len(few) * (i + 1)] for i, option in enumerate(options)}
        agreements = {option: [seed.agreement for seed in seeds] for option, seeds in by_candidate.items()}
        best = _choose(folder, agreements, settings.reject)
        rest = self.seeds([best], self.p.seeds[settings.tried :])
        return best, [seed.trained for seed in (*by_candidate[best], *rest)]


def main() -> None:
    p = params.load(Params)
    workers.one_thread()  # keeps the order of the sums, and so the bytes, on any number of cores
    folder = store.fresh_folder(store.BUILD / "crossview")
    rows = store.read_rows(store.BUILD / "ears", "sound", "valid")
    valid = np.array(rows["valid"])
    store.write_rows(folder, rows.ids)
    if (tracks := int(linear.halvable(valid).sum())) < MIN_HALVABLE:
        reason = f"{tracks} of {len(valid)} tracks have two segments or more, and it needs {MIN_HALVABLE}"
        log.warning("crossview: %s: no model", reason)
        keep.write_untrained(NAME, reason)
        return
    device, why = choose_device(p.device)
    log.info("crossview: %d tracks, %d of them with two segments or more; %s", len(valid), tracks, why)
    metrics = {power: linear.suppression(rows["sound"], valid, power) for power in p.crossview.powers}
    best, results = Search(p, metrics, device).best(folder)
    settings = p.crossview
    build = partial(cross_view, hidden=settings.hidden, latent=settings.latent)
    shapes = {"audio": rows["sound"].shape[2:]}
    keep.write_model(
        Trained(folder, NAME, rows.ids, _about(best, p), build, shapes, (), settings.cross_recipe(), p.seeds, results)
    )


def _choose(folder: Path, agreements: Mapping[Candidate, list[float]], reject: float) -> Candidate:
    """The candidate to take; the table shows the agreement and the verdict of each."""
    means = {candidate: fmean(scores) for candidate, scores in agreements.items()}
    best = chosen(means, reject)
    needed = enough(means, reject)
    rows = [
        {
            "power": candidate.power,
            "neighbours": candidate.neighbours,
            "seeds": len(agreements[candidate]),
            "cross_half_ami": round(mean, 4),
            "lowest": round(min(agreements[candidate]), 4),
            "verdict": "chosen" if candidate == best else "good enough" if mean >= needed else "rejected",
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
