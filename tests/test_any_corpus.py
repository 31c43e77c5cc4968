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
from tests.text.test_e5 import needs_package
from tests.text.test_language import needs_model

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
    assert not {"tfidf", "word2vec", "bert", "bert_free", "pca_both", "hard_words", "hard_lyrics"} & set(metrics)
    assert "condition" not in metrics["hard"]
    assert store.read_json(store.BUILD / "hard" / "hard.json")["condition"] == "none"
    assert "6 clusters of 12 songs hold about 2 each" in metrics["data"]["small"]
    answers = {each["id"]: each["verdict"] for each in read("questions.json")["questions"]}
    assert answers["representations"].startswith("Not asked: no column says what the sound should show")
    assert answers["lyrics"] == "Not asked: no track has lyrics."
    assert answers["language"] == "Not asked: no column names the languages."
    assert answers["stability"].startswith("Not asked: clusters of 3 fits to other artists or more are needed")
    assert "has no column '" not in caplog.text


LYRICS = Path(__file__).parent / "text" / "lines"
WORLD = {  # of each song: how its table names the language, what is sung, and its title
    "German": ("de", "Das Bächlein"),
    "hi": ("hi", "नदी का गीत"),
    "ja": ("ja", "川の歌"),
    "de": ("", "Instrumental"),
    "": ("de en", "Two Tongues"),
}


def world(root: Path) -> None:
    """Five songs: German, Hindi, Japanese, one without words, and one of two languages."""
    file = root / "data" / "tracks.csv"
    table = store.read_table(file).iloc[: len(WORLD)].assign(language=list(WORLD))
    table["title"] = [title for _, title in WORLD.values()]
    for path, (sung, _) in zip(table["lyrics"], WORLD.values(), strict=True):
        verses = [(LYRICS / f"{code}.txt").read_text(encoding="utf-8").splitlines()[:8] for code in sung.split()]
        if path:
            (root / "data" / path).write_text("\n".join(line for verse in verses for line in verse), encoding="utf-8")
    store.write_table(file, table)


@needs_model
@needs_package
def test_songs_of_the_world(
    quick: Path, set_param: Callable[[str, object], None], caplog: pytest.LogCaptureFixture
) -> None:
    set_param("lyrics.bert.model", "e5")
    world(quick)
    run()
    metrics = read("metrics.json")
    assert metrics["data"]["small"].startswith("5 songs are too few for 6 clusters, so nothing is clustered")
    assert all(scores["own_space"]["silhouette"] is None for name, scores in metrics.items() if name != "data")
    assert {each["answer"] for each in read("questions.json")["questions"]} == {"not asked"}
    heard = store.read_table(store.BUILD / "lyrics" / "languages.csv")
    names = {id_: rows["name"].tolist() for id_, rows in heard.groupby("id")}
    ids = store.read_table(store.DATA / "tracks.csv")["id"]
    assert [names.get(id_) for id_ in ids] == [["German"], ["Hindi"], ["Japanese"], None, ["German", "English"]]
    page = "".join(file.read_text(encoding="utf-8") for file in (store.REPORTS / "_generated").glob("*"))
    assert all(name in page for name in ("German", "Hindi", "Japanese"))
    assert "font" not in caplog.text.lower()
