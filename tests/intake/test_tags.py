"""Tags of real files in every format, whole and broken; and a digest that does not depend on them."""

import tracemalloc
from pathlib import Path

import mutagen
import pytest
from mutagen.apev2 import APEv2
from mutagen.asf import ASF
from mutagen.id3 import APIC, ID3, SYLT, TALB, TCON, TDRC, TIT2, TLAN, TPE1, TXXX, USLT, Frame
from mutagen.mp4 import MP4

from pipeline.intake import sound_bytes, tags
from pipeline.intake.tags import Tags
from tests.library.music import sing

BIG = 50_000_000
FULL = Tags("বৃষ্টি", "নদী", "Rain", "Rock", "1999", "bn", "টাপুর টুপুর")


def id3(path: Path, *frames: Frame) -> None:
    tag = ID3()
    for frame in frames:
        tag.add(frame)
    tag.save(path)


def fill(path: Path, lyrics: str = FULL.lyrics) -> None:
    """The same tags in the words of each format."""
    if path.suffix in (".mp3", ".wav", ".aiff"):
        words: list[Frame] = [TIT2(3, [FULL.title]), TPE1(3, [FULL.artist]), TALB(3, [FULL.album]), TCON(3, ["(17)"])]
        words += [TDRC(3, ["1999-05-01"]), TLAN(3, ["ben"]), USLT(3, "ben", "", lyrics)]
        if path.suffix == ".mp3":
            id3(path, *words)
            return
        file = mutagen.File(path)
        if file.tags is None:
            file.add_tags()
        for frame in words:
            file.tags.add(frame)
        file.save()
    elif path.suffix == ".m4a":
        box = MP4(path)
        box["\xa9nam"], box["\xa9ART"], box["\xa9alb"], box["\xa9gen"] = FULL.title, FULL.artist, FULL.album, "Rock"
        box["\xa9day"], box["\xa9lyr"], box["----:com.apple.iTunes:LANGUAGE"] = "1999", lyrics, b"Bengali"
        box.save()
    elif path.suffix == ".wma":
        asf = ASF(path)
        asf["Title"], asf["Author"], asf["WM/AlbumTitle"], asf["WM/Genre"] = FULL.title, FULL.artist, FULL.album, "Rock"
        asf["WM/Year"], asf["WM/Language"], asf["WM/Lyrics"] = "1999", "Bengali", lyrics
        asf.save()
    else:
        file = mutagen.File(path)
        values = {
            "title": FULL.title,
            "artist": FULL.artist,
            "album": FULL.album,
            "genre": "Rock",
            "date": "1999-05-01",
        }
        file.update(values | {"language": "ben", "lyrics": lyrics})
        file.save()


@pytest.mark.parametrize("kind", ["mp3", "ogg", "opus", "flac", "wav", "aiff", "m4a", "wma"])
def test_every_format_gives_the_same_tags_and_keeps_its_digest(kind: str, tmp_path: Path) -> None:
    path = sing(tmp_path / f"x.{kind}")
    bare = sound_bytes.digest(path)
    fill(path)
    assert tags.read(path) == FULL
    assert sound_bytes.digest(path) == bare
    fill(path, lyrics="la " * 40_000)  # more pages, another place of the sound
    assert sound_bytes.digest(path) == bare
    assert sound_bytes.digest(sing(tmp_path / f"y.{kind}", 2)) != bare


def test_tags_at_the_end_of_an_mp3(tmp_path: Path) -> None:
    path = sing(tmp_path / "x.mp3")
    bare = sound_bytes.digest(path)
    ape = APEv2()
    ape["Title"], ape["Artist"], ape["Lyrics"] = "Rain", ["A", "B"], "la la"
    ape.save(path)
    assert tags.read(path) == Tags(title="Rain", artist="A; B", lyrics="la la")
    with path.open("ab") as file:
        file.write(b"TAG" + b"Rain".ljust(125, b"\0"))  # ID3v1
    assert sound_bytes.digest(path) == bare


def test_lyrics_with_times_lose_them(tmp_path: Path) -> None:
    path = sing(tmp_path / "x.mp3")
    id3(path, SYLT(3, "eng", 2, 1, "", [("Rain, go away", 0), ("come again", 2000)]))
    assert tags.read(path).lyrics == "Rain, go away\ncome again"
    id3(path, SYLT(3, "eng", 2, 1, "", [("\nRain, ", 0), ("go away", 500), ("\ncome again", 2000)]))
    assert tags.read(path).lyrics == "Rain, go away\ncome again"
    id3(path, TXXX(3, "LYRICS", ["[ar:X]\n[00:01.00]la <00:02.00>la\r\n[00:03.00]li"]))
    assert tags.read(path).lyrics == "la la\nli"


def test_bytes_that_are_no_utf_8_leave_the_field_to_the_name_of_the_file(tmp_path: Path) -> None:
    path = sing(tmp_path / "x.mp3")
    id3(path, TIT2(3, ["TITLE"]), TPE1(3, ["The Artist\nand\0more"]))
    path.write_bytes(path.read_bytes().replace(b"TITLE", b"TI\xff\xfeE"))
    assert tags.read(path).title == ""
    assert tags.read(path).artist.startswith("The Artist and")
    ogg = sing(tmp_path / "x.ogg")
    fill(ogg)
    assert tags.read(ogg).title == FULL.title


@pytest.mark.parametrize("version", [3, 4])
def test_a_tag_of_50_mb_is_not_read_for_its_title(version: int, tmp_path: Path) -> None:
    path = sing(tmp_path / "x.mp3")
    bare = sound_bytes.digest(path)
    tag = ID3()
    for frame in (APIC(3, "image/png", 3, "", bytes(BIG)), TIT2(3, ["Rain"]), USLT(3, "eng", "", "la la")):
        tag.add(frame)
    tag.save(path, v2_version=version)
    assert path.stat().st_size > BIG
    tracemalloc.start()
    try:
        known = tags.read(path)
        assert tracemalloc.get_traced_memory()[1] < BIG / 10
    finally:
        tracemalloc.stop()
    assert (known.title, known.lyrics) == ("Rain", "la la")
    assert sound_bytes.digest(path) == bare


@pytest.mark.parametrize(
    "raw", [b"", b"ID3", b"ID3\x04\0\0\x7f\x7f\x7f\x7fTIT2", b"\0" * 200, b"OggS" * 9, b"fLaC\x80"]
)
@pytest.mark.parametrize("kind", ["mp3", "ogg", "flac", "m4a", "wma"])
def test_what_is_no_tag_is_none(raw: bytes, kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"x.{kind}"
    path.write_bytes(raw)
    assert tags.read(path) == Tags()
    assert len(sound_bytes.digest(path)) == 16
