"""Corpora without lyrics, labels or artists, or of three songs: every stage ends well, outputs say what is absent."""

import importlib
import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline.core import corpus, store

ROOT = Path(__file__).parents[1]
STAGES = tuple(yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"])
QUICK: dict[str, object] = {
    "seeds": [0],
    "crossview.tried": 1,
    "evaluate.shuffles": 5,
    "questions.missing": [1.0],
    "questions.betas": [1],
    "cluster.clusterers": ["kmeans", "dbscan"],
    "compare.clusterers": ["kmeans"],
    "cluster.k": 6,
    "figures.maps": [],
    "medium.models": ["fusion"],
}


@pytest.fixture
def quick(tiny_corpus: Path, set_param: Callable[[str, object], None]) -> Path:
    for name, value in QUICK.items():
        set_param(name, value)
    return tiny_corpus


def keep(root: Path, songs: int, *emptied: str) -> None:
    """The table with the first songs alone, and with these columns empty."""
    file = root / "data" / "tracks.csv"
    table = store.read_table(file).iloc[:songs]
    store.write_table(file, table.assign(**dict.fromkeys(emptied, "")))
    if "lyrics" in emptied:
        shutil.rmtree(root / "data" / "lyrics")


def run() -> None:
    for stage in STAGES:
        importlib.import_module(f"pipeline.{stage}").main()


def read(name: str) -> Any:
    return json.loads((store.REPORTS / name).read_text(encoding="utf-8"))


def test_songs_alone_without_lyrics_labels_or_artists(quick: Path, caplog: pytest.LogCaptureFixture) -> None:
    keep(quick, 12, "lyrics", "language", "genre", "theme", "artist")
    caplog.set_level(logging.INFO)
    run()
    assert corpus.read().labels == ()
    metrics = read("metrics.json")
    assert not {"tfidf", "word2vec", "bert", "bert_free", "pca_both", "hard_lyrics"} & set(metrics)
    assert "condition" not in metrics["hard"]
    assert store.read_json(store.BUILD / "hard" / "hard.json")["condition"] == "none"
    assert "6 clusters of 12 songs hold about 2 each" in metrics["data"]["small"]
    answers = {each["id"]: each["verdict"] for each in read("questions.json")["questions"]}
    assert answers["representations"].startswith("Not asked: no column says what the sound should show")
    assert answers["lyrics"] == "Not asked: no track has lyrics."
    assert answers["language"] == "Not asked: no column names the languages."
    assert not answers["stability"].startswith("Not asked")
    assert "has no column '" not in caplog.text


def test_three_songs(quick: Path) -> None:
    keep(quick, 3)
    run()
    metrics = read("metrics.json")
    assert metrics["data"]["small"].startswith("3 songs are too few for 6 clusters, so nothing is clustered")
    assert all(scores["own_space"]["silhouette"] is None for name, scores in metrics.items() if name != "data")
    assert {each["answer"] for each in read("questions.json")["questions"]} == {"not asked"}
