"""The length of a training: it is that which foretells unseen songs best, and no label has a part in it."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline import easy, hard
from pipeline.core import store
from pipeline.learn.heldout import held_out
from pipeline.learn.length import Length, best_length, candidates, unseen
from pipeline.nets.loop import Recipe
from tests.learn.toys import IDS

SHARES = [0.5, 1, 2]


def chosen(*errors: float | None) -> Length:
    def measured(recipes: list[Recipe]) -> Sequence[float | None]:
        assert [recipe.epochs for recipe in recipes] == [20, 40, 80]
        return errors

    return best_length("toy", Recipe(40, 64, 1e-3), SHARES, measured)


@pytest.mark.parametrize(
    ("errors", "taken"), [((3.0, 2.0, 1.0), 80), ((1.0, 2.0, 3.0), 20), ((2.0, -1.0, 3.0), 40), ((1.0, 1.0, 1.0), 20)]
)
def test_the_smallest_error_wins_and_the_shortest_of_equals(errors: tuple[float, ...], taken: int) -> None:
    length = chosen(*errors)
    assert length.epochs == taken
    tried = dict(zip(("20", "40", "80"), errors, strict=True))
    assert length.about() == {"epochs": taken, "unseen_error": tried}


@pytest.mark.parametrize("undefined", [None, float("nan"), float("inf")])
def test_an_undefined_error_leaves_the_length_as_it_is(undefined: float | None) -> None:
    assert chosen(1.0, 2.0, undefined) == Length(40, {})
    assert Length(40, {}).about() == {"epochs": 40}


def test_one_candidate_is_not_tried() -> None:
    def never(_: list[Recipe]) -> list[float | None]:
        raise AssertionError("it was tried")

    assert best_length("toy", Recipe(40, 64, 1e-3), [2], never) == Length(80, {})
    assert candidates(3, [0.01, 0.1, 1, 1]) == [1, 3]


@pytest.mark.usefixtures("built")
def test_unseen_are_whole_artists_and_no_fold() -> None:
    assert unseen(IDS).ids == held_out(IDS, 5)[0].ids
    assert unseen(IDS).fold is None


def corpus(rng: np.random.Generator, tracks: int, segments: int, shared: float) -> None:
    """Tracks by as many artists; the segments of a track share a few directions of ten, and the rest is noise."""
    ids = [f"{number:03d}" for number in range(tracks)]
    few = rng.standard_normal((tracks, 1, 3)) @ rng.standard_normal((3, 10))
    sound = (shared * few + rng.standard_normal((tracks, segments, 10))).astype(np.float32)
    store.write_rows(Path("build/ears"), ids, sound=sound, valid=np.ones((tracks, segments), np.bool_))
    store.write_rows(Path("build/audio"), ids)
    store.write_rows(Path("build/lyrics"), ids, has_lyrics=np.zeros(tracks, np.bool_))
    rows = [{"id": id_, "artist": id_, "language": "en", "reason": ""} for id_ in ids]
    store.write_table(Path("build/tracks/tracks.csv"), pd.DataFrame(rows))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("stage", "shared", "epochs", "lengths", "taken"),
    [("easy", 2.0, 2, [1, 10], 20), ("hard", 2.0, 2, [1, 10, 20], 40), ("hard", 0.0, 120, [0.1, 1], 12)],
)
def test_it_takes_the_long_training_where_the_short_one_is_too_short_and_the_short_one_where_the_long_overfits(
    stage: str,
    shared: float,
    epochs: int,
    lengths: list[float],
    taken: int,
    set_param: Callable[[str, object], None],
    rng: np.random.Generator,
) -> None:
    corpus(rng, 20, 4, shared)
    for name, value in ((f"{stage}.epochs", epochs), ("train.lengths", lengths), ("seeds", [0]), ("folds", 1)):
        set_param(name, value)
    set_param("hard.rate", 0.02)
    set_param("beta", 0 if shared == 0 else 1)  # noise is learnt by heart where nothing holds it back
    {"easy": easy.main, "hard": hard.main}[stage]()
    about = store.read_json(Path("build") / stage / f"{stage}.json")
    errors = {int(tried): error for tried, error in about["unseen_error"].items()}
    assert about["epochs"] == taken == min(errors, key=lambda tried: errors[tried])
    curve = store.read_table(Path("build") / stage / f"{stage}_curve.csv")
    assert len(curve) == about["epochs"]
    assert store.read_json(Path("models") / stage / "config.json")["recipe"]["epochs"] == about["epochs"]


@pytest.mark.usefixtures("built")
def test_no_label_is_read(set_param: Callable[[str, object], None]) -> None:
    set_param("train.lengths", [1, 2])
    set_param("hard.condition", "none")
    table = store.read_table(Path("build/tracks/tracks.csv"))
    tables = table, table.assign(language=table["language"].to_numpy()[::-1], genre=list("aabbccdd"))
    found = []
    for each in tables:
        store.write_table(Path("build/tracks/tracks.csv"), each.assign(artist=list("abcdefgh")))
        easy.main()
        hard.main()
        found.append([store.read_json(Path("build") / name / f"{name}.json") for name in ("easy", "hard")])
    assert found[0] == found[1]
    assert "unseen_error" in found[0][0]
    assert "unseen_error" not in found[0][1]  # a fifth of eight songs is too few of two segments


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("artists", ["aaaaaaaa", "aaaaaaab"])
def test_songs_of_one_artist_leave_the_length_as_it_is(artists: str, set_param: Callable[[str, object], None]) -> None:
    set_param("train.lengths", [1, 2])
    table = store.read_table(Path("build/tracks/tracks.csv"))
    store.write_table(Path("build/tracks/tracks.csv"), table.assign(artist=list(artists)))
    easy.main()
    hard.main()
    assert store.read_json(Path("build/hard/hard.json"))["epochs"] == 5
    assert store.read_rows(Path("build/easy"), "easy").ids == IDS
