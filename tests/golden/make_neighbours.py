"""Writes neighbours.json: iLISI and kBET of scib-metrics for a few clouds of points, which the tests compare with.

Run once, in an environment of its own, because scib-metrics brings jax and scanpy, which the project does not want:
`python -m venv v && v/bin/pip install scib-metrics && v/bin/python tests/golden/make_neighbours.py`.
"""

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import scib_metrics  # type: ignore[import-not-found]
from scib_metrics.nearest_neighbors import NeighborsResults  # type: ignore[import-not-found]

CASES = {"mixed": (0.0, 90), "shifted": (1.0, 90), "apart": (6.0, 30), "uneven": (0.7, 45)}  # shift, neighbours


def main() -> None:
    cases: dict[str, object] = {"scib_metrics": version("scib-metrics")}
    for name, (shift, k) in CASES.items():
        rng = np.random.default_rng(len(name))
        shares = [0.7, 0.2, 0.1] if name == "uneven" else [1 / 3, 1 / 3, 1 / 3]
        batches = rng.choice(3, 120, p=shares)
        points = np.round(rng.standard_normal((120, 3)) + shift * np.eye(3)[batches], 3)
        distances = np.sqrt(((points[:, None] - points) ** 2).sum(axis=2))
        order = distances.argsort(axis=1, kind="stable")[:, :k]
        near = NeighborsResults(indices=order, distances=np.take_along_axis(distances, order, 1))
        cases[name] = {
            "k": k,
            "ilisi": float(scib_metrics.ilisi_knn(near, batches)),
            "kbet": float(scib_metrics.kbet(near, batches)[0]),
            "batches": "".join("abc"[batch] for batch in batches),
            "points": points.ravel().tolist(),
        }
    file = Path(__file__).with_name("neighbours.json")
    file.write_text(json.dumps(cases, indent=None, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
