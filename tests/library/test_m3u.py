"""Playlists that players open, whatever songs and files are called."""

from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
import soundfile

from pipeline.library.m3u import Entry, file_name, text
from pipeline.sound.waves import probe


def lines(file: Path, folder: Path, title: str = "Title", artist: str = "Artist") -> list[str]:
    return text([Entry(file, 34.6, artist, title)], "a list", folder).splitlines()


def test_a_list_has_a_head_a_length_a_title_and_a_relative_path(tmp_path: Path) -> None:
    written = lines(tmp_path / "data" / "audio" / "গান ১.mp3", tmp_path / "lists", "আকাশ", "")
    assert written == ["#EXTM3U", "#PLAYLIST:a list", "#EXTINF:35,আকাশ", "../data/audio/গান ১.mp3"]


@pytest.mark.parametrize("name", ["#1 hit.mp3", "100%25 yes.mp3", 'it\'s "me".mp3', "http://x.mp3", "a  b.mp3"])
def test_odd_names_are_written_as_they_are_and_never_read_as_a_comment(tmp_path: Path, name: str) -> None:
    assert lines(tmp_path / name, tmp_path)[-1] == f"./{Path(name)}"


def test_a_line_break_in_a_name_becomes_an_address(tmp_path: Path) -> None:
    written = lines(tmp_path / "two\nlines.mp3", tmp_path, "so\rand so")
    assert written[-1] == f"file://{tmp_path}/two%0Alines.mp3"
    assert written[-2] == "#EXTINF:35,Artist - so and so"


def test_bytes_that_are_no_utf_8_become_an_address(tmp_path: Path) -> None:
    name = b"caf\xe9.mp3".decode(errors="surrogateescape")
    assert lines(tmp_path / name, tmp_path)[-1] == f"file://{tmp_path}/caf%E9.mp3"


def test_whatever_files_are_called_a_player_finds_and_decodes_them(tmp_path: Path) -> None:
    """As players read a list: lines without #, addresses decoded, paths from the list on."""
    names = [
        "বৃষ্টি.wav",
        "#1.wav",
        "50%.wav",
        "100%25.wav",
        'it\'s "it".wav',
        "two\nlines.wav",
        " blank.wav",
        "ü ~&?;.wav",
    ]
    songs, folder = tmp_path / "my songs", tmp_path / "lists"
    songs.mkdir()
    folder.mkdir()
    for name in names:
        soundfile.write(songs / name, np.full(8000, 0.1), 8000)
    entries = [Entry(songs / name, 1, "", name) for name in names]
    file = folder / "list.m3u8"
    file.write_text(text(entries, "all", folder), encoding="utf-8")
    for line, name in zip(
        (line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")), names, strict=True
    ):
        path = Path(unquote(line.removeprefix("file://"))) if line.startswith("file://") else folder / line
        assert path.resolve() == songs / name
        assert probe(path).seconds == 1


def test_names_of_files_are_safe_on_any_system() -> None:
    assert file_name('a/b: "c"?\n') == "a b c"
    assert file_name("slow, rain · bn + en") == "slow, rain · bn + en"
    assert file_name("...") == "playlist"
    assert len(file_name("x" * 300)) == 80
