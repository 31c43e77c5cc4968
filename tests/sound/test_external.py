"""Features of another program: read by id, what is wrong with the table said, and the whole path walked with them."""

import importlib
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core import store
from pipeline.core.command import Problem
from pipeline.sound import external

TRACKS = ("a", "007", "NA")


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_are_the_segments_of_the_track_that_their_id_names(tmp_path: Path) -> None:
    table = external.read(written(tmp_path / "f.csv", "id,x,y\n007,1,2\nNA,3,4\n007,5,6\n"), TRACKS)
    assert (table.ids, table.names) == (["007", "NA"], ["x", "y"])
    assert table.stats.tolist() == [[[1, 2], [5, 6]], [[3, 4], [0, 0]]]
    assert table.valid.tolist() == [[True, True], [True, False]]


@pytest.mark.parametrize("index", [False, True])
def test_parquet_gives_the_same(tmp_path: Path, index: bool) -> None:
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"id": ["NA", "a"], "x": [1.5, 2.5], "loud": [True, False]})
    (frame.set_index("id") if index else frame).to_parquet(tmp_path / "f.parquet")
    table = external.read(tmp_path / "f.parquet", TRACKS)
    assert table.ids == ["a", "NA"]
    assert table.stats.tolist() == [[[2.5, 0]], [[1.5, 1]]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,x,who\na,1,Ann\n007,2,Bob\n", "columns without numbers, or with texts among them, are left out: who"),
        ("id,x,empty\na,1,\n007,2,\n", "are left out: empty"),
        ("id,x\na,1\n007,2\nz,3\nzz,4\n", "no track is called z, zz: left out"),
        ("id,x\na,1\n007,2\n007,\nNA,inf\n", "2 rows hold cells that are no number, of 007, NA: left out"),
        ("id,x\na,1\n007,2\nNA,1e300\n", "1 rows hold cells that are no number, of NA: left out"),
    ],
)
def test_what_is_left_out_is_said(text: str, said: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    table = external.read(written(tmp_path / "f.csv", text), TRACKS)
    assert said in caplog.text
    assert table.ids == ["a", "007"]
    assert table.stats.tolist() == [[[1]], [[2]]]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("f.csv", "name,x\na,1\n", "has no column 'id' (it has name, x): add the ids"),
        ("f.csv", "id,x\nb,1\nc,2\nd,3\ne,4\n", "no row for any track of data/tracks.csv: its ids begin with b, c"),
        ("f.csv", "id,who\na,Ann\n", "no column of numbers beside 'id'"),
        ("f.csv", "", "cannot be read (No columns to parse"),
        ("f.csv", 'id,x\na,"1\n', "cannot be read"),
        ("f.parquet", "id,x\na,1\n", "cannot be read"),
        ("f.npy", "id,x\na,1\n", "it must be none, or end in .csv or .parquet"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_meant_is_one_line(name: str, text: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=re.escape(problem)) as raised:
        external.read(written(tmp_path / name, text), TRACKS)
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="which is no file"):
        external.read(tmp_path / "none.csv", TRACKS)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(-9, 9)), min_size=1, max_size=12), st.permutations("abc"))
def test_every_number_arrives_once_whatever_the_order(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, int]], tracks: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "rows.csv"
    table = external.read(written(path, "id,x\n" + "".join(f"{id_},{x}\n" for id_, x in rows)), tracks)
    for place, id_ in enumerate(table.ids):
        assert table.stats[place][table.valid[place]][:, 0].tolist() == [x for name, x in rows if name == id_]
    assert table.ids == [id_ for id_ in tracks if id_ in {name for name, _ in rows}]


# --- the stages -------------------------------------------------------------------------------------------------------


def run(*stages: str) -> None:
    for stage in stages:
        importlib.import_module(f"pipeline.{stage}").main()


@pytest.fixture
def colleague(tiny_corpus: Path, set_param: Callable[[str, object], None]) -> Path:
    """Seven numbers for two segments of 11 of the 12 songs: one follows the genre, one is the language."""
    rng = np.random.default_rng(0)
    tracks = pd.read_csv(tiny_corpus / "data" / "tracks.csv", dtype=str, keep_default_na=False).iloc[:11]
    parts = []
    for _ in range(2):
        numbers = pd.DataFrame(rng.standard_normal((11, 5)), columns=[f"n{number}" for number in range(5)])
        numbers["tempo"] = (tracks["genre"] == "beat") * 40 + rng.standard_normal(11)
        numbers["length"] = (tracks["language"] == "bn") * 1.0
        parts.append(numbers.assign(id=tracks["id"]))
    pd.concat(parts).to_csv(tiny_corpus / "data" / "features.csv", index=False)
    set_param("audio.external", "data/features.csv")
    quick = {"seeds": [0], "cluster.curve": 2, "cluster.clusterers": ["kmeans", "dbscan"], "evaluate.shuffles": 20}
    quick |= {"evaluate.labels": ["language", "genre"], "figures.maps": [], "figures.map_models": ["easy"]}
    for name, value in (quick | {"figures.previews.tracks": 0}).items():
        set_param(name, value)
    return tiny_corpus


def test_the_whole_path_with_the_features_of_another_program(colleague: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        run(
            "tracks",
            "audio",
            "ears",
            "lyrics",
            "audit",
            "baselines",
            "easy",
            "medium",
            "hard",
            "cluster",
            "evaluate",
            "figures",
        )
    rows = store.read_rows(colleague / "build" / "audio", "stats", "valid")
    assert rows["stats"].shape == (11, 2, 7)
    row = "en_011,audio,audio/en/en_011.wav,has no whole row in data/features.csv"
    skipped = (colleague / "build/audio/skipped.csv").read_text(encoding="utf-8")
    assert skipped.splitlines() == ["id,stage,file,reason", row]
    for line in ("en_011.wav is left out: has no whole row", "conv1d: it reads frames", "conv2d: it reads frames"):
        assert line in caplog.text
    assert {path.stem for path in (colleague / "build" / "medium").glob("*.npy")} >= {"fusion"}
    assert not list((colleague / "build" / "medium").glob("conv*"))
    metrics = store.read_json(colleague / "reports" / "metrics.json")
    assert metrics["data"]["tracks"] == 11
    assert metrics["raw"]["genre"]["ami"] is not None
    audit = pd.read_csv(colleague / "reports" / "audit.csv", keep_default_na=False).set_index(["shortcut", "label"])
    assert audit.index.is_unique
    verdicts = audit["verdict"].to_dict()
    assert verdicts["feature length", "language"] == "strong"
    assert verdicts["feature tempo", "genre"] == "strong"
    assert verdicts["feature n0", "language"] == "none"
    drawn = {figure["file"] for figure in store.read_json(colleague / "reports" / "figures" / "figures.json")}
    assert "curves.png" in drawn
    assert not [file for file in drawn if file.startswith("reconstruction")]


def test_a_model_of_frames_needs_features_of_our_own(colleague: Path, set_param: Callable[[str, object], None]) -> None:
    run("tracks", "audio", "ears", "lyrics")
    set_param("easy.input", "mfcc")
    with pytest.raises(Problem, match=r"easy\.input is mfcc, which audio\.external does not give: set it to sound"):
        run("easy")
    assert not (colleague / "build" / "audio" / "logmel.npy").exists()


def test_a_table_outside_data_is_read_with_a_warning(
    colleague: Path, set_param: Callable[[str, object], None], caplog: pytest.LogCaptureFixture
) -> None:
    (colleague / "data" / "features.csv").rename(colleague / "features.csv")
    set_param("audio.external", "features.csv")
    run("tracks", "audio")
    assert "`dvc repro` does not see when it changes" in caplog.text
    assert len(store.read_rows(colleague / "build" / "audio").ids) == 11
