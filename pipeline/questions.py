"""Stage `questions`: the four questions of the project, each a small experiment over many seeds with a verdict.

Trains its own small models, alike but for one thing. Writes reports/questions.json.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from pipeline.core import catalog, command, embeddings, params, store
from pipeline.core.command import Problem
from pipeline.core.settings import Compare, Device, Evaluate
from pipeline.core.store import Array, Rows
from pipeline.learn import linear, plan, songs
from pipeline.learn.plan import Train
from pipeline.score.clusterers import Cluster, smallness
from pipeline.score.labels import usable
from pipeline.score.verdicts import GROUPS, groups
from pipeline.trials.answers import QUESTIONS, QuestionData
from pipeline.trials.designs import Condition, Questions, designs
from pipeline.trials.trials import Trial, TrialJob, trials

log = logging.getLogger(__name__)

TEXTS = ("tfidf", "word2vec", "bert", "bert_free")
FUSED_TEXTS = ("tfidf_svd", "bert_free_svd")


@dataclass(frozen=True)
class Params:
    device: Device
    train: Train
    cluster: Cluster
    evaluate: Evaluate
    compare: Compare
    questions: Questions


def jobs(p: Params, ears: Rows, lyrics: Rows) -> Iterator[TrialJob]:
    """Every seed of every trial, trained or made by linear algebra."""
    has_lyrics, sound, valid = lyrics["has_lyrics"], ears["sound"], ears["valid"]
    halves = int(linear.halvable(np.array(valid)).sum()) > 2  # else there is nothing to cross, or to be within
    job = partial(TrialJob, cluster=p.cluster, clusterers=p.compare.clusterers)
    for design in designs(p.questions, p.train, texts=FUSED_TEXTS if has_lyrics.any() else (), halves=halves):
        for training in plan.jobs(design.model, tuple(range(p.questions.seeds)), design.train, p.device):
            yield job(design.condition, seed=training.seed, training=training)
    pca = linear.pca(linear.raw(sound, valid), p.questions.latent, seed=0)
    points = {Condition("pca", "pca", dimensions=pca.shape[1]): pca}
    if halves:
        points[Condition("track_lda", "track_lda")] = linear.track_lda(sound, valid, p.questions.latent)
    for text in TEXTS if has_lyrics.any() else ():
        points[Condition(text, "lyrics", text=text)] = np.where(has_lyrics[:, None], lyrics[text], np.nan)
    for condition, values in points.items():
        yield from (job(condition, seed=seed, points=values) for seed in range(p.questions.seeds))


def control_jobs(p: Params, results: dict[str, Trial]) -> Iterator[TrialJob]:
    """PCA with as many dimensions as each model has active units."""
    points = results["pca"].values[0]
    units = {round(trial.active) for trial in results.values() if trial.active is not None}
    for m in sorted(m for m in units if m < points.shape[1]):
        values = points[:, : max(m, 1)]  # for a model without an active unit: still a line
        for seed in range(p.questions.seeds):
            yield TrialJob(
                Condition(f"pca_{m}", "pca", dimensions=m), p.cluster, p.compare.clusterers, seed, points=values
            )


def scripts(ids: tuple[str, ...]) -> Array:
    """The script of most letters of each track's lyrics; "" where it has none."""
    table = store.read_table(store.BUILD / "lyrics" / "scripts.csv").set_index("id")["script"]
    return table.reindex(list(ids)).fillna("").to_numpy(dtype=object)


def question_data(p: Params, lyrics: Rows, results: dict[str, Trial]) -> QuestionData:
    """The trials with what is known of the tracks."""
    tracks = catalog.heard_tracks()
    truths = usable(tracks, (p.questions.sound, p.questions.words, p.questions.language))
    artists, sources = (tracks[column].to_numpy(dtype=object) for column in ("artist", "source"))
    kept = {share: songs.kept_lyrics(np.array(lyrics["has_lyrics"]), share) for share in p.questions.missing}
    group = groups(list(artists), GROUPS, seed=0)
    small, rules = smallness(len(tracks), p.cluster), p.evaluate
    facts = (truths, artists, sources, scripts(lyrics.ids), kept, group)
    return QuestionData(results, *facts, p.questions, rules.collapsed, rules.smallest, small)


def main() -> None:
    p = params.load(Params)
    p = replace(p, questions=p.questions.resolved())
    for clusterer in p.compare.clusterers:
        if clusterer not in p.cluster.clusterers:
            raise Problem(f"compare.clusterers: {clusterer!r} is not one of cluster.clusterers: add it there")
    ears = store.read_rows(store.BUILD / "ears", "sound", "valid")
    lyrics = store.read_rows(store.BUILD / "lyrics", "has_lyrics", *TEXTS).at(ears.ids)
    texts = FUSED_TEXTS if lyrics["has_lyrics"].any() else ()
    results = trials(list(jobs(p, ears, lyrics)))
    results |= trials(list(control_jobs(p, results)))
    data = question_data(p, lyrics, results)
    answers = [question(data) for question in QUESTIONS]
    for answer in answers:
        log.info("%s\n  %s", answer.question, answer.verdict)
    encoders = embeddings.pretrained().read_by({"input": "sound", "lyrics": FUSED_TEXTS[-1] if texts else "none"})
    known = {"reads": [each["encoder"] for each in encoders], "may_know": any(each["may_know"] for each in encoders)}
    report = {"seeds": p.questions.seeds, **known, "questions": [answer.json() for answer in answers]}
    store.write_json(store.REPORTS / "questions.json", report)


if __name__ == "__main__":
    command.run(main, __doc__, Params)
