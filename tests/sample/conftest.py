"""The songs of the sample, and a small corpus on disk."""

from pathlib import Path

import pytest

from pipeline.sample import song
from tests.sample.corpus import SEED, SMALL, command


@pytest.fixture(scope="session")
def songs() -> list[song.Song]:
    """The songs of the real corpus, not yet rendered."""
    return list(song.songs(180, SEED))


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small corpus with stems, written by the command in two processes."""
    out = tmp_path_factory.mktemp("sample") / "data"
    done = command("--out", out, "--tracks", SMALL, "--stems", "--jobs", 2)
    assert done.returncode == 0, done.stderr
    return out
