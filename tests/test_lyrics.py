"""Stage lyrics: every track has its row in every table, a mask tells who has lyrics, and each refused file a reason."""

import logging
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline import lyrics
from pipeline.core import store
from pipeline.core.command import Problem

TABLES = ("tfidf", "tfidf_svd", "word2vec", "bert", "bert_svd")
BUILT = Path("build/lyrics")


def written(texts: dict[str, str | bytes | None]) -> None:
    """The checked table of the workspace, and the lyrics that it names."""
    rows = []
    for id_, text in texts.items():
        if text is not None:
            Path("data").mkdir(exist_ok=True)
            Path(f"data/{id_}.txt").write_bytes(text if isinstance(text, bytes) else text.encode())
        rows.append({"id": id_, "lyrics": "" if text is None else f"{id_}.txt", "reason": ""})
    store.write_table(Path("build/tracks/tracks.csv"), pd.DataFrame(rows))


@pytest.mark.usefixtures("small")
def test_the_mask_tells_who_has_lyrics_and_rows_keep_their_ids(set_param: Callable[[str, object], None]) -> None:
    set_param("lyrics.tfidf.min_tracks", 2)
    texts = {"007": "rain song", "none": None, "z": "rain song river", "emoji": "🎵", "empty": "", "a": "rain"}
    written(dict(texts))
    lyrics.main()
    rows = store.read_rows(BUILT, *TABLES, "has_lyrics")
    assert rows.ids == tuple(texts)
    assert rows["has_lyrics"].tolist() == [True, False, True, False, False, True]
    assert store.read_json(BUILT / "vocabulary.json") == ["rain", "song"]
    assert rows.at(["a"])["tfidf"].tolist() == [[1.0, 0.0]]
    for name in TABLES:
        assert rows[name].dtype == np.float32
        assert rows[name].any(axis=1).tolist() == rows["has_lyrics"].tolist()
    assert rows["word2vec"].shape[1] == 8
    assert rows["bert"].shape[1] == 8


HARD: dict[str, str | bytes | None] = {
    "one": "বৃষ্টি",
    "long": "rain river song bird " * 5000,
    "two encodings": "বৃষ্টি পড়ে\n".encode() + "café rain\n".encode("cp1252"),
    "utf-16": "বৃষ্টি rain".encode("utf-16"),
    "lrc": "[ar:Nobody]\n[00:01.00]rain song\n[00:02.00](x2)\n",
    "empty": "",
    "emoji": "🎵🎶 ❤️",
    "marks": "[Intro]\n(x2)\n",
    "garbage": random.Random(0).randbytes(4000),
    "picture": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
}
REASONS = {"empty": "empty", "emoji": "no word", "marks": "no word", "garbage": "binary", "picture": "binary"}


@pytest.mark.usefixtures("small")
def test_every_file_gives_vectors_or_a_reason(caplog: pytest.LogCaptureFixture) -> None:
    written(HARD)
    lyrics.main()
    rows = store.read_rows(BUILT, *TABLES, "has_lyrics")
    skipped = store.read_table(BUILT / "skipped.csv")
    assert skipped["id"].tolist() == list(REASONS)
    assert all(REASONS[id_] in reason for id_, _, _, reason in skipped.to_numpy())
    assert rows["has_lyrics"].tolist() == [id_ not in REASONS for id_ in HARD]
    for name in TABLES:
        assert np.isfinite(rows[name]).all()
        assert (rows[name][~rows["has_lyrics"]] == 0).all()
    assert "data/garbage.txt is left out: binary" in caplog.text
    assert "data/two encodings.txt: 1 of 2 lines not UTF-8: as Windows-1252" in caplog.text
    assert store.read_table(BUILT / "languages.csv")["id"].tolist() == [id_ for id_ in HARD if id_ not in REASONS]


@pytest.mark.usefixtures("small")
def test_a_track_gets_its_shares_of_languages() -> None:
    written({"m": "[Verse]\nrain on the river\nবৃষ্টি পড়ে\nami tomake bhalobashi\nআমার heart is broken", "none": None})
    lyrics.main()
    table = store.read_table(BUILT / "languages.csv")
    assert list(table) == ["id", "lines", "bn", "bn_latin", "en", "mixed", "other"]
    assert table.to_numpy().tolist() == [["m", "4", "0.25", "0.25", "0.25", "0.25", "0.0"]]


@pytest.mark.usefixtures("small")
def test_a_folded_chorus_counts_once(set_param: Callable[[str, object], None]) -> None:
    verse, chorus = "rain on the river\nsong of a bird", "twinkle star\nwonder star"
    tables = []
    for text, kept in ((f"{verse}\n\n{chorus}\n\n{chorus}", "keep"), (f"{verse}\n\n{chorus}\n\n{chorus}", "fold"),
                       (f"{verse}\n\n{chorus}", "keep")):  # fmt: skip
        set_param("lyrics.chorus", kept)
        written({"a": text, "b": verse})
        lyrics.main()
        rows = store.read_rows(BUILT, *TABLES)
        tables.append({name: np.array(rows[name]) for name in TABLES})
    repeated, folded, once = tables
    for name in TABLES:
        np.testing.assert_array_equal(folded[name], once[name])
    assert not np.array_equal(repeated["tfidf"], once["tfidf"])


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("texts", [{"a": None, "b": None}, {"a": "🎵", "b": ""}, {"a": None}, {}])
def test_no_lyrics_at_all_is_no_error(
    texts: dict[str, str | bytes | None], set_param: Callable[[str, object], None]
) -> None:
    set_param("lyrics.bert.model", "/no/where")  # nobody needs it
    written(texts or {"gone": None})
    lyrics.main()
    rows = store.read_rows(BUILT, *TABLES, "has_lyrics")
    assert not rows["has_lyrics"].any()
    for name in TABLES:
        assert rows[name].tolist() == [[0.0]] * len(rows.ids)
    assert store.read_table(BUILT / "languages.csv").empty


@pytest.mark.usefixtures("small")
def test_a_missing_encoder_is_said_before_anything_is_written(set_param: Callable[[str, object], None]) -> None:
    set_param("lyrics.bert.model", "/no/where")
    written({"a": "rain"})
    with pytest.raises(Problem, match="there is no such folder"):
        lyrics.main()
    assert not BUILT.exists()


@pytest.mark.usefixtures("small")
def test_the_stage_prints_its_own_lines_only(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.INFO)
    written({"a": "rain river song " * 300, "b": "বৃষ্টি"})
    lyrics.main()
    assert {record.name for record in caplog.records} <= {"pipeline.lyrics", "pipeline.text.bert"}
    assert capfd.readouterr() == ("", "")
    assert "2 of 2 tracks have lyrics; 4 words in TF-IDF" in caplog.text
