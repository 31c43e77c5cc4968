"""The weights of a model as files: in half precision, and the metric of its input apart.

Models of one metric write the same bytes, which DVC then keeps once: 357 numbers a segment make half a megabyte of it.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from torch import nn

from pipeline.core.store import Array

WEIGHTS, METRIC = "weights.safetensors", "metric.safetensors"
MATRIX = ".matrix"  # ends the name of a metric
NEGLIGIBLE = 1e-9  # of the largest number


def half_weights(net: nn.Module) -> dict[str, Array]:
    """The weights in half precision, and the buffers as they are."""
    trained = {key for key, _ in net.named_parameters()}
    state = {key: value.half() if key in trained else value for key, value in net.state_dict().items()}
    return {key: value.contiguous().cpu().numpy() for key, value in state.items()}


def write_weights(folder: Path, weights: Mapping[str, Array]) -> None:
    """A metric without rotation is written as its diagonal."""
    plain = {key: _diagonal(values) if key.endswith(MATRIX) else values for key, values in weights.items()}
    metric = {key: values for key, values in plain.items() if key.endswith(MATRIX) and values.ndim == 2}
    save_file({key: values for key, values in plain.items() if key not in metric}, folder / WEIGHTS)
    if metric:
        save_file(metric, folder / METRIC)


def read_weights(folder: Path) -> dict[str, Array]:
    weights = load_file(folder / WEIGHTS)
    if (folder / METRIC).exists():
        weights |= load_file(folder / METRIC)
    return {
        key: np.diag(values) if key.endswith(MATRIX) and values.ndim == 1 else values for key, values in weights.items()
    }


def _diagonal(matrix: Array) -> Array:
    diagonal = np.diag(matrix)
    rest = np.abs(matrix - np.diag(diagonal)).max()
    return diagonal.copy() if rest <= NEGLIGIBLE * np.abs(diagonal).max() else matrix
