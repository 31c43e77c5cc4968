"""Stage `questions`: the four questions of the project, each a small experiment over many seeds with a verdict.

Trains its own small models, alike but for what is asked. Writes reports/questions.json.
"""

import logging
from dataclasses import dataclass

import numpy as np

from pipeline.core import catalog, command, params, store
from pipeline.core.settings import Device
from pipeline.core.store import Array, Rows
from pipeline.learn import linear, plan, songs
from pipeline.learn.plan import Train
from pipeline.score.clusterers import Cluster
from pipeline.score.labels import usable
from pipeline.score.verdicts import GROUPS, groups
from pipeline.trials.answers import QUESTIONS, World, resampled
from pipeline.trials.designs import Questions, designs
from pipeline.trials.trials import Asked, Trial, trials

log = logging.getLogger(__name__)

TEXTS = ("tfidf", "word2vec", "bert")


@dataclass(frozen=True)
class Params:
    device: Device
    train: Train
    cluster: Cluster
    questions: Questions


def asked(p: Params, heard: Rows, said: Rows) -> list[Asked]:
    """Every seed of every trial, trained or made by linear algebra."""
    texts = ("tfidf_svd", "bert_svd") if said["has_lyrics"].any() else ()
    halves = int(linear.halvable(np.array(heard["valid"])).sum()) > 2  # else there is nothing to cross, or to be within
    seeds = tuple(range(p.questions.seeds))
    todo = [
        Asked(design.model.name, p.cluster, job.seed, job, resampled=resampled(design.model.name))
        for design in designs(p.questions, p.train, texts=texts, halves=halves)
        for job in plan.jobs(design.model, seeds, design.train, p.device)
    ]
    points = {
        "pca": linear.pca(linear.raw(heard["stats"], heard["valid"]), p.questions.latent, seed=0),
        **({"track_lda": linear.track_lda(heard["stats"], heard["valid"], p.questions.latent)} if halves else {}),
        **{text: np.where(said["has_lyrics"][:, None], said[text], np.nan) for text in (TEXTS if texts else ())},
    }
    return todo + [_made(p, name, values, seed) for name, values in points.items() for seed in seeds]


def _made(p: Params, name: str, points: Array, seed: int) -> Asked:
    return Asked(name, p.cluster, seed, points=points, resampled=resampled(name))


def with_controls(found: dict[str, Trial], p: Params) -> tuple[dict[str, Trial], dict[str, str]]:
    """The trials, with PCA at as many dimensions as each model has active units; and which control is whose."""
    points = found["pca"].values[0]
    units = {name: round(trial.active) for name, trial in found.items() if trial.active is not None}
    fewer = sorted({m for m in units.values() if m < points.shape[1]})
    more = [
        _made(p, f"pca_{m}", points[:, : max(m, 1)], seed)  # of a model without an active unit: still a line
        for m in fewer
        for seed in range(p.questions.seeds)
    ]
    return {**found, **trials(more)}, {name: f"pca_{m}" if m in fewer else "pca" for name, m in units.items()}


def scripts(ids: tuple[str, ...]) -> Array:
    """The script that most lines of each track's lyrics are in; "" where it has none."""
    shares = (
        store.read_table(store.BUILD / "lyrics" / "languages.csv")
        .set_index("id")[["bn", "bn_latin", "en"]]
        .astype(float)
    )
    bengali = shares["bn"] >= shares["bn_latin"] + shares["en"]
    known = bengali.map({True: "Bengali", False: "Latin"})
    return known.reindex(list(ids)).fillna("").to_numpy(dtype=object)


def world(p: Params, said: Rows, found: dict[str, Trial], controls: dict[str, str]) -> World:
    """The trials beside what is known of the tracks."""
    ids = said.ids
    tracks = catalog.usable_tracks().loc[list(ids)]
    truths = usable(tracks, (p.questions.sound, p.questions.words, p.questions.language))
    artists, sources = (tracks[column].to_numpy(dtype=object) for column in ("artist", "source"))
    kept = {share: songs.kept_lyrics(np.array(said["has_lyrics"]), share) for share in p.questions.missing}
    group = groups(list(artists), GROUPS, seed=0)
    return World(found, truths, artists, sources, scripts(ids), kept, group, p.questions, controls)


def main() -> None:
    p = params.load(Params)
    heard = store.read_rows(store.BUILD / "audio", "stats", "valid")
    said = store.read_rows(store.BUILD / "lyrics", "has_lyrics", *TEXTS).at(heard.ids)
    found, controls = with_controls(trials(asked(p, heard, said)), p)
    answers = [question(world(p, said, found, controls)) for question in QUESTIONS]
    for answer in answers:
        log.info("%s\n  %s", answer.question, answer.verdict)
    told = {"seeds": p.questions.seeds, "questions": [answer.json() for answer in answers]}
    store.write_json(store.REPORTS / "questions.json", told)


if __name__ == "__main__":
    command.run(main, __doc__, Params)
