"""Groups of songs that are planted far apart are recovered, by KMeans on PCA, on the dense VAE and on `cross`."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline import baselines, crossview, easy
from pipeline.core import store
from pipeline.score.agreement import agreement
from pipeline.score.clusterers import Cluster, clustered

GROUPS, TRACKS, SEGMENTS, NUMBERS = 4, 120, 4, 24
PLANTED = np.random.default_rng(5).integers(0, GROUPS, TRACKS).astype(str).astype(object)
NEEDED = 0.95


@pytest.fixture
def planted(small: Path, set_param: Callable[[str, object], None], rng: np.random.Generator) -> Path:
    """Features in which each group has a place of its own, songs spread about it, and segments about their song."""
    places = 4 * rng.standard_normal((GROUPS, NUMBERS))
    songs = places[PLANTED.astype(int)] + rng.standard_normal((TRACKS, NUMBERS))
    sound = (songs[:, None] + rng.standard_normal((TRACKS, SEGMENTS, NUMBERS))).astype(np.float32)
    ids = [f"t{number:03d}" for number in range(TRACKS)]
    store.write_rows(store.BUILD / "ears", ids, sound=sound, valid=np.ones((TRACKS, SEGMENTS), bool))
    store.write_json(store.BUILD / "ears" / "about.json", {"hears": "stats", "encoder": "none"})
    table = pd.DataFrame({"id": ids, "artist": [f"artist {number // 6}" for number in range(TRACKS)], "reason": ""})
    store.write_table(store.BUILD / "tracks" / "tracks.csv", table)
    set_param("audio.external", "planted.csv")  # so that no frames of sound are asked for
    words = {name: np.zeros((TRACKS, 2), np.float32) for name in ("tfidf_svd", "word2vec", "bert", "bert_free_svd")}
    store.write_rows(store.BUILD / "lyrics", ids, has_lyrics=np.zeros(TRACKS, bool), **words)
    store.write_json(store.BUILD / "lyrics" / "about.json", {"encoder": "none", "language": "mean"})
    for name, value in {"easy.epochs": 15, "easy.hidden": [32], "train.batch": 32, "crossview.epochs": 30}.items():
        set_param(name, value)
    for name, value in {"crossview.powers": [0.3], "crossview.neighbours": [0.5], "crossview.hidden": 32}.items():
        set_param(name, value)
    return small


@pytest.mark.usefixtures("planted")
@pytest.mark.parametrize(
    ("stage", "folder", "name"),
    [(easy.main, "easy", "easy"), (crossview.main, "crossview", "cross"), (baselines.main, "baselines", "pca")],
)
def test_planted_groups_are_recovered(stage: Callable[[], None], folder: str, name: str) -> None:
    stage()
    ids = store.read_rows(store.BUILD / "ears").ids
    values = np.asarray(store.read_rows(store.BUILD / folder, name).at(ids)[name])
    settings = Cluster(k=GROUPS, neighbours=3, curve=2, clusterers=("kmeans", "consensus"))
    for seed in range(values.shape[1]):
        for clusterer in settings.clusterers:
            score = agreement("ami", PLANTED, clustered(values[:, seed], clusterer, settings, seed)[0])
            assert score is not None
            assert score >= NEEDED, f"{name}, seed {seed}, {clusterer}"
