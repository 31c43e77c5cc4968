"""Stage lyrics: Bangla words stay whole, equal words are equal, and who has no lyrics is told by a mask."""

import re
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import lyrics, store
from pipeline.lyrics import WORD, Tfidf, clean, tfidf

ALL = Tfidf(vocabulary=5000, min_tracks=1, reduced=2)


def tokens(text: str) -> list[str]:
    return re.findall(WORD, clean(text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("বৃষ্টি পড়ে টাপুর টুপুর", 4),
        ("ক্ষ্যাপা র‍্যাব", 2),
        ("চাঁদ দুঃখ উৎসব", 3),
        ("গান, গান! গান।", 3),
        ("don't stop", 2),
        ("naïve café", 2),
        ("I am 24", 3),
        ("বৃষ্টি and rain", 3),
        ("हिन्दी गीत", 2),
        ("தமிழ் பாட்டு", 2),
        ("…—!?", 0),
        ("🎵🎶 ❤️", 0),
        ("", 0),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_words_stay_whole(text: str, words: int) -> None:
    assert len(tokens(text)) == words


def test_the_rhyme_gives_its_very_words() -> None:
    _, words = tfidf([clean("বৃষ্টি পড়ে টাপুর টুপুর")], ALL)
    assert sorted(words) == sorted(clean("বৃষ্টি পড়ে টাপুর টুপুর").split())


@pytest.mark.parametrize("letter", ["\u09dc", "\u09dd", "\u09df"], ids=["rra", "rha", "yya"])
def test_two_spellings_of_a_letter_are_one_word(letter: str) -> None:
    apart = unicodedata.normalize("NFD", letter)
    assert apart != letter
    assert clean(f"প{letter}ে") == clean(f"প{apart}ে")
    vectors, words = tfidf([clean(f"প{letter}ে"), clean(f"প{apart}ে")], ALL)
    assert len(words) == 1
    np.testing.assert_array_equal(vectors[0], vectors[1])


@given(st.text() | st.text(alphabet="[]() \n\r\tabঅ়\u09af\u2028"))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.text(alphabet="অআকখড়ঢ়য়গািেabé ", max_size=30))
def test_cleaning_knows_no_spelling(text: str) -> None:
    assert clean(unicodedata.normalize("NFD", text)) == clean(unicodedata.normalize("NFC", text))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("[Chorus]\nla la", "la la"),
        ("la\n  [Verse 2: both]  \nlo", "la\nlo"),
        ("(কোরাস)\nগান", "গান"),
        ("la [x2] la", "la [x2] la"),
        ("[Intro]\n[Outro]\n", ""),
        ("(oh) my love (yeah)", "(oh) my love (yeah)"),
    ],
    ids=["chorus", "in between", "Bangla", "inside a line", "marks only", "two echoes"],
)
def test_section_marks_go_and_sung_words_stay(text: str, left: str) -> None:
    assert re.sub(r"\n+", "\n", clean(text)) == left


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-8", b""), ("utf-8", b"\xef\xbb\xbf"), ("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")],
)
def test_every_unicode_file_is_read_alike(encoding: str, mark: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(mark + "বৃষ্টি\r\nrain".encode(encoding))
    assert lyrics.read(tmp_path / "x.txt").split() == ["বৃষ্টি", "rain"]


def test_an_old_file_is_read_as_windows_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "x.txt").write_bytes("naïve café’s".encode("cp1252"))
    assert lyrics.read(tmp_path / "x.txt") == "naïve café’s"
    assert "x.txt is not UTF-8: read as Windows-1252" in caplog.text


@pytest.mark.parametrize("raw", [bytes(range(256)), b"\xff\xfe\x00", b"\x81\x8d\x8f", b"\x00" * 10])
def test_any_bytes_are_read_somehow(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(raw)
    assert isinstance(lyrics.read(tmp_path / "x.txt"), str)


def test_rows_have_unit_length_and_rare_words_are_left_out() -> None:
    vectors, words = tfidf(["rain song", "rain bird", "rain song"], Tfidf(vocabulary=5000, min_tracks=2, reduced=2))
    assert words == ["rain", "song"]
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-6)
    assert vectors[1].tolist() == [1.0, 0.0]


def test_the_vocabulary_has_a_limit() -> None:
    _, words = tfidf(["a b c d", "a b c", "a b"], Tfidf(vocabulary=2, min_tracks=1, reduced=2))
    assert words == ["a", "b"]


@pytest.mark.parametrize("texts", [["!", "?"], ["one", "two"]], ids=["no word", "no common word"])
def test_texts_without_a_word_to_keep_are_rows_of_zeros(texts: list[str]) -> None:
    vectors, words = tfidf(texts, Tfidf(vocabulary=10, min_tracks=2, reduced=2))
    assert words == [""]
    assert vectors.tolist() == [[0.0], [0.0]]


def test_reducing_keeps_who_is_like_whom() -> None:
    vectors, _ = tfidf(["rain river", "rain river", "star moon", "star night", "moon night"], ALL)
    found = lyrics.reduced(vectors, 4)
    np.testing.assert_allclose(found @ found.T, vectors @ vectors.T, atol=1e-5)
    assert lyrics.reduced(vectors, 2).shape == (5, 2)


@pytest.mark.parametrize("texts", [["rain"], ["rain", "rain"], ["rain river"] * 3], ids=len)
def test_reducing_a_few_equal_texts_is_no_accident(texts: list[str]) -> None:
    found = lyrics.reduced(tfidf(texts, ALL)[0], 32)
    assert len(found) == len(texts)
    assert np.isfinite(found).all()


def written(workspace: Path, texts: dict[str, str | None]) -> None:
    """The checked table of a workspace, and the lyrics that it names."""
    rows = []
    for id_, text in texts.items():
        if text is not None:
            (workspace / "data").mkdir(exist_ok=True)
            (workspace / "data" / f"{id_}.txt").write_text(text, encoding="utf-8")
        rows.append({"id": id_, "lyrics": "" if text is None else f"{id_}.txt", "reason": ""})
    store.write_table(workspace / "build" / "tracks" / "tracks.csv", pd.DataFrame(rows))


def test_the_mask_tells_who_has_lyrics_and_rows_keep_their_ids(workspace: Path) -> None:
    texts = {
        "007": "rain song",
        "none": None,
        "z": "rain song river",
        "emoji": "🎵",
        "empty": "",
        "mark": "[Intro]",
        "a": "rain",
    }
    written(workspace, texts)
    lyrics.main()
    rows = store.read_rows(workspace / "build" / "lyrics", "tfidf", "there")
    assert rows.ids == tuple(texts)
    assert rows["there"].tolist() == [True, False, True, False, False, False, True]
    assert store.read_json(workspace / "build" / "lyrics" / "vocabulary.json") == ["rain", "song"]
    assert (rows["tfidf"][~rows["there"]] == 0).all()
    assert rows.at(["a"])["tfidf"].tolist() == [[1.0, 0.0]]
    short = store.read_rows(workspace / "build" / "lyrics", "tfidf_svd")["tfidf_svd"]
    assert short.any(axis=1).tolist() == rows["there"].tolist()
    assert (rows.at(["z"])["tfidf"] > 0).all()


@pytest.mark.parametrize("texts", [{"a": None, "b": None}, {"a": "🎵", "b": ""}, {"a": None}])
def test_no_lyrics_at_all_is_no_error(texts: dict[str, str | None], workspace: Path) -> None:
    written(workspace, texts)
    lyrics.main()
    rows = store.read_rows(workspace / "build" / "lyrics", "tfidf", "there")
    assert rows["there"].tolist() == [False] * len(texts)
    assert rows["tfidf"].tolist() == [[0.0]] * len(texts)
