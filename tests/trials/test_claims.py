"""Claims: a planted difference is better, the control has to be beaten, Holm counts claims, sentences are plain."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from pipeline.score.verdicts import Difference, Judgement, Scores, Verdict
from pipeline.trials.claims import Claim, JudgedClaim, differences, judged
from pipeline.trials.representations import BY_COLUMN
from pipeline.trials.sentences import overall, sentence


def difference(mean: float, error: float = 0.01, *, apart: float = 1.0) -> Difference:
    p = 0.001 if abs(mean) > 3 * error else 0.5
    return Difference(mean, mean - 2 * error, mean + 2 * error, p, apart, error, 30.0)


def claim(**rivals: float | Mapping[str, float]) -> Claim:
    """A claim about these differences; one number is the same under both clusterers."""
    by_rival = {
        name: each if isinstance(each, Mapping) else dict.fromkeys(("kmeans", "consensus"), each)
        for name, each in rivals.items()
    }
    return Claim(
        "vae", "ami", "genre", {r: {c: difference(d) for c, d in each.items()} for r, each in by_rival.items()}, 0.05
    )


def verdict_of(made: Claim) -> Verdict:
    (found,) = judged([made], "primary")
    return found.verdict


def with_verdict(verdict: Verdict, **judgement: Any) -> JudgedClaim:
    return JudgedClaim(claim(pca=0.2), Judgement(verdict, p=0.01, holm=0.01, **judgement), "primary")


@pytest.mark.parametrize(("control", "verdict"), [(0.2, "better"), (0.01, "undecided"), (-0.2, "undecided")])
def test_a_gain_counts_only_beyond_the_control(control: float, verdict: Verdict) -> None:
    assert verdict_of(claim(audio=0.2, shuffled=control)) == verdict


@pytest.mark.parametrize("control", [0.2, 0.0, -0.2])
def test_a_loss_counts_whatever_the_control_does(control: float) -> None:
    assert verdict_of(claim(audio=-0.2, shuffled=control)) == "worse"


def test_a_win_under_one_clusterer_alone_is_undecided() -> None:
    (found,) = judged([claim(pca={"kmeans": 0.2, "consensus": 0.0})], "primary")
    assert found.verdict == "undecided"
    assert found.judgement.note == "better under kmeans only"
    assert "a difference of 0.0" in sentence(found, BY_COLUMN)


def test_every_claim_counts_once_whatever_it_is_measured_by() -> None:
    """Fault 6: two clusterers and two rivals are one claim, so p .02 of two claims is significant after Holm."""
    near = {name: Difference(0.1, 0.02, 0.18, 0.02, 1.0, 0.04, 30.0) for name in ("kmeans", "consensus")}
    both = [Claim("vae", "ami", column, {"audio": near, "shuffled": near}, 0.05) for column in ("genre", "theme")]
    assert [each.judgement.holm for each in judged(both, "primary")] == [pytest.approx(0.04)] * 2


def test_equivalence_is_that_to_the_first_rival() -> None:
    near = {"": difference(0.006, apart=0.01)}
    wide = {"": difference(0.02, 0.1)}
    (found,) = judged([Claim("vae", "knn", "genre", {"audio": near, "shuffled": wide}, 0.05)], "primary")
    assert found.verdict == "equivalent"
    assert sentence(found, BY_COLUMN).endswith("(kNN): +0.01 (-0.01 to +0.03); less than 0.05 either way.")


def test_trials_of_other_artists_are_not_compared() -> None:
    left, right = (Scores(np.ones(2), np.ones((2, groups))) for groups in (4, 5))
    assert differences({"": left}, {"": right}, 0.05) == {"": None}
    assert verdict_of(Claim("vae", "knn", "genre", {"pca": {"": None}}, 0.05)) == "undecided"


def test_a_verdict_is_a_sentence_with_its_numbers() -> None:
    made = with_verdict("better", smallest=0.07)
    assert sentence(made, BY_COLUMN) == "vae groups songs by genre better than pca (AMI): +0.20 (+0.18 to +0.22)."
    made = with_verdict("undecided", smallest=1.2)  # no two AMI lie more than 1 apart
    assert sentence(made, BY_COLUMN).endswith("no difference within the score's range could have been detected.")
    made = with_verdict("undecided", smallest=0.091)
    assert sentence(made, BY_COLUMN).endswith("; a difference of 0.09 could have been detected.")


def test_a_claim_has_a_row_for_each_rival_and_clusterer() -> None:
    (made,) = judged([claim(audio=0.2, shuffled=0.1)], "secondary")
    rows = made.rows()
    assert [(row["against"], row["clusterer"]) for row in rows] == [
        ("audio", "kmeans"), ("audio", "consensus"), ("shuffled", "kmeans"), ("shuffled", "consensus"),
    ]  # fmt: skip
    assert {row["family"] for row in rows} == {"secondary"}
    assert {row["column"] for row in rows} == {"genre"}


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (["better", "better"], "yes"),
        (["better", "undecided"], "mixed"),
        (["better", "worse"], "mixed"),
        (["worse", "undecided"], "no"),
        (["equivalent", "equivalent"], "equivalent"),
        (["equivalent", "undecided"], "undecided"),
        ([], "undecided"),
    ],
)
def test_one_word_for_many_verdicts(said: list[Verdict], answer: str) -> None:
    assert overall([with_verdict(verdict) for verdict in said]) == answer
