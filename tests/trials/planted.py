"""Trials with planted clusters and places, for the tests of the questions."""

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.core.folds import artist_folds
from pipeline.core.settings import Effects
from pipeline.core.store import Array
from pipeline.score.labels import ABSENT, Labels
from pipeline.score.verdicts import groups
from pipeline.trials.answers import QuestionData
from pipeline.trials.designs import Condition, Primary, Questions
from pipeline.trials.trials import Trial

TRACKS, SEEDS, FOLDS = 120, 4, 5
CLUSTERERS = ("kmeans", "consensus")
GENRE = np.array(["folk", "pop", "rap"] * 40, dtype=object)
THEME = np.array((["rain"] * 3 + ["love"] * 3) * 20, dtype=object)
LANGUAGE = np.repeat(["bn", "en"], 60).astype(object)
ARTISTS = np.array([f"artist {number // 6}" for number in range(TRACKS)], dtype=object)
GROUP = groups(list(ARTISTS), 40, seed=0)
FOLD = artist_folds(list(ARTISTS), FOLDS)
PARAMS = Questions(
    seeds=SEEDS,
    primary=Primary(("ami", "ami_curve", "knn"), ("ami", "knn"), ("ami", "knn", "probe"), ("refits",)),
    sound="genre", words="theme", language="language", missing=(0.5, 1.0), betas=(0.5, 1.0, 2.0, 4.0), strength=4.0,
    hidden=(8,), latent=4, epochs=1, dropout=0.3,
)  # fmt: skip
CONDITIONS = {
    condition.name: condition
    for condition in (
        Condition("vae", "dense"),
        Condition("vae cross", "dense", crossed=True),
        Condition("beta 0.5", "dense", beta=0.5),
        Condition("beta 2", "dense", beta=2.0),
        Condition("beta 4", "dense", beta=4.0),
        Condition("tc 4", "dense", objective="tc"),
        Condition("dip 4", "dense", objective="dip"),
        *(Condition(name, "linear") for name in ("raw", "pca", "pca_white")),
        *(Condition(f"pca_{m}", "linear", dimensions=m) for m in (2, 3)),
        Condition("audio", "fused"),
        Condition("audio + bert", "fused", text="bert"),
        Condition("audio + bert shuffled", "fused", text="bert", shuffled=True),
        Condition("audio + bert, 50% missing", "fused", text="bert", missing=0.5),
        *(Condition(text, "lyrics", text=text) for text in ("bert", "bert_free")),
    )
}


def numbered(labels: Array) -> Labels:
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def blurred(labels: Array, share: float, rng: np.random.Generator) -> Labels:
    """Clusters that are the labels but for a share of the tracks, which lie anywhere."""
    clusters = numbered(labels)
    anywhere = rng.random(len(clusters)) < share
    return np.where(anywhere, rng.integers(0, clusters.max() + 1, len(clusters)), clusters).astype(np.int64)


def seeds(labels: Array, share: float, rng: np.random.Generator, number: int = SEEDS) -> list[Labels]:
    return [blurred(labels, share, rng) for _ in range(number)]


def places(labels: Array, noise: float, rng: np.random.Generator) -> Array:
    """[track, fold, dimension]: every fit puts the values of a column apart, but for the noise."""
    corners = np.eye(4)[numbered(labels)][:, None]
    return np.asarray(corners + noise * rng.standard_normal((len(labels), FOLDS, 4)))


def without_folds(labels: Sequence[Labels]) -> list[Labels]:
    """The clusters of the fits without each fold."""
    return [np.where(fold == FOLD, ABSENT, each) for fold, each in enumerate(labels)]


def trial(
    name: str,
    labels: Sequence[Labels] = (),
    active: float | None = None,
    heldout: Array | None = None,
    refits: Sequence[Labels] = (),
) -> Trial:
    """A trial with these clusters under every clusterer, and for every k."""
    anywhere = np.random.default_rng(0).standard_normal((TRACKS, FOLDS, 4)) if heldout is None else heldout
    return Trial(
        CONDITIONS.get(name, Condition(name, "dense")),
        anywhere,
        {key: list(labels) for key in CLUSTERERS} if labels else {},
        {k: list(labels) for k in (5, 6)} if labels else {},
        {key: without_folds(refits) for key in CLUSTERERS} if refits else {},
        active,
    )


def data(
    trials: Sequence[Trial], truths: Mapping[str, Array] | None = None, controls: Mapping[str, str] | None = None
) -> QuestionData:
    known = {"genre": GENRE, "theme": THEME, "language": LANGUAGE} if truths is None else truths
    return QuestionData(
        {each.name: each for each in trials},
        known,
        ARTISTS,
        np.full(TRACKS, "one", dtype=object),
        np.where(LANGUAGE == "bn", "Bengali", "Latin").astype(object),
        {share: np.random.default_rng(1).random(TRACKS) >= share for share in PARAMS.missing},
        controls or {},
        FOLD,
        GROUP,
        PARAMS,
        Effects(ami=0.05, knn=0.05, stability=0.1),
        collapsed=0.25,
        smallest=5,
        small="",
    )
