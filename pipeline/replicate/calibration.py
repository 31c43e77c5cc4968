"""How often verdicts are wrong, intervals hold the truth, and effects are detected: measured on made-up corpora.

Every figure comes from the functions that the stages call. On each corpus all representations are equally good but for
those of the power curve, and one label is planted while the other means nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from pipeline.core import workers
from pipeline.core.command import progress
from pipeline.core.settings import Effects
from pipeline.core.store import Array
from pipeline.replicate.meaningless import families
from pipeline.replicate.planted import Planted, planted
from pipeline.score import heldout
from pipeline.score.clusterers import Cluster, clustered, curve
from pipeline.score.jackknife import agreement_scores, curve_scores, stability_scores
from pipeline.score.labels import Labels
from pipeline.score.mixing import Space, mixed
from pipeline.score.permutation import permutation_p
from pipeline.score.verdicts import (
    LEVEL,
    POWER,
    Difference,
    Interval,
    Scores,
    Verdict,
    groups,
    interval,
    judge,
    paired,
    share_interval,
    strongest,
)

CLUSTERERS = ("kmeans", "consensus")
FIRST = 4000  # seed of the first corpus; widths were chosen on those before
NOISE = 0.7  # of every representation that is equally good
WORSE = (0.8, 1.0, 1.15, 1.22, 1.3)  # noise of the representations of the power curve
RUNGS = 4  # rivals of which the strongest is chosen
MODELS = 4  # claims of one family
SEEDS = 2
FITS = 5  # whose clusterings are compared for stability
TENTH = 10  # corpora in one t-test over corpora
MORE = 4  # times as many corpora for held-out neighbours
SINGLE = "coverage, single scores"  # nothing is promised: corpora differ in more than their artists
COLUMNS = ("kind", "setting", "what", "nominal", "rate", "low", "high", "corpora")


@dataclass(frozen=True)
class Job:
    """One made-up corpus to judge."""

    seed: int
    cluster: Cluster
    effects: Effects
    neighbours: bool = False  # of held-out songs alone: that is cheap, so more corpora are judged by it

    def __str__(self) -> str:
        return f"calibration corpus {self.seed}"


class Power(NamedTuple):
    """A claim on AMI whose model is truly better."""

    difference: float  # on this corpus
    smallest: float  # the true difference that is called detectable
    verdict: Verdict


@dataclass
class Outcome:
    """What one corpus says."""

    hits: dict[tuple[str, str, str], bool] = field(default_factory=dict)  # (kind, setting, what) -> wrong or detected
    intervals: dict[tuple[str, str], tuple[float, float, float]] = field(default_factory=dict)  # mean, low, high
    differences: dict[str, float] = field(default_factory=dict)  # of two that are equally good, for tests over corpora
    power: dict[float, Power] = field(default_factory=dict)  # by the noise of the worse representation


@dataclass(frozen=True)
class Fit:
    """One representation with its clusterings."""

    seeds: Sequence[Array]
    labels: Mapping[str, list[Labels]]

    def ami(self, truth: Array, group: Array) -> dict[str, Scores | None]:
        return {name: agreement_scores("ami", truth, labels, group) for name, labels in self.labels.items()}


def fitted(corpus: Planted, p: Cluster, noise: float, seeds: int = SEEDS) -> Fit:
    points = corpus.representation(noise, seeds)
    labels = {name: [clustered(each, name, p, seed)[0] for seed, each in enumerate(points)] for name in CLUSTERERS}
    return Fit(points, labels)


def outcome(job: Job) -> Outcome:
    """Every verdict and interval on one corpus."""
    workers.one_thread()
    corpus, made = planted(job.seed), Outcome()
    group, margin = groups(list(corpus.artists), 100, seed=0), job.effects.of("ami")
    _neighbours(made, corpus, group, job.effects.of("knn"))
    if job.neighbours:
        return made
    models = [fitted(corpus, job.cluster, NOISE) for _ in range(MODELS)]
    rungs = {f"rung {number}": fitted(corpus, job.cluster, NOISE, seeds=1) for number in range(RUNGS)}
    for setting, truth in (("planted label", corpus.genre), ("meaningless label", corpus.meaningless)):
        _agreement(made, setting, models, rungs, truth, group, margin)
    _above_chance(made, models[0], corpus, group)
    _curve(made, job, models[:2], corpus, group)
    _stability(made, job, corpus, group)
    _mixing(made, models[0], corpus, group)
    _power(made, job, models[0].ami(corpus.genre, group), corpus, group)
    return made


def _power(made: Outcome, job: Job, good: Mapping[str, Scores | None], corpus: Planted, group: Array) -> None:
    """A representation against ones that are worse by more and more."""
    for noise in WORSE:
        difference = _versus(good, fitted(corpus, job.cluster, noise).ami(corpus.genre, group), job.effects.of("ami"))
        (judgement,) = judge([difference])
        mean = float(np.mean([each.mean for each in difference.values() if each]))
        made.power[noise] = Power(mean, judgement.smallest or np.nan, judgement.verdict)


def _versus(
    left: Mapping[str, Scores | None], right: Mapping[str, Scores | None], margin: float = 0.0
) -> dict[str, Difference | None]:
    """The differences by clusterer; one representation may have fewer seeds, which then serve for all."""
    return {name: _paired(left[name], right[name], margin) for name in left}


def _paired(left: Scores | None, right: Scores | None, margin: float) -> Difference | None:
    if left is None or right is None:
        return None
    seeds = len(left.whole)
    whole, without = np.resize(right.whole, seeds), np.resize(right.without, (seeds, right.without.shape[1]))
    return paired(left, Scores(whole, without), margin)


def _agreement(
    made: Outcome, setting: str, models: list[Fit], rungs: Mapping[str, Fit], truth: Array, group: Array, margin: float
) -> None:
    """AMI: one claim, a family of claims, and claims against the strongest of several rivals."""
    scores = [model.ami(truth, group) for model in models]
    rivals = {name: rung.ami(truth, group) for name, rung in rungs.items()}
    single = _versus(scores[0], scores[1], margin)
    made.hits["AMI, one claim", setting, "false verdicts"] = judge([single])[0].verdict in ("better", "worse")
    for name, difference in single.items():
        if difference:
            made.intervals[f"difference of AMI, {name}", setting] = _ends(difference)
    family = [_versus(score, scores[0], margin) for score in scores[1:]]
    made.hits["AMI, a family of claims", setting, "false verdicts"] = any(
        each.verdict in ("better", "worse") for each in judge(family)
    )
    beaten = [strongest({name: _versus(score, rival, margin) for name, rival in rivals.items()})[1] for score in scores]
    made.hits["AMI, against the strongest of several", setting, "false verdicts"] = any(
        each.verdict in ("better", "worse") for each in judge(beaten)
    )
    if kmeans := scores[0]["kmeans"]:
        made.intervals["AMI, kmeans", setting] = _ends(interval(kmeans))
    made.differences[f"AMI, {setting}"] = single["kmeans"].mean if single["kmeans"] else np.nan


def _above_chance(made: Outcome, model: Fit, corpus: Planted, group: Array) -> None:
    """Clusters against chance by shuffled labels of whole artists."""
    for setting, truth in (("planted label", corpus.genre), ("meaningless label", corpus.meaningless)):
        p = max(permutation_p("ami", truth, labels, group, 199) for labels in model.labels.values())
        what = "false verdicts" if setting == "meaningless label" else "power"
        made.hits["AMI above chance", setting, what] = p <= LEVEL


def _curve(made: Outcome, job: Job, models: list[Fit], corpus: Planted, group: Array) -> None:
    """The mean of AMI over k."""
    scores = []
    for model in models:
        by_k: dict[int, list[Labels]] = {}
        for seed, points in enumerate(model.seeds):
            for k, labels in curve(points, job.cluster, seed).items():
                by_k.setdefault(k, []).append(labels)
        scores.append(curve_scores(corpus.genre, by_k, group))
    difference = _paired(scores[0], scores[1], job.effects.of("ami_curve"))
    made.hits["mean AMI over k", "planted label", "false verdicts"] = _wrong(difference)
    if difference and scores[0]:
        made.intervals["difference of the mean AMI over k", "planted label"] = _ends(difference)
        made.intervals["mean AMI over k", "planted label"] = _ends(interval(scores[0]))


def _neighbours(made: Outcome, corpus: Planted, group: Array, margin: float) -> None:
    """Held-out kNN of two equally good representations, and its interval."""
    for setting, truth in (("planted label", corpus.genre), ("meaningless label", corpus.meaningless)):
        correct = [heldout.knn_heldout(corpus.heldout(NOISE), corpus.fold, truth) for _ in range(2)]
        first, second = (heldout.balanced(each, truth, group) for each in correct)
        difference = _paired(first, second, margin)
        made.hits["held-out kNN", setting, "false verdicts"] = _wrong(difference)
        if difference and first:
            made.intervals["difference of held-out kNN", setting] = _ends(difference)
            made.intervals["held-out kNN", setting] = _ends(share_interval(first))


def _stability(made: Outcome, job: Job, corpus: Planted, group: Array) -> None:
    """Stability of two representations that are equally stable."""
    scores = []
    for _ in range(2):
        fits = corpus.representation(NOISE, FITS)
        labels = [clustered(points, "kmeans", job.cluster, seed)[0] for seed, points in enumerate(fits)]
        scores.append(stability_scores(labels, group))
    difference = _paired(scores[0], scores[1], job.effects.of("stability"))
    made.hits["stability", "planted label", "false verdicts"] = _wrong(difference)


def _mixing(made: Outcome, model: Fit, corpus: Planted, group: Array) -> None:
    """Whether batches that are mixed at random are called mixed too little."""
    batches = corpus.rng.permutation(np.resize(["a", "b"], len(corpus.artists)).astype(object))
    for name in ("ilisi", "kbet"):
        space = Space(model.seeds[0], np.ones(len(batches), dtype=bool))
        if mixing := mixed(name, [[space]], batches, group):
            made.hits[f"mixing, {name}", "random batches", "false verdicts"] = mixing.values[0] < mixing.low


def _wrong(difference: Difference | None) -> bool:
    return judge([{"": difference}])[0].verdict in ("better", "worse")


def _ends(difference: Interval) -> tuple[float, float, float]:
    return difference.mean, difference.low, difference.high


def calibrated(corpora: int, p: Cluster, effects: Effects, sung: Sequence[Path] = ()) -> pd.DataFrame:
    """The table: a row per kind of verdict, of interval, of effect; `sung` are corpora whose labels are dealt anew."""
    jobs = [Job(FIRST + number, p, effects, number >= corpora) for number in range(MORE * corpora)]
    many = list(progress(workers.in_order(outcome, jobs, workers.processes(len(jobs))), "calibrate", len(jobs)))
    whole = many[:corpora]
    rows = [*_rates(many), *_covered(many), *_detected(whole, effects.of("ami")), *_over_corpora(whole)]
    rows += _dealt(sung)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _rates(many: list[Outcome]) -> Iterator[tuple[object, ...]]:
    for key in many[0].hits:
        hits = [each.hits[key] for each in many if key in each.hits]
        yield _row(*key, LEVEL if key[2] == "false verdicts" else 0.8, hits)


def _covered(many: list[Outcome]) -> Iterator[tuple[object, ...]]:
    """How many intervals hold the mean over all corpora (of a difference: 0, as both are equally good)."""
    for key in many[0].intervals:
        each = [made.intervals[key] for made in many if key in made.intervals]
        single = not key[0].startswith("difference")
        truth = float(np.mean([mean for mean, _, _ in each])) if single else 0.0
        what, promised = (SINGLE, np.nan) if single else ("coverage", 1 - LEVEL)
        yield _row(*key, what, promised, [low <= truth <= high for _, low, high in each])


def _detected(many: list[Outcome], margin: float) -> Iterator[tuple[object, ...]]:
    """How often an effect of the size that is called detectable is detected, and how often one that matters is denied.

    Each is read off the worse representation whose true difference is nearest to that size.
    """
    means = {noise: float(np.mean([made.power[noise].difference for made in many])) for noise in WORSE}
    called = {noise: float(np.nanmean([made.power[noise].smallest for made in many])) for noise in WORSE}
    noise = min(WORSE, key=lambda each: abs(means[each] - called[each]))
    setting = f"true difference {means[noise]:.2f}, called detectable {called[noise]:.2f}"
    yield _row("AMI, one claim", setting, "power", POWER, [made.power[noise].verdict == "better" for made in many])
    noise = min(WORSE, key=lambda each: abs(means[each] - margin))
    setting, denied = (
        f"true difference {means[noise]:.2f}",
        [made.power[noise].verdict == "equivalent" for made in many],
    )
    yield _row("AMI, no relevant difference", setting, "false verdicts", LEVEL, denied)


def _over_corpora(many: list[Outcome]) -> Iterator[tuple[object, ...]]:
    """The t-test over ten corpora, on as many groups of ten as there are."""
    for name in many[0].differences:
        values = np.array([made.differences[name] for made in many])
        tens = values[: len(values) // TENTH * TENTH].reshape(-1, TENTH)
        wrong = [bool(stats.ttest_1samp(ten, 0).pvalue <= LEVEL) for ten in tens]
        if wrong:
            yield _row(f"t-test over {TENTH} corpora", name, "false verdicts", LEVEL, wrong)


def _dealt(sung: Sequence[Path]) -> Iterator[tuple[object, ...]]:
    """Stage compare on sung corpora whose labels mean nothing."""
    wrong: dict[tuple[str, str], list[bool]] = {}
    for score, primary, verdict in families(sung):
        wrong.setdefault((score, primary), []).append(verdict)
    for (score, primary), verdicts in wrong.items():
        kind = f"stage compare, {score}, the {primary} claims of a label"
        yield _row(kind, f"{len(sung)} sung corpora, meaningless labels", "false verdicts", LEVEL, verdicts)


def _row(kind: str, setting: str, what: str, nominal: float, hits: Sequence[bool]) -> tuple[object, ...]:
    """The rate with its 95 % interval (Wilson's)."""
    ends = stats.binomtest(int(sum(hits)), len(hits)).proportion_ci(method="wilson")
    rate = float(np.mean(hits))
    return (
        kind,
        setting,
        what,
        nominal,
        round(rate, 4),
        round(float(ends.low), 4),
        round(float(ends.high), 4),
        len(hits),
    )
