"""PCA's control is as wide as the model, by the directions that its tracks really spread over."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core import embeddings, store
from pipeline.core.embeddings import Representation, participation
from pipeline.core.store import Array

IDS = [f"track {number}" for number in range(200)]


def written(folder: str, name: str, points: Array, **about: object) -> Representation:
    store.write_rows(store.BUILD / folder, IDS, **{name: points})
    store.write_json(store.BUILD / folder / f"{name}.json", about)
    return Representation(store.BUILD / folder, name, about)


@given(dims=st.integers(1, 6), seed=st.integers(0, 100), scale=st.floats(0.01, 100))
def test_participation_counts_even_directions_and_turns_or_scales_change_nothing(
    dims: int, seed: int, scale: float
) -> None:
    rng = np.random.default_rng(seed)
    cross = np.vstack([np.eye(dims), -np.eye(dims)])  # equal variances, no covariance
    turned, _ = np.linalg.qr(rng.standard_normal((dims, dims)))
    assert participation(cross) == pytest.approx(dims)
    assert participation(scale * cross @ turned + 7) == pytest.approx(dims)
    points = rng.standard_normal((30, dims)) * np.arange(1, dims + 1)
    values = np.linalg.eigvalsh(np.atleast_2d(np.cov(points.T)))
    assert participation(points) == pytest.approx(values.sum() ** 2 / np.square(values).sum())
    assert 1 <= participation(points) <= dims + 1e-9


@pytest.mark.parametrize("points", [np.zeros((5, 3)), np.zeros((1, 3)), np.full((5, 3), np.nan)])
def test_what_does_not_spread_has_no_direction(points: Array) -> None:
    assert participation(points) == 0


def test_tracks_without_a_place_do_not_count(rng: np.random.Generator) -> None:
    points = rng.standard_normal((20, 3))
    assert participation(np.vstack([points, np.full((4, 3), np.nan)])) == pytest.approx(participation(points))


def test_the_control_is_as_wide_as_the_model_and_not_as_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    """Twelve units have a little variance each and count as one: PCA of one dimension is the control, not of 13."""
    monkeypatch.chdir(tmp_path)
    sizes = np.array([5, 4, 3, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1.0])
    pca = written("baselines", "pca", (rng.standard_normal((200, 16)) * sizes)[:, None], input="sound", linear=True)
    narrow = np.array([1.0, *[0.12] * 12, 0, 0, 0])
    units = {"kl_per_unit": [[1.0] * 16], "beta": 8.0, "active_units": [13], "input": "sound"}
    model = written("easy", "easy", (rng.standard_normal((200, 16)) * narrow)[:, None], role="model", **units)
    wide = written("hard", "hard", rng.standard_normal((200, 1, 16)), role="model", **units)
    assert embeddings.pca_control(model, pca) == 1
    assert embeddings.pca_control(wide, pca) == 16
    controls = {each.name: each for each in embeddings.representations() if each.cut}
    assert set(controls) == {"pca_1"}  # that of all dimensions is PCA itself
    assert controls["pca_1"].values(IDS).shape == (200, 1, 1)
    assert embeddings.rungs(model, embeddings.representations()) == [pca]


def test_held_out_points_are_read_beside_the_others_and_cut_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    monkeypatch.chdir(tmp_path)
    pca = written("baselines", "pca", rng.standard_normal((200, 1, 4)), linear=True)
    assert pca.heldout(IDS) is None
    assert pca.is_linear
    heldout = rng.standard_normal((200, 5, 4)).astype(np.float16)
    store.write_rows(store.BUILD / "baselines", IDS, pca_heldout=heldout)
    points = pca.heldout(IDS[::-1])
    assert points is not None
    assert points.dtype == np.float32
    np.testing.assert_array_equal(points, heldout[::-1])
    few = Representation(pca.folder, "pca_2", pca.about, ("pca", 2)).heldout(IDS)
    assert few is not None
    np.testing.assert_array_equal(few, heldout[..., :2])
    assert [each.name for each in embeddings.representations()] == ["pca"]
