"""The sound of the embedded corpus: the plan, the singer, the band, the files and the command."""

import csv
import hashlib
import io
import subprocess
import sys
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from pipeline.core.command import Problem
from pipeline.sample import (
    band,
    card,
    guards,
    instruments,
    mix,
    ogg,
    plan,
    singer,
    song,
    voices,
    write,
)

SEED = 7
SMALL = 24  # tracks of the corpus that is written here


@pytest.fixture(scope="module")
def songs() -> list[song.Song]:
    """The songs of the real corpus, not yet rendered."""
    return list(song.songs(180, SEED))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small corpus with stems, written by the command in two processes."""
    out = tmp_path_factory.mktemp("sample") / "data"
    done = command("--out", out, "--tracks", SMALL, "--stems", "--jobs", 2)
    assert done.returncode == 0, done.stderr
    return out


def command(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline.sample", *map(str, words)],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


# the plan


def test_half_the_tracks_are_in_each_language(songs: list[song.Song]) -> None:
    assert Counter(one.track.language for one in songs) == {"en": 90, "bn": 90}


def test_ids_are_unique_and_tell_the_language_only(songs: list[song.Song]) -> None:
    ids = [one.track.id for one in songs]
    assert len(set(ids)) == len(ids)
    assert all(one.track.id.startswith(one.track.language) for one in songs)


def test_artists_have_6_to_12_tracks_one_voice_and_both_languages_where_the_voice_has(songs: list[song.Song]) -> None:
    of: dict[str, list[plan.Track]] = defaultdict(list)
    for one in songs:
        of[one.track.artist].append(one.track)
    for tracks in of.values():
        assert 6 <= len(tracks) <= 12
        assert len({track.singer for track in tracks}) == 1
        assert {track.language for track in tracks} == set(plan.voice(tracks[0]).languages)


@pytest.mark.parametrize("count", [1, 2, 5, 24, 100, 400])
def test_any_number_of_tracks_can_be_planned(count: int) -> None:
    assert len(plan.tracks(count, 1)) == count


@pytest.mark.parametrize("factor", ["genre", "theme", "mode", "meter", "palette"])
def test_every_value_of_a_factor_occurs_in_both_languages(songs: list[song.Song], factor: str) -> None:
    by = {
        language: {getattr(one.track, factor) for one in songs if one.track.language == language}
        for language in ("en", "bn")
    }
    assert by["en"] == by["bn"]


def test_tempos_of_the_genres_overlap(songs: list[song.Song]) -> None:
    tempos = {genre: [one.track.tempo for one in songs if one.track.genre == genre] for genre in plan.TEMPOS}
    order = sorted(tempos.values(), key=min)
    assert all(max(slower) > min(faster) for slower, faster in pairwise(order))


def test_mixed_and_roman_tracks_are_as_many_as_promised(songs: list[song.Song]) -> None:
    tally = Counter((one.track.language, one.track.mixing) for one in songs)
    assert (tally["en", "mixed"], tally["bn", "mixed"], tally["bn", "roman"], tally["en", "roman"]) == (10, 10, 8, 0)


def test_about_8_percent_come_without_lyrics(songs: list[song.Song]) -> None:
    assert sum(not one.track.has_lyrics for one in songs) == 14


def test_there_are_at_least_ten_voices_most_of_them_bilingual() -> None:
    assert len(voices.VOICES) >= 10
    assert sum(len(voice.languages) == 2 for voice in voices.VOICES) > len(voices.VOICES) / 2


# the score


def test_three_lines_are_sung_in_the_middle_30_seconds(songs: list[song.Song]) -> None:
    assert min(one.score.in_clip for one in songs) >= 3


def test_what_is_sung_is_what_is_written_from_the_first_line_on(songs: list[song.Song]) -> None:
    for one in songs:
        for index, line in enumerate(one.score.lines):
            assert line.index == index
            written = [syllable for word in one.lyrics.lines[index].words for syllable in word.syllables]
            assert [note.phones for note in line.notes] == written


def test_notes_follow_one_another_within_the_track(songs: list[song.Song]) -> None:
    for one in songs:
        notes = [note for line in one.score.lines for note in line.notes]
        assert all(note.end - note.start > 0.04 for note in notes)
        assert all(before.end <= after.start + 1e-6 for before, after in pairwise(notes))
        assert notes[-1].end < one.track.seconds


# the sound


def test_two_processes_give_the_same_samples(songs: list[song.Song]) -> None:
    code = (
        "import hashlib; from itertools import islice; from pipeline.sample import song; "
        f"print([hashlib.sha256(song.render(s).mix.tobytes()).hexdigest() for s in islice(song.songs(180, {SEED}), 2)])"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                           cwd=Path(__file__).parents[2])  # fmt: skip
    assert child.stdout.strip() == str([hashlib.sha256(song.render(s).mix.tobytes()).hexdigest() for s in songs[:2]])


@pytest.mark.parametrize("palette", sorted(band.HARMONY))
def test_every_palette_plays(songs: list[song.Song], palette: str) -> None:
    one = next(one for one in songs if one.track.palette == palette)
    wave = band.play(one.track, one.score, np.random.default_rng(1))
    assert np.isfinite(wave).all()
    assert np.sqrt(np.mean(wave**2)) > 0.01


@pytest.mark.parametrize("name", ["guitar", "banjo", "sitar", "harmonium", "flute", "esraj", "organ", "epiano"])
def test_instruments_are_in_tune(name: str) -> None:
    wave = np.asarray(instruments.INSTRUMENTS[name](220.0, 1.5, np.random.default_rng(1)), float)
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave)), 2**18))
    f = np.fft.rfftfreq(2**18, 1 / instruments.RATE)
    near = (f > 200) & (f < 240)
    assert f[near][spectrum[near].argmax()] == pytest.approx(220, rel=0.01)


@pytest.mark.parametrize(("vowel", "first", "second"), [("i", 290, 2290), ("a", 700, 1180), ("u", 310, 830)])
def test_a_sung_vowel_has_its_formants(vowel: str, first: float, second: float) -> None:
    voice = voices.BY_NAME["baritone-1"]
    note = singer.Note(1.0, 2.0, 40.0, (vowel,), "en")
    _, wave = singer.sing([note], voice, singer.Manner(vibrato=0), np.random.default_rng(1))
    spectrum = np.abs(np.fft.rfft(wave[12000:24000] * np.hanning(12000)))
    f = np.fft.rfftfreq(12000, 1 / singer.RATE)
    for formant in (first, second):
        near = (f > formant - 250) & (f < formant + 250)
        assert f[near][spectrum[near].argmax()] == pytest.approx(formant, abs=85)


def test_production_is_drawn_without_looking_at_the_track() -> None:
    assert mix.production(plan.stream(SEED, 5, 3)) == mix.production(plan.stream(SEED, 5, 3))
    assert mix.production(plan.stream(SEED, 5, 3)) != mix.production(plan.stream(SEED, 5, 4))


# the files


def test_the_table_lists_what_is_there(small: Path) -> None:
    rows = guards.read(small)
    assert len(rows) == SMALL
    assert tuple(rows[0]) == write.COLUMNS
    assert all((small / row["audio"]).is_file() for row in rows)
    there = {path.relative_to(small).as_posix() for path in (small / "lyrics").rglob("*.txt")}
    assert {row["lyrics"] for row in rows} == there | {""}
    assert {row["license"] for row in rows} == {"CC0-1.0"}


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


def test_the_stereo_files_sound_like_the_others() -> None:
    wave = np.sin(np.arange(22_050) / 5).astype(np.float32)
    both = mix.stereo(wave)
    assert both.shape == (44_100, 2)
    assert both.mean(1)[::2] * 1.25 == pytest.approx(wave, abs=1e-3)


def test_the_stems_sum_to_the_mix_up_to_the_drive(small: Path) -> None:
    row = next(row for row in guards.read(small) if row["audio"].endswith(".wav"))
    whole = guards.middle(small / row["audio"])
    parts = sum(guards.middle(small / "stems" / name / f"{row['id']}.ogg") for name in ("vocal", "backing"))
    assert np.corrcoef(whole, parts)[0, 1] > 0.95


def test_jobs_do_not_matter_and_a_sample_may_be_replaced(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for out, jobs in ((one, 1), (two, 2), (one, 1)):
        done = command("--out", out, "--tracks", 2, "--jobs", jobs)
        assert done.returncode == 0, done.stderr
    assert contents(one) == contents(two)


def test_an_ogg_file_is_the_same_bytes_each_time() -> None:
    wave = np.sin(np.arange(30_000) / 5).astype(np.float32)
    first, second = (write.encoded(wave, "ogg", 5) for _ in range(2))
    assert first == second
    assert ogg.renumber(first, 6) == first


def test_a_file_that_would_decode_above_1_is_made_quieter() -> None:
    wave = np.sign(np.sin(np.arange(30_000) / 5)).astype(np.float32)
    back, _ = soundfile.read(io.BytesIO(write.encoded(wave, "ogg", 5)))
    assert np.abs(back).max() <= 1.0


def test_what_is_no_ogg_is_refused() -> None:
    with pytest.raises(ValueError, match="no Ogg page at byte 0"):
        ogg.renumber(bytes(100), 1)


# the command


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    done = command("--out", tmp_path, "--tracks", 2)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "thesis.tex" in done.stderr
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


def test_no_tracks_are_refused(tmp_path: Path) -> None:
    done = command("--out", tmp_path / "data", "--tracks", 0)
    assert done.returncode == 2
    assert "--tracks 0: must be at least 1" in done.stderr


# guards and card


def test_the_guards_hold_on_a_small_corpus(small: Path) -> None:
    """With 24 tracks of 3 artists only the coarse ones can be asked; the script asks all, over 180."""
    rows = guards.read(small)
    language, genre = ([row[name] for row in rows] for name in ("language", "genre"))
    vocal = guards.measure([small / "stems/vocal" / f"{row['id']}.ogg" for row in rows], "vocals").timbre
    mixed = guards.measure([small / row["audio"] for row in rows], "mixes").timbre
    folds = [row["id"][-1] for row in rows]  # three artists are too few to fold by
    assert guards.probe(vocal, language, folds) >= 0.75
    assert guards.probe(mixed, genre, folds) >= 0.6
    assert guards.clustered(mixed, 5, genre) >= 0.35
    assert guards.clustered(mixed, 2, language) <= 0.25


def test_a_guard_says_whether_it_holds() -> None:
    good, bad = guards.Guard("a", 0.9, least=0.8), guards.Guard("b", 0.9, most=0.65)
    assert (good.holds, bad.holds) == (True, False)
    assert guards.as_table([good, bad]).split() == [
        "a",
        "0.900",
        ">=",
        "0.80",
        "holds",
        "b",
        "0.900",
        "<=",
        "0.65",
        "FAILS",
    ]


def test_guards_name_a_missing_corpus(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"tracks\.csv is missing"):
        guards.read(tmp_path)


def test_the_card_counts_and_is_the_same_each_time(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def undrawn(row: dict[str, str], *_: Any) -> str:
        return row["id"]

    monkeypatch.setattr(card, "picture", undrawn)
    text = card.card(small, SEED)
    assert text == card.card(small, SEED)
    assert "12 songs in English and 12 in Bangla" in text
    with (small / "tracks.csv").open(encoding="utf-8") as file:
        genres = Counter((row["genre"], row["language"]) for row in csv.DictReader(file))
    assert f"| rock | {genres['rock', 'en']} | {genres['rock', 'bn']} |" in text


def test_a_picture_is_small(small: Path) -> None:
    row = guards.read(small)[0]
    assert card.picture(row, small).startswith(f"![{row['id']}")
    assert (small / "card" / f"{row['id']}.png").stat().st_size < 62_000
