"""Stage cluster: every embedding goes under every clusterer and seed, and under every k."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline import cluster
from pipeline.core import embeddings, store, workers
from pipeline.core.command import Problem
from pipeline.core.store import Array
from pipeline.score.agreement import agreement
from pipeline.score.labels import ABSENT
from pipeline.score.runs import read_runs

PLANTED = np.repeat(["a", "b", "c"], 40).astype(object)


@pytest.fixture
def blobs(rng: np.random.Generator) -> Array:
    """Three groups of 40 in six dimensions."""
    centres = 8 * np.eye(6)[:3]
    return np.asarray(np.repeat(centres, 40, axis=0) + 0.5 * rng.standard_normal((120, 6)))


@pytest.fixture(autouse=True)
def _one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "cores", lambda: 1)  # to start processes takes longer than the work


def represented(workspace: Path, blobs: Array) -> tuple[str, ...]:
    """Two representations: one with a column a seed, one with a single column and a hole."""
    ids = tuple(f"t{number:03d}" for number in range(len(blobs)))
    store.write_rows(workspace / "build" / "audio", ids)
    holed = blobs.copy()
    holed[7] = np.nan
    store.write_rows(workspace / "build" / "easy", ids, easy=np.stack([blobs, blobs[::-1]], axis=1))
    store.write_json(workspace / "build" / "easy" / "easy.json", {"family": "dense VAE"})
    store.write_rows(workspace / "build" / "baselines", ids[::-1], raw=holed[::-1, None])
    store.write_json(workspace / "build" / "baselines" / "raw.json", {"family": "raw"})
    return ids


def test_every_embedding_goes_under_every_clusterer_and_seed(
    workspace: Path, set_param: Callable[[str, object], None], blobs: Array
) -> None:
    ids = represented(workspace, blobs)
    set_param("seeds", [4, 9])
    set_param("cluster.k", 3)
    set_param("cluster.clusterers", ["kmeans", "dbscan"])
    cluster.main()
    runs = read_runs(ids)
    assert runs.representations == ("raw", "easy")
    for name in runs.representations:
        assert runs.clusterers(name) == ("kmeans", "dbscan")
        assert list(runs.curve(name)) == list(range(2, 21))
        for clusterer in runs.clusterers(name):
            for seed, labels in runs.by_seed(name, clusterer).items():
                expected = PLANTED[::-1] if (name, seed) == ("easy", 9) else PLANTED
                inside = labels >= 0
                assert agreement("purity", expected[inside], labels[inside]) == 1.0
                assert (labels[7] == ABSENT) == (name == "raw")


@pytest.mark.parametrize("name", ["seeds", "cluster.clusterers"])
def test_an_empty_list_is_refused_by_name(
    name: str, workspace: Path, set_param: Callable[[str, object], None], blobs: Array
) -> None:
    represented(workspace, blobs)
    set_param(name, [])
    with pytest.raises(Problem, match=name):
        cluster.main()


def test_pca_is_also_seen_with_dimensions_as_many_and_as_even_as_a_models(
    workspace: Path, set_param: Callable[[str, object], None], rng: np.random.Generator
) -> None:
    ids = tuple(f"t{number}" for number in range(30))
    build, points = workspace / "build", rng.standard_normal((30, 1, 8))
    store.write_rows(build / "audio", ids)
    store.write_rows(build / "baselines", ids, pca=points)
    store.write_json(build / "baselines" / "pca.json", {"family": "PCA"})
    for name, active in (("easy", [2, 3, 4]), ("hard", [8, 8, 8]), ("medium", [0, 0, 0])):
        spread = np.where(np.arange(8) < 3, 1.0, 0.01) if name == "easy" else np.ones(8)
        store.write_rows(build / name, ids, **{name: spread * rng.standard_normal((30, 3, 8))})
        store.write_json(build / name / f"{name}.json", {"family": "VAE", "active_units": active})
    found = {kind.name: kind for kind in embeddings.representations()}
    assert [name for name in found if name.startswith("pca")] == ["pca", "pca_3"]
    assert found["pca_3"].about["family"] == "PCA, 3 dimensions"
    np.testing.assert_array_equal(found["pca_3"].values(ids), points[..., :3])
    set_param("cluster.clusterers", ["kmeans"])
    cluster.main()
    assert "pca_3" in read_runs(ids).representations
