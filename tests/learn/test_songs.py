"""The songs as tensors: rows stay with their ids, and lyrics are shuffled and removed as asked."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.core import store
from pipeline.core.command import Problem
from pipeline.core.store import Array
from pipeline.learn import songs
from pipeline.learn.songs import Source
from tests.learn.toys import IDS, STATS, StoredFrames


@pytest.mark.usefixtures("built")
def test_lyrics_and_condition_find_their_track_by_id() -> None:
    corpus = songs.corpus(Source("sound", "tfidf", "language"))
    written = store.read_rows(Path("build/lyrics"), "tfidf", "has_lyrics")
    languages = dict(zip(sorted(IDS), ["bn", "en", "", "bn", "en", "hi", "bn", "en"], strict=True))
    assert corpus.ids == IDS
    assert corpus.labels == ("bn", "en", "hi")
    assert corpus.songs.lyrics is not None
    for row, id_ in enumerate(IDS):
        place = written.ids.index(id_)
        np.testing.assert_array_equal(corpus.songs.lyrics[row], written["tfidf"][place])
        assert corpus.songs.has_lyrics[row] == written["has_lyrics"][place]
        assert corpus.songs.condition[row].tolist() == [float(languages[id_] == label) for label in corpus.labels]


def given(source: Source) -> tuple[Array, Array]:
    """The lyrics of a source, and their mask."""
    tensors = songs.corpus(source).songs
    assert tensors.lyrics is not None
    return tensors.lyrics.numpy(), tensors.has_lyrics.numpy()


@pytest.mark.usefixtures("built")
def test_shuffled_lyrics_change_hands_among_those_who_have_some() -> None:
    words, has_lyrics = given(Source("sound", "tfidf"))
    mixed, still = given(Source("sound", "tfidf", shuffled=True))
    np.testing.assert_array_equal(still, has_lyrics)
    assert sorted(map(tuple, mixed[has_lyrics])) == sorted(map(tuple, words[has_lyrics]))
    assert (mixed[has_lyrics] != words[has_lyrics]).any(1).sum() >= 4
    assert (mixed[~has_lyrics] == words[~has_lyrics]).all()
    np.testing.assert_array_equal(given(Source("sound", "tfidf", shuffled=True))[0], mixed)


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("shuffled", [False, True])
def test_missing_lyrics_are_taken_from_a_share_of_those_who_have_some(shuffled: bool) -> None:
    whole, had = given(Source("sound", "tfidf", shuffled=shuffled))
    before = had
    for missing, left in ((0.0, 6), (0.25, 4), (0.5, 3), (0.75, 2)):
        words, has_lyrics = given(Source("sound", "tfidf", shuffled=shuffled, missing=missing))
        assert has_lyrics.sum() == left
        assert not (has_lyrics & ~before).any()  # a larger share takes the smaller one along
        np.testing.assert_array_equal(words[has_lyrics], whole[has_lyrics])
        assert not words[had & ~has_lyrics].any()
        before = has_lyrics


@pytest.mark.usefixtures("built")
def test_a_corpus_without_lyrics_or_languages_gives_neither() -> None:
    source = Source("sound", "tfidf", "language")
    assert songs.available(source) == source
    rows = store.read_rows(Path("build/lyrics"), "has_lyrics")
    store.write_rows(Path("build/lyrics"), rows.ids, has_lyrics=np.zeros(len(rows.ids), bool))
    assert songs.available(source) == Source("sound", None, "language")
    table = store.read_table(Path("build/tracks/tracks.csv"))
    for languages in ("", "bn"):
        store.write_table(Path("build/tracks/tracks.csv"), table.assign(language=languages))
        assert songs.available(source) == Source("sound")


@pytest.mark.usefixtures("built")
def test_only_real_segments_are_learnt_each_under_its_track() -> None:
    corpus = songs.corpus(Source("sound"))
    rows = store.read_rows(Path("build/ears"), "sound", "valid")
    assert corpus.songs.track.tolist() == [0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 3, 4, 5, 5, 5, 6, 6, 6, 7, 7, 7]
    assert corpus.songs.audio is not None
    np.testing.assert_array_equal(corpus.songs.audio[3:5], rows["sound"][1, :2])
    np.testing.assert_array_equal(corpus.songs.audio[11], rows["sound"][4, 0])
    assert corpus.songs.audio.max() < 99


@pytest.mark.parametrize(
    ("audio", "flat", "shape"),
    [("sound", True, (STATS,)), ("mfcc", False, (4, 40)), ("mfcc", True, (160,)), ("logmel", False, (16, 16))],
)
@pytest.mark.usefixtures("built")
def test_the_scale_standardises_what_is_learnt(audio: str, flat: bool, shape: tuple[int, ...]) -> None:
    corpus = songs.corpus(Source(audio, flat=flat, frames=None if audio == "sound" else StoredFrames(audio)))
    assert corpus.shapes == {"audio": shape}
    assert corpus.songs.audio is not None
    values = corpus.scales["audio"](corpus.songs.audio)
    axes = (0,) if values.dim() == 2 else (0, 2)
    torch.testing.assert_close(values.mean(axes), torch.zeros(shape[0]), atol=1e-5, rtol=0)
    torch.testing.assert_close(values.std(axes, correction=0), torch.ones(shape[0]), atol=1e-4, rtol=0)


def test_a_number_that_never_changes_is_no_division_by_zero() -> None:
    scale = songs.scale_of(torch.ones(5, 3))
    assert scale(torch.ones(5, 3)).tolist() == [[0.0] * 3] * 5
    assert scale(torch.full((1, 3), 3.0)).tolist() == [[2.0] * 3]  # in a track that was held out it does


@pytest.mark.parametrize("known", [1, 2])
def test_lyrics_of_few_songs_can_still_be_scaled(known: int) -> None:
    words = torch.tensor([[0.6, 0.8], [1.0, 0.0], [0.0, 0.0]])
    scaled = songs._text_scale(words[:known])(words)
    assert scaled.isfinite().all()


def test_one_segment_alone_can_still_be_scaled() -> None:
    assert songs.scale_of(torch.ones(1, 3))(torch.ones(1, 3)).isfinite().all()


@pytest.mark.usefixtures("built")
def test_a_condition_that_is_no_column_is_refused_with_the_columns() -> None:
    with pytest.raises(Problem, match=r"hard\.condition is 'languag', .* it has id, language, reason, artist"):
        songs.corpus(Source("sound", None, "languag"))
