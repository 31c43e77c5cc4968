"""Comparisons: what is no difference is seldom called one, what is one is found, and many looks are paid for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import adjusted_mutual_info_score

from pipeline.score.jackknife import agreement_scores
from pipeline.score.verdicts import (
    Difference,
    Ints,
    Judgement,
    Scores,
    groups,
    holm,
    interval,
    judge,
    paired,
    share_interval,
    strongest,
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


def difference(truth: Ints, one: Ints, other: Ints, margin: float = 0.0) -> Difference:
    return paired(ami_scores(truth, one, GROUP), ami_scores(truth, other, GROUP), margin)


def judged(found: Difference, family: int = 1) -> Judgement:
    """A comparison under one clusterer, among as many that show nothing."""
    return judge([{"kmeans": found}, *[{"kmeans": with_p(1.0)}] * (family - 1)])[0]


def with_p(p: float, mean: float = 1.0, apart: float = 1.0) -> Difference:
    return Difference(mean, mean - 0.5, mean + 0.5, p, apart, 0.1, 19)


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
        single += sum(judged(each).verdict != "undecided" for each in differences)
        families += any(each.verdict != "undecided" for each in judge([{"kmeans": each} for each in differences]))
    assert single <= 0.05 * 600
    assert families <= 0.05 * 200


def test_two_equally_good_representations_are_seldom_told_apart(rng: np.random.Generator) -> None:
    """Harder than shuffled labels: both sides find much, each on other artists; and the intervals hold the true 0."""
    missed = 0
    for _ in range(200):
        truth = labels(rng)
        found = difference(truth, noisy(truth, 0.4, rng), noisy(truth, 0.4, rng))
        missed += not found.low <= 0 <= found.high
        assert (judged(found).verdict == "undecided") == (found.low <= 0 <= found.high)
    assert missed <= 0.05 * 200


def test_a_planted_effect_is_found_and_is_above_the_smallest_that_could_be(rng: np.random.Generator) -> None:
    truth = labels(rng)
    found = difference(truth, noisy(truth, 0.0, rng), noisy(truth, 0.7, rng))
    judgement = judged(found, family=30)
    assert judgement.verdict == "better"
    assert judgement.smallest is not None
    assert found.mean > judgement.smallest > 0


def test_two_clusterers_show_the_smallest_effect_together_in_four_of_five_corpora(rng: np.random.Generator) -> None:
    """Fault 8. Half of the artists go astray under both clusterers alike. Before, .8 was the power under each alone."""
    effects, smallest, shown, before = list[float](), list[float](), 0, 0.0
    corpora = 150
    for _ in range(corpora):
        truth = labels(rng)
        by_clusterer: dict[str, Difference | None] = {}
        shared = rng.random((2, 20)), rng.random(20) < 0.5
        for name in ("kmeans", "consensus"):
            luck = np.where(shared[1], shared[0], rng.random((2, 20)))
            astray = (luck < np.array([[0.055], [0.5]]))[:, np.repeat(np.arange(20), 6)] ^ (rng.random((2, 120)) < 0.1)
            model, rival = np.where(astray, rng.integers(0, 4, (2, 120)), truth)
            found = difference(truth, model[:, None], rival[:, None])
            before += float(found.error * (stats.t.ppf(0.975, 19) + stats.t.ppf(0.8, 19)))
            by_clusterer[name] = found
            effects.append(found.mean)
        (judgement,) = judge([by_clusterer])
        smallest.append(judgement.smallest or 0.0)
        shown += judgement.verdict == "better"
    assert np.mean(effects) == pytest.approx(np.mean(smallest), abs=0.02)  # the true effect is the one that is stated
    assert 0.75 <= shown / corpora <= 0.85
    assert before / corpora / 2 < 0.9 * np.mean(smallest)


def test_exchanging_the_two_turns_the_difference_round(rng: np.random.Generator) -> None:
    truth = labels(rng)
    one, other = noisy(truth, 0.2, rng), noisy(truth, 0.5, rng)
    there, back = difference(truth, one, other), difference(truth, other, one)
    assert (there.mean, there.low, there.high) == pytest.approx((-back.mean, -back.high, -back.low))
    assert (there.p, there.error) == pytest.approx((back.p, back.error))
    turned = {"better": "worse", "worse": "better", "undecided": "undecided"}
    assert judged(back).verdict == turned[judged(there).verdict]


def test_the_same_clusters_are_no_difference(rng: np.random.Generator) -> None:
    truth = labels(rng)
    found = noisy(truth, 0.3, rng)
    same = difference(truth, found, found)
    assert (same.mean, same.low, same.high, same.p, same.apart, same.error) == (0, 0, 0, 1, 1, 0)
    assert judged(same).verdict == "undecided"
    assert judged(difference(truth, found, found, margin=0.05)).verdict == "equivalent"


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
    ("kmeans", "consensus", "verdict", "note"),
    [
        (with_p(0.01), with_p(0.02), "better", ""),
        (with_p(0.01, -1), with_p(0.02, -1), "worse", ""),
        (with_p(0.01), with_p(0.2), "undecided", "better under kmeans only"),
        (with_p(0.01), with_p(0.02, -1), "undecided", "better under kmeans and worse under consensus only"),
        (with_p(0.2), with_p(0.2), "undecided", ""),
        (with_p(0.2, 1, 0.01), with_p(0.2, -1, 0.02), "equivalent", ""),
        (with_p(0.2, 1, 0.01), with_p(0.2, -1, 0.06), "undecided", ""),
        (with_p(0.01, 1, 0.01), with_p(0.02, 1, 0.02), "better", "by less than matters"),
    ],
)
def test_a_comparison_shows_what_all_clusterers_show(
    kmeans: Difference, consensus: Difference, verdict: str, note: str
) -> None:
    (judgement,) = judge([{"kmeans": kmeans, "consensus": consensus}])
    assert (judgement.verdict, judgement.note) == (verdict, note)


def test_the_p_of_a_comparison_is_the_larger_and_holm_counts_it_once() -> None:
    """Fault 9. Before: .02, .04 under each clusterer apart (twice the error), .04, .06 together (twice the price)."""
    family = [
        {"kmeans": with_p(0.01), "consensus": with_p(0.02)},
        {"kmeans": with_p(0.03), "consensus": with_p(0.9)},
        {"kmeans": with_p(0.001), "consensus": with_p(0.001, -1)},
    ]
    judgements = judge(family)
    assert [each.p for each in judgements] == [0.02, 0.9, 1.0]
    assert [each.holm for each in judgements] == pytest.approx([0.06, 1.0, 1.0])
    assert [each.holm for each in judge(family[:2])] == pytest.approx([0.04, 0.9])
    assert [each.verdict for each in judge(family[:2])] == ["better", "undecided"]


def test_equivalence_pays_for_many_looks_too() -> None:
    close, far = {"kmeans": with_p(0.5, 0.01, 0.03)}, {"kmeans": with_p(0.5, 0.1, 0.4)}
    assert judge([close])[0].verdict == "equivalent"
    assert [each.verdict for each in judge([close, far])] == ["undecided", "undecided"]


def test_an_undefined_difference_is_undecided_and_not_counted() -> None:
    defined, half, undefined, empty = judge(
        [{"kmeans": with_p(0.04, -1.0)}, {"kmeans": with_p(0.001), "consensus": None}, {"kmeans": None}, {}]
    )
    assert (defined.verdict, defined.p, defined.holm) == ("worse", 0.04, 0.04)
    assert half == undefined == empty == Judgement("undecided")


def pseudo(values: NDArray[np.float64]) -> Scores:
    """The scores of a mean of one number a group."""
    return Scores(values.mean(keepdims=True), (values.sum() - values)[None] / (len(values) - 1))


def test_two_one_sided_tests_by_hand() -> None:
    """Three numbers with mean .1 and standard error 1 / sqrt(3), against a margin of .5."""
    found = paired(pseudo(np.array([-0.9, 0.1, 1.1])), pseudo(np.zeros(3)), margin=0.5)
    assert found.error == pytest.approx(1 / np.sqrt(3))
    assert found.freedom == pytest.approx(2)
    lower, upper = (stats.t.sf(room * np.sqrt(3), 2) for room in (0.6, 0.4))
    assert found.apart == pytest.approx(max(lower, upper))
    assert paired(pseudo(np.array([-0.9, 0.1, 1.1])), pseudo(np.zeros(3))).apart == 1


def test_what_differs_by_the_margin_is_seldom_called_equivalent(rng: np.random.Generator) -> None:
    """A true difference of exactly the margin; and one of 0, with enough artists to show that it is small."""
    wrong, right = 0, 0
    for _ in range(400):
        noise, zero = pseudo(0.2 + rng.standard_normal(60) * 0.4), pseudo(np.zeros(60))
        wrong += paired(noise, zero, margin=0.2).apart <= 0.05
        right += paired(pseudo(rng.standard_normal(60) * 0.4), zero, margin=0.2).apart <= 0.05
    assert wrong <= 0.07 * 400
    assert right > 0.9 * 400


def test_the_strongest_rival_is_the_one_that_a_model_is_least_above() -> None:
    above: dict[str, dict[str, Difference | None]] = {
        "pca": {"kmeans": with_p(0.001, 0.3), "consensus": with_p(0.002, 0.3)},
        "raw": {"kmeans": with_p(0.03, 0.2), "consensus": with_p(0.001, 0.1)},
        "gone": {"kmeans": None, "consensus": with_p(0.001, -1)},
    }
    name, differences = strongest(above)
    assert name == "raw"
    assert {key: each.p for key, each in differences.items() if each} == {"kmeans": 0.03, "consensus": 0.002}
    below = above | {"pca": {"kmeans": with_p(0.01, -0.3, 0.2), "consensus": with_p(0.02, -0.3)}}
    name, differences = strongest(below)
    assert name == "pca"
    assert differences["kmeans"] == with_p(0.02, -0.3, 0.4)
    assert strongest({"gone": above["gone"]}) == ("gone", {"kmeans": None, "consensus": None})


def test_no_model_is_above_the_strongest_that_is_below_another_under_a_clusterer() -> None:
    rivals = {
        "pca": {"kmeans": with_p(0.001, 0.1), "consensus": with_p(0.001, 0.1)},
        "raw": {"kmeans": with_p(0.001, -0.1), "consensus": with_p(0.001, 0.9)},
    }
    name, differences = strongest(rivals)
    assert name == "pca"
    assert differences["kmeans"] == with_p(1.0, 0.1)


def test_choosing_the_strongest_of_equals_gives_few_false_verdicts(rng: np.random.Generator) -> None:
    """A model and five rivals, all equally good: without allowing for the choice 17 of 200 are called worse."""
    wrong, careless = 0, 0
    for _ in range(200):
        model, *others = (pseudo(rng.standard_normal(30)) for _ in range(6))
        rivals = {str(number): {"": paired(model, rival)} for number, rival in enumerate(others)}
        name, differences = strongest(rivals)
        wrong += judge([differences])[0].verdict != "undecided"
        careless += judge([rivals[name]])[0].verdict != "undecided"
    assert wrong <= 0.05 * 200 < careless


def test_the_interval_of_a_share_is_one_of_shares() -> None:
    """Fault 10. Before: up to 1.02 for 19 of 20 artists whose tracks are all right."""
    almost = pseudo(np.array([1.0] * 19 + [0.6]))
    assert interval(almost).high > 1
    found = share_interval(almost)
    assert 0.85 < found.low < found.mean < found.high < 1
    middle = pseudo(np.tile([0.4, 0.6], 10))
    assert share_interval(middle).high == pytest.approx(interval(middle).high, abs=1e-3)


def test_a_share_that_nobody_missed_is_not_certain() -> None:
    found = share_interval(pseudo(np.ones(20)))
    assert (found.mean, found.high) == (1, 1)
    assert found.low == pytest.approx(0.025 ** (1 / 20))
    assert share_interval(pseudo(np.zeros(20))).high == pytest.approx(1 - 0.025 ** (1 / 20))


@pytest.mark.parametrize(("artists", "verdict"), [(11, "undecided"), (60, "equivalent")])
def test_equal_scores_of_few_artists_decide_nothing(artists: int, verdict: str) -> None:
    """None of 11 songs differed: one in five could, so a difference of .05 is not ruled out."""
    same = Scores(np.array([0.1]), np.full((1, artists), 0.1), predicted=True)
    judgement = judged(paired(same, same, margin=0.05))
    assert judgement.verdict == verdict
    assert judgement.smallest is None


def test_a_difference_without_spread_is_judged_by_the_number_of_artists() -> None:
    low, high = (Scores(np.array([score]), np.full((1, 4), score)) for score in (0.1, 0.2))
    assert judged(paired(high, low)).verdict == "undecided"
