"""Made-up corpora hold what was planted; the rates of the table are those of the corpora."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_mutual_info_score

from pipeline.replicate import calibration, meaningless
from pipeline.replicate.planted import FOLDS, TRACKS, planted
from pipeline.score.kmeans import kmeans


def test_the_planted_label_is_in_the_numbers_and_the_meaningless_one_is_not() -> None:
    corpora = [planted(seed) for seed in range(6)]
    clusters = [kmeans(corpus.representation(0.7, 1)[0], 6, seed=0) for corpus in corpora]
    pairs = list(zip(corpora, clusters, strict=True))
    assert np.mean([adjusted_mutual_info_score(corpus.genre, labels) for corpus, labels in pairs]) > 0.45
    nothing = np.mean([adjusted_mutual_info_score(corpus.meaningless, labels) for corpus, labels in pairs])
    assert nothing < 0.15  # artists have favourites in it, and artists sound alike


def test_more_noise_is_a_worse_representation() -> None:
    corpora = [planted(seed) for seed in range(6)]
    good, bad = (
        np.mean([
            adjusted_mutual_info_score(corpus.genre, kmeans(corpus.representation(noise, 1)[0], 6, 0))
            for corpus in corpora
        ])
        for noise in (0.7, 1.6)
    )  # fmt: skip
    assert good > bad + 0.2


def test_a_corpus_has_whole_artists_in_folds() -> None:
    corpus = planted(3)
    assert len(corpus.artists) == TRACKS
    assert corpus.fold.max() == FOLDS - 1
    assert all(len(np.unique(corpus.fold[corpus.artists == artist])) == 1 for artist in np.unique(corpus.artists))


def test_the_same_seed_is_the_same_corpus() -> None:
    assert np.array_equal(planted(5).representation(0.7, 2), planted(5).representation(0.7, 2))


def test_a_rate_has_wilsons_interval() -> None:
    *_, rate, low, high, corpora = calibration._row("kind", "setting", "power", 0.8, [True] * 8 + [False] * 2)
    assert (rate, corpora) == (0.8, 10)
    assert (low, high) == pytest.approx((0.4902, 0.9433), abs=1e-4)  # Wilson's interval of 8 of 10, by hand


def test_dealt_labels_are_those_of_another_artist_and_leave_the_rest_alone() -> None:
    artists = np.repeat([f"artist {number}" for number in range(20)], 9)
    table = pd.DataFrame({"id": range(180), "artist": artists, "genre": artists, "language": ["bn", "en"] * 90})
    dealt = meaningless.dealt(table, lot=1)
    assert (dealt["genre"] != table["genre"]).mean() > 0.5
    assert set(dealt.groupby("artist")["genre"].nunique()) == {1}
    assert dealt[["id", "artist"]].equals(table[["id", "artist"]])
    assert not dealt["genre"].equals(meaningless.dealt(table, lot=2)["genre"])
