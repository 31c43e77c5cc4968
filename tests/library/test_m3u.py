"""Playlists that players open, whatever songs and files are called."""

import os
import shutil
import subprocess
from collections.abc import Sequence
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


@pytest.mark.parametrize("name", ["-rf.mp3", "50% yes.mp3", 'it\'s "me".mp3', "http://x.mp3", "a  b.mp3", "a\\b.mp3"])
def test_odd_names_are_written_as_they_are(tmp_path: Path, name: str) -> None:
    assert lines(tmp_path / name, tmp_path)[-1] == f"./{Path(name)}"


def test_a_line_break_in_a_name_becomes_an_address(tmp_path: Path) -> None:
    written = lines(tmp_path / "two\nlines.mp3", tmp_path, "so\rand so")
    assert written[-1] == f"file://{tmp_path}/two%0Alines.mp3"
    assert written[-2] == "#EXTINF:35,Artist - so and so"


def test_bytes_that_are_no_utf_8_become_an_address(tmp_path: Path) -> None:
    name = b"caf\xe9.mp3".decode(errors="surrogateescape")
    written = lines(tmp_path / name, tmp_path, "", "")
    assert written[-2:] == ["#EXTINF:35,caf\ufffd", f"file://{tmp_path}/caf%E9.mp3"]


NAMES = [
    "বৃষ্টি.wav",
    "#1.wav",
    "50%.wav",
    "100%25.wav",
    'it\'s "it".wav',
    "two\nlines.wav",
    " blank.wav",
    "ü ~&;.wav",
    "why?.wav",
    "-rf.wav",
    "a\\b.wav",
    "http:x.wav",
    b"caf\xe9.wav".decode(errors="surrogateescape"),
]


def playlist(tmp_path: Path, names: Sequence[str] = NAMES) -> Path:
    """A list of songs of a tenth of a second."""
    songs, file = tmp_path / "my songs", tmp_path / "lists" / "list.m3u8"
    songs.mkdir()
    file.parent.mkdir()
    for name in names:
        with (songs / name).open("wb") as sound:
            soundfile.write(sound, np.full(800, 0.1), 8000, format="WAV")
    entries = [Entry(songs / name, 0.1, "", "এক\n#EXTINF:9,দুই") for name in names]
    file.write_text(text(entries, "all", file.parent), encoding="utf-8")
    return file


def test_whatever_files_are_called_a_reader_finds_them(tmp_path: Path) -> None:
    """As players read a list: lines without #, addresses decoded, paths from the list on."""
    file = playlist(tmp_path)
    paths = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    for line, name in zip(paths, NAMES, strict=True):
        address = unquote(line.removeprefix("file://"), errors="surrogateescape")
        path = Path(address) if line.startswith("file://") else file.parent / line
        assert path.resolve() == tmp_path / "my songs" / name
        assert probe(path).seconds == 0.1


@pytest.mark.skipif(not shutil.which("mpv"), reason="mpv is not installed")
def test_mpv_plays_every_song(tmp_path: Path) -> None:
    quick = ["--no-config", "--no-video", "--ao=null", "--ao-null-untimed", "--msg-level=statusline=no"]
    mark = "--term-playing-msg=plays ${playlist-pos} for ${duration/full}"
    start = ["mpv", *quick, mark, str(playlist(tmp_path))]
    done = subprocess.run(start, capture_output=True, text=True, errors="replace", check=False, timeout=60)
    assert done.returncode == 0, done.stdout  # 3: some could not be played
    plays = [line for line in done.stdout.splitlines() if line.startswith("plays ")]
    assert plays == [f"plays {number} for 00:00:00.100" for number in range(len(NAMES))]


@pytest.mark.skipif(not shutil.which("vlc"), reason="VLC is not installed")
def test_vlc_plays_what_looks_like_an_address(tmp_path: Path) -> None:
    names = ["#1.wav", "100%25 yes.wav", "why?.wav"]  # a second and a half each
    nobody = 65_534 if os.geteuid() == 0 else None  # VLC refuses to be run by root
    for place in (tmp_path, *tmp_path.parents):
        if nobody and not place.stat().st_mode & 1:
            place.chmod(place.stat().st_mode | 0o11)
    quiet = ["-I", "dummy", "--no-video", "--aout=adummy", "--play-and-exit", "--no-media-library", "-vv"]
    start = ["vlc", *quiet, str(playlist(tmp_path, names)), "vlc://quit"]
    home = {**os.environ, "HOME": str(tmp_path / "home")}
    done = subprocess.run(
        start, user=nobody, env=home, capture_output=True, text=True, errors="replace", check=False, timeout=60
    )
    assert done.stderr.count("using audio decoder module") == len(names), done.stderr
    assert "unable to open" not in done.stderr


def test_names_of_files_are_safe_on_any_system() -> None:
    assert file_name('a/b: "c"?\n') == "a b c"
    assert file_name("slow, rain · bn + en") == "slow, rain · bn + en"
    assert file_name("...") == "playlist"
    assert len(file_name("x" * 300)) == 80
    assert file_name("🎵" * 300) == "🎵" * 50  # systems count bytes
