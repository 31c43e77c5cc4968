"""Comparisons: what is no difference is seldom called one, what is one is found, and many looks are paid for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_mutual_info_score

from pipeline.score.jackknife import agreement_scores
from pipeline.score.verdicts import (
    Difference,
    Ints,
    Scores,
    Verdict,
    groups,
    holm,
    interval,
    joint,
    judge,
    paired,
    verdict,
)

ARTISTS = np.repeat([f"artist {number}" for number in range(20)], 6)
GROUP = groups(list(ARTISTS), 100, seed=0)


def labels(rng: np.random.Generator, values: int = 4) -> Ints:
    return rng.integers(0, values, len(ARTISTS))


def noisy(truth: Ints, lost: float, rng: np.random.Generator, seeds: int = 2) -> Ints:
    """Clusters that follow the truth but for a share of artists whose songs all go astray; seeds differ a little."""
    astray = rng.random(20)[np.repeat(np.arange(20), 6)] < lost
    columns = []
    for _ in range(seeds):
        wrong = astray ^ (rng.random(len(truth)) < 0.1)
        columns.append(np.where(wrong, rng.integers(0, 4, len(truth)), truth))
    return np.stack(columns, axis=1)


def ami_scores(truth: Ints, found: Ints, group: Ints) -> Scores:
    scores = agreement_scores("ami", truth.astype(str), list(found.T), group)
    assert scores is not None
    return scores


def difference(truth: Ints, one: Ints, other: Ints, family: int = 1) -> Difference:
    return paired(ami_scores(truth, one, GROUP), ami_scores(truth, other, GROUP), family)


def test_scores_without_a_group_are_scikit_learns_on_the_rest(rng: np.random.Generator) -> None:
    truth = labels(rng)
    found = noisy(truth, 0.3, rng)
    scores = ami_scores(truth, found, GROUP)
    for seed in range(2):
        assert scores.whole[seed] == pytest.approx(adjusted_mutual_info_score(truth, found[:, seed]))
        for number in (0, 7, 19):
            rest = number != GROUP
            expected = adjusted_mutual_info_score(truth[rest], found[rest, seed])
            assert scores.without[seed, number] == pytest.approx(expected)


def test_two_hundred_shuffles_of_the_labels_give_at_most_one_in_twenty_verdicts(rng: np.random.Generator) -> None:
    truth = labels(rng)
    found = [noisy(truth, lost, rng) for lost in (0.2, 0.3, 0.5)]
    single, families = 0, 0
    for _ in range(200):
        shuffled = rng.permutation(truth)
        one, other, third = (ami_scores(shuffled, clusters, GROUP) for clusters in found)
        differences = [paired(one, other), paired(one, third), paired(other, third)]
        single += sum(verdict(d, d.p) != "not shown" for d in differences)
        adjusted = holm([d.p for d in differences])
        families += any(verdict(d, p) != "not shown" for d, p in zip(differences, adjusted, strict=True))
    assert single <= 0.05 * 600
    assert families <= 0.05 * 200


def test_two_equally_good_representations_are_seldom_told_apart(rng: np.random.Generator) -> None:
    """Harder than shuffled labels: both sides find much, each on other artists; and the intervals hold the true 0."""
    missed = 0
    for _ in range(200):
        truth = labels(rng)
        found = difference(truth, noisy(truth, 0.4, rng), noisy(truth, 0.4, rng))
        missed += not found.low <= 0 <= found.high
        assert (verdict(found, found.p) == "not shown") == (found.low <= 0 <= found.high)
    assert missed <= 0.05 * 200


def test_a_planted_effect_is_found_and_is_above_the_smallest_that_could_be(rng: np.random.Generator) -> None:
    truth = labels(rng)
    found = difference(truth, noisy(truth, 0.0, rng), noisy(truth, 0.7, rng), family=30)
    assert verdict(found, 30 * found.p) == "better"
    assert found.mean > found.smallest > 0


def test_the_smallest_effect_is_found_four_times_in_five(rng: np.random.Generator) -> None:
    """Scores that are a normal effect a group plus a constant: an effect as large as `smallest` says."""
    seen, told, effect = 0, [], 0.9
    for _ in range(300):
        each = effect + rng.standard_normal(20)
        without = (each.sum() - each) / 19
        found = paired(Scores(each.mean(keepdims=True), without[None]), Scores(np.zeros(1), np.zeros((1, 20))))
        told.append(found.smallest)
        seen += found.p <= 0.05
    expected = np.mean(told)
    assert abs(expected - 0.66) < 0.02  # (t(.975) + t(.8)) / sqrt(20)
    assert seen > 0.9 * 300  # the effect was larger than that


def test_exchanging_the_two_turns_the_difference_round(rng: np.random.Generator) -> None:
    truth = labels(rng)
    one, other = noisy(truth, 0.2, rng), noisy(truth, 0.5, rng)
    there, back = difference(truth, one, other), difference(truth, other, one)
    assert (there.mean, there.low, there.high) == pytest.approx((-back.mean, -back.high, -back.low))
    assert (there.p, there.smallest) == pytest.approx((back.p, back.smallest))
    turned = {"better": "worse", "worse": "better", "not shown": "not shown"}
    assert verdict(back, back.p) == turned[verdict(there, there.p)]


def test_the_same_clusters_are_no_difference(rng: np.random.Generator) -> None:
    truth = labels(rng)
    found = noisy(truth, 0.3, rng)
    same = difference(truth, found, found)
    assert (same.mean, same.low, same.high, same.p, same.smallest) == (0, 0, 0, 1, 0)
    assert verdict(same, same.p) == "not shown"


def test_seeds_that_disagree_widen_the_interval() -> None:
    without = np.tile(np.linspace(0.4, 0.6, 10), (4, 1))
    steady = interval(Scores(np.full(4, 0.5), without))
    shaky = interval(Scores(np.array([0.1, 0.9, 0.1, 0.9]), without))
    assert steady.mean == pytest.approx(shaky.mean)
    assert shaky.high - shaky.low > 1.2 * (steady.high - steady.low)


def test_an_interval_by_hand() -> None:
    """The mean of one number a group, each left out in turn: the standard error is the textbook's, 1 / sqrt(3)."""
    each = np.array([1.0, 2.0, 3.0])
    without = (each.sum() - each) / 2
    found = interval(Scores(np.array([2.0]), without[None]))
    assert found.mean == 2
    assert found.high - 2 == pytest.approx(4.302653 / np.sqrt(3), rel=1e-6)  # t with 2 degrees of freedom


def test_one_artist_alone_has_no_interval() -> None:
    with pytest.raises(ValueError, match="at least two artists"):
        interval(Scores(np.ones(2), np.ones((2, 1))))


def test_groups_keep_artists_whole_and_tracks_without_one_alone() -> None:
    group = groups(["a", "", "b", "a", ""], 100, seed=0)
    assert group[0] == group[3]
    assert len(set(group.tolist())) == 4


@given(st.lists(st.sampled_from(["", "a", "b", "c", "d", "e", "f"]), min_size=2), st.integers(2, 5))
def test_groups_are_few_even_and_never_split_an_artist(artists: list[str], most: int) -> None:
    group = groups(artists, most, seed=3)
    assert set(group.tolist()) == set(range(min(most, len(set(artists) - {""}) + artists.count(""))))
    for artist in set(artists) - {""}:
        assert len({int(g) for g, name in zip(group, artists, strict=True) if name == artist}) == 1
    assert group.tolist() == groups(artists, most, seed=3).tolist()


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


@pytest.mark.parametrize(
    ("seen", "verdict_", "note"),
    [
        ({"kmeans": "better", "consensus": "better"}, "better", ""),
        ({"kmeans": "better", "consensus": "not shown"}, "not shown", "better under kmeans only"),
        (
            {"kmeans": "better", "consensus": "worse"},
            "not shown",
            "better under kmeans and worse under consensus only",
        ),
        ({"kmeans": "not shown", "consensus": "not shown"}, "not shown", ""),
    ],
)
def test_a_win_under_one_clusterer_only_is_not_shown(seen: dict[str, Verdict], verdict_: Verdict, note: str) -> None:
    assert joint(seen) == (verdict_, note)


def with_p(p: float, mean: float = 1.0) -> Difference:
    return Difference(mean, mean - 0.5, mean + 0.5, p, 0.1)


def test_a_family_is_judged_under_each_clusterer_or_under_all_together() -> None:
    family = [{"kmeans": with_p(0.01), "consensus": with_p(0.02)}, {"kmeans": with_p(0.03), "consensus": with_p(0.9)}]
    apart, pooled = judge(family, pooled=False), judge(family, pooled=True)
    assert apart[0].adjusted == pytest.approx({"kmeans": 0.02, "consensus": 0.04})
    assert pooled[0].adjusted == pytest.approx({"kmeans": 0.04, "consensus": 0.06})
    assert [each.verdict for each in apart] == ["better", "not shown"]
    assert [each.verdict for each in pooled] == ["not shown", "not shown"]
    assert apart[1].note == pooled[0].note == "better under kmeans only"


def test_an_undefined_difference_is_not_shown_and_not_counted() -> None:
    defined, undefined = judge([{"kmeans": with_p(0.04, -1.0)}, {"kmeans": None}], pooled=False)
    assert defined.verdict == "worse"
    assert defined.adjusted == {"kmeans": 0.04}
    assert (undefined.verdict, undefined.adjusted) == ("not shown", {})
