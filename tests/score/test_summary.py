"""From scores to tables: means by hand, flags where a score must not be ranked, and sections that diff well."""

from pathlib import Path

import pytest

from pipeline.core.embeddings import Representation
from pipeline.score.summary import Measured, by_seed, collapsed, flag, headlines, mean, results

LEAST = 0.25


def embedding(name: str = "toy", /, **about: object) -> Representation:
    return Representation(Path("nowhere"), name, {"family": "toy", **about})


def units(*active: int, of: int = 16) -> dict[str, object]:
    return {"active_units": list(active), "kl_per_unit": [[0.0] * of] * len(active)}


def test_a_mean_is_of_what_is_defined() -> None:
    assert mean([None, 0.1, 0.3]) == pytest.approx(0.2)
    assert mean([None, None]) is None
    assert mean([]) is None


def test_every_seed_has_its_row() -> None:
    rows = by_seed(embedding("easy"), (4, 9), [Measured("kmeans", "genre", "ami", [0.5, None])])
    assert [(row["seed"], row["value"]) for row in rows] == [(4, 0.5), (9, None)]
    assert {row["representation"] for row in rows} == {"easy"}


def test_a_row_of_results_carries_all_that_is_needed_to_believe_it() -> None:
    one = Measured("kmeans", "genre", "ami", [0.4, 0.6], 0.3, 0.7, 0.01, 0.05, 0.9, 6.0)
    (row,) = results(embedding("easy", **units(3, 5)), [one], LEAST)
    assert row == {
        "representation": "easy", "family": "toy", "clusterer": "kmeans", "k": 6.0, "label": "genre", "score": "ami",
        "mean": 0.5, "low": 0.3, "high": 0.7, "groups": None, "null_low": None, "null_mean": 0.01, "null_high": 0.05,
        "seeds": 2, "active_units": 4.0, "latent": 16, "coverage": 0.9, "flag": "", "classes": None,
        "counted": None, "note": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("active", "of", "is_one"), [([2], 16, True), ([0], 16, True), ([4], 16, False), ([1], 2, False)]
)
def test_few_active_units_are_a_collapse(active: list[int], of: int, is_one: bool) -> None:
    assert collapsed(embedding(**units(*active, of=of)), LEAST) is is_one


def test_what_has_no_units_cannot_collapse() -> None:
    assert not collapsed(embedding(), LEAST)
    assert not collapsed(embedding(active_units=None, kl_per_unit=[[0.0]]), LEAST)


def test_what_a_model_was_conditioned_is_leaky_and_nothing_else_is() -> None:
    conditioned = embedding(condition="genre")
    assert flag(conditioned, "genre", LEAST) == "leaky"
    assert flag(conditioned, "language", LEAST) == ""
    assert flag(conditioned, "", LEAST) == ""
    assert flag(embedding(condition="none"), "none", LEAST) == ""


def test_what_must_not_lead_is_flagged_however_good_its_score() -> None:
    """The trap of this field: most units collapsed, and the silhouette of what is left is the best of all.

    That nothing flagged leads is tested with the pages, which do the ranking.
    """
    silhouettes = [
        (embedding("collapsed", **units(1)), Measured("kmeans", "", "own_silhouette", [0.9])),
        (embedding("part", active_units=[1, 2], latent=16), Measured("kmeans", "", "own_silhouette", [0.8])),
        (embedding("leaky", condition="genre"), Measured("kmeans", "genre", "ami", [1.0])),
        (embedding("honest", **units(12)), Measured("kmeans", "", "own_silhouette", [0.2])),
        (embedding("better", **units(9)), Measured("kmeans", "", "own_silhouette", [0.3])),
        (embedding("undefined"), Measured("kmeans", "", "own_silhouette", [None])),
    ]
    rows = [row for one, measured in silhouettes for row in results(one, [measured], LEAST)]
    assert {row["representation"]: row["flag"] for row in rows if row["flag"]} == {
        "collapsed": "collapsed", "leaky": "leaky", "part": "collapsed",
    }  # fmt: skip


def test_metrics_hold_the_headline_clusterer_and_what_stands_beside() -> None:
    measured = [
        Measured("kmeans", "genre", "ami", [0.1, 0.2], 0.05, 0.25),
        Measured("kmeans", "genre", "nmi", [0.2, 0.4], null_mean=0.05, null_high=0.08),
        Measured("kmeans", "genre", "ami_curve", [0.3, 0.5], 0.2, 0.6),
        Measured("gmm", "genre", "ami", [9.0]),
        Measured("oracle", "genre", "ami", [9.0]),
        Measured("kmeans", "", "own_silhouette", [0.5]),
        Measured("kmeans", "", "reference_silhouette", [0.25]),
        Measured("dbscan", "", "coverage", [0.5]),
        Measured("dbscan", "genre", "ami", [9.0]),
        Measured("", "genre", "probe", [0.75]),
        Measured("", "genre", "probe_fitted", [9.0]),
        Measured("kmeans", "", "words_silhouette", [9.0]),
        Measured("", "", "artist_hit", [0.5]),
        Measured("kmeans", "", "stability_seeds", [0.8]),
    ]
    assert headlines(embedding(**units(3, 5)), measured, "kmeans", LEAST) == {
        "family": "toy", "reads": [], "active_units": 4.0, "latent": 16,
        "genre": {"ami": 0.15, "ami_low": 0.05, "ami_high": 0.25, "nmi": 0.3, "nmi_null": 0.08,
                  "ami_curve": 0.4, "ami_curve_low": 0.2, "ami_curve_high": 0.6},
        "own_space": {"silhouette": 0.5},
        "reference_space": {"silhouette": 0.25},
        "dbscan": {"coverage": 0.5},
        "beside": {"probe_genre": 0.75, "artist_hit": 0.5},
        "stability": {"seeds": 0.8},
    }  # fmt: skip


def test_metrics_mark_what_must_not_be_read_as_a_result() -> None:
    measured = [Measured("kmeans", "language", "ami", [1.0]), Measured("", "language", "probe", [1.0])]
    conditioned = headlines(embedding(condition="language", **units(1)), measured, "kmeans", LEAST)
    assert conditioned["flag"] == "collapsed"
    assert conditioned["condition"] == "language"
    assert conditioned["language"] == {"ami": 1.0, "ami_low": None, "ami_high": None, "leaky": True}
    assert conditioned["beside"] == {"probe_language_leaky": 1.0}
