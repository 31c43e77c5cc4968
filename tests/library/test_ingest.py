"""A music folder comes in as it is: again and again, with everything odd that lies in such folders."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from mutagen.id3 import ID3, TIT2, TPE1, USLT

from pipeline.core import catalog, store
from pipeline.core.command import Problem
from pipeline.fetch.check_songs import SAMPLE
from pipeline.intake import song
from pipeline.intake.song import Song
from pipeline.intake.walk import Sighting
from pipeline.library.ingest import UNUSABLE, Outcome, ingest, report
from pipeline.sound.waves import Unreadable, probe
from tests.library.music import sing

ROOT = Path(__file__).parents[2]
NOBODY = 65_534


@pytest.fixture
def music(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty music folder, beside which the project is."""
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    (tmp_path / "music").mkdir()
    return tmp_path / "music"


def tag(path: Path, title: str, artist: str = "", lyrics: str = "") -> None:
    made = ID3()
    made.add(TIT2(3, [title]))
    made.add(TPE1(3, [artist]))
    made.add(USLT(3, "eng", "", lyrics))
    made.save(path)


def table() -> pd.DataFrame:
    """The table as stage tracks reads it, by title."""
    return catalog.read_catalog(Path("data/tracks.csv")).set_index("title", drop=False)


def reasons(outcome: Outcome, music: Path) -> dict[str, str]:
    return {os.path.relpath(file, music): reason for file, reason in outcome.left_out}


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def test_tags_names_folders_and_texts_make_the_table(music: Path) -> None:
    tag(sing(music / "German" / "a.mp3", 1), "Regen", "Nina", "embedded")
    sing(music / "Nina Simone" / "English" / "03 - Nina Simone - Sinnerman.flac", 2)
    sing(music / "Polish" / "No" / "01 Polish.ogg", 3)
    (music / "German" / "A.lrc").write_text("[ti:Regen]\n[00:01.00]Es regnet\n", encoding="utf-8")
    (music / "German" / "cover.txt").write_text("no song is called so", encoding="utf-8")
    (music / "Polish" / "No" / "Lyrics").mkdir()
    (music / "Polish" / "No" / "Lyrics" / "01 Polish lyrics.txt").write_bytes("Łąka\r\n".encode("utf-16"))
    before = contents(music)
    outcome = ingest(music)
    assert contents(music) == before
    assert (outcome.songs, outcome.with_lyrics, outcome.left_out) == (3, 2, [])
    songs = table()
    assert songs["artist"].to_dict() == {"Regen": "Nina", "Sinnerman": "Nina Simone", "Polish": ""}
    assert songs["language"].to_dict() == {"Regen": "de", "Sinnerman": "en", "Polish": "pl"}
    assert songs["lyrics"].map(bool).to_dict() == {"Regen": True, "Sinnerman": False, "Polish": True}
    assert (store.DATA / songs["lyrics"]["Regen"]).read_text(encoding="utf-8") == "Es regnet\n"
    assert (store.DATA / songs["lyrics"]["Polish"]).read_text(encoding="utf-8") == "Łąka\n"
    links = [store.DATA / audio for audio in songs["audio"]]
    assert all(link.is_symlink() for link in links)
    assert {link.resolve() for link in links} == {path for path in music.rglob("*") if path.suffix in catalog.SOUNDS}


def test_the_folder_of_an_artist_is_no_language(music: Path) -> None:
    sing(music / "French" / "French - Songs.ogg", 1)  # an artist called French
    sing(music / "Artist" / "It" / "x.ogg", 2)
    assert ingest(music).songs == 2
    assert set(table()["language"]) == {""}


def test_a_second_run_adds_what_is_new_keeps_edits_and_marks_what_left(music: Path) -> None:
    for number, name in enumerate("abcd"):
        tag(sing(music / f"{name}.mp3", number), name, "artist", f"la {name}")
    ids = dict(zip("abcd", ingest(music).changes.new, strict=True))
    songs = table()
    songs.loc["a", ["title", "genre"]] = "My title", "folk"
    songs["mood"] = "calm"
    songs = songs.drop(index="b")
    store.write_table(Path("data/tracks.csv"), songs)
    (store.DATA / "lyrics" / f"{ids['a']}.txt").write_text("corrected\n", encoding="utf-8")

    (music / "deep").mkdir()
    (music / "a.mp3").rename(music / "deep" / "moved.mp3")
    tag(music / "deep" / "moved.mp3", "Tagged anew", "New artist", "la la")
    (music / "c.mp3").unlink()
    sing(music / "e.mp3", 5)
    outcome = ingest(music)
    changes = outcome.changes
    assert (changes.updated, changes.left, changes.taken_out) == ([ids["a"]], [ids["c"]], [ids["b"]])
    assert len(changes.new) == 1
    songs = table().set_index("id")
    assert songs.index.tolist() == [ids["a"], ids["c"], ids["d"], *changes.new]
    edited = songs.loc[ids["a"]]
    assert [edited[name] for name in ("title", "artist", "genre", "mood")] == ["My title", "New artist", "folk", "calm"]
    assert (store.DATA / "lyrics" / f"{ids['a']}.txt").read_text(encoding="utf-8") == "corrected\n"
    assert (store.DATA / songs["audio"][ids["a"]]).resolve() == music / "deep" / "moved.mp3"
    assert [id_ for id_, left in songs["left"].items() if left] == [ids["c"]]
    assert not (store.DATA / songs["audio"][ids["c"]]).is_symlink()

    tag(sing(music / "c.mp3", 2), "c")
    assert ingest(music).changes.returned == [ids["c"]]
    assert "left" not in table()
    assert (store.DATA / songs["audio"][ids["c"]]).exists()


def test_songs_of_another_folder_have_not_left(music: Path) -> None:
    sing(music / "a.ogg", 1)
    ingest(music)
    second = music.parent / "second"
    sing(second / "b.ogg", 2)
    outcome = ingest(second)
    assert (outcome.songs, outcome.changes.left) == (2, [])
    shutil.rmtree(second)
    second.mkdir()
    before = Path("data/tracks.csv").read_bytes()
    with pytest.raises(Problem, match=r"there is no sound file in .*second.*mount its disk; nothing was changed"):
        ingest(second)
    shutil.rmtree(second)
    with pytest.raises(Problem, match=r"second is no folder"):
        ingest(second)
    assert Path("data/tracks.csv").read_bytes() == before


def test_the_same_sound_twice_is_taken_once(music: Path) -> None:
    tag(sing(music / "b.mp3", 1), "first")
    ingest(music)
    tag(sing(music / "a.mp3", 1), "again")
    outcome = ingest(music)
    assert reasons(outcome, music) == {"a.mp3": f"is the same sound as {music / 'b.mp3'}"}
    assert table()["title"].tolist() == ["first"]
    assert not outcome.unusable


ODD = ["two\nlines.ogg", 'quote".ogg', "it's.ogg", "#1 100%.ogg", "বৃষ্টি.ogg", "semi;colon, comma.ogg", "-rf.ogg"]


def test_names_of_all_kinds(music: Path) -> None:
    for number, name in enumerate(ODD):
        sing(music / name, number)
    sing(music / "x.ogg", 99).rename(os.fsdecode(os.fsencode(music) + b"/no utf-8 \xe9.ogg"))
    outcome = ingest(music)
    assert (outcome.songs, outcome.left_out) == (8, [])
    titles = {*table()["title"]}
    assert {"two lines", 'quote"', "it's", "#1 100%", "বৃষ্টি", "semi;colon, comma", "no utf-8 \\xe9"} <= titles
    assert all((store.DATA / audio).exists() for audio in table()["audio"])
    assert not ingest(music).changes.updated


def test_what_cannot_be_used_is_listed_and_the_rest_goes_on(music: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sing(music / "good.ogg", 1)
    sing(music / "short.ogg", 2, seconds=0.5)
    (music / "empty.mp3").write_bytes(b"")
    (music / "words.mp3").write_bytes(b"these are words, not sound" * 50)
    (music / "locked.m4p").write_bytes(bytes(range(256)) * 20)  # no sound file by its name
    (music / "locked.m4a").write_bytes(bytes(range(256)) * 20)
    (music / "._good.ogg").write_bytes(b"\0\5\x16\7")
    (music / ".trash").mkdir()
    (music / "gone.mp3").symlink_to(music / "nowhere.mp3")
    (music / "loop").symlink_to(music)
    (music / "loop.mp3").symlink_to(music / "loop.mp3")
    os.mkfifo(music / "pipe.mp3")
    (music / "good.txt").write_bytes(bytes(range(256)) * 20)
    outcome = ingest(music)
    why = reasons(outcome, music)
    assert set(why) == {"short.ogg", "empty.mp3", "words.mp3", "locked.m4a", "._good.ogg", ".trash", "gone.mp3",
                        "loop.mp3", "pipe.mp3", "good.txt"}  # fmt: skip
    assert why["short.ogg"] == "is 0.5 s long, and songs last 1 s at least"
    assert why["empty.mp3"] == "is empty: 0 bytes"
    assert why["words.mp3"].startswith("is not sound that can be decoded")
    assert why["gone.mp3"].startswith("is gone")
    assert why["good.txt"].startswith("binary")
    assert (outcome.songs, outcome.unusable) == (1, 8)
    assert len(store.read_table(Path("data/left_out.csv"))) == 10
    report(outcome, Path("data"))
    assert capsys.readouterr().err.count("left out: ") == 10
    (music / "good.ogg").unlink()
    shutil.rmtree("data")
    with pytest.raises(Problem, match=r"not one of the 4 sound files in .* can be used \(.*\)$"):
        ingest(music)
    assert not Path("data").exists()


def test_a_table_with_a_wrong_row_is_refused_before_anything_is_written(music: Path) -> None:
    sing(music / "a.ogg", 1)
    Path("data").mkdir()
    Path("data/tracks.csv").write_text("id,audio\nx,audio/x.ogg\nx,audio/y.ogg\n", encoding="utf-8")
    with pytest.raises(Problem, match="id 'x' is in more than one row"):
        ingest(music)
    assert [path.name for path in Path("data").iterdir()] == ["tracks.csv"]


@pytest.fixture
def locked(music: Path) -> Iterator[Path]:
    """The music folder as a person sees it who may not read all of it; the tests may be run by root."""
    home = music.parent
    sing(music / "good.ogg", 1)
    sing(music / "file.ogg", 2).chmod(0)
    sing(music / "folder" / "x.ogg", 3)
    (music / "folder").chmod(0)
    root = os.geteuid() == 0
    if root:
        closed = [place for place in home.parents if not place.stat().st_mode & 1 and place.owner() == "root"]
        for place in closed:
            place.chmod(place.stat().st_mode | 0o11)
        for path in [home, *home.rglob("*")]:
            shutil.chown(path, NOBODY)
        os.seteuid(NOBODY)
    yield music
    if root:
        os.seteuid(0)
    (music / "folder").chmod(0o755)


def test_what_may_not_be_opened_is_listed_and_has_not_left(locked: Path) -> None:
    outcome = ingest(locked)
    assert reasons(outcome, locked) == dict.fromkeys(("file.ogg", "folder"), "cannot be opened: Permission denied")
    (locked / "file.ogg").chmod(0o644)
    (locked / "folder").chmod(0o755)
    assert len(ingest(locked).changes.new) == 2
    (locked / "folder").chmod(0)
    outcome = ingest(locked)
    assert (outcome.songs, outcome.changes.left) == (3, [])
    hidden = next(link for link in Path("data/audio").iterdir() if "folder" in str(link.readlink()))
    with pytest.raises(Unreadable, match="cannot be opened: Permission denied"):
        probe(hidden)


def test_a_disk_that_is_pulled_out_on_the_way_changes_nothing(music: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        sing(music / "deep" / f"{number}.ogg", number)
    ingest(music)
    before = Path("data/tracks.csv").read_bytes()
    sing(music / "new.ogg", 5)
    read = song.read

    def read_once(seen: Sighting) -> Song:
        song = read(seen)
        shutil.rmtree(music)
        return song

    monkeypatch.setattr(song, "read", read_once)
    with pytest.raises(Problem, match=r"music vanished on the way: mount its disk .*; nothing was changed"):
        ingest(music)
    assert Path("data/tracks.csv").read_bytes() == before
    assert len(list(Path("data/audio").iterdir())) == 3  # links to where the songs will be again


def test_copies_where_they_are_asked_for_or_no_link_can_be_made(music: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sing(music / "a.ogg", 1)
    ingest(music, copy=True)
    (song,) = table()["audio"]
    assert not (store.DATA / song).is_symlink()
    assert (store.DATA / song).read_bytes() == (music / "a.ogg").read_bytes()
    (music / "a.ogg").unlink()
    sing(music / "b.ogg", 2)

    def refuse(*_: object) -> None:
        raise OSError(1, "Operation not permitted")  # as on a disk with FAT

    monkeypatch.setattr(Path, "symlink_to", refuse)
    outcome = ingest(music)
    assert outcome.copied_instead == 1
    assert all((store.DATA / audio).is_file() for audio in table()["audio"])  # nothing of a person is deleted


def test_the_sample_is_never_mixed_with_own_songs(music: Path) -> None:
    sing(music / "a.ogg", 1)
    sing(Path("data/audio/x.ogg"), 2)
    rows = f"id,audio,source\nx,audio/x.ogg,{SAMPLE}\n"
    Path("data/tracks.csv").write_text(rows, encoding="utf-8")
    with pytest.raises(Problem, match=r"data/ holds the sample corpus: empty it first with `rm -r data/\*` .*--into"):
        ingest(music)
    assert Path("data/tracks.csv").read_text(encoding="utf-8") == rows
    assert ingest(music, Path("own")).songs == 1
    Path("data/tracks.csv").unlink()
    ingest(music)
    assert sorted(table()["title"]) == ["a", "x"]  # a song that lay there without a table has its row
    with pytest.raises(Problem, match="lie in each other"):
        ingest(music, music / "data")
    assert [path.name for path in music.iterdir()] == ["a.ogg"]


def test_the_stage_reads_it_and_a_song_that_left_is_left_out(music: Path) -> None:
    from pipeline import tracks

    for number in range(5):
        sing(music / f"{number}.ogg", number, 4)
    ingest(music)
    (music / "0.ogg").unlink()
    (gone,) = ingest(music).changes.left
    shutil.copy(ROOT / "params.yaml", ".")
    tracks.main()
    assert len(catalog.usable_tracks()) == 4
    assert store.read_table(Path("build/tracks/skipped.csv"))["id"].tolist() == [gone]


def test_after_ctrl_c_it_goes_on(music: Path, tmp_path: Path) -> None:
    for number in range(40):
        sing(music / f"{number}.mp3", number, 3)
    cache = tmp_path / "cache"
    start = [sys.executable, "-m", "pipeline.library", "ingest", str(music)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SURBANI_CACHE": str(cache)}
    running = subprocess.Popen(start, env=environment, stderr=subprocess.PIPE, text=True)
    for _ in range(600):
        if any(cache.rglob("*.sqlite")) or running.poll() is not None:
            break
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    if running.returncode != 0:  # it may have been quicker
        assert running.returncode == 130
        assert "the same command goes on" in said
        assert "Traceback" not in said
    done = subprocess.run(start, env=environment, capture_output=True, text=True, check=True, timeout=120)
    assert "data/ holds 40 songs, 0 with lyrics" in done.stdout
    assert not list(Path("data").rglob(".*.part"))


def test_the_exit_code_says_that_some_could_not_be_used(music: Path) -> None:
    sing(music / "a.ogg", 1)
    (music / "b.mp3").write_bytes(b"")
    (music / "tracks.csv").touch()
    start = [sys.executable, "-m", "pipeline.library", "ingest", str(music), "--into", "own", "--doubles"]
    done = subprocess.run(
        start, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == UNUSABLE
    assert done.stderr == f"left out: {music / 'b.mp3'} is empty: 0 bytes\n"
    assert "own/ holds 1 songs" in done.stdout
    assert f"{music / 'tracks.csv'} was not read" in done.stdout
