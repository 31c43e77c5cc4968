"""The files of a model's weights."""

from pathlib import Path

import numpy as np

from pipeline.core.store import Array
from pipeline.learn.weights import METRIC, WEIGHTS, read_weights, write_weights


def test_models_of_one_metric_write_the_same_bytes(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    metric = rng.normal(size=(5, 5)).astype(np.float32)
    for number, name in enumerate("ab"):
        (tmp_path / name).mkdir()
        weights: dict[str, Array] = {"scales.audio.matrix": metric, "head": np.full(3, number, np.float16)}
        write_weights(tmp_path / name, weights)
        back = read_weights(tmp_path / name)
        assert back.keys() == weights.keys()
        assert all(np.array_equal(back[key], weights[key]) for key in weights)
    assert (tmp_path / "a" / METRIC).read_bytes() == (tmp_path / "b" / METRIC).read_bytes()
    assert (tmp_path / "a" / WEIGHTS).read_bytes() != (tmp_path / "b" / WEIGHTS).read_bytes()


def test_a_metric_without_rotation_is_kept_as_its_diagonal(tmp_path: Path) -> None:
    metric = np.diag(np.arange(1, 400, dtype=np.float32))
    metric[0, 5] = 1e-11  # what is left of a rotation and its inverse
    write_weights(tmp_path, {"scales.audio.matrix": metric})
    assert not (tmp_path / METRIC).exists()
    assert (tmp_path / WEIGHTS).stat().st_size < 2_000
    assert np.allclose(read_weights(tmp_path)["scales.audio.matrix"], metric, atol=1e-10)


def test_a_small_rotation_is_not_lost(tmp_path: Path) -> None:
    metric = np.eye(4, dtype=np.float32)
    metric[0, 1] = 1e-4
    write_weights(tmp_path, {"scales.audio.matrix": metric})
    assert np.array_equal(read_weights(tmp_path)["scales.audio.matrix"], metric)
