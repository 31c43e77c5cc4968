"""Artists are held out whole, in folds of about the same size."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core import store
from pipeline.core.folds import artist_folds, track_folds


@given(st.lists(st.sampled_from(["", "a", "b", "c", "d", "e", "f", "g"]), min_size=1, max_size=60), st.integers(2, 6))
def test_an_artist_is_in_one_fold(artists: list[str], folds: int) -> None:
    fold = artist_folds(artists, folds)
    assert fold.min() >= 0
    assert fold.max() < folds
    if len(set(artists)) > 1:
        for artist in set(artists) - {""}:
            assert len({number for name, number in zip(artists, fold, strict=True) if name == artist}) == 1


@pytest.mark.parametrize("artists", [["x"] * 20, [""] * 20])
def test_tracks_of_one_artist_are_dealt_one_by_one(artists: list[str]) -> None:
    assert np.bincount(artist_folds(artists, 5)).tolist() == [4] * 5


def test_folds_have_about_the_same_number_of_tracks() -> None:
    artists = np.repeat([f"artist {number}" for number in range(22)], [6, 7, 8, 9, 10, 11, 12, 6, 7, 8, 9] * 2)
    sizes = np.bincount(artist_folds(list(artists), 5))
    assert sizes.max() - sizes.min() <= 6


def test_the_order_of_the_tracks_does_not_matter() -> None:
    artists = [f"artist {number % 9}" for number in range(90)]
    order = np.random.default_rng(0).permutation(90)
    assert artist_folds([artists[row] for row in order], 4).tolist() == artist_folds(artists, 4)[order].tolist()


def test_a_track_is_in_the_same_fold_for_every_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stage lyrics has all tracks, the stages behind audio those that can be heard: the folds must be the same."""
    monkeypatch.chdir(tmp_path)
    ids = [f"track {number}" for number in range(40)]
    table = pd.DataFrame({"id": ids, "artist": [f"artist {number % 9}" for number in range(40)]})
    store.write_table(Path("build/tracks/tracks.csv"), table)
    whole = dict(zip(ids, track_folds(ids, 4), strict=True))
    few = ids[::-3]
    assert track_folds(few, 4).tolist() == [whole[id_] for id_ in few]
