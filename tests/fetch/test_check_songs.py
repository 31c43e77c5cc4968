"""Own songs are not published: with the real git and dvc, and this project's settings."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.fetch import check_songs
from pipeline.sample.write import SOURCE

ROOT = Path(__file__).parents[2]
STORE = ".dvc/store"


def sh(*command: str, cwd: Path, code: int = 0) -> str:
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def dvc(*arguments: str, cwd: Path) -> str:
    return sh(str(Path(sys.executable).with_name("dvc")), *arguments, cwd=cwd)


def check(cwd: Path, code: int = 0) -> str:
    return sh(sys.executable, "-m", "pipeline.fetch.check_songs", cwd=cwd, code=code)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A project of one committed sample song, with the settings of this one."""
    sh("git", "init", "--quiet", cwd=tmp_path)
    dvc("init", "--quiet", cwd=tmp_path)
    for name in (".gitignore", ".dvc/config", ".dvc/.gitignore"):
        shutil.copy(ROOT / name, tmp_path / name)
    song(tmp_path / "data", "ours", 220, SOURCE)
    dvc("add", "--quiet", "data", cwd=tmp_path)
    dvc("push", "--quiet", "data.dvc", cwd=tmp_path)
    sh("git", "add", "--all", cwd=tmp_path)
    sh("git", "add", "--force", STORE, cwd=tmp_path)  # a release
    sh("git", "-c", "user.name=x", "-c", "user.email=x@y", "commit", "--quiet", "-m", "release", cwd=tmp_path)
    return tmp_path


def song(data: Path, name: str, hertz: int, source: str) -> None:
    (data / "audio").mkdir(parents=True)
    (data / "lyrics").mkdir()
    tone = np.sin(2 * np.pi * hertz * np.arange(4000) / 8000)
    soundfile.write(data / "audio" / f"{name}.ogg", tone, 8000)
    (data / "lyrics" / f"{name}.txt").write_text(f"la {name}\n", encoding="utf-8")
    row = f"{name},audio/{name}.ogg,lyrics/{name}.txt,{source}\n"
    (data / "tracks.csv").write_text(f"id,audio,lyrics,source\n{row}", encoding="utf-8")


def test_pushed_songs_of_a_person_do_not_reach_git(checkout: Path) -> None:
    assert "no song but those of the sample" in check(checkout)
    shutil.rmtree(checkout / "data")
    song(checkout / "data", "mine", 330, "")
    dvc("add", "data", cwd=checkout)
    dvc("push", cwd=checkout)
    before = len(check_songs.published(checkout))
    assert len([path for path in (checkout / STORE).rglob("*") if path.is_file()]) > before
    sh("git", "add", "--all", cwd=checkout)
    assert STORE not in sh("git", "status", "--porcelain", cwd=checkout)
    check(checkout)

    sh("git", "add", "--force", STORE, cwd=checkout)
    refused = check(checkout, code=1)
    assert "error: 2 songs or lyrics in .dvc/store are not of the sample" in refused
    assert "(audio/mine.ogg, lyrics/mine.txt): take them out with `git reset -- .dvc/store`" in refused
    sh("git", "reset", "--quiet", "--", STORE, cwd=checkout)
    check(checkout)


def test_a_sound_without_its_corpus_is_named_by_its_object(tmp_path: Path) -> None:
    loose = tmp_path / STORE / "files" / "md5" / "ab" / "cdef"
    loose.parent.mkdir(parents=True, exist_ok=True)
    for head in (b"ID3\x04", b"\xff\xfb\x90\x64", b"fLaC\0\0", b"\0\0\0\x20ftypM4A ", b"RIFF\1\2\3\4WAVEfmt "):
        loose.write_bytes(head + bytes(50))
        assert [name[-7:] for name in check_songs.foreign([loose])] == ["ab/cdef"]
    for head in (b"\x93NUMPY\1\0", b"PK\3\4", b"\xff\1\0\0\0\0\0\0{", b"id,audio\n"):
        loose.write_bytes(head + bytes(50))
        assert check_songs.foreign([loose]) == []


def test_the_store_of_this_project_holds_the_sample_alone() -> None:
    assert check_songs.foreign(check_songs.published(ROOT)) == []
    assert check_songs.SAMPLE == SOURCE
