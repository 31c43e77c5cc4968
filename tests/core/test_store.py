"""The store: rows find their ids whatever the order, and what is written is what is read."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core import catalog, embeddings, store
from pipeline.core.command import Problem
from pipeline.core.store import Rows

ODD_IDS = ["007", "NA", "null", "nan", "1e5", "True", "", " a ", "বৃষ্টি", "-", "1,5", 'say "x"', "#"]


def numbered(ids: list[str]) -> Rows:
    """Rows whose values tell which id they were made for."""
    return Rows(tuple(ids), {"x": np.array([[hash(id_) % 1000, len(id_)] for id_ in ids]).reshape(-1, 2)})


unique_ids = st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=12, unique=True)


@given(unique_ids.flatmap(lambda ids: st.tuples(st.just(ids), st.permutations(ids))))
def test_rows_follow_their_ids_under_any_permutation(both: tuple[list[str], list[str]]) -> None:
    ids, order = both
    reordered = numbered(ids).at(order)
    assert reordered.ids == tuple(order)
    np.testing.assert_array_equal(reordered["x"], numbered(order)["x"])
    np.testing.assert_array_equal(reordered.at(ids)["x"], numbered(ids)["x"])


@given(st.data())
def test_any_choice_of_ids_gives_exactly_their_rows(data: st.DataObject) -> None:
    ids = data.draw(unique_ids)
    subset = data.draw(st.lists(st.sampled_from(ids), unique=True))
    np.testing.assert_array_equal(numbered(ids).at(subset)["x"], numbered(subset)["x"])


def test_every_array_is_aligned() -> None:
    rows = Rows(("a", "b", "c"), {"x": np.array([1, 2, 3]), "y": np.array([[10], [20], [30]])}).at(["c", "a"])
    assert rows["x"].tolist() == [3, 1]
    assert rows["y"].tolist() == [[30], [10]]


def test_an_id_without_features_is_named() -> None:
    with pytest.raises(Problem, match=r"no features for q \(and 1 more\): run `dvc repro`"):
        numbered(["a", "b"]).at(["a", "q", "r"])


def test_equal_ids_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="same id"):
        store.write_rows(tmp_path, ["a", "a"], x=np.zeros(2))
    assert not list(tmp_path.iterdir())


def test_a_row_too_many_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="x has 3 rows for 2 ids"):
        store.write_rows(tmp_path, ["a", "b"], x=np.zeros(3))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.float32).reshape(3, 2),
        np.array([True, False, True]),
        np.arange(24).reshape(3, 2, 2, 2),
        np.array([math.nan, math.inf, -0.0]),
        np.zeros((3, 0), np.float32),
    ],
    ids=["float32", "bool", "four dimensions", "nan", "no columns"],
)
def test_arrays_are_read_as_written(array: np.ndarray[Any, Any], tmp_path: Path) -> None:
    store.write_rows(tmp_path / "new" / "folder", ["b", "007", "বৃষ্টি"], x=array)
    back = store.read_rows(tmp_path / "new" / "folder", "x")
    assert back.ids == ("b", "007", "বৃষ্টি")
    assert back["x"].dtype == array.dtype
    np.testing.assert_array_equal(back["x"], array)


def test_an_array_without_rows_is_read_as_written(tmp_path: Path) -> None:
    store.write_rows(tmp_path, [], x=np.zeros((0, 4)))
    assert store.read_rows(tmp_path, "x")["x"].shape == (0, 4)


def test_arrays_are_mapped_not_loaded(tmp_path: Path) -> None:
    store.write_rows(tmp_path, ["a", "b"], x=np.zeros((2, 3)))
    rows = store.read_rows(tmp_path, "x")
    assert isinstance(rows["x"], np.memmap)
    assert isinstance(rows.at(["a", "b"])["x"], np.memmap)


def test_ids_on_disk_that_do_not_fit_the_array_are_refused(tmp_path: Path) -> None:
    store.write_rows(tmp_path, ["a", "b"], x=np.zeros((2, 3)))
    store.write_json(tmp_path / "ids.json", ["a", "b", "c"])
    with pytest.raises((ValueError, Problem), match="2 rows for 3 ids"):
        store.read_rows(tmp_path, "x")


def test_no_pickle_is_read(tmp_path: Path) -> None:
    store.write_json(tmp_path / "ids.json", ["a"])
    np.save(tmp_path / "x.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises((ValueError, Problem), match=r"(?i)objects|pickle|x\.npy"):
        store.read_rows(tmp_path, "x")


def test_no_pickle_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        store.write_rows(tmp_path, ["a"], x=np.array([{"a": 1}], dtype=object))


@pytest.mark.parametrize(
    ("name", "raw"),
    [("ids.json", b'["a", '), ("ids.json", b"\xff"), ("x.npy", b"not numpy"), ("x.npy", b"")],
    ids=["half a json", "no text", "no array", "empty"],
)
def test_a_damaged_file_names_itself_and_the_command(name: str, raw: bytes, tmp_path: Path) -> None:
    store.write_rows(tmp_path, ["a"], x=np.zeros(1))
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(Problem, match=rf"{name}.*dvc repro"):
        store.read_rows(tmp_path, "x")


@pytest.mark.parametrize("path", ["build/audio/ids.json", "build/audio/x.npy", "build/tracks/tracks.csv"])
def test_a_missing_file_names_the_command(path: str, workspace: Path) -> None:
    if path.endswith("x.npy"):
        store.write_json(workspace / "build" / "audio" / "ids.json", ["a"])
    reads: dict[str, Callable[[Path], object]] = {
        ".json": store.read_json,
        ".csv": store.read_table,
        ".npy": lambda file: store.read_rows(file.parent, "x"),
    }
    with pytest.raises(Problem, match=rf"{path} is missing: run `dvc repro {Path(path).parts[1]}`"):
        reads[Path(path).suffix](Path(path))


@pytest.mark.parametrize("id_", ODD_IDS)
def test_an_id_stays_as_it_was_written(id_: str, tmp_path: Path) -> None:
    table = pd.DataFrame({"id": [id_, "other"], "title": ["NA", ""]})
    store.write_table(tmp_path / "t.csv", table)
    back = store.read_table(tmp_path / "t.csv")
    assert back["id"].tolist() == [id_, "other"]
    assert back["title"].tolist() == ["NA", ""]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_table_with_and_without_byte_order_mark_is_the_same(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,title\n007,বৃষ্টি\n", encoding=encoding)
    assert store.read_table(tmp_path / "t.csv").to_dict("records") == [{"id": "007", "title": "বৃষ্টি"}]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_are_no_part_of_a_cell(end: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(f"id,title{end}a,b{end}".encode())
    assert store.read_table(tmp_path / "t.csv").to_dict("records") == [{"id": "a", "title": "b"}]


def test_a_short_row_has_empty_cells(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,audio,title\na,b.wav\n", encoding="utf-8")
    assert store.read_table(tmp_path / "t.csv").to_dict("records") == [{"id": "a", "audio": "b.wav", "title": ""}]


def test_a_comma_at_the_end_of_rows_does_not_shift_the_columns(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,audio\na,a.wav,\nb,b.wav,\n", encoding="utf-8")
    assert store.read_table(tmp_path / "t.csv")["id"].tolist() == ["a", "b"]


@pytest.mark.parametrize(
    "raw",
    [b"", b"id,audio\na,b\nc,d,e,f\n", b"id,audio\n\xe9,b\n", b'id,audio\n"a,b\n'],
    ids=["empty", "a cell too many", "not UTF-8", "an open quote"],
)
def test_a_table_that_is_none_names_itself(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "tracks.csv").write_bytes(raw)
    with pytest.raises(Problem, match=r"tracks\.csv") as caught:
        store.read_table(tmp_path / "tracks.csv")
    assert "\n" not in str(caught.value)


def test_json_keeps_bangla_readable_and_refuses_nan(tmp_path: Path) -> None:
    store.write_json(tmp_path / "a" / "b.json", {"গান": [1, None, "x"]})
    assert "গান" in (tmp_path / "a" / "b.json").read_text(encoding="utf-8")
    assert store.read_json(tmp_path / "a" / "b.json") == {"গান": [1, None, "x"]}
    with pytest.raises(ValueError, match="Out of range float"):
        store.write_json(tmp_path / "c.json", {"score": math.nan})


def test_usable_tracks_are_found_by_id(workspace: Path) -> None:
    store.write_table(workspace / "build" / "tracks" / "tracks.csv", pd.DataFrame({"id": ["007", "c"]}))
    assert catalog.usable_tracks()["id"].tolist() == ["007", "c"]
    assert catalog.usable_tracks().loc["007", "id"] == "007"


@pytest.mark.usefixtures("workspace")
def test_what_three_stages_leave_out_is_one_table(caplog: pytest.LogCaptureFixture) -> None:
    files = pd.Series({"007": "audio/7.wav", "b": "audio/b.wav"})
    catalog.write_skipped("tracks", files, {"007": "is empty: 0 bytes"})
    catalog.write_skipped("audio", files, {"b": "is silent, or nearly"})
    catalog.write_skipped("lyrics", files, {})
    assert catalog.skipped().to_numpy().tolist() == [
        ["007", "tracks", "audio/7.wav", "is empty: 0 bytes"],
        ["b", "audio", "audio/b.wav", "is silent, or nearly"],
    ]
    assert "data/audio/b.wav is left out: is silent, or nearly" in caplog.text


@pytest.mark.usefixtures("workspace")
def test_the_log_names_ten_files_and_the_table_all(caplog: pytest.LogCaptureFixture) -> None:
    files = pd.Series({f"t{number}": f"audio/{number}.wav" for number in range(15)})
    catalog.write_skipped("audio", files, dict.fromkeys(files.index, "is silent"))
    assert caplog.text.count("is left out") == 10
    assert "and 5 more, in build/audio/skipped.csv" in caplog.text
    assert len(store.read_table(Path("build/audio/skipped.csv"))) == 15


def test_representations_are_found_baselines_first_and_aligned(workspace: Path) -> None:
    for stage in ("hard", "easy", "baselines"):
        folder = workspace / "build" / stage
        store.write_rows(folder, ["b", "a"], **{stage: np.array([[[1.0]], [[2.0]]]), f"{stage}_input": np.zeros(2)})
        store.write_json(folder / f"{stage}.json", {"family": stage})
    loaded = embeddings.representations()
    assert [embedding.name for embedding in loaded] == ["baselines", "easy", "hard"]
    assert loaded[0].values(["a", "b"]).tolist() == [[[2.0]], [[1.0]]]


@pytest.mark.usefixtures("workspace")
def test_no_embedding_names_the_command() -> None:
    with pytest.raises(Problem, match="no embedding under build/: run `dvc repro`"):
        embeddings.representations()


def test_a_sparse_table_comes_back_unchanged(tmp_path: Path, rng: np.random.Generator) -> None:
    table = (rng.random((5, 40)) * (rng.random((5, 40)) < 0.1)).astype(np.float32)
    table[2] = 0
    store.write_rows(tmp_path, list("abcde"))
    store.write_sparse(tmp_path, "words", table)
    words = store.read_rows(tmp_path, "words")["words"]
    assert words.dtype == np.float32
    assert words.tobytes() == table.tobytes()
    (tmp_path / "words.npz").write_bytes(b"PK")
    with pytest.raises(Problem, match=r"words\.npz cannot be read"):
        store.read_rows(tmp_path, "words")


def test_a_packed_array_is_read_like_any_and_a_missing_one_names_the_stage(workspace: Path) -> None:
    labels = np.tile(np.arange(3, dtype=np.int8), (4, 100))
    folder = Path("build/cluster")
    store.write_rows(folder, list("abcd"))
    with pytest.raises(Problem, match=r"labels\.npy is missing: run `dvc repro cluster`"):
        store.read_rows(folder, "labels")
    store.write_packed(folder, "labels", labels)
    assert np.array_equal(store.read_rows(folder, "labels")["labels"], labels)
    packed = workspace / folder / "labels.npy.xz"
    assert packed.stat().st_size < labels.nbytes / 2
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(Problem, match=r"labels\.npy\.xz cannot be read"):
        store.read_rows(folder, "labels")
