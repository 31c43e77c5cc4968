"""The published forms on twelve songs: what they read, how they are scored, and what is never ranked."""

import importlib
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.core import params, store
from pipeline.learn import linear
from pipeline.published import forms
from pipeline.published.__main__ import Params, main
from pipeline.published.scores import COLUMNS
from pipeline.sound.frames import Frames

INPUTS = {
    "conv1d_pixels": "13 x 60 MFCC",
    "dense_flat": "780 MFCC",
    "ae_flat": "780 MFCC",
    "pca_flat": "780 MFCC",
}
FITTED = {"fusion_flat", "cvae_genre", *INPUTS}


@pytest.fixture
def ready(
    tiny_corpus: Path, set_param: Callable[[str, object], None], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., None]:
    """Runs the stages that the command reads, after changes of params.yaml."""
    monkeypatch.setattr(forms, "EPOCHS", 2)
    monkeypatch.setattr(sys, "argv", ["published"])
    set_param("cluster.curve", 6)

    def run(**changed: object) -> None:
        for name, value in changed.items():
            set_param(name.replace("__", "."), value)
        for stage in ("tracks", "audio", "ears", "lyrics"):
            importlib.import_module(f"pipeline.{stage}").main()

    assert tiny_corpus.exists()
    return run


def table() -> pd.DataFrame:
    return pd.read_csv(store.REPORTS / "published.csv", keep_default_na=False, na_values={"mean": [""]})


def test_every_form_is_trained_and_scored_and_only_the_given_label_is_leaky(ready: Callable[..., None]) -> None:
    ready()
    main()
    rows = table()
    assert tuple(rows.columns) == (*COLUMNS, "songs")
    assert set(rows["name"]) == FITTED
    read = dict(zip(rows["name"], rows["input"], strict=True))
    assert {name: read[name] for name in INPUTS} == INPUTS
    assert read["fusion_flat"].startswith("780 MFCC + ")
    assert read["cvae_genre"].endswith("numbers of the sound + genre")
    leaky = rows[rows["flag"] == "leaky"]
    assert set(zip(leaky["name"], leaky["label"], strict=True)) == {("cvae_genre", "genre")}
    assert set(leaky["score"]) == {"ami", "nmi", "ami_curve"}
    for _, same in rows.groupby("name"):
        assert set(same["label"]) == {"language", "genre", "theme", ""}
        kinds = set(zip(same["score"], same["clusterer"], strict=True))
        assert kinds == {
            *((score, name) for score in ("ami", "nmi", "own_silhouette") for name in ("kmeans", "consensus")),
            ("ami_curve", "kmeans"),
        }
    first = (store.REPORTS / "published.csv").read_bytes()
    main()
    assert (store.REPORTS / "published.csv").read_bytes() == first


def test_a_form_that_the_corpus_has_no_input_of_is_left_out(
    ready: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    file = store.DATA / "tracks.csv"
    songs = pd.read_csv(file, dtype=str, keep_default_na=False).assign(lyrics="", theme="")
    songs.drop(columns="genre").to_csv(file, index=False)
    ready()
    p = replace(params.load(Params), seeds=(0,))
    made = forms.learnt(p.audio, "", p.seeds, p.train, p.device)
    assert {each.embedding.name for each in made} == FITTED - {"fusion_flat", "cvae_genre"}
    assert "fusion_flat is left out: this corpus lacks what it reads" in caplog.text
    names = [form.name for form in forms.networks(replace(p.audio, external="features.csv"), "genre")]
    assert names == ["cvae_genre"]


def test_pca_is_that_of_all_frames_of_all_segments(ready: Callable[..., None]) -> None:
    ready()
    p = params.load(Params)
    rows = store.read_rows(store.BUILD / "ears", "valid")
    valid = np.array(rows["valid"])
    frames = Frames("mfcc", p.audio)
    values = forms.pca_of_segments(frames).values
    segments = frames.segments(rows.ids, valid).reshape(int(valid.sum()), -1).astype(np.float64)
    points = linear.pca((segments - segments.mean(0)) / linear.deviation(segments), forms.LATENT, 0)
    track = np.nonzero(valid)[0]
    means = np.stack([points[track == number].mean(0) for number in range(len(valid))])
    assert values.shape == (len(valid), 1, forms.LATENT)
    np.testing.assert_allclose(np.abs(values[:, 0]), np.abs(means), atol=1e-6)
