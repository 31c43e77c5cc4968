"""What is fitted for the questions: designs differ in one thing, and chance is drawn anew for every fit."""

from pathlib import Path

import numpy as np
import pytest

from pipeline import questions
from pipeline.core import store
from pipeline.learn.plan import Train
from pipeline.learn.songs import kept_lyrics, swapped_lyrics
from pipeline.trials.designs import Condition, designs
from tests.trials.planted import PARAMS

TRAIN = Train(8, 0.003, 0.3, "cross", "tc", 9.0, "fp32", 1)
HAS_LYRICS = np.arange(30) % 3 > 0


def test_designs_differ_in_one_thing_and_have_a_name_each() -> None:
    made = list(designs(PARAMS, TRAIN, texts=("tfidf_svd", "bert"), halves=True))
    names = [design.model.name for design in made]
    assert len(set(names)) == len(names)
    assert {"vae", "vae cross", "audio", "audio + bert", "audio + bert shuffled", "beta 0.5", "beta 4"} <= set(names)
    assert "beta 1" not in names  # which is `vae`
    views = {design.model.name for design in made if design.train.view == "cross"}
    assert views == {"vae cross"}  # whatever params.yaml says of the models
    assert {design.model.name for design in made if design.train.objective != "beta"} == {"tc 4", "dip 4"}


def test_no_design_is_another_by_construction() -> None:
    """Fault 6: without any lyrics the fused model is that of the sound alone."""
    made = designs(PARAMS, TRAIN, texts=("bert",), halves=True)
    assert {design.model.source.missing for design in made} == {0.0, 0.5}


def test_without_lyrics_nothing_is_trained_on_them() -> None:
    assert all(design.model.source.lyrics is None for design in designs(PARAMS, TRAIN, texts=(), halves=True))


def test_tracks_of_one_segment_have_no_other_half() -> None:
    assert {design.train.view for design in designs(PARAMS, TRAIN, texts=(), halves=False)} == {"self"}


def test_every_fit_has_its_own_shuffling_and_removal() -> None:
    """Fault 11."""
    made = {design.model.name: design for design in designs(PARAMS, TRAIN, texts=("bert",), halves=True)}
    for name in ("audio + bert shuffled", "audio + bert, 50% missing"):
        assert [made[name].lot(number).source.lot for number in range(3)] == [0, 1, 2]
    assert made["audio + bert"].lot(2) == made["audio + bert"].model


def test_removed_lyrics_are_those_of_a_lot() -> None:
    masks = [kept_lyrics(HAS_LYRICS, 0.5, lot) for lot in range(5)]
    assert {int(mask.sum()) for mask in masks} == {10}
    assert len({mask.tobytes() for mask in masks}) == 5
    fewer = kept_lyrics(HAS_LYRICS, 0.75, 1)
    assert not (fewer & ~masks[1]).any()  # a larger share removes the same ones and more


@pytest.mark.parametrize("lot", range(20))
def test_no_song_keeps_its_own_lyrics(lot: int) -> None:
    """Fault 11: a permutation left one in place on average."""
    to, of = swapped_lyrics(HAS_LYRICS, lot)
    assert sorted(to) == sorted(of) == np.flatnonzero(HAS_LYRICS).tolist()
    assert (to != of).all()


def test_what_a_condition_is_fitted_for() -> None:
    plain, strong = Condition("vae", "dense"), Condition("beta 4", "dense", beta=4.0)
    assert (plain.is_clustered, plain.has_curve, plain.is_refitted) == (True, True, True)
    assert (strong.is_clustered, strong.has_curve, strong.is_refitted) == (False, False, True)
    missing = Condition("audio + bert, 50% missing", "fused", text="bert", missing=0.5)
    assert (missing.is_clustered, missing.is_refitted) == (False, False)
    cut = Condition("pca_3", "linear", dimensions=3)
    assert (cut.is_clustered, cut.has_curve, cut.is_refitted) == (False, False, True)


def test_tracks_without_lyrics_have_no_script(workspace: Path) -> None:
    table = workspace / "build" / "lyrics" / "scripts.csv"
    table.parent.mkdir(parents=True)
    table.write_text("id,script\na,Bengali\nb,Latin\n", encoding="utf-8")
    assert questions.scripts(("b", "none", "a")).tolist() == ["Latin", "", "Bengali"]
    assert store.read_table(table)["id"].tolist() == ["a", "b"]
