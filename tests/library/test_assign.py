"""New songs are placed where the stages place them, and bad files are a line each."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import mutagen
import numpy as np
import pytest
import soundfile
from mutagen.id3 import ID3, USLT

from pipeline.core import store
from pipeline.core.command import Problem
from pipeline.library import Library
from pipeline.library.__main__ import main
from pipeline.library.hearing import heard
from pipeline.library.unusable import Unusable
from tests.library.music import sing
from tests.text.test_language import needs_model

pytestmark = [pytest.mark.xdist_group("library"), needs_model]

NAMES = {"sound": ("crossview", "cross"), "words": ("hard", "hard_words"), "both": ("hard", "hard")}


def kept(facet: str, id_: str) -> np.ndarray:
    folder, name = NAMES[facet]
    return np.asarray(store.read_rows(store.BUILD / folder, name).at([id_])[name][0, 0])


@pytest.mark.usefixtures("project")
def test_a_song_of_the_library_is_placed_where_it_lies() -> None:
    songs = Library.open()
    placer = songs.placer
    row = songs.tracks.loc["bn_006"]
    sound, lyrics = store.DATA / row["audio"], store.DATA / row["lyrics"]
    words = placer.reader.read(lyrics.read_text(encoding="utf-8"), "bn")
    listened = heard(sound, placer.p.audio, placer.device, placer.p.tracks.min_seconds)
    placed = songs.assign(sound, lyrics, "bn")
    for facet in NAMES:
        point = placer.model(songs.space(facet).model).place(facet, listened, words, "bn")
        assert point == pytest.approx(kept(facet, "bn_006"), abs=2e-3)
    assert placed.language == "bn"
    assert placed.placements["sound"].nearest["id"].iloc[0] == "bn_006"
    assert placed.placements["sound"].cluster == songs.groups("sound").labels[songs.find("bn_006")]


def test_sound_alone_and_lyrics_alone(project: Path) -> None:
    songs = Library.open()
    shutil.copy(project / "data/audio/bn/bn_000.wav", project / "alone.wav")
    assert set(songs.assign("alone.wav").placements) == {"sound", "both"}
    by_words = songs.assign(lyrics="data/lyrics/bn_000.txt", language="bn")
    assert "sound" not in by_words.placements
    assert by_words.languages == {"bn": 1.0}
    with pytest.raises(Problem, match="nothing to place"):
        songs.assign()


@pytest.mark.parametrize("where", ["bn_000.txt", "Lyrics/BN_000.lrc", "USLT", "LYRICS", "\xa9lyr"])
def test_lyrics_of_a_text_beside_the_song_or_of_its_tags_are_read(project: Path, where: str) -> None:
    lyrics = (project / "data/lyrics/bn_000.txt").read_text(encoding="utf-8")
    song = sing(project / {"USLT": "bn_000.mp3", "\xa9lyr": "bn_000.m4a"}.get(where, "bn_000.ogg"), 1, 4)
    if where == "USLT":
        made = ID3()
        made.add(USLT(3, "eng", "", lyrics))
        made.save(song)
    elif "." in where:
        (project / where).parent.mkdir(exist_ok=True)
        (project / where).write_text(lyrics, encoding="utf-8")
    else:
        tagged = mutagen.File(song)
        tagged[where] = lyrics
        tagged.save()
    placed = Library.open().assign(song)
    assert placed.language == "bn"
    given = Library.open().assign(song, "data/lyrics/bn_000.txt")
    assert placed.words == pytest.approx(given.words, abs=1e-6)


def test_a_text_without_words_gives_way_to_the_tags_and_the_tags_name_the_language(project: Path) -> None:
    song = sing(project / "x.ogg", 1, 4)
    (project / "x.txt").write_text("!!!", encoding="utf-8")
    assert Library.open().assign(song).notes["words"] == "x.txt: has no word"
    tagged = mutagen.File(song)
    tagged["LYRICS"], tagged["LANGUAGE"] = "la la la", "Bangla"
    tagged.save()
    placed = Library.open().assign(song)
    assert placed.words is not None
    assert placed.language == "bn"
    assert Library.open().assign(song, language="en").language == "en"


def test_bad_files_are_a_line_each_and_the_rest_goes_on(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = project / "data/audio/bn/bn_000.wav"
    (project / "text.mp3").write_text("no sound", encoding="utf-8")
    (project / "empty.wav").touch()
    (project / "locked.m4p").write_bytes(np.random.default_rng(0).bytes(5000))
    soundfile.write(project / "short.wav", np.full(16_000, 0.1), 16_000)
    soundfile.write(project / "silent.wav", np.zeros(16_000 * 5), 16_000)
    shutil.copy(good, project / "two\nlines.wav")
    bad = ["text.mp3", "empty.wav", "locked.m4p", "short.wav", "silent.wav", "missing.mp3"]
    with pytest.raises(SystemExit) as ended:
        main(["assign", *bad, "two\nlines.wav", "--json"])
    assert ended.value.code == 1
    out, errors = capsys.readouterr()
    (record,) = map(json.loads, out.splitlines())
    assert record["song"] == "two\nlines.wav"
    assert record["facets"]["sound"]["cluster"] in (0, 1)
    reasons = [line for line in errors.splitlines() if line.split(": ")[0] in bad]
    assert [line.split(": ")[0] for line in reasons] == bad
    assert "short.wav: is 1.0 s long, tracks.min_seconds is 3" in reasons
    assert "empty.wav: is empty: 0 bytes" in reasons


def test_a_name_that_is_no_utf_8(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = b"caf\xe9.wav".decode(errors="surrogateescape")
    shutil.copy(project / "data/audio/bn/bn_000.wav", project / name)
    main(["assign", name, "--json"])
    assert json.loads(capsys.readouterr().out)["song"] == "caf\ufffd.wav"
    (project / name).write_bytes(b"no sound")
    with pytest.raises(SystemExit):
        main(["assign", name])
    assert capsys.readouterr().err.startswith("caf .wav: ")


def test_the_answer_in_print_names_what_is_not_known(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(project / "data/audio/bn/bn_000.wav", project / "alone.wav")
    main(["assign", "alone.wav"])
    out = capsys.readouterr().out
    assert "  sound: cluster " in out
    assert "artist 0 - Song 0 [bn] bn_000" in out
    assert "  words: no place: " in out


@pytest.mark.usefixtures("project")
def test_numbers_of_another_program_cannot_be_made_for_a_new_song() -> None:
    placer = Library.open().placer
    elsewhere = replace(placer.p.audio, external="x.csv")
    with pytest.raises(Problem, match=r"audio\.external is x\.csv"):
        heard(Path("x.wav"), elsewhere, placer.device, 3)


def test_a_text_without_words_has_no_place(project: Path) -> None:
    (project / "signs.txt").write_text("!!! ...", encoding="utf-8")
    with pytest.raises(Unusable, match=r"signs\.txt: no word in it"):
        Library.open().assign(lyrics="signs.txt")


def test_neighbours_of_a_file(project: Path) -> None:
    songs = Library.open()
    shutil.copy(project / "data/audio/bn/bn_000.wav", project / "alone.wav")
    table = songs.neighbours("alone.wav", language="any", many=3)
    assert table["id"].iloc[0] == "bn_000"
    assert table["distance"].iloc[0] == pytest.approx(0, abs=2e-3)
    (project / "text.mp3").write_text("no sound", encoding="utf-8")
    with pytest.raises(Problem, match=r"text\.mp3: .*: take another file"):
        songs.neighbours("text.mp3")
    for by in ("words", "both"):
        with pytest.raises(Problem, match=f"has no place by {by}: no lyrics are known"):
            songs.neighbours("alone.wav", by=by)
    shutil.copy(project / "data/lyrics/bn_000.txt", project / "alone.txt")
    for by in ("words", "both"):
        assert songs.neighbours("alone.wav", by=by, language="any", many=3)["id"].iloc[0] == "bn_000"
