"""MIG, DCI and SAP: 1 for latents that are the factors, little for mixed ones, whatever the order and the signs."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import ortho_group

from pipeline.core.store import Array
from pipeline.score.factors import Dci, dci, factor_scores, mig, sap

TRACKS = 400
Factors = dict[str, Array]

SCORES: dict[str, Callable[[Array, Factors], float | None]] = {
    "mig": mig,
    "sap": sap,
    "disentanglement": lambda latents, factors: dci(latents, factors).disentanglement,
    "completeness": lambda latents, factors: dci(latents, factors).completeness,
}


@pytest.fixture
def factors(rng: np.random.Generator) -> Factors:
    return {
        "tempo": rng.uniform(60, 180, TRACKS),
        "loudness": rng.standard_normal(TRACKS),
        "language": np.array(["bn", "en", "hi"], dtype=object)[rng.integers(0, 3, TRACKS)],
        "live": rng.integers(0, 2, TRACKS),
    }


@pytest.fixture
def aligned(factors: Factors, rng: np.random.Generator) -> Array:
    """A unit a factor, each of variance 1, and two units of noise."""
    numbers = [np.unique(column, return_inverse=True)[1] for column in factors.values()]
    units = np.stack([*factors.values()][:2] + numbers[2:], axis=1).astype(np.float64)
    units = np.hstack([units, rng.standard_normal((TRACKS, 2))])
    return np.asarray((units - units.mean(axis=0)) / units.std(axis=0))


def value(score: float | None) -> float:
    assert score is not None
    return score


@pytest.mark.parametrize("name", SCORES)
def test_latents_that_are_the_factors_score_one(name: str, aligned: Array, factors: Factors) -> None:
    assert value(SCORES[name](aligned, factors)) > 0.93


@pytest.mark.parametrize("name", SCORES)
def test_turned_latents_score_low(name: str, aligned: Array, factors: Factors) -> None:
    turned = aligned @ ortho_group.rvs(6, random_state=3)
    assert value(SCORES[name](turned, factors)) < 0.6


@pytest.mark.parametrize("name", SCORES)
def test_noise_scores_nothing(name: str, factors: Factors, rng: np.random.Generator) -> None:
    assert abs(value(SCORES[name](rng.standard_normal((TRACKS, 6)), factors))) < 0.06


@pytest.mark.parametrize("name", SCORES)
def test_order_and_signs_do_not_matter(name: str, aligned: Array, factors: Factors, rng: np.random.Generator) -> None:
    mixed = aligned + 0.5 * aligned[:, ::-1]
    changed = mixed[:, rng.permutation(6)] * rng.choice([-1, 1], 6)
    assert SCORES[name](changed, factors) == pytest.approx(value(SCORES[name](mixed, factors)), abs=0.02)


@pytest.mark.parametrize("name", ["mig", "sap", "completeness"])
def test_a_factor_in_two_units_is_not_complete(name: str, aligned: Array, factors: Factors) -> None:
    """Each unit knows of one factor only, but each factor is in two units."""
    twice = np.hstack([aligned[:, :4], aligned[:, :4]])
    assert value(SCORES[name](twice, factors)) < 0.75
    assert value(dci(twice, factors).disentanglement) > 0.9


def test_a_unit_of_two_factors_is_not_disentangled(rng: np.random.Generator) -> None:
    first, second = rng.standard_normal((2, TRACKS))
    latents = np.stack([first + second, rng.standard_normal(TRACKS)], axis=1)
    told = dci(latents, {"first": first, "second": second})
    assert value(told.disentanglement) < 0.2
    assert value(told.completeness) > 0.2


def test_informativeness_is_how_much_is_told_out_of_bag(aligned: Array, factors: Factors) -> None:
    assert value(dci(aligned, factors).informativeness) > 0.95
    assert value(dci(aligned[:, 4:], factors).informativeness) < 0.1


def test_sap_of_one_number_by_hand(rng: np.random.Generator) -> None:
    factor, other = rng.standard_normal((2, TRACKS))
    latents = np.stack([factor + other, other], axis=1)
    squares = np.corrcoef(np.column_stack([factor, latents]), rowvar=False)[0, 1:] ** 2
    assert sap(latents, {"factor": factor}) == pytest.approx(squares.max() - squares.min())


def test_mig_of_a_copied_category_by_hand() -> None:
    factor = np.repeat(["a", "b"], 100).astype(object)
    latents = np.stack([np.repeat([0.0, 1.0], 100), np.tile([0.0, 1.0], 100)], axis=1)
    assert mig(latents, {"factor": factor}) == pytest.approx(1, abs=0.01)
    assert mig(latents[:, [0, 0]], {"factor": factor}) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("name", SCORES)
def test_rows_of_an_unknown_value_are_left_out(name: str, aligned: Array, factors: Factors) -> None:
    rows = np.arange(TRACKS) >= 50
    unknown = {key: np.where(rows, factors[key].astype(object), "") for key in ("language",)}
    left = {"language": factors["language"][rows]}
    assert SCORES[name](aligned, unknown) == SCORES[name](aligned[rows], left)


def test_what_is_undefined_is_none(aligned: Array) -> None:
    constant = {"same": np.zeros(TRACKS), "unknown": np.full(TRACKS, "", dtype=object)}
    assert mig(aligned, constant) is None
    assert sap(aligned, constant) is None
    assert dci(aligned, constant) == Dci(None, None, None)
    one = dci(aligned[:, :1], {"tempo": aligned[:, 0]})
    assert (one.disentanglement, one.completeness) == (None, None)


def test_collapsed_units_are_no_error(aligned: Array, factors: Factors) -> None:
    collapsed = np.where(np.arange(6) < 4, aligned, 0.3)
    assert value(mig(collapsed, factors)) > 0.9
    assert value(sap(collapsed, factors)) > 0.9
    assert value(dci(collapsed, factors).disentanglement) > 0.9


def test_what_is_shuffled_scores_as_noise_does(aligned: Array, factors: Factors, rng: np.random.Generator) -> None:
    """Fault 13. Every seed has its value, and each score a null: that of noise, far below aligned units."""
    group, few = np.arange(120) // 4, {name: column[:120] for name, column in factors.items() if name != "tempo"}
    seeds = [aligned[:120, 1:], aligned[:120, 1:] + 0.1 * rng.standard_normal((120, 5))]
    scores = factor_scores(seeds, few, group)
    assert set(scores) == {"mig", "sap", "dci_disentanglement", "dci_completeness", "dci_informativeness"}
    for values, null in scores.values():
        assert len(values) == 2
        assert null is not None
        assert null.mean <= null.high < 0.3 < 0.6 < min(map(value, values))
    noise = factor_scores([rng.standard_normal((120, 5))], few, group)
    assert all(null and value(values[0]) < null.high + 0.1 for values, null in noise.values())


def test_sap_of_a_category_by_hand() -> None:
    """One of four tracks of each class is on the other side: .75, half above chance; the second unit is constant."""
    units = np.array([[0.0, 5], [0, 5], [0, 5], [1, 5], [1, 5], [1, 5], [1, 5], [0, 5]])
    factor = np.array(list("aaaabbbb"), dtype=object)
    assert sap(units, {"factor": factor}) == pytest.approx(0.5)
