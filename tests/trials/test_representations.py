"""The first question: a VAE wins only over the strongest linear method, in the scores that were declared."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.score.labels import ABSENT
from pipeline.trials.answers import QuestionData
from pipeline.trials.representations import representations
from tests.trials.planted import CLUSTERERS, GENRE, SEEDS, TRACKS, data, places, seeds, trial


def ladder(rng: np.random.Generator, vae: float, **rungs: float) -> QuestionData:
    """A VAE and linear methods whose clusters and places tell the genre, but for this share of blur."""
    made = [trial("vae", seeds(GENRE, vae, rng), 4.0, places(GENRE, vae, rng))]
    return data(made + [trial(name, seeds(GENRE, b, rng), None, places(GENRE, b, rng)) for name, b in rungs.items()])


def test_a_vae_above_every_linear_method_is_better(rng: np.random.Generator) -> None:
    found = representations(ladder(rng, 0.05, raw=0.9, pca=0.8, pca_white=0.85))
    assert {(claim["score"], claim["verdict"]) for claim in found.claims if claim["score"] != "knn"} == {
        ("ami", "better"), ("ami_curve", "better"),
    }  # fmt: skip
    assert {claim["column"] for claim in found.claims} == {"genre"}


def test_a_vae_above_pca_that_is_below_another_linear_method_does_not_win(rng: np.random.Generator) -> None:
    """Faults 1, 3 and 4: PCA of track means is the weakest rung."""
    found = representations(ladder(rng, 0.3, raw=0.9, pca=0.9, pca_white=0.02))
    verdicts = {claim["score"]: claim["verdict"] for claim in found.claims}
    assert verdicts["ami"] == verdicts["ami_curve"] == "worse"
    assert found.answer == "no"
    assert "worse than pca_white, the strongest linear method (AMI)" in str(found.claims[0]["sentence"])
    beside = [row for row in found.comparisons if row["against"] == "pca" and row["score"] == "ami"]
    assert {(row["family"], row["verdict"]) for row in beside} == {("secondary", "better")}


def test_the_artist_is_a_secondary_claim(rng: np.random.Generator) -> None:
    found = representations(ladder(rng, 0.3, pca=0.3))
    families = {row["score"]: row["family"] for row in found.comparisons if row["against"] == "linear"}
    assert families == {"ami": "primary", "ami_curve": "primary", "knn": "primary", "artist_hit": "secondary"}
    assert {row["name"] for row in found.rows} == {"vae", "pca"}
    assert {row["seeds"] for row in found.rows if row["score"] == "ami"} == {SEEDS}


def test_a_collapsed_model_is_no_answer(rng: np.random.Generator) -> None:
    known = ladder(rng, 0.1, pca=0.8)
    one, crossed = replace(known.trials["vae"], active=0.5), trial("vae cross", seeds(GENRE, 0.1, rng), 4.0)
    found = representations(replace(known, trials={**known.trials, "vae": one, "vae cross": crossed}))
    assert {claim["model"] for claim in found.claims} == {"vae cross"}
    assert "vae is collapsed (0.5 of 4 units active) and left out." in found.verdict


def test_without_a_genre_artists_are_asked_for(rng: np.random.Generator) -> None:
    found = representations(replace(ladder(rng, 0.1, pca=0.8), truths={}))
    assert {claim["score"] for claim in found.claims} == {"artist_hit"}
    assert found.answer != "not asked"


def test_what_cannot_be_asked_is_said(rng: np.random.Generator) -> None:
    bare = replace(ladder(rng, 0.1, pca=0.8), truths={}, artists=np.full(TRACKS, ""))
    found = representations(bare)
    assert (found.answer, found.verdict) == ("not asked", "Not asked: too few tracks have a 'genre'.")
    unnamed = replace(bare, params=replace(bare.params, sound=""))
    assert "no column says what the sound should show" in representations(unnamed).verdict


@pytest.mark.parametrize("small", ["", "3 songs are too few."])
def test_without_a_score_the_reason_is_said(small: str, rng: np.random.Generator) -> None:
    known = ladder(rng, 0.1, pca=0.8)
    none = {name: [np.full(TRACKS, ABSENT)] * SEEDS for name in CLUSTERERS}
    nowhere = {
        name: replace(each, labels=none, curves={5: none["kmeans"]}, heldout=np.full_like(each.heldout, np.nan))
        for name, each in known.trials.items()
    }
    found = representations(replace(known, trials=nowhere, small=small))
    assert found.answer == "not asked"
    assert (small or "no score is defined under every clusterer") in found.verdict
