"""What intervals are made of: means over k and over pairs of seeds, by hand."""

from itertools import combinations

import numpy as np
import pytest
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from pipeline.score.jackknife import LEAST_K, curve_scores, stability_scores
from pipeline.score.labels import ABSENT, Labels

GROUP = np.repeat(np.arange(10), 6)


def clusterings(rng: np.random.Generator, number: int, k: int = 3) -> list[Labels]:
    """Clusterings that agree in two thirds of the tracks."""
    common = rng.integers(0, k, 60)
    return [np.where(rng.random(60) < 0.6, common, rng.integers(0, k, 60)) for _ in range(number)]


@pytest.mark.parametrize("seeds", [3, 5, 8])
def test_the_spread_over_seeds_is_the_jackknife_of_a_mean_over_pairs(seeds: int, rng: np.random.Generator) -> None:
    """Fault 15. Before, the distances were doubled alone: for 5 seeds 9 / 16 of the variance."""
    labelings = clusterings(rng, seeds)
    alike = {
        pair: adjusted_rand_score(labelings[pair[0]], labelings[pair[1]]) for pair in combinations(range(seeds), 2)
    }
    left = [np.mean([score for pair, score in alike.items() if seed not in pair]) for seed in range(seeds)]
    expected = (seeds - 1) / seeds * ((np.array(left) - np.mean(left)) ** 2).sum()
    scores = stability_scores(labelings, GROUP)
    assert scores is not None
    assert scores.whole.mean() == pytest.approx(np.mean([*alike.values()]))
    assert scores.whole.var(ddof=1) / seeds == pytest.approx(expected)


def test_two_seeds_have_one_pair_and_no_spread(rng: np.random.Generator) -> None:
    assert stability_scores(clusterings(rng, 2), GROUP) is None


def test_the_curve_is_a_mean_over_k_for_each_seed(rng: np.random.Generator) -> None:
    truth = rng.integers(0, 4, 60).astype(str)
    by_k = {k: clusterings(rng, 2, k) for k in (9, 2, 5, 4, 7)}
    scores = curve_scores(truth, by_k, GROUP)
    assert scores is not None
    counted = [k for k in by_k if k >= LEAST_K]
    assert sorted(counted) == [5, 7, 9]
    for seed in range(2):
        amis = [adjusted_mutual_info_score(truth, by_k[k][seed]) for k in counted]
        assert scores.whole[seed] == pytest.approx(np.mean(amis))
        rest = GROUP != 3
        amis = [adjusted_mutual_info_score(truth[rest], by_k[k][seed][rest]) for k in counted]
        assert scores.without[seed, 3] == pytest.approx(np.mean(amis))


def test_a_curve_without_enough_clusters_or_tracks_is_undefined(rng: np.random.Generator) -> None:
    truth = rng.integers(0, 4, 60).astype(str)
    assert curve_scores(truth, {k: clusterings(rng, 2, k) for k in (2, 3, 4)}, GROUP) is None
    assert curve_scores(truth, {5: clusterings(rng, 2, 5), 6: [np.full(60, ABSENT)] * 2}, GROUP) is None
    assert curve_scores(truth, {}, GROUP) is None
