"""A run is found by its key, whatever the order of the columns and of the tracks."""

import numpy as np
import pytest

from pipeline.core import store
from pipeline.core.command import Problem
from pipeline.score.labels import ABSENT
from pipeline.score.runs import CURVE, FOLDER, Run, RunKey, read_runs, write_runs

IDS = ("a", "b", "c")
RUNS = {
    RunKey("pca", "kmeans", 2, 7): [0, 0, 1],
    RunKey("pca", "kmeans", 2, 3): [1, 0, 1],
    RunKey("pca", "dbscan", 0, 7): [0, ABSENT, -1],
    RunKey("pca", CURVE, 2, 7): [1, 1, 0],
    RunKey("pca", CURVE, 3, 7): [0, 1, 2],
    RunKey("easy", "kmeans", 2, 7): [1, 1, 1],
}


@pytest.fixture(autouse=True)
def _written(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(str(tmp_path))
    write_runs(IDS, [Run(key, np.array(labels)) for key, labels in RUNS.items()])


def test_a_run_is_found_by_its_key() -> None:
    runs = read_runs(IDS)
    assert runs.representations == ("pca", "easy")
    assert runs.clusterers("pca") == ("kmeans", "dbscan")
    assert {seed: list(labels) for seed, labels in runs.by_seed("pca", "kmeans").items()} == {
        7: [0, 0, 1],
        3: [1, 0, 1],
    }
    assert {k: [list(labels) for labels in seeds] for k, seeds in runs.curve("pca").items()} == {
        2: [[1, 1, 0]],
        3: [[0, 1, 2]],
    }
    assert list(runs.labels("pca", "dbscan", seed=7)) == [0, ABSENT, -1]
    assert list(runs.labels("pca", "kmeans")) == [0, 0, 1]


def test_columns_and_tracks_may_stand_in_any_order() -> None:
    table = store.read_table(FOLDER / "runs.csv")
    store.write_table(FOLDER / "runs.csv", table.iloc[::-1])
    runs = read_runs(IDS[::-1])
    assert list(runs.labels("pca", "kmeans", seed=3)) == [1, 0, 1]
    assert list(runs.labels("pca", "kmeans", seed=7)) == [1, 0, 0]


def test_a_run_that_is_missing_is_named() -> None:
    runs = read_runs(IDS)
    assert runs.by_seed("pca", "gmm") == runs.curve("easy") == {}
    with pytest.raises(Problem, match="no run of gmm on pca"):
        runs.labels("pca", "gmm")
    with pytest.raises(Problem, match="no run of kmeans on pca"):
        runs.labels("pca", "kmeans", seed=4)


@pytest.mark.parametrize(("most", "dtype"), [(5, np.int8), (127, np.int8), (128, np.int16), (40_000, np.int32)])
def test_labels_take_as_little_room_as_their_numbers_allow(most: int, dtype: type) -> None:
    write_runs(IDS, [Run(RunKey("pca", "kmeans", 2, 0), np.array([most, ABSENT, 0]))])
    assert store.read_rows(FOLDER, "labels")["labels"].dtype == dtype
    assert list(read_runs(IDS).labels("pca", "kmeans")) == [most, ABSENT, 0]
    assert read_runs(IDS).labels("pca", "kmeans").dtype == np.int64


def test_no_run_at_all_is_an_empty_table() -> None:
    write_runs(IDS, [])
    assert read_runs(IDS).representations == ()
