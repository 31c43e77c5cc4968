"""How much processor time musicnn takes for a clip of 30 seconds, beside the matrix products that it cannot do without.

A script, not a test: `PYTHONPATH=. python tests/bench/bench_ears.py [rounds]`. The products of the network are timed
twice: each layer as one plain matrix product of torch of the same sizes, and as many multiply-adds in large square
matrices, which is the best that the core can do. One thread. All take turns, so that a busy machine slows them alike,
and the least of each counts: other work on a core can only add to it.
"""

import os
import sys
import time
from collections.abc import Callable

import numpy as np
import torch

from pipeline.nets.musicnn import FRAMES, MELS, TEMPORAL, TIMBRAL, shapes
from pipeline.sound.musicnn import RATE, Musicnn, patches

CLIP = 30  # seconds
SIDE = 1536  # of the square matrices
TARGET = 0.8  # processor seconds, on a core without other work


def products() -> list[tuple[int, int, int]]:
    """Rows, depth and columns of the matrix product that each layer makes of a patch."""
    kernels = [shape for name, shape in shapes().items() if name.endswith("/kernel")]
    dense = [(after, before, 1) for before, after in (shape for shape in kernels if len(shape) == 2)]
    layers = []
    for number, (taps, bands, before, after) in enumerate(shape for shape in kernels if len(shape) == 4):
        moved = number < len(TIMBRAL) + len(TEMPORAL)  # along the bands, too
        layers.append((after, taps * bands * before, FRAMES * (MELS - bands + 1 if moved else 1)))
    return layers + dense


def multiply(sizes: list[tuple[int, int, int]], count: int) -> Callable[[], None]:
    """The products of these sizes, `count` times, and nothing else."""
    matrices = [(torch.randn(rows, depth), torch.randn(depth, columns)) for rows, depth, columns in sizes]

    @torch.inference_mode()
    def once() -> None:
        for _ in range(count):
            for left, right in matrices:
                torch.mm(left, right)

    return once


def processor_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    torch.set_num_threads(1)
    wave = (0.1 * np.random.default_rng(0).standard_normal(CLIP * RATE)).astype(np.float32)
    pictures, encoder = patches(wave), Musicnn("msd")
    sizes = products()
    adds = len(pictures) * sum(rows * depth * columns for rows, depth, columns in sizes)
    ways = {
        "clip": lambda: encoder.hear(wave),
        "pictures": lambda: patches(wave),
        "network": lambda: encoder.hear_patches(pictures),
        "layers as matrix products": multiply(sizes, len(pictures)),
        "square matrix products": multiply([(SIDE, SIDE, SIDE)], 1),
    }
    for way in ways.values():
        way()
    before = os.getloadavg()[0]
    took = dict.fromkeys(ways, np.inf)
    for _ in range(rounds):
        for name, way in ways.items():
            took[name] = min(took[name], processor_seconds(way))
    took["square matrix products"] *= adds / SIDE**3
    print(f"{adds / 1e9:.1f} billion multiply-adds a clip; the least of {rounds} rounds")
    for name, seconds in took.items():
        print(f"{name}: {seconds:.3f} CPU-s, {seconds / took['clip']:.0%} of the clip")
    print(f"target {TARGET} CPU-s: {'met' if took['clip'] <= TARGET else 'missed'}")
    print(f"load average before and after: {before:.1f}, {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
