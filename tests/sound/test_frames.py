"""Frames come out of the cache, as computed from the file, in the order of the ids; a changed file is one line."""

import logging
import os
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import soundfile

from pipeline import audio
from pipeline.core import params, store
from pipeline.core.command import Problem
from pipeline.sound.frames import Frames, frames_of
from tests.sound.songs import RATE, P, features_of, make_project, music, set_audio, spy_on_decoding

IDS = ("2", "0", "3")
VALID = np.ones((3, 2), np.bool_)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder after stage audio."""
    make_project(tmp_path, monkeypatch)
    soundfile.write(tmp_path / "data" / "3.wav", music(3.2), RATE)  # one segment, not two
    audio.main()
    return tmp_path


@pytest.mark.parametrize(("kind", "shape"), [("mfcc", (40, 300)), ("logmel", (128, 100))])
def test_frames_are_those_of_the_files(house: Path, kind: Literal["mfcc", "logmel"], shape: tuple[int, int]) -> None:
    valid = store.read_rows(house / "build/audio", "valid").at(IDS)["valid"]
    assert valid.sum() == 5
    tracks = [getattr(features_of(house / "data" / f"{id_}.wav"), kind)[valid[row]] for row, id_ in enumerate(IDS)]
    segments = Frames(kind, P).segments(IDS, valid)
    assert segments.shape == (5, *shape)
    np.testing.assert_array_equal(segments, np.concatenate(tracks))


def test_the_cache_is_read_and_filled(
    house: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    names = spy_on_decoding(monkeypatch)
    first = Frames("mfcc", P).segments(IDS, VALID)
    assert names == []
    assert f"features: 3 of 3 from {house / 'cache' / 'audio'}" in caplog.text
    monkeypatch.setenv("SURBANI_CACHE", str(house / "new"))
    np.testing.assert_array_equal(Frames("mfcc", P).segments(IDS, VALID), first)
    Frames("logmel", P).segments(IDS, VALID)
    assert names == ["2.wav", "0.wav", "3.wav"]


def test_a_cache_that_cannot_be_written_is_replaced_for_this_run(
    house: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first = Frames("mfcc", P).segments(IDS, VALID)
    (house / "file").write_text("")
    monkeypatch.setenv("SURBANI_CACHE", str(house / "file"))  # a file where a folder should be; root may write anywhere
    names = spy_on_decoding(monkeypatch)
    np.testing.assert_array_equal(Frames("mfcc", P).segments(IDS, VALID), first)
    np.testing.assert_array_equal(Frames("mfcc", P).segments(IDS, VALID), first)
    assert len(names) == 3
    assert caplog.text.count("cannot be written") == 1
    assert os.environ["SURBANI_CACHE"] != str(house / "file")  # processes that start now share the new one


def test_a_changed_file_is_one_line(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    soundfile.write(house / "data" / "0.wav", music(9, 7), RATE)
    (house / "data" / "3.wav").unlink()
    Frames("mfcc", P).segments(IDS, VALID)  # the cache holds what stage audio saw
    monkeypatch.setenv("SURBANI_CACHE", str(house / "new"))
    line = r"data/0\.wav \(and 1 more\) changed or vanished since stage audio ran: run `dvc repro`"
    with pytest.raises(Problem, match=line):
        Frames("mfcc", P).segments(IDS, VALID)


def test_a_damaged_entry_of_a_changed_file_is_refused(house: Path) -> None:
    for entry in (house / "cache").rglob("*.safetensors"):
        entry.write_bytes(b"")
    soundfile.write(house / "data" / "2.wav", music(9, 7), RATE)
    with pytest.raises(Problem, match=r"data/2\.wav changed or vanished"):
        Frames("mfcc", P).segments(IDS, VALID)


def test_another_program_gives_no_frames(house: Path) -> None:
    set_audio(house, external="data/x.csv")
    with pytest.raises(Problem, match=r"easy\.input is mfcc, which audio\.external does not give: set it to sound"):
        frames_of("mfcc", "easy.input", params.load(audio.Params).audio)
