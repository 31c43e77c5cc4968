"""The files of a corpus, and the command that writes them."""

import io
import signal
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.core import corpus, store
from pipeline.core.command import Problem
from pipeline.sample import __main__ as sample
from pipeline.sample import guards, song, write
from tests.sample.corpus import SEED, SMALL, contents

pytestmark = pytest.mark.xdist_group("sample")  # one process writes the small corpus


def test_the_table_lists_what_is_there(small: Path) -> None:
    rows = guards.read(small)
    assert len(rows) == SMALL
    assert tuple(rows[0]) == write.COLUMNS
    assert all((small / row["audio"]).is_file() for row in rows)
    there = {path.relative_to(small).as_posix() for path in (small / "lyrics").rglob("*.txt")}
    assert {row["lyrics"] for row in rows} == there | {""}
    assert {row["license"] for row in rows} == {"CC0-1.0"}


def test_the_card_declares_columns_that_the_table_has(small: Path) -> None:
    card = corpus.read_card(small / "corpus.yaml")
    assert card.synthetic
    assert card.labels == ("language", "genre", "theme")
    declared = corpus.resolved(card, store.read_table(small / "tracks.csv"))
    assert (declared.labels, declared.factors, declared.words) == (card.labels, card.factors, card.words)


def test_the_files_last_34_to_38_seconds_and_do_not_clip(small: Path) -> None:
    for row in guards.read(small):
        wave, rate = soundfile.read(small / row["audio"])
        assert 34 <= len(wave) / rate <= 38
        assert np.isfinite(wave).all()
        assert 0.3 < np.abs(wave).max() <= 1.0


def test_every_form_of_file_is_there(small: Path) -> None:
    infos = [soundfile.info(small / row["audio"]) for row in guards.read(small)]
    forms = Counter((info.format, info.samplerate, info.channels) for info in infos)
    assert forms.pop(("OGG", 22_050, 1)) == SMALL - 4
    assert set(forms) == {("MP3", 22_050, 1), ("FLAC", 22_050, 1), ("WAV", 22_050, 1), ("OGG", 44_100, 2)}


def test_the_stems_sum_to_the_mix_up_to_the_drive(small: Path) -> None:
    row = next(row for row in guards.read(small) if row["audio"].endswith(".wav"))
    whole = guards.middle(small / row["audio"])
    parts = sum(guards.middle(small / "stems" / name / f"{row['id']}.ogg") for name in ("vocal", "backing"))
    assert np.corrcoef(whole, parts)[0, 1] > 0.95


def test_jobs_do_not_matter_and_a_sample_may_be_replaced(small: Path, tmp_path: Path) -> None:
    alone, many = tmp_path / "alone", contents(small)  # written by two processes
    write.corpus(list(song.songs(SMALL, SEED))[:2], alone, stems=False, jobs=1)
    songs = {name: raw for name, raw in contents(alone).items() if name.startswith(("audio/", "lyrics/"))}
    assert len([name for name in songs if name.startswith("audio/")]) == 2
    assert songs == {name: many[name] for name in songs}
    rows = (alone / "tracks.csv").read_bytes().splitlines()
    assert set(rows) <= set(many["tracks.csv"].splitlines())
    write.corpus(list(song.songs(1, SEED)), alone, stems=False, jobs=1)
    assert len(guards.read(alone)) == len(list((alone / "audio").rglob("*.*"))) == 1


def test_a_file_that_would_decode_above_1_is_made_quieter() -> None:
    wave = np.sign(np.sin(np.arange(30_000) / 5)).astype(np.float32)
    back, _ = soundfile.read(io.BytesIO(write.encoded(wave, "ogg", 5)))
    assert np.abs(back).max() <= 1.0


def called(monkeypatch: pytest.MonkeyPatch, *words: object) -> str | int | None:
    """What the command, in this process, ends with: its exit code, or the line that it prints with the code 1."""
    monkeypatch.setattr(sys, "argv", ["sample", *map(str, words)])
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # the handlers of pytest stay
    with pytest.raises(SystemExit) as ended:
        sample.main()
    return ended.value.code


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    line = called(monkeypatch, "--out", tmp_path, "--tracks", 2)
    assert isinstance(line, str)
    assert "\n" not in line
    assert "thesis.tex" in line
    assert contents(tmp_path) == {"thesis.tex": b"mine"}


def test_a_folder_with_songs_of_others_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()
    (tmp_path / "tracks.csv").write_text("id,audio,source\nx,audio/x.ogg,mine\n")
    with pytest.raises(Problem, match="not a sample"):
        write.refuse_foreign(tmp_path)
    (tmp_path / "tracks.csv").unlink()
    with pytest.raises(Problem, match="not a sample"):
        write.refuse_foreign(tmp_path)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(Problem, match="is a file"):
        write.refuse_foreign(tmp_path / "data")


def test_no_tracks_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(monkeypatch, "--out", tmp_path / "data", "--tracks", 0) == 2
    assert "--tracks 0: must be at least 1" in capsys.readouterr().err
