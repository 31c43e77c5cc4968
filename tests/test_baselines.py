"""What the models are compared with: every baseline under its ids, and lyrics only where there are some."""

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from pipeline import baselines
from pipeline.core import embeddings, folds, params, store
from pipeline.core.command import Problem
from pipeline.core.store import Array
from pipeline.learn import heldout, ladder, linear, songs
from pipeline.learn.keep import load_model
from pipeline.learn.songs import Source
from pipeline.nets.fit import embed, standardised
from pipeline.nets.vae import VAE
from tests.learn.toys import StoredFrames

IDS = ("z", "007", "a", "NA", "m", "b", "k", "c")
HALVED = {"track_lda", "pca_metric", "contrastive"}  # what needs two segments of a track
SOUND = {"ae", "pca", "pca_white", "pca_segments", "ppca", "raw", "spectral"} | HALVED
FRAMES = {"pca_mfcc", "pca_logmel"}
BOTH = {"pca_both", "pca_both_25", "pca_both_75"}
LYRICS_ALONE = {"bert", "bert_free", "tfidf", "word2vec"}


@pytest.fixture
def built(small: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Features of eight tracks of one to three segments; lyrics of six of them, in another order."""
    valid = np.ones((8, 3), np.bool_)
    valid[1, 2] = valid[4, 1] = valid[4, 2] = False
    write_audio(rng.standard_normal((8, 1, 6)) + 0.3 * rng.standard_normal((8, 3, 6)), valid)
    has_lyrics = np.array([True, True, False, True, True, False, True, True])
    lyrics = {name: np.where(has_lyrics[:, None], rng.random((8, size)), 0) for name, size in LYRICS.items()}
    store.write_rows(Path("build/lyrics"), IDS[::-1], **lyrics, has_lyrics=has_lyrics)
    store.write_json(Path("build/lyrics/about.json"), {"encoder": "e5", "language": "mean"})
    store.write_table(Path("build/tracks/tracks.csv"), pd.DataFrame({"id": IDS, "artist": list("aabbccde")}))
    frames = {"mfcc": rng.random((8, 3, 4, 16)), "logmel": rng.random((8, 3, 5, 9))}
    store.write_rows(Path("build/frames"), IDS, **{name: values.astype(np.float32) for name, values in frames.items()})
    monkeypatch.setattr(baselines, "frames_of", lambda kind, _, __: StoredFrames(kind))
    return small


LYRICS = {"tfidf_svd": 5, "word2vec": 9, "bert": 3, "bert_free_svd": 3}


def write_audio(stats: Array, valid: Array) -> None:
    known = np.where(valid[..., None], stats, 99).astype(np.float32)
    store.write_rows(Path("build/audio"), IDS, stats=known, valid=valid)
    store.write_rows(Path("build/ears"), IDS, sound=known, valid=valid)
    store.write_json(Path("build/ears/about.json"), {"hears": "stats", "encoder": "none"})


def values(name: str) -> Array:
    return np.array(store.read_rows(Path("build/baselines"), name)[name])


def names() -> set[str]:
    return {file.stem for file in Path("build/baselines").glob("*.npy") if file.with_suffix(".json").exists()}


def test_strongest_are_the_first_numbers_and_nan_for_who_has_none() -> None:
    rows = np.array([[3.0, 2.0, 1.0], [0.0, 0.0, 0.0], [6.0, 5.0, 4.0]])
    reduced = ladder.strongest(rows, np.array([True, False, True]), 2)
    np.testing.assert_array_equal(reduced, [[3, 2], [np.nan, np.nan], [6, 5]])


def test_reduced_lyrics_lose_what_all_share_and_keep_what_differs(rng: np.random.Generator) -> None:
    has_lyrics = np.arange(20) != 3
    theme = np.where(np.arange(20) % 2, 1.0, -1.0)
    rows = 50 + rng.normal(0, 0.01, (20, 30)) + theme[:, None] * np.eye(30)[4]
    rows[3] = 1e6  # no lyrics: these values do not matter
    reduced = ladder.reduced(rows, has_lyrics, 2, 0)
    assert reduced.shape == (20, 2)
    assert np.isnan(reduced[3]).all()
    np.testing.assert_allclose(reduced[has_lyrics].mean(0), 0, atol=1e-9)
    assert abs(np.corrcoef(reduced[has_lyrics, 0], theme[has_lyrics])[0, 1]) > 0.99


@pytest.mark.parametrize("known", [0, 1, 2])
def test_lyrics_of_few_songs_are_still_rows(known: int, rng: np.random.Generator) -> None:
    has_lyrics = np.arange(5) < known
    reduced = ladder.reduced(rng.random((5, 7)), has_lyrics, 4, 0)
    assert reduced.shape == (5, 4)
    np.testing.assert_array_equal(np.isfinite(reduced).all(1), has_lyrics)


@pytest.mark.usefixtures("built")
def test_every_baseline_is_written_under_the_ids() -> None:
    baselines.main()
    assert names() == SOUND | FRAMES | LYRICS_ALONE | BOTH
    assert tuple(store.read_json(Path("build/baselines/ids.json"))) == IDS
    rows = store.read_rows(Path("build/ears"), "sound", "valid")
    stats, valid = rows["sound"], np.array(rows["valid"])
    np.testing.assert_allclose(values("raw")[:, 0], linear.raw(stats, valid), atol=1e-5)
    np.testing.assert_allclose(values("track_lda")[:, 0], linear.track_lda(stats, valid, 4), atol=1e-4)
    for name in ("ae", "contrastive"):
        assert values(name).shape == (8, 2, 4)
        assert not np.allclose(values(name)[:, 0], values(name)[:, 1])
    assert store.read_json(Path("build/baselines/ae.json"))["beta"] == 0


@pytest.mark.usefixtures("built")
def test_networks_of_the_baselines_can_be_loaded() -> None:
    baselines.main()
    vae = load_model(Path("models/ae"))
    assert isinstance(vae, VAE)
    embedding = embed(vae, standardised(vae, songs.corpus(Source("sound")).songs)).mean
    np.testing.assert_allclose(values("ae")[:, 0], embedding, atol=1e-4)
    rows, net = store.read_rows(Path("build/ears"), "sound", "valid"), load_model(Path("models/contrastive"))
    means = torch.from_numpy(linear.track_means(rows["sound"], np.array(rows["valid"])))
    np.testing.assert_allclose(values("contrastive")[:, 0], net(net.scales["audio"](means)).detach(), atol=1e-4)


@pytest.mark.usefixtures("built")
def test_lyrics_find_their_track_by_id() -> None:
    baselines.main()
    written = store.read_rows(Path("build/lyrics"), "tfidf_svd", "has_lyrics").at(IDS)
    np.testing.assert_allclose(
        values("tfidf")[written["has_lyrics"], 0], written["tfidf_svd"][written["has_lyrics"], :4], atol=1e-6
    )
    for name in LYRICS_ALONE:
        np.testing.assert_array_equal(np.isfinite(values(name)).all((1, 2)), written["has_lyrics"])
    assert values("bert").shape == (8, 1, 3)  # it has no more


@pytest.mark.usefixtures("built")
def test_the_same_seed_gives_the_same_bytes(set_param: Callable[[str, object], None]) -> None:
    set_param("seeds", [3])
    files = []
    for _ in range(2):
        baselines.main()
        files.append({file.name: file.read_bytes() for file in Path("build/baselines").iterdir()})
    assert files[0] == files[1]


@pytest.mark.usefixtures("built")
def test_tracks_of_one_segment_only_go_without_what_needs_two(
    caplog: pytest.LogCaptureFixture, rng: np.random.Generator
) -> None:
    write_audio(rng.standard_normal((8, 1, 6)), np.ones((8, 1), np.bool_))
    store.write_rows(Path("build/frames"), IDS, mfcc=np.ones((8, 1, 4, 16)), logmel=rng.random((8, 1, 5, 9)))
    with caplog.at_level(logging.WARNING):
        baselines.main()
    assert "contrastive: 0 of 8 tracks have two segments or more, and it needs 3: no model" in caplog.text
    assert names() == SOUND - HALVED | FRAMES | LYRICS_ALONE | BOTH


@pytest.mark.usefixtures("built")
def test_lyrics_of_an_older_build_name_the_command() -> None:
    Path("build/lyrics/bert.npy").unlink()
    with pytest.raises(Problem, match=r"bert\.npy is missing: run `dvc repro lyrics`"):
        baselines.main()


def test_two_tracks_are_too_few_in_one_line(small: Path) -> None:
    store.write_rows(small / "build" / "ears", ["a", "b"], sound=np.zeros((2, 2, 3)), valid=np.ones((2, 2), np.bool_))
    with pytest.raises(Problem, match="2 tracks can be used, and clusters need at least 3"):
        baselines.main()


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(("hears", "parts"), [("encoder", {"pca_stats"}), ("both", {"pca_stats", "pca_ears"})])
def test_parts_of_the_sound_that_models_are_not_given_alone_are_baselines(
    hears: str, parts: set[str], rng: np.random.Generator
) -> None:
    rows = store.read_rows(Path("build/ears"), "sound", "valid")
    sound, valid, vectors = np.array(rows["sound"]), np.array(rows["valid"]), rng.random((8, 3, 5)).astype(np.float32)
    store.write_rows(Path("build/ears"), IDS, sound=np.concatenate([sound, vectors], axis=2))
    store.write_json(Path("build/audio/stats_names.json"), ["name"] * sound.shape[2])
    store.write_json(Path("build/ears/about.json"), {"hears": hears, "encoder": "an encoder"})
    p = params.load(baselines.Params)
    made = {rung.name: rung.embed(heldout.ALL, None) for rung in baselines.from_parts_of_sound(valid, p)}
    assert set(made) == parts
    np.testing.assert_allclose(made["pca_stats"], linear.pca(linear.raw(sound, valid), 4, 0), atol=1e-6)
    if "pca_ears" in made:
        np.testing.assert_allclose(made["pca_ears"], linear.pca(linear.raw(vectors, valid), 4, 0), atol=1e-6)


@pytest.mark.usefixtures("built")
def test_sound_beside_lyrics_has_half_of_the_variance_each_and_no_row_without_lyrics() -> None:
    baselines.main()
    both = values("pca_both")[:, 0]
    np.testing.assert_array_equal(np.isfinite(both).all(axis=1), np.isfinite(values("bert_free")[:, 0]).all(axis=1))
    half = both.shape[1] - values("bert_free").shape[2]
    assert np.var(both[:, :half], axis=0).sum() == pytest.approx(1, abs=1e-4)
    assert np.nanvar(both[:, half:], axis=0).sum() == pytest.approx(1, abs=1e-4)
    for name, share in (("pca_both_25", 0.25), ("pca_both_75", 0.75)):
        weighed = values(name)[:, 0]
        assert np.nanvar(weighed[:, half:], axis=0).sum() == pytest.approx(2 * share, abs=1e-4)
        assert np.var(weighed[:, :half], axis=0).sum() == pytest.approx(2 - 2 * share, abs=1e-4)


# --- the linear ladder ------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("built")
def test_every_linear_rung_says_so_and_is_fitted_without_each_fold() -> None:
    baselines.main()
    for name in names():
        about = store.read_json(Path(f"build/baselines/{name}.json"))
        assert about.get("linear", False) == (name not in {"ae", "contrastive", "spectral"})
        file = Path(f"build/baselines/{name}_heldout.npy")
        assert file.exists() == (name not in {"spectral", "raw"})
        if file.exists():
            assert values(f"{name}_heldout").shape == (8, 2, values(name).shape[2])
            assert values(f"{name}_heldout").dtype == np.float16
    lyrics = np.isfinite(values("bert_free")[:, 0, 0])
    complete = np.asarray(np.isfinite(values("pca_both_heldout")).all(axis=2))
    np.testing.assert_array_equal(complete.any(axis=1), lyrics)


@pytest.mark.usefixtures("built")
def test_what_is_held_out_changes_nothing_in_a_rung_or_a_network() -> None:
    fold = folds.track_folds(IDS, 2)
    made = []
    for _ in range(2):
        baselines.main()
        made.append({name: values(f"{name}_heldout") for name in names() - LYRICS_ALONE - {"spectral", "raw"}})
        ears = store.read_rows(Path("build/ears"), "sound", "valid")
        write_audio(changed(np.array(ears["sound"]), fold == 1), np.array(ears["valid"]))
        for name in ("mfcc", "logmel"):
            frames = np.array(store.read_rows(Path("build/frames"), name)[name])
            store.write_rows(Path("build/frames"), IDS, **{name: changed(frames, fold == 1)})
    for name, before in made[0].items():
        after = made[1][name]
        np.testing.assert_array_equal(before[fold == 0, 1], after[fold == 0, 1])
        assert not np.array_equal(before[fold == 0, 0], after[fold == 0, 0], equal_nan=True)


def changed(segments: Array, rows: Array) -> Array:
    """With other numbers for these tracks."""
    return np.where(rows[:, None, *(None,) * (segments.ndim - 2)], segments**2 + 3, segments).astype(np.float32)


@pytest.mark.usefixtures("built")
def test_features_from_elsewhere_have_no_frames(set_param: Callable[[str, object], None]) -> None:
    set_param("audio.external", "features.csv")
    valid = np.array(store.read_rows(Path("build/ears"), "valid")["valid"])
    assert list(baselines.from_frames(IDS, valid, params.load(baselines.Params))) == []


@pytest.mark.usefixtures("built")
def test_the_ladder_of_a_model_reads_what_the_model_reads() -> None:
    baselines.main()
    known = embeddings.representations()

    def climbed(**about: str) -> set[str]:
        model = embeddings.Representation(Path("build/easy"), "toy", {"role": "model", **about})
        return {rung.name for rung in embeddings.rungs(model, known)}

    sound = {"raw", "pca", "pca_white", "pca_segments", "ppca", "pca_metric", "track_lda"}
    assert climbed(input="sound", lyrics="none") == sound
    assert climbed(input="sound") == sound
    assert climbed(input="sound", lyrics="bert_free_svd") == BOTH
    assert climbed(input="mfcc", lyrics="none") == {"pca_mfcc"}
    assert climbed(input="logmel", lyrics="none") == {"pca_logmel"}
    assert climbed(lyrics="bert_free_svd") == LYRICS_ALONE
