"""Stage `questions`: the four questions of the project, each a small experiment whose claims were declared before.

Fits its own small models, alike but for one thing, to all tracks and without the artists of each fold. Writes
reports/questions.json.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.core import catalog, command, embeddings, params, store
from pipeline.core.command import Problem
from pipeline.core.folds import track_folds
from pipeline.core.params import Count
from pipeline.core.settings import Compare, Device, Effects, Evaluate
from pipeline.core.store import Array, Rows
from pipeline.learn import heldout, linear, plan, songs
from pipeline.learn.heldout import HeldOut
from pipeline.learn.ladder import Heard, Rung
from pipeline.learn.plan import Train, TrainingJob
from pipeline.score.clusterers import Cluster, smallness
from pipeline.score.labels import usable
from pipeline.score.verdicts import groups
from pipeline.trials.answers import Answer, QuestionData
from pipeline.trials.designs import Condition, Design, Questions, designs
from pipeline.trials.language import language_apart
from pipeline.trials.lyrics import influence_of_lyrics
from pipeline.trials.representations import representations
from pipeline.trials.stability import stability
from pipeline.trials.trials import Trial, TrialJob, trials

log = logging.getLogger(__name__)

TEXTS = ("bert_svd", "bert_free_svd")  # by lyrics alone, with their language and without it
FUSED_TEXTS = ("bert_free_svd",)  # beside the sound; the last is the one of the claims
POWER = 0.3  # of the metric of pca_metric: the questions do not follow what the stages are tuned to
QUESTIONS: tuple[Callable[[QuestionData], Answer], ...] = (
    representations,
    influence_of_lyrics,
    language_apart,
    stability,
)


@dataclass(frozen=True)
class Params:
    folds: Count
    device: Device
    train: Train
    cluster: Cluster
    evaluate: Evaluate
    effects: Effects
    compare: Compare
    questions: Questions


@dataclass(frozen=True)
class Inputs:
    """What the trials are made of."""

    ids: tuple[str, ...]
    sound: Array
    valid: Array
    has_lyrics: Array
    parts: Mapping[int, HeldOut]  # the folds that leave enough tracks to fit anything

    @property
    def has_halves(self) -> bool:
        """Whether there is another half to cross to, or to be within."""
        return int(linear.halvable(self.valid).sum()) > 2

    @property
    def folds(self) -> list[int | None]:
        """What is held out of each fit: nothing, then each fold."""
        return [None, *self.parts]

    def seen(self, fold: int) -> Array:
        """Which tracks the fit without a fold may see."""
        return heldout.rest(self.ids, self.parts[fold])


def inputs(p: Params, ears: Rows, lyrics: Rows) -> Inputs:
    parts = enumerate(heldout.held_out(ears.ids, p.folds))
    enough = {fold: part for fold, part in parts if part.ids and heldout.rest(ears.ids, part).sum() >= heldout.MIN_REST}
    return Inputs(ears.ids, np.array(ears["sound"]), np.array(ears["valid"]), np.array(lyrics["has_lyrics"]), enough)


def jobs(p: Params, given: Inputs) -> Iterator[TrialJob]:
    """Every fit of every trial, trained or made by linear algebra."""
    texts = FUSED_TEXTS if given.has_lyrics.any() else ()
    for design in designs(p.questions, p.train, texts=texts, halves=given.has_halves):
        yield from _trained(p, given, design)
    rungs = list(Heard(given.sound, given.valid).rungs(p.questions.latent, POWER, seed=0))
    for fold in given.folds:
        for rung in rungs:
            if (points := _embedded(given, rung, fold)) is not None:
                yield from _fitted(p, given, Condition(rung.name, "linear"), fold, points)
        for text in TEXTS if texts else ():
            points = np.where(given.has_lyrics[:, None], heldout.words(text, given.ids, fold), np.nan)
            yield from _fitted(p, given, Condition(text, "lyrics", text=text), fold, points)


def _embedded(given: Inputs, rung: Rung, fold: int | None) -> Array | None:
    """A linear method on the tracks that a fit may see; None where these are too few."""
    if fold is None:
        return rung.embed(heldout.ALL, None)
    seen = given.seen(fold)
    enough = (seen if rung.usable is None else seen & rung.usable).sum() >= heldout.MIN_REST
    return rung.embed(seen, fold) if enough else None


def _trained(p: Params, given: Inputs, design: Design) -> Iterator[TrialJob]:
    """A model once per seed where its clusters are asked for, and once without each fold."""
    seeds = range(p.questions.seeds) if design.condition.is_clustered else ()
    for number, fold in [*((seed, None) for seed in seeds), *((fold, fold) for fold in given.parts)]:
        (training,) = plan.jobs(design.lot(number), (number,), design.train, p.device)
        hidden = None if fold is None else given.parts[fold]
        yield _job(p, given, design.condition, number, fold, training=replace(training, hidden=hidden))


def _fitted(p: Params, given: Inputs, condition: Condition, fold: int | None, points: Array) -> Iterator[TrialJob]:
    """Points that have no seed: those of all tracks are clustered from each, since a clusterer has one."""
    for number in range(p.questions.seeds) if fold is None else (fold,):
        yield _job(p, given, condition, number, fold, points=points)


def _job(
    p: Params,
    given: Inputs,
    condition: Condition,
    number: int,
    fold: int | None,
    *,
    training: TrainingJob | None = None,
    points: Array | None = None,
) -> TrialJob:
    held = None if fold is None else ~given.seen(fold)
    return TrialJob(condition, p.cluster, p.compare.clusterers, number, fold, held, training, points)


def controls(p: Params, given: Inputs, results: Mapping[str, Trial]) -> tuple[dict[str, str], list[TrialJob]]:
    """For each VAE of the sound the name of PCA that is as even, and the jobs that cluster it."""
    seen, pca = {fold: given.seen(fold) for fold in given.parts}, results["pca"].heldout
    sizes = range(1, pca.shape[2] + 1) if seen else ()
    even = {m: _evenness(pca[:, :, :m], seen) for m in sizes}
    names, jobs = dict[str, str](), dict[int, list[TrialJob]]()
    for name, trial in results.items():
        if trial.condition.is_refitted and even:
            target = _evenness(trial.heldout, seen)
            m = min(sizes, key=lambda m: abs(even[m] - target))
            names[name] = f"pca_{m}"
            cut = Condition(names[name], "linear", dimensions=m)
            jobs[m] = [_job(p, given, cut, fold, fold, points=pca[:, fold, :m]) for fold in given.parts]
    return names, [job for several in jobs.values() for job in several]


def _evenness(values: Array, seen: Mapping[int, Array]) -> float:
    """The participation ratio of the tracks that each fit has seen, a mean over the fits."""
    return float(np.mean([embeddings.participation(values[mask, fold]) for fold, mask in seen.items()]))


def scripts(ids: tuple[str, ...]) -> Array:
    """The script of most letters of each track's lyrics; "" where it has none."""
    table = store.read_table(store.BUILD / "lyrics" / "scripts.csv").set_index("id")["script"]
    return table.reindex(list(ids)).fillna("").to_numpy(dtype=object)


def question_data(p: Params, given: Inputs, results: Mapping[str, Trial], control: Mapping[str, str]) -> QuestionData:
    """The trials with what is known of the tracks."""
    tracks = catalog.heard_tracks()
    truths = usable(tracks, (p.questions.sound, p.questions.words, p.questions.language))
    artists, sources = (tracks[column].to_numpy(dtype=object) for column in ("artist", "source"))
    fold = track_folds(given.ids, p.folds)
    by_fold = {
        share: np.array([songs.kept_lyrics(given.has_lyrics, share, lot) for lot in range(p.folds)])
        for share in p.questions.missing
    }
    kept = {share: masks[fold, np.arange(len(fold))] for share, masks in by_fold.items()}  # as the fit that judges them
    group = groups(list(artists), p.compare.groups, seed=0)
    facts = (truths, artists, sources, scripts(given.ids), kept, control, fold, group)
    small, rules = smallness(len(tracks), p.cluster), p.evaluate
    return QuestionData(results, *facts, p.questions, p.effects, rules.collapsed, rules.smallest, small)


def main() -> None:
    p = params.load(Params)
    p = replace(p, questions=p.questions.resolved())
    for clusterer in p.compare.clusterers:
        if clusterer not in p.cluster.clusterers:
            raise Problem(f"compare.clusterers: {clusterer!r} is not one of cluster.clusterers: add it there")
    ears = store.read_rows(store.BUILD / "ears", "sound", "valid")
    lyrics = store.read_rows(store.BUILD / "lyrics", "has_lyrics").at(ears.ids)
    given = inputs(p, ears, lyrics)
    results = trials(list(jobs(p, given)), p.folds)
    control, again = controls(p, given, results)
    results |= trials(again, p.folds, processes=1)  # quicker than a second pool would start
    data = question_data(p, given, results, control)
    answers = [question(data) for question in QUESTIONS]
    for answer in answers:
        claims = "".join(f"\n  {claim['sentence']}" for claim in answer.claims)
        log.info("%s\n  %s%s", answer.question, answer.verdict, claims)
    store.write_json(store.REPORTS / "questions.json", report(p, given, answers))


def report(p: Params, given: Inputs, answers: Sequence[Answer]) -> dict[str, object]:
    text = FUSED_TEXTS[-1] if given.has_lyrics.any() else "none"
    encoders = embeddings.pretrained().read_by({"input": "sound", "lyrics": text})
    known = {"reads": [each["encoder"] for each in encoders], "may_know": any(each["may_know"] for each in encoders)}
    fits = {"seeds": p.questions.seeds, "folds": len(given.parts)}
    return {**fits, **known, "questions": [answer.json() for answer in answers]}


if __name__ == "__main__":
    command.run(main, __doc__, Params)
