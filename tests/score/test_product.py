"""Two independent properties are found together by the product of facets, and by no clustering of few clusters."""

import numpy as np
from sklearn.metrics import adjusted_mutual_info_score

from pipeline.core.store import Array
from pipeline.score.kmeans import kmeans
from pipeline.score.labels import ABSENT
from pipeline.score.product import product


def facet(truth: Array, rng: np.random.Generator) -> Array:
    return np.asarray(4 * np.eye(4, 6)[truth] + rng.standard_normal((len(truth), 6)))


def test_both_properties_are_found_where_one_clustering_finds_half(rng: np.random.Generator) -> None:
    sound, words = rng.integers(0, 3, (2, 240))
    facets = facet(sound, rng), facet(words, rng)
    labels, note = product(facets, seed=0)
    pairs = 3 * sound + words
    assert note.startswith("9 of 3 x 3 pairs")
    assert adjusted_mutual_info_score(pairs, labels) > 0.9
    assert adjusted_mutual_info_score(pairs, kmeans(np.hstack(facets), 3, seed=0)) < 0.7


def test_noise_is_one_cluster(rng: np.random.Generator) -> None:
    """Not more than BIC asks for: a property that is not there adds no clusters."""
    sound = rng.integers(0, 3, 240)
    labels, _ = product((facet(sound, rng), rng.standard_normal((240, 6))), seed=0)
    assert adjusted_mutual_info_score(sound, labels) > 0.9


def test_a_track_without_a_place_in_one_facet_goes_with_those_beside_it_in_the_other(rng: np.random.Generator) -> None:
    sound = rng.integers(0, 3, 240)
    first, second = facet(sound, rng), facet(sound, rng)  # here the sound tells the words
    whole = product((first, second), seed=0)[0]
    second[:40] = np.nan
    labels = product((first, second), seed=0)[0]
    assert (labels >= 0).all()
    assert adjusted_mutual_info_score(whole[:40], labels[:40]) > 0.8
    first[:5] = np.nan
    assert (product((first, second), seed=0)[0][:5] == ABSENT).all()


def test_the_same_seed_gives_the_same_pairs(rng: np.random.Generator) -> None:
    facets = [facet(rng.integers(0, 3, 60), rng) for _ in range(2)]
    assert np.array_equal(product(facets, 3)[0], product(facets, 3)[0])
