"""A fit without a fold never saw the fold's songs: nothing of them is in its scales, words or weights."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline import easy, hard
from pipeline.core import store
from pipeline.core.folds import track_folds
from pipeline.core.params import load
from pipeline.core.store import Array
from pipeline.learn import heldout, plan, songs
from pipeline.learn.heldout import HeldOut, held_out
from pipeline.learn.keep import TrainedSeed
from pipeline.learn.plan import Model
from pipeline.learn.songs import Source
from pipeline.nets.families import experts
from tests.learn.toys import IDS, toy, train_all

HIDDEN = HeldOut(frozenset({"z", "007"}), 1)
SEEN = heldout.rest(IDS, HIDDEN)
PARTS = tuple(f"hard_{part}_heldout" for part in ("sound", "words", "audio", "lyrics"))


def change_held_out_tracks() -> None:
    """Other sounds and words for the tracks that are held out."""
    rows = store.read_rows(Path("build/ears"), "sound", "valid")
    sound = np.array(rows["sound"])
    sound[~SEEN] = sound[~SEEN] ** 2 + 7
    store.write_rows(Path("build/ears"), IDS, sound=sound, valid=np.array(rows["valid"]))
    lyrics = store.read_rows(Path("build/lyrics"), "tfidf", "has_lyrics")
    words = np.array(lyrics["tfidf"])
    words[[lyrics.ids.index(id_) for id_ in HIDDEN.ids]] += 3
    store.write_rows(Path("build/lyrics"), lyrics.ids, tfidf=words)


def test_a_fold_holds_out_its_artists_and_rest_is_who_is_left(built: Path) -> None:
    assert built.exists()
    folds = held_out(IDS, 3)
    fold = track_folds(IDS, 3)
    for number, part in enumerate(folds):
        assert part.fold == number
        np.testing.assert_array_equal(heldout.rest(IDS, part), fold != number)
    assert heldout.rest(IDS, None).all()


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("family", ["dense", "mixture", "experts"])
def test_what_is_held_out_changes_nothing_in_the_fit(family: str) -> None:
    p = load(easy.Params)
    model = toy(load(easy.Params), Path("none"), "tfidf")
    if family == "mixture":
        model = replace(model, epochs=4, clusters=2)
    if family == "experts":
        build = partial(experts, hidden=(8,), latent=4, dropout=0.3)
        model = Model(Path("none"), "toy", "toy", Source("sound", "tfidf", "language"), build, 3, 2.0, ("lyrics",))
    job = plan.jobs(model, (5,), p.train, p.device)[0]

    def learnt() -> tuple[TrainedSeed, TrainedSeed]:
        first, second = train_all([replace(job, keep=True, hidden=HIDDEN), replace(job, keep=True)])
        return first, second

    before, saw_all = learnt()
    change_held_out_tracks()
    after, saw_changed = learnt()
    assert before.kept is not None
    assert after.kept is not None
    for key, weights in before.kept.weights.items():
        np.testing.assert_array_equal(weights, after.kept.weights[key])
    for name, points in before.means.items():
        np.testing.assert_array_equal(points[SEEN], after.means[name][SEEN])
    assert not np.array_equal(before.means["toy"][~SEEN], after.means["toy"][~SEEN])
    assert not np.array_equal(saw_all.means["toy"][SEEN], saw_changed.means["toy"][SEEN])
    assert before.curve == after.curve


@pytest.mark.usefixtures("built")
def test_scales_and_labels_are_of_those_who_are_seen() -> None:
    source = Source("sound", "tfidf", "language")
    hindi = HeldOut(frozenset({"k"}))  # the only song in Hindi
    made = songs.corpus(source, hindi)
    assert made.labels == ("bn", "en")
    assert not made.songs.condition[IDS.index("k")].any()
    seen = made.songs.of(made.learnt)
    assert seen.audio is not None
    torch.testing.assert_close(made.scales["audio"](seen.audio).mean(0), torch.zeros(6), atol=1e-5, rtol=0)
    assert set(seen.track.tolist()) == {row for row, id_ in enumerate(IDS) if id_ != "k"}


@pytest.mark.usefixtures("built")
def test_held_out_lyrics_are_shuffled_among_themselves() -> None:
    plain = songs.corpus(Source("sound", "tfidf")).songs.lyrics
    mixed = songs.corpus(Source("sound", "tfidf", shuffled=True), HIDDEN).songs.lyrics
    assert plain is not None
    assert mixed is not None
    for group in (SEEN, ~SEEN):
        assert sorted(map(tuple, plain[group].tolist())) == sorted(map(tuple, mixed[group].tolist()))


@pytest.mark.usefixtures("built")
def test_lyrics_that_are_fitted_are_read_as_fitted_without_the_fold() -> None:
    rows = store.read_rows(Path("build/lyrics"), "bert_svd")
    refitted = np.arange(8 * 2 * 3, dtype=np.float32).reshape(8, 2, 3)
    store.write_rows(Path("build/lyrics"), rows.ids, bert_svd_heldout=refitted)
    made = songs.corpus(Source("sound", "bert_svd"), HIDDEN).songs.lyrics
    assert made is not None
    np.testing.assert_array_equal(made, refitted[::-1, 1])  # lyrics have their ids in another order
    whole = songs.corpus(Source("sound", "bert_svd")).songs.lyrics
    assert whole is not None
    np.testing.assert_array_equal(whole, rows.at(IDS)["bert_svd"])
    np.testing.assert_array_equal(heldout.words("tfidf", rows.ids, 1), heldout.words("tfidf", rows.ids, None))


@pytest.mark.usefixtures("built")
def test_a_stage_writes_all_tracks_as_each_fold_embeds_them(set_param: Callable[[str, object], None]) -> None:
    """Those who are held out, and those who are not; the seeds stay as they were without folds."""

    def written(folds: int) -> tuple[Array, Array]:
        set_param("folds", folds)
        set_param("hard.lyrics", "tfidf")
        hard.main()
        rows = store.read_rows(Path("build/hard"), "hard", "hard_heldout", *PARTS)
        for name in PARTS:
            assert rows[name].shape == (8, folds, 4)
        assert np.isfinite(rows["hard_audio_heldout"]).all()
        return np.array(rows["hard"]), np.array(rows["hard_heldout"])

    (seeds, three), (same, two) = written(3), written(2)
    assert three.shape == (8, 3, 4)
    assert two.dtype == np.float16
    assert np.isfinite(three).all()
    assert len({three[:, fold].tobytes() for fold in range(3)}) == 3
    np.testing.assert_array_equal(seeds, same)


@pytest.mark.usefixtures("built")
def test_a_fold_that_leaves_too_few_tracks_is_nan(set_param: Callable[[str, object], None]) -> None:
    table = store.read_table(Path("build/tracks/tracks.csv"))
    store.write_table(Path("build/tracks/tracks.csv"), table.assign(artist=["x"] * 6 + ["y"] * 2))
    easy.main()
    made = np.array(store.read_rows(Path("build/easy"), "easy_heldout")["easy_heldout"])
    assert np.isnan(made[:, 0]).all()  # two tracks are left
    assert np.isfinite(made[:, 1]).all()
    set_param("easy.prior", "mixture")
    set_param("easy.components", 16)  # and so few segments
    easy.main()
    made = np.array(store.read_rows(Path("build/easy"), "easy_heldout")["easy_heldout"])
    assert np.isnan(made[:, 0]).all()
