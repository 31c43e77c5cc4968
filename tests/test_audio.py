"""Stage audio: its files carry ids, what cannot be decoded is left out, and the cache never lies."""

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline import audio
from pipeline.core import store
from pipeline.core.command import Problem
from pipeline.sound import features
from pipeline.sound.levels import levels
from tests.sound.songs import RATE, features_of, list_tracks, make_project, music, set_audio, spy_on_decoding


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_project(tmp_path, monkeypatch)


def outputs() -> dict[str, bytes]:
    return {f.name: f.read_bytes() for f in sorted(Path("build/audio").iterdir())}


def test_the_stage_writes_rows_that_carry_ids(house: Path) -> None:
    audio.main()
    rows = store.read_rows(house / "build/audio", "stats", "valid", "levels")
    assert rows.ids == ("0", "1", "2", "3")
    names = store.read_json(house / "build/audio/stats_names.json")
    assert rows["stats"].shape == (4, 2, len(names))
    for i, id_ in enumerate(rows.ids):
        alone = features_of(house / "data" / f"{id_}.wav")
        np.testing.assert_array_equal(rows["stats"][i], alone.stats)
        np.testing.assert_array_equal(rows["levels"][i], list(levels(alone.logmel[alone.valid]).values()))


def test_a_bad_file_is_left_out_with_its_reason(house: Path, caplog: pytest.LogCaptureFixture) -> None:
    (house / "data" / "1.wav").write_text("no sound")
    soundfile.write(house / "data" / "2.wav", np.zeros(9 * RATE), RATE)
    audio.main()
    rows = store.read_rows(house / "build/audio", "stats")
    assert rows.ids == ("0", "3")
    np.testing.assert_array_equal(rows["stats"][1], features_of(house / "data" / "3.wav").stats)
    skipped = store.read_table(house / "build/audio/skipped.csv")
    assert skipped["id"].tolist() == ["1", "2"]
    assert skipped["reason"].tolist()[1] == "is silent"
    assert "2.wav is left out: is silent" in caplog.text


def test_the_backends_fill_the_same_files(house: Path) -> None:
    audio.main()
    by_scipy = np.array(store.read_rows(house / "build/audio", "stats")["stats"])
    set_audio(house, backend="torchaudio")
    audio.main()
    np.testing.assert_allclose(store.read_rows(house / "build/audio", "stats")["stats"], by_scipy, atol=5e-3)


def test_nothing_left_is_a_problem(house: Path) -> None:
    for file in (house / "data").iterdir():
        file.write_bytes(b"")
    with pytest.raises(Problem, match="none of the 4 tracks can be decoded"):
        audio.main()


def test_short_tracks_are_named(house: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    soundfile.write(house / "data" / "2.wav", music(3.1), RATE)
    list_tracks(house)
    table = store.read_table(Path("build/tracks/tracks.csv"))
    table.loc[2, "seconds"] = "3.1"
    store.write_table(Path("build/tracks/tracks.csv"), table)
    audio.main()
    assert "2.wav is 3.1 s long, audio.clip_seconds is 6" in caplog.text
    assert store.read_rows(house / "build/audio", "valid")["valid"].tolist()[2] == [True, False]


@pytest.mark.filterwarnings("ignore")
def test_the_number_of_workers_changes_no_byte(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "MIN_TRACKS", 1)
    monkeypatch.setenv("SURBANI_CACHE", str(house / "one"))
    audio.main()
    alone = outputs()
    monkeypatch.setenv("SURBANI_CACHE", str(house / "two"))
    set_audio(house, workers=2)
    audio.main()
    assert outputs() == alone


def test_ctrl_c_ends_at_once_with_one_line(house: Path) -> None:
    for i in range(4, 60):  # enough to be still at work when the signal comes
        soundfile.write(house / "data" / f"{i}.wav", music(9) * (1 - i / 100), RATE)
    list_tracks(house)
    set_audio(house, workers=2)
    # A shell lets its background jobs ignore the signal, and their children inherit that.
    slow = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    slow += "import pipeline.audio as a, pipeline.core.command as s; s.guarded(a.main)"
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    child = subprocess.Popen([sys.executable, "-c", slow], env=env, stderr=subprocess.PIPE, start_new_session=True)
    while not list((house / "cache").rglob("*.safetensors")):
        time.sleep(0.01)
    os.killpg(child.pid, signal.SIGINT)  # as a terminal does: to the parent and to its children
    _, said = child.communicate(timeout=10)
    assert child.returncode == 130
    assert b"Traceback" not in said
    assert b"stopped" in said


# --- the cache --------------------------------------------------------------------------------------------------------


@pytest.fixture
def decodings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return spy_on_decoding(monkeypatch)


def test_a_second_run_reads_only_the_cache(house: Path, decodings: list[str]) -> None:
    audio.main()
    assert len(decodings) == 4
    first = outputs()
    decodings.clear()
    audio.main()
    assert decodings == []
    assert outputs() == first
    assert (house / "cache").is_dir()


def test_only_what_is_new_is_computed(house: Path, decodings: list[str]) -> None:
    audio.main()
    decodings.clear()
    soundfile.write(house / "data" / "1.wav", music(9, 77), RATE)
    (house / "data" / "3.wav").rename(house / "data" / "renamed.wav")  # the same bytes
    list_tracks(house)
    audio.main()
    assert decodings == ["1.wav"]


def test_a_changed_parameter_computes_anew_and_back_again_does_not(house: Path, decodings: list[str]) -> None:
    audio.main()
    decodings.clear()
    set_audio(house, mfcc=20)
    audio.main()
    assert len(decodings) == 4
    decodings.clear()
    set_audio(house, workers=0)
    audio.main()
    assert decodings == []


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "text"])
def test_a_damaged_entry_heals(
    house: Path, decodings: list[str], damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    audio.main()
    first = outputs()
    decodings.clear()
    entry = sorted((house / "cache").rglob("*.safetensors"))[0]
    data = bytearray(entry.read_bytes())
    data[len(data) // 2] ^= 1
    damaged = {"cut": data[: len(data) // 2], "flip": data, "empty": b"", "text": b"x" * 999}
    entry.write_bytes(bytes(damaged[damage]))
    audio.main()
    assert len(decodings) == 1
    assert outputs() == first
    assert "1 damaged" in caplog.text
    audio.main()
    assert len(decodings) == 1


def test_a_cache_that_cannot_be_written_is_one_warning(
    house: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (house / "file").write_text("")
    monkeypatch.setenv("SURBANI_CACHE", str(house / "file"))  # a file where a folder should be; root may write anywhere
    audio.main()
    assert caplog.text.count("cannot be written") == 1
    assert store.read_rows(house / "build/audio", "stats").ids == ("0", "1", "2", "3")
