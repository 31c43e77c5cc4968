"""How much faster the tiled silhouette is than scikit-learn's, and how much memory it takes.

A script, not a test: `OMP_NUM_THREADS=1 PYTHONPATH=. python tests/bench/bench_silhouette.py [rounds] [points]`. The two
take turns, so that a busy machine slows both.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy is loaded

import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
from sklearn.metrics import silhouette_score

from pipeline.score.silhouette import silhouette


def seconds(way: Callable[[], float]) -> tuple[float, float]:
    start = time.perf_counter()
    value = way()
    return time.perf_counter() - start, value


def main(rounds: int = 7, count: int = 10_000) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 8, count)
    points = rng.standard_normal((count, 16)) + 2 * rng.standard_normal((8, 16))[labels]
    ways = {
        "scikit-learn": lambda: float(silhouette_score(points, labels)),
        "tiles": lambda: silhouette(points, labels),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    values = {}
    for _ in range(rounds):
        for name, way in ways.items():
            passed, values[name] = seconds(way)
            taken[name].append(passed)
    tracemalloc.start()
    silhouette(points, labels)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    ratios = [slow / fast for slow, fast in zip(taken["scikit-learn"], taken["tiles"], strict=True)]
    for name in ways:
        print(f"{name:13s} median {statistics.median(taken[name]):.3f} s, least {min(taken[name]):.3f} s")
    spread = f"{min(ratios):.1f} .. {max(ratios):.1f}"
    print(f"{count} x 16: tiles are {statistics.median(ratios):.1f} times as fast ({spread})")
    print(f"difference {abs(values['scikit-learn'] - values['tiles']):.1e}, peak memory {peak:.0f} MB")


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
