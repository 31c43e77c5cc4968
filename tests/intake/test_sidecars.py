"""Texts find their songs, in any encoding, and lose their times."""

from pathlib import Path

import pytest

from pipeline.intake import sidecars
from pipeline.intake.sidecars import Sidecars
from pipeline.text import clean

SONGS = [Path("/m/a/x.mp3"), Path("/m/b/x.mp3"), Path("/m/audio/y.mp3"), Path("/m/z.mp3")]


@pytest.mark.parametrize(
    ("text", "song"),
    [
        ("/m/a/x.txt", "/m/a/x.mp3"),
        ("/m/a/X - Lyrics.lrc", "/m/a/x.mp3"),
        ("/m/a/x.mp3.lrc", "/m/a/x.mp3"),
        ("/m/b/Lyrics/x.txt", "/m/b/x.mp3"),
        ("/m/lyrics/y.txt", "/m/audio/y.mp3"),
        ("/m/lyrics/x.txt", ""),  # of which song?
        ("/m/other/z.txt", ""),  # a text anywhere is not of a song that is called so
    ],
)
def test_a_text_finds_its_song(text: str, song: str) -> None:
    texts = Sidecars([Path(text)], SONGS)
    assert [str(path) for path in SONGS if texts.beside(path)] == ([song] if song else [])


def test_a_text_without_times_comes_first() -> None:
    texts = [Path("/m/z.lrc"), Path("/m/z.txt")]
    assert Sidecars(texts, SONGS).beside(Path("/m/z.mp3")) == texts[::-1]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_encodings_are_guessed_and_times_removed(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "x.lrc"
    path.write_bytes("[ti:Lied]\r\n[00:01.20]Über <00:02.00>Berg\r\n[00:03.00][00:09.00]und Tal\r\n".encode(encoding))
    assert sidecars.read(path) == "Über Berg\nund Tal"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
def test_bangla_in_both_encodings(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes("বৃষ্টি পড়ে\nটাপুর টুপুর\n নদে এল বান\n".encode(encoding))
    assert sidecars.read(path).startswith("বৃষ্টি পড়ে\nটাপুর")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "has no word"),
        (b"[00:01.00]\n", "has no word"),
        (bytes(range(256)), "binary"),
        (b"la " * 400_000, "too large"),
    ],
    ids=["empty", "times alone", "binary", "a book"],
)
def test_what_holds_no_lyrics_says_why(raw: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(raw)
    with pytest.raises(clean.Unreadable, match=reason):
        sidecars.read(tmp_path / "x.txt")
    with pytest.raises(clean.Unreadable, match="cannot be opened: No such file"):
        sidecars.read(tmp_path / "y.txt")
