"""The fourth question: what a refit on other artists finds again, of disentangled, plain and linear models alike."""

import numpy as np
import pytest

from pipeline.score.labels import ABSENT, Labels
from pipeline.trials.answers import QuestionData
from pipeline.trials.measures import refit_scores
from pipeline.trials.stability import stability
from tests.trials.planted import FOLDS, GENRE, GROUP, TRACKS, blurred, data, seeds, trial, without_folds

Refits = list[Labels]


@pytest.fixture
def stable(rng: np.random.Generator) -> Refits:
    firm = blurred(GENRE, 0.3, rng)
    return [np.where(rng.random(TRACKS) < 0.02, 0, firm) for _ in range(FOLDS)]


@pytest.fixture
def loose(rng: np.random.Generator) -> Refits:
    return seeds(GENRE, 0.5, rng, FOLDS)


def refitted(active: float = 4.0, **refits: Refits) -> QuestionData:
    """These fits, each against PCA with three dimensions."""
    names = {name.replace("_", " "): each for name, each in refits.items() if name != "pca"}
    made = [trial(name, (), active, refits=each) for name, each in names.items()]
    return data([*made, trial("pca_3", refits=refits["pca"])], controls=dict.fromkeys(names, "pca_3"))


def test_clusters_that_a_refit_finds_again_are_stable(stable: Refits, loose: Refits) -> None:
    found = stability(refitted(vae=loose, beta_4=stable, tc_4=stable, pca=loose))
    assert found.answer == "yes"
    assert {claim["model"] for claim in found.claims} == {"beta 4", "tc 4"}
    assert str(found.claims[0]["sentence"]).startswith("Clusters of beta 4 are more stable than those of the plain VAE")


def test_the_answer_can_be_no(stable: Refits, loose: Refits) -> None:
    """Fault 5: it could not, while PCA only varied the start of its clusterer."""
    assert stability(refitted(vae=stable, beta_4=loose, pca=loose)).answer == "no"


def test_stability_that_pca_has_too_is_no_merit(stable: Refits, loose: Refits) -> None:
    found = stability(refitted(vae=loose, beta_4=stable, pca=stable))
    assert found.answer == "undecided"
    assert {row["against"] for row in found.comparisons if row["family"] == "primary"} == {"vae", "pca_m"}
    assert "pca_m is pca_3" in {str(row["note"]).split("; ")[0] for row in found.comparisons}


def test_other_weights_are_secondary(stable: Refits, loose: Refits) -> None:
    found = stability(refitted(vae=loose, beta_2=stable, beta_4=loose, pca=loose))
    assert {claim["model"] for claim in found.claims} == {"beta 4"}
    assert "Other weights of the KL term: 1 better." in found.verdict


def test_a_collapsed_model_is_left_out_of_the_claims(stable: Refits, loose: Refits) -> None:
    known = refitted(vae=loose, beta_4=loose, pca=loose)
    dull = trial("dip 4", (), 0.5, refits=stable)
    grown = {**known.trials, "dip 4": dull}
    found = stability(data(list(grown.values()), controls=dict.fromkeys(("vae", "beta 4", "dip 4"), "pca_3")))
    assert {claim["model"] for claim in found.claims} == {"beta 4"}
    assert "dip 4 is collapsed (0.5 of 4 units active) and left out." in found.verdict
    assert "dip 4" in {row["name"] for row in found.rows}


def test_agreement_stands_beside_stability(stable: Refits, loose: Refits) -> None:
    """Fault 5: a model that encodes nothing is stable."""
    found = stability(refitted(vae=loose, beta_4=stable, pca=loose))
    scores = {(row["name"], row["score"]) for row in found.rows}
    for name in ("vae", "beta 4", "pca_3"):
        assert {(name, "refits"), (name, "ami")} <= scores


def test_every_arm_collapsed_is_no_answer(loose: Refits) -> None:
    found = stability(refitted(0.1, vae=loose, beta_4=loose, pca=loose))
    assert found.answer == "not asked"
    assert "beta 4 is collapsed" in found.verdict


def test_refits_are_compared_on_what_both_saw() -> None:
    same = without_folds([np.arange(TRACKS) % 3] * FOLDS)
    scores = refit_scores(same, GROUP)
    assert scores is not None
    assert scores.whole.tolist() == [1.0] * FOLDS
    assert scores.without.shape == (FOLDS, int(GROUP.max()) + 1)
    assert refit_scores(same[:2], GROUP) is None  # one pair has no spread
    assert refit_scores([*same[:2], np.full(TRACKS, ABSENT)], GROUP) is None


def test_the_spread_over_refits_is_that_of_the_jackknife(rng: np.random.Generator) -> None:
    """Fault 15: without ((n - 1) / (n - 2))^2 it is too small by the half with five refits."""
    labels = without_folds(seeds(GENRE, 0.4, rng, FOLDS))
    scores = refit_scores(labels, GROUP)
    assert scores is not None
    without = [refit_scores([*labels[:fit], *labels[fit + 1 :]], GROUP) for fit in range(FOLDS)]
    left = np.array([each.whole.mean() for each in without if each])
    jackknife = (FOLDS - 1) / FOLDS * ((left - left.mean()) ** 2).sum()
    assert scores.whole.var(ddof=1) / FOLDS == pytest.approx(jackknife)
