"""Stage `crossview`: the two-stage cross-view VAE, the one of a few candidates that was chosen without labels.

Writes build/crossview: the embedding, weights and curve of model `cross`, and choice.csv: how far the clusters of the
first halves of the tracks are those of the second halves, for each candidate.
"""

import logging
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Annotated

import numpy as np
import pandas as pd
import torch
from safetensors.torch import save_file
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_mutual_info_score

from pipeline.core import command, params, store, workers
from pipeline.core.params import Count, NonEmpty, Seeds, Share
from pipeline.core.settings import Device
from pipeline.core.store import Array
from pipeline.learn import linear, segments
from pipeline.learn.linear import Metric
from pipeline.learn.plan import Train
from pipeline.nets.crossview import BETA, CrossView, Epoch, Segments, embed, seen_by, two_stages
from pipeline.nets.fit import active_units

log = logging.getLogger(__name__)

NAME = "cross"
TRIED = 2  # seeds of each candidate
CLUSTERS = (4, 8, 16)  # of the halves: the choice must not hang on one number
Shares = Annotated[tuple[Share, ...], NonEmpty()]


@dataclass(frozen=True)
class CrossViewParams:
    powers: Shares
    neighbours: Shares
    reject: Share
    hidden: Count
    latent: Count
    epochs: Count


@dataclass(frozen=True)
class Params:
    seeds: Seeds
    device: Device
    train: Train
    crossview: CrossViewParams


@dataclass(frozen=True)
class Candidate:
    """How the network is shown the segments, and what share of its target are neighbours (0: one stage)."""

    power: float
    neighbours: float

    def __str__(self) -> str:
        return f"power {self.power:g}, neighbours {self.neighbours:g}"


@dataclass(frozen=True)
class Job:
    """A candidate to train from one seed."""

    candidate: Candidate
    metric: Metric
    seed: int
    own: CrossViewParams
    device: torch.device

    def __str__(self) -> str:
        return f"({self.candidate}) seed {self.seed}"


@dataclass(frozen=True)
class Learnt:
    """What one seed of a candidate gives."""

    mean: Array  # [track, latent]
    kl: list[float]
    active: int
    halves: float
    curve: list[Epoch]
    weights: Mapping[str, torch.Tensor]


def learn(job: Job) -> Learnt:
    """Trains and embeds one seed."""
    if job.device.type == "cpu":
        torch.set_num_threads(1)  # the seeds share the cores; and one keeps the sums' order on any number of them
    own, views = job.own, segments.segments(job.metric).to(job.device)
    torch.manual_seed(job.seed)
    net, curve = two_stages(
        views, hidden=own.hidden, latent=own.latent, epochs=own.epochs, share=job.candidate.neighbours
    )
    seen = seen_by(net, views.whole())
    active = active_units(seen)
    kl = [round(value, 5) for value in seen.kl.tolist()]
    halves = _halves(net, views) if active else 0.0
    return Learnt(seen.mean.cpu().numpy(), kl, active, halves, curve, _weights(net, job.metric))


def _halves(net: CrossView, segments: Segments) -> float:
    first, second = (embed(net, half).cpu().double().numpy() for half in segments.halves())
    return cross_half(first, second)


def cross_half(first: Array, second: Array) -> float:
    """The AMI of the clusters of the tracks' first halves with those of their second: a mean over numbers of clusters.

    It needs no label. A space that sees noise, or nothing, does not put both halves of a song into the same cluster.
    """
    found = []
    for k in sorted({min(k, len(first) - 1) for k in CLUSTERS} - {0, 1}):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # halves that are equal: less places than clusters
            parts = [KMeans(k, n_init=10, random_state=0).fit_predict(half) for half in (first, second)]
        several = all(len(np.unique(part)) > 1 for part in parts)
        found.append(float(adjusted_mutual_info_score(*parts)) if several else 0.0)  # one cluster agrees with anything
    return fmean(found) if found else 0.0


def enough(agreement: Mapping[Candidate, float], reject: float) -> float:
    """What a candidate must reach: a share of the best. The score tells bad from good, but does not order good ones."""
    best = max(agreement.values())
    return min(best, reject * best)  # chance can make all of them negative


def chosen(agreement: Mapping[Candidate, float], reject: float) -> Candidate:
    """The first candidate that is not rejected."""
    needed = enough(agreement, reject)
    return next(candidate for candidate, score in agreement.items() if score >= needed)


def candidates(own: CrossViewParams) -> list[Candidate]:
    """In the order of preference: the first of each list in params.yaml before the others."""
    return [Candidate(power, share) for share in own.neighbours for power in own.powers]


def _weights(net: CrossView, metric: Metric) -> dict[str, torch.Tensor]:
    """What is needed to embed a further track; the trained ones in half precision, as they were rounded."""
    trained = {key for key, _ in net.named_parameters()}
    state = {key: value.half() if key in trained else value for key, value in net.state_dict().items()}
    state |= {f"metric.{key}": torch.from_numpy(getattr(metric, key)).float() for key in ("mean", "matrix")}
    return {key: value.contiguous().cpu() for key, value in state.items()}


def main() -> None:
    p = params.load(Params)
    workers.one_thread()  # keeps the order of the sums, and so the bytes, on any number of cores
    folder = store.fresh_folder(store.BUILD / "crossview")
    heard = store.read_rows(store.BUILD / "audio", "stats", "valid")
    valid = np.array(heard["valid"])
    store.write_rows(folder, heard.ids)
    if (able := int(linear.halvable(valid).sum())) < 3:
        log.warning(
            "crossview: %d of %d tracks have two segments, and it learns from 3 or more: no model", able, len(valid)
        )
        return
    device, why = segments.chosen_device(p.device)
    log.info("crossview: %d tracks, %d of them with two segments or more; %s", len(valid), able, why)
    metrics = {power: linear.suppression(heard["stats"], valid, power) for power in p.crossview.powers}

    def jobs(which: list[Candidate], seeds: Seeds) -> list[Job]:
        return [Job(one, metrics[one.power], seed, p.crossview, device) for one in which for seed in seeds]

    trials = jobs(candidates(p.crossview), p.seeds[:TRIED])
    tried: dict[Candidate, list[Learnt]] = {}
    for job, one in zip(trials, segments.learnt("crossview", learn, trials, p.train, device), strict=True):
        tried.setdefault(job.candidate, []).append(one)
    best = _choose(folder, {key: [one.halves for one in ones] for key, ones in tried.items()}, p.crossview.reject)
    rest = jobs([best], p.seeds[TRIED:])
    learned = [*tried[best], *(segments.learnt("crossview", learn, rest, p.train, device) if rest else [])]
    _write(folder, heard.ids, p, best, learned)


def _choose(folder: Path, halves: Mapping[Candidate, list[float]], reject: float) -> Candidate:
    """The candidate that is taken; the table says what spoke for and against each."""
    agreement = {candidate: fmean(scores) for candidate, scores in halves.items()}
    best = chosen(agreement, reject)
    needed = enough(agreement, reject)
    rows = [
        {
            "power": candidate.power,
            "neighbours": candidate.neighbours,
            "seeds": len(halves[candidate]),
            "cross_half_ami": round(score, 4),
            "lowest": round(min(halves[candidate]), 4),
            "verdict": "chosen" if candidate == best else "good enough" if score >= needed else "rejected",
        }
        for candidate, score in agreement.items()
    ]
    store.write_table(folder / "choice.csv", pd.DataFrame(rows))
    log.info("crossview: %s: clusters of half a track tell those of the other half, AMI %.2f", best, agreement[best])
    return best


def _write(folder: Path, ids: tuple[str, ...], p: Params, best: Candidate, learned: list[Learnt]) -> None:
    store.write_rows(folder, ids, **{NAME: np.stack([one.mean for one in learned], axis=1)})
    save_file(dict(learned[0].weights), folder / f"{NAME}.safetensors")
    curve = [
        {"model": NAME, "seed": seed, "epoch": number, "loss": round(epoch.loss, 4)}
        | {"kl": round(epoch.kl, 5), "mse_audio": round(epoch.mse, 6)}
        for seed, one in zip(p.seeds, learned, strict=True)
        for number, epoch in enumerate(one.curve, start=1)
    ]
    store.write_table(folder / f"{NAME}_curve.csv", pd.DataFrame(curve))
    about = {
        "family": "two-stage cross-view VAE" if best.neighbours else "cross-view VAE",
        "input": "stats",
        "lyrics": "none",
        "condition": "none",
        "beta": BETA,
        "seeds": list(p.seeds),
        "power": best.power,
        "neighbours": best.neighbours,
        "active_units": [one.active for one in learned],
        "kl_per_unit": [one.kl for one in learned],
    }
    store.write_json(folder / f"{NAME}.json", about)
    log.info("%s: %s of %d units active", NAME, ", ".join(str(one.active) for one in learned), p.crossview.latent)


if __name__ == "__main__":
    command.run(main, __doc__, Params)
