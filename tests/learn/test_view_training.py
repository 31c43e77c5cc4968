"""Models of views on small and odd corpora: each ends well, and nothing of held-out songs is in a fit."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from pipeline import hard, medium
from pipeline.core import embeddings, params, store
from pipeline.core.store import Array
from pipeline.learn import heldout, view_training
from pipeline.learn.heldout import HeldOut
from pipeline.learn.view_training import ViewJob, ViewModel
from tests.learn.test_heldout import HIDDEN, SEEN, change_held_out_tracks
from tests.learn.toys import IDS, StoredFrames

FACETS = {"hard", "hard_sound", "hard_words", "hard_audio", "hard_lyrics"}
MEDIUM = {"conv1d", "conv2d", "fusion"}


def model(name: str) -> ViewModel:
    if name == "hard":
        return hard.described(params.load(hard.Params), Path("none"))
    return medium.described(name, Path("none"), params.load(medium.Params))


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("name", ["hard", "conv1d", "conv2d", "fusion"])
def test_what_is_held_out_changes_nothing_in_the_fit(name: str, set_param: Callable[[str, object], None]) -> None:
    set_param("hard.lyrics", "tfidf")
    set_param("medium.lyrics", "tfidf")
    job = ViewJob(model(name), 5, torch.device("cpu"), keep=True, hidden=HIDDEN)
    before = view_training.learn_view_seed(job)
    change_held_out_tracks()
    rows = store.read_rows(Path("build/frames"), "mfcc", "logmel")
    frames = {kind: np.where(SEEN[:, None, None, None], rows[kind], rows[kind] + 3) for kind in ("mfcc", "logmel")}
    store.write_rows(Path("build/frames"), IDS, **frames)
    view_training._remembered.cache_clear()
    after = view_training.learn_view_seed(job)
    assert before.curve == after.curve
    assert before.kept is not None
    assert after.kept is not None
    for key, weights in before.kept.weights.items():
        np.testing.assert_array_equal(weights, after.kept.weights[key])
    for key, points in before.means.items():
        np.testing.assert_array_equal(points[SEEN], after.means[key][SEEN])
    assert not np.array_equal(before.means[name][~SEEN], after.means[name][~SEEN])


@pytest.mark.usefixtures("built")
def test_frames_that_changed_are_read_anew(set_param: Callable[[str, object], None]) -> None:
    set_param("medium.models", ["conv1d"])
    found = []
    for _ in range(2):
        medium.main()
        found.append(np.array(store.read_rows(Path("build/medium"), "conv1d")["conv1d"]))
        rows = store.read_rows(Path("build/frames"), "mfcc", "logmel")
        store.write_rows(Path("build/frames"), IDS, mfcc=np.array(rows["mfcc"])[::-1], logmel=np.array(rows["logmel"]))
    assert not np.array_equal(found[0], found[1])


@pytest.mark.usefixtures("built")
def test_a_fold_whose_songs_have_no_words_has_places_by_the_sound_alone(
    set_param: Callable[[str, object], None],
) -> None:
    """Words of one artist alone: the fit without that artist has none to learn from."""
    rows = store.read_rows(Path("build/lyrics"), "bert_free_svd")
    has_lyrics = np.array([id_ == "007" for id_ in rows.ids])
    store.write_rows(
        Path("build/lyrics"), rows.ids, bert_free_svd=np.array(rows["bert_free_svd"]), has_lyrics=has_lyrics
    )
    set_param("medium.models", ["fusion"])
    hard.main()
    medium.main()
    fold = next(number for number, part in enumerate(heldout.held_out(IDS, 2)) if "007" in part.ids)
    names = [f"{name}_heldout" for name in FACETS]
    made = store.read_rows(Path("build/hard"), *names)
    assert np.isfinite(made["hard_heldout"]).all()
    assert np.isnan(made["hard_words_heldout"][:, fold]).all()
    assert np.isnan(made["hard_sound_heldout"][:, fold]).all()
    assert np.isfinite(made["hard_sound_heldout"][:, 1 - fold]).all()
    assert np.isfinite(store.read_rows(Path("build/medium"), "fusion_heldout")["fusion_heldout"]).all()


@pytest.mark.usefixtures("built")
def test_every_embedding_says_what_it_reads_and_what_it_remembers(set_param: Callable[[str, object], None]) -> None:
    set_param("hard.lyrics", "tfidf")
    hard.main()
    about = {each.name: each.about for each in embeddings.representations()}
    read = {name: (each.get("input", "none"), each["lyrics"]) for name, each in about.items()}
    sound, words = ("sound", "none"), ("none", "tfidf")
    assert read.pop("hard") == ("sound", "tfidf")
    assert read == {"hard_sound": sound, "hard_audio": sound, "hard_words": words, "hard_lyrics": words}
    assert {name for name, each in about.items() if each.get("remembers")} == {"hard_audio", "hard_lyrics"}
    assert {each["condition"] for each in about.values()} == {"language"}


def corpus(tracks: int, segments: Array, words: Array, languages: list[str]) -> None:
    ids, rng = [f"t{number}" for number in range(tracks)], np.random.default_rng(4)
    valid = np.arange(3) < segments[:, None]
    sound = rng.standard_normal((tracks, 3, 6)).astype(np.float32)
    sound[~valid] = np.nan
    store.write_rows(Path("build/ears"), ids, sound=sound, valid=valid)
    store.write_rows(Path("build/audio"), ids)
    mfcc, logmel = (rng.standard_normal((tracks, 3, *shape)).astype(np.float32) for shape in ((4, 40), (16, 16)))
    store.write_rows(Path("build/frames"), ids, mfcc=mfcc, logmel=logmel)
    numbers = rng.standard_normal((tracks, 3)).astype(np.float32)
    numbers[~words] = np.nan
    store.write_rows(Path("build/lyrics"), ids, bert_free_svd=numbers, has_lyrics=words)
    table = {"id": ids, "artist": [f"artist {number // 2}" for number in range(tracks)], "language": languages}
    store.write_table(Path("build/tracks/tracks.csv"), pd.DataFrame({**table, "reason": ""}))


@pytest.mark.parametrize("tracks", [3, 8])
@pytest.mark.parametrize("lyrics", ["none", "one", "all"])
def test_few_tracks_end_well(
    tracks: int, lyrics: str, small: Path, set_param: Callable[[str, object], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With as many lengths and folds as there are by default, and from the smallest batches."""
    monkeypatch.setattr(medium, "Frames", StoredFrames)
    words = {"none": np.zeros(tracks, np.bool_), "one": np.arange(tracks) == 1, "all": np.ones(tracks, np.bool_)}
    segments = np.where(np.arange(tracks) < 3, 2, 1 + np.arange(tracks) % 3)
    corpus(tracks, segments, words[lyrics], ["en"] * tracks)
    for name, value in {"train.lengths": [0.5, 1, 2], "folds": 5, "seeds": [0], "hard.epochs": 2}.items():
        set_param(name, value)
    for batch in (1, 64):
        set_param("hard.batch", batch)
        set_param("medium.batch", batch)
        hard.main()
        medium.main()
        made = {each.name: each for each in embeddings.representations()}
        assert set(made) == ({"hard"} if lyrics == "none" else FACETS) | MEDIUM
        assert made["hard"].about["condition"] == "none"  # one language says nothing
        for name in {"hard", *MEDIUM}:
            assert np.isfinite(store.read_rows(made[name].folder, name)[name]).all(), name
    assert small.exists()


@pytest.mark.usefixtures("small")
def test_tracks_of_one_segment_are_said_and_leave_no_model(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(medium, "Frames", StoredFrames)
    corpus(8, np.ones(8, int), np.ones(8, np.bool_), ["bn", "en"] * 4)
    with caplog.at_level("WARNING"):
        hard.main()
        medium.main()
    for name in ("hard", *MEDIUM):
        assert f"{name}: 0 of 8 tracks have two segments or more, and it needs 3: no model" in caplog.text
        assert [file.name for file in (Path("models") / name).iterdir()] == ["README.md"]
    assert not list(Path("build/hard").glob("*.npy"))
    assert not list(Path("build/medium").glob("*.npy"))


@pytest.mark.usefixtures("built")
def test_a_held_out_language_is_no_condition(set_param: Callable[[str, object], None]) -> None:
    set_param("hard.lyrics", "tfidf")
    hindi = HeldOut(frozenset({"k"}))
    job = replace(ViewJob(model("hard"), 0, torch.device("cpu")), hidden=hindi)
    assert view_training.seen(job.model.source, hindi, job.device).labels == ("bn", "en")
    assert np.isfinite(view_training.learn_view_seed(job).means["hard"]).all()
