"""Trials: fits to all tracks and without each fold, and linear methods that are refitted as models are."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline import questions
from pipeline.core import params
from pipeline.core.store import Array
from pipeline.learn.heldout import HeldOut
from pipeline.questions import Inputs
from pipeline.score.clusterers import Cluster
from pipeline.score.labels import ABSENT
from pipeline.trials.designs import Condition
from pipeline.trials.trials import Trial, TrialJob, run, trials

TRACKS, SEGMENTS, NUMBERS = 20, 3, 6
IDS = tuple(f"t{number}" for number in range(TRACKS))
CLUSTER = Cluster(2, 3, 8, ("kmeans",))
HELD = np.arange(TRACKS) < 5


@pytest.fixture
def sound(rng: np.random.Generator) -> Array:
    return rng.standard_normal((TRACKS, SEGMENTS, NUMBERS)) + 4 * (np.arange(TRACKS) % 2)[:, None, None]


@pytest.fixture
def given(sound: Array) -> Inputs:
    parts = {fold: HeldOut(frozenset(IDS[fold::4]), fold) for fold in range(4)}
    valid = np.ones((TRACKS, SEGMENTS), dtype=bool)
    return Inputs(IDS, sound, valid, np.zeros(TRACKS, dtype=bool), parts)


def job(condition: Condition, points: Array, fold: int | None = None) -> TrialJob:
    held = None if fold is None else HELD
    return TrialJob(condition, CLUSTER, ("kmeans",), 0, fold, held, None, points)


def test_a_fit_without_a_fold_clusters_the_tracks_that_it_saw(sound: Array) -> None:
    pca = Condition("pca_3", "linear", dimensions=3)
    fit = run(job(pca, sound[:, 0], fold=1))
    assert (fit.labels["kmeans"] == ABSENT).tolist() == HELD.tolist()
    assert np.isfinite(fit.points).all()  # they have a place all the same
    assert not fit.curve


def test_a_fit_to_all_tracks_is_clustered_for_several_k(sound: Array) -> None:
    fit = run(job(Condition("raw", "linear"), sound[:, 0]))
    assert list(fit.curve) == [5, 8]
    assert set(fit.curve[8]) == set(range(8))


def test_fits_are_put_together_by_fold(sound: Array) -> None:
    raw = Condition("raw", "linear")
    jobs = [job(raw, sound[:, 0]), job(raw, sound[:, 1], fold=0), job(raw, sound[:, 2, :4], fold=2)]
    made = trials(jobs, 3, processes=1)["raw"]
    assert len(made.labels["kmeans"]) == 1
    assert not made.refits  # no claim is of them
    assert np.isnan(made.heldout[:, 1]).all()
    np.testing.assert_allclose(made.heldout[:, 0], sound[:, 1], rtol=1e-6)
    assert (made.heldout[:, 2, 4:] == 0).all()  # a fit to few tracks has fewer dimensions


@pytest.mark.usefixtures("workspace")
def test_linear_methods_never_see_the_tracks_that_are_held_out(given: Inputs) -> None:
    """Faults 1 and 5: each rung is refitted, as a model is."""
    held = np.isin(IDS, list(given.parts[1].ids))
    odd = replace(given, sound=np.where(held[:, None, None], 100 * given.sound, given.sound))
    first, second = (_by_name(each) for each in (given, odd))
    assert {"raw", "pca", "pca_white", "pca_segments", "ppca", "pca_metric", "track_lda"} == set(first)
    for name, points in first.items():
        np.testing.assert_allclose(points[~held], second[name][~held], err_msg=name)


def _by_name(given: Inputs) -> dict[str, Array]:
    p = params.load(questions.Params)
    linear = [each for each in questions.jobs(p, given) if each.condition.kind == "linear" and each.fold == 1]
    return {each.condition.name: each.points for each in linear if each.points is not None}


@pytest.mark.usefixtures("workspace")
def test_every_vae_is_refitted_and_clustered_only_where_a_claim_asks(given: Inputs) -> None:
    p = params.load(questions.Params)
    fits: dict[str, list[int | None]] = {}
    for each in questions.jobs(p, given):
        fits.setdefault(each.condition.name, []).append(each.fold)
    seeds = [None] * p.questions.seeds
    assert fits["vae"] == fits["audio"] == [*seeds, 0, 1, 2, 3]
    assert fits["beta 4"] == fits["tc 4"] == [0, 1, 2, 3]


@pytest.mark.usefixtures("workspace")
def test_the_control_is_as_even_as_the_model(given: Inputs, rng: np.random.Generator) -> None:
    """Fault 5: not as many dimensions as there are active units, but as many as weigh alike."""
    uneven = rng.standard_normal((TRACKS, 4, 6)) * np.array([1, 1, 0.1, 0.1, 0.1, 0.1])
    even = rng.standard_normal((TRACKS, 4, 2)) @ np.eye(2, 8)
    results = {
        "pca": Trial(Condition("pca", "linear"), uneven),
        "vae": Trial(Condition("vae", "dense"), even, active=6.0),
    }
    names, jobs = questions.controls(params.load(questions.Params), given, results)
    assert names["vae"] in {"pca_2", "pca_3"}
    assert len(jobs) == 4
    assert {each.condition.dimensions for each in jobs} == {int(names["vae"][-1])}
