"""Writes musicnn.json: what the network musicnn makes of a sweep, noise and a song, which the tests compare with.

Not by our network, but by the graph that its authors stored beside the weights (`.meta`, a MetaGraphDef of TensorFlow),
each node as TensorFlow documents it, in float64. Run once, where the package musicnn lies on the path:
`python -m tests.golden.make_musicnn`.
"""

import importlib.metadata
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from pipeline.sound.musicnn import TRAININGS, patches
from pipeline.sound.tensorflow_checkpoint import DTYPES, NUMBERS, _Bytes, _fields, tensors
from tests.sound.test_musicnn import SOUNDS

OUTPUTS = {"penultimate": "model/batch_normalization_10/batchnorm/add_1", "logits": "model/dense_1/BiasAdd"}
DEAD = object()  # what leaves a Switch by the way that is not taken


def part(message: bytes, number: int, default: Any = b"") -> Any:
    return dict(_fields(message)).get(number, default)


def many(message: bytes, number: int) -> list[Any]:
    return [value for at, value in _fields(message) if at == number]


def numbers(message: bytes) -> list[int]:
    """A list of integers among the attributes of a node."""
    packed: list[int] = []
    for value in many(part(message, 1), 3):
        rest = _Bytes(value if isinstance(value, bytes) else b"")
        packed += [value] if isinstance(value, int) else []
        while rest:
            packed.append(rest.varint())
    return packed


def constant(message: bytes) -> Any:
    """A TensorProto."""
    dtype = np.dtype(DTYPES[part(message, 1)])
    shape = [part(size, 1, 0) for size in many(part(message, 2), 2)]
    if content := part(message, 4):
        return np.frombuffer(content, dtype).reshape(shape)
    values: list[Any] = []
    for value in many(message, 5 if dtype.kind == "f" else 7):
        if isinstance(value, bytes) and dtype.kind == "f":
            values += np.frombuffer(value, "<f4").tolist()
            continue
        rest = _Bytes(value if isinstance(value, bytes) else b"")
        values += [value] if isinstance(value, int) else []
        while rest:
            values.append(rest.varint())
    signed = [value - (1 << 64) if isinstance(value, int) and value >> 63 else value for value in values]
    full = signed * int(np.prod(shape)) if len(signed) == 1 and shape else signed
    return np.array(full, dtype).reshape(shape)


@dataclass
class Graph:
    """The nodes of a graph, and what they come to for what is fed to it."""

    file: Path
    variables: dict[str, Any]
    known: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def nodes(self) -> dict[str, bytes]:
        return {part(node, 1).decode(): node for node in many(part(self.file.read_bytes(), 2), 1)}

    def value(self, reference: str) -> Any:
        name, _, port = reference.partition(":")
        if name not in self.known:
            self.known[name] = self._computed(name)
        value = self.known[name]
        return value[int(port or 0)] if isinstance(value, tuple) else value

    def _computed(self, name: str) -> Any:
        node = self.nodes[name]
        kind = part(node, 2).decode()
        attributes = {part(pair, 1).decode(): part(pair, 2) for pair in many(node, 5)}
        if kind == "VariableV2":
            return self.variables[name].astype(np.float64)
        if kind == "Const":
            return constant(part(attributes["value"], 8))
        inputs = [self.value(text.decode()) for text in many(node, 3) if not text.startswith(b"^")]
        if kind == "Merge":
            (alive,) = [value for value in inputs if value is not DEAD]
            return alive, 0
        if any(value is DEAD for value in inputs):
            return (DEAD,) * 6
        return OPERATIONS[kind](attributes, *inputs)


def convolved(attributes: dict[str, bytes], x: Any, kernel: Any) -> Any:
    high, wide = kernel.shape[:2]
    if part(attributes["padding"], 2) == b"SAME":  # what is left over stands behind
        before, after = ((high - 1) // 2, (wide - 1) // 2), (high // 2, wide // 2)
        x = np.pad(x, ((0, 0), (before[0], after[0]), (before[1], after[1]), (0, 0)))
    return np.einsum("bhwcij,ijco->bhwo", sliding_window_view(x, (high, wide), (1, 2)), kernel, optimize=True)


def normalised(attributes: dict[str, bytes], x: Any, *parts: Any) -> Any:
    if part(attributes.get("is_training", b""), 5, 1):
        return (DEAD,) * 6
    gamma, beta, mean, variance = parts
    epsilon = float(np.frombuffer(part(attributes["epsilon"], 4).to_bytes(4, "little"), "<f4")[0])
    return ((x - mean) / np.sqrt(variance + epsilon) * gamma + beta, mean, variance, mean, variance, mean)


def pooled(attributes: dict[str, bytes], x: Any) -> Any:
    (_, high, wide, _), (_, down, right, _) = numbers(attributes["ksize"]), numbers(attributes["strides"])
    return sliding_window_view(x, (high, wide), (1, 2))[:, ::down, ::right].max(axis=(-1, -2))


def over(reduce: Callable[..., Any]) -> Callable[..., Any]:
    def reduced(attributes: dict[str, bytes], x: Any, axes: Any) -> Any:
        return reduce(x, axis=tuple(np.atleast_1d(axes)), keepdims=bool(part(attributes.get("keep_dims", b""), 5, 0)))

    return reduced


OPERATIONS: dict[str, Callable[..., Any]] = {
    "Identity": lambda _, x: x,
    "StopGradient": lambda _, x: x,
    "Switch": lambda _, x, condition: (DEAD, x) if condition else (x, DEAD),
    "ExpandDims": lambda _, x, axis: np.expand_dims(x, int(axis)),
    "Squeeze": lambda attributes, x: np.squeeze(x, tuple(numbers(attributes["squeeze_dims"])) or None),
    "Pad": lambda _, x, sides: np.pad(x, sides),
    "Transpose": lambda _, x, order: np.transpose(x, order),
    "ConcatV2": lambda _, *x: np.concatenate(x[:-1], int(x[-1])),
    "Add": lambda _, x, y: x + y,
    "BiasAdd": lambda _, x, y: x + y,
    "Sub": lambda _, x, y: x - y,
    "Mul": lambda _, x, y: x * y,
    "SquaredDifference": lambda _, x, y: (x - y) ** 2,
    "Rsqrt": lambda _, x: 1 / np.sqrt(x),
    "Relu": lambda _, x: np.maximum(x, 0),
    "MatMul": lambda _, x, y: x @ y,
    "Max": over(np.max),
    "Mean": over(np.mean),
    "Shape": lambda _, x: np.array(x.shape),
    "StridedSlice": lambda _, x, start, *__: x[int(start[0])],
    "Pack": lambda _, *x: np.stack(x),
    "Prod": lambda _, x, __: np.prod(x),
    "Reshape": lambda _, x, shape: np.reshape(x, tuple(int(size) for size in shape)),
    "Conv2D": convolved,
    "MaxPool": pooled,
    "FusedBatchNorm": normalised,
}


def heard(folder: Path, tags: tuple[str, ...], sound: str) -> dict[str, Any]:
    graph = Graph(folder / ".meta", dict(tensors(folder / ".index", folder / NUMBERS, lambda name: "Adam" not in name)))
    graph.known = {
        "model/Placeholder": patches(SOUNDS[sound]()).astype(np.float64),
        "model/Placeholder_2": np.array(False),  # whether it is being trained
    }
    vectors, logits = (graph.value(OUTPUTS[name]) for name in ("penultimate", "logits"))
    mean = (1 / (1 + np.exp(-logits))).mean(axis=0)
    return {
        "vectors": np.round(vectors[:, ::20], 5).tolist(),
        "length": np.round(np.linalg.norm(vectors, axis=1), 4).tolist(),
        "tags": {tags[tag]: round(float(mean[tag]), 5) for tag in mean.argsort()[::-1][:6]},
    }


def main() -> None:
    distribution = importlib.metadata.distribution("musicnn")
    golden: dict[str, Any] = {"musicnn": distribution.version}
    for checkpoint, training in TRAININGS.items():
        folder = Path(str(distribution.locate_file("musicnn"))) / training.folder
        golden[checkpoint] = {sound: heard(folder, training.tags, sound) for sound in SOUNDS}
    Path(__file__).with_name("musicnn.json").write_text(json.dumps(golden) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
