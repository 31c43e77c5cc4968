"""Stage tracks: a wrong table is refused in one line; one broken song never stops the rest."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline import lyrics, tracks
from pipeline.core import catalog, corpus, store
from pipeline.core.command import Problem

ROOT = Path(__file__).parents[1]
GOOD = "id,audio,lyrics\na,audio/a.wav,lyrics/a.txt\nb,audio/b.wav,\nd,audio/d.wav,\ne,audio/e.wav,\n"
BEFORE = "id\nearlier\n"


def sing(path: Path, seconds: float = 4.0, rate: int = 8000, channels: int = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    tone = 0.3 * np.sin(2 * np.pi * 220 * np.arange(round(seconds * rate)) / rate)
    soundfile.write(path, np.repeat(tone[:, None], channels, axis=1), rate)


@pytest.fixture
def data(workspace: Path) -> Path:
    """Four songs, one with lyrics, and the table of an earlier run."""
    folder = workspace / "data"
    for name in "abde":
        sing(folder / "audio" / f"{name}.wav")
    (folder / "lyrics").mkdir()
    (folder / "lyrics" / "a.txt").write_text("la la\n", encoding="utf-8")
    (folder / "tracks.csv").write_text(GOOD, encoding="utf-8")
    earlier = workspace / "build" / "tracks" / "tracks.csv"
    earlier.parent.mkdir(parents=True)
    earlier.write_text(BEFORE, encoding="utf-8")
    return folder


def earlier(data: Path) -> str:
    return (data.parent / "build" / "tracks" / "tracks.csv").read_text(encoding="utf-8")


def reasons() -> dict[str, str]:
    """By id, why stage tracks leaves a track out."""
    table = store.read_table(Path("build/tracks/skipped.csv"))
    assert set(table["stage"]) <= {"tracks"}
    return dict(zip(table["id"], table["reason"], strict=True))


@pytest.mark.usefixtures("data")
def test_a_good_table_is_checked() -> None:
    tracks.main()
    rows = catalog.usable_tracks().to_dict("records")
    assert [row["id"] for row in rows] == list("abde")
    assert [row["has_lyrics"] for row in rows] == ["yes", "no", "no", "no"]
    assert [(row["seconds"], row["sample_rate"], row["channels"]) for row in rows] == [("4.0", "8000", "1")] * 4
    assert [row["codec"] for row in rows] == ["wav/pcm_16"] * 4


def test_further_columns_are_kept_as_text(data: Path) -> None:
    rows = "007,audio/a.wav,NA\nnull,audio/b.wav,01\n1,audio/d.wav,\n"
    (data / "tracks.csv").write_text(f"id,audio,mood\n{rows}", encoding="utf-8")
    tracks.main()
    assert catalog.usable_tracks()[["id", "mood"]].to_numpy().tolist() == [["007", "NA"], ["null", "01"], ["1", ""]]


@pytest.mark.parametrize("column", ["seconds", "sample_rate", "channels", "codec", "has_lyrics"])
def test_a_column_of_the_user_with_one_of_our_names_breaks_nothing(column: str, data: Path) -> None:
    rows = "a,audio/a.wav,1\nb,audio/b.wav,\nd,audio/d.wav,\n"
    (data / "tracks.csv").write_text(f"id,audio,{column}\n{rows}", encoding="utf-8")
    tracks.main()
    assert catalog.usable_tracks()["seconds"].tolist() == ["4.0"] * 3


ROWS = {
    "the data folder as audio": ("c,.,", r"audio '\.' must be a path inside data/|data.* is listed .* but missing"),
    "no audio": ("c,,", r"audio '' must be a path inside data/, without '\.\.': correct the row"),
    "the same id twice": ("a,audio/b.wav,", r"id 'a' is in more than one row: give each track its own id"),
    "no id": (",audio/a.wav,", r"id '' is not allowed .* rename it"),
    "an id that climbs": ("../c,audio/a.wav,", r"id '\.\./c' is not allowed .* rename it"),
    "an id with a slash": ("x/c,audio/a.wav,", r"id 'x/c' is not allowed"),
    "an id with a backslash": ("x\\c,audio/a.wav,", r"id 'x\\\\c' is not allowed"),
    "an absolute id": ("/c,audio/a.wav,", r"id '/c' is not allowed"),
    "a hidden id": (".c,audio/a.wav,", r"id '\.c' is not allowed"),
    "an id of two lines": ('"c\nd",audio/a.wav,', r"id 'c\\nd' is not allowed"),
    "an absolute path": ("c,/etc/passwd,", r"audio '/etc/passwd' must be a path inside data/.*library ingest"),
    "a path that climbs": ("c,audio/../../x.wav,", r"audio 'audio/\.\./\.\./x\.wav' must be a path inside data/"),
    "a path that climbs on Windows": ("c,..\\x.wav,", r"must be a path inside data/"),
    "a drive": ("c,C:/x.wav,", r"audio 'C:/x\.wav' must be a path inside data/"),
    "an address": ("c,http://x.org/a.mp3,", r"audio 'http://x\.org/a\.mp3' must be a path inside data/"),
    "lyrics that climb": ("c,audio/a.wav,../../etc/passwd", r"lyrics '\.\./\.\./etc/passwd' must be"),
    "a path of two lines": ('c,"audio/c\nd.wav",', r"data/tracks\.csv"),
}  # fmt: skip


@pytest.mark.parametrize(("row", "message"), ROWS.values(), ids=ROWS)
def test_a_bad_row_is_refused_in_one_line_and_nothing_is_lost(row: str, message: str, data: Path) -> None:
    (data / "tracks.csv").write_text(GOOD + row + "\n", encoding="utf-8")
    with pytest.raises(Problem, match=message) as caught:
        tracks.main()
    assert "\n" not in str(caught.value)
    assert earlier(data) == BEFORE


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("audio,title\naudio/a.wav,x\n", r"data/tracks\.csv has no column 'id' \(it has audio, title\): add it"),
        ("id,title\na,x\n", r"data/tracks\.csv has no column 'audio' \(it has id, title\): add it"),
        ("id,audio\n", r"data/tracks\.csv|none of the 0 tracks"),
        ("", r"data/tracks\.csv"),
        (
            "id,audio\na,audio/1.wav\nb,audio/2.wav\n",
            r"not one sound file that data/tracks\.csv lists is there \(data/audio/1\.wav\): run `dvc pull`",
        ),
    ],
    ids=["no id column", "no audio column", "no row", "empty", "nothing pulled"],
)
def test_a_bad_table_is_refused_in_one_line_and_nothing_is_lost(table: str, message: str, data: Path) -> None:
    (data / "tracks.csv").write_text(table, encoding="utf-8")
    with pytest.raises(Problem, match=message) as caught:
        tracks.main()
    assert "\n" not in str(caught.value)
    assert earlier(data) == BEFORE


@pytest.mark.usefixtures("workspace")
def test_no_data_folder_names_the_command() -> None:
    with pytest.raises(Problem, match=r"there is no folder data/: run `dvc pull`, or put songs under data/audio"):
        tracks.main()


def test_no_song_at_all_names_the_command(workspace: Path) -> None:
    (workspace / "data" / "audio").mkdir(parents=True)
    (workspace / "data" / "audio" / "notes.txt").write_text("no song", encoding="utf-8")
    with pytest.raises(Problem, match=r"no data/tracks\.csv and no sound file under data/audio: run `dvc pull`"):
        tracks.main()


def test_no_usable_track_says_where_the_reasons_are(data: Path) -> None:
    for name in "abde":
        (data / "audio" / f"{name}.wav").write_bytes(b"")
    why = r"none of the 4 tracks can be used \(the reasons are in build/tracks/skipped\.csv\), and clusters need"
    with pytest.raises(Problem, match=why):
        tracks.main()
    assert reasons() == dict.fromkeys("abde", "is empty: 0 bytes")


@pytest.mark.parametrize(
    ("songs", "stale", "message"),
    [
        ("a", False, "1 track can be used, and clusters need at least 3: add songs to data/ and run `dvc repro` again"),
        ("ab", True, "2 tracks can be used, .* again; reports/ still shows the earlier corpus"),
    ],
)
def test_too_few_songs_end_here_with_one_line(songs: str, stale: bool, message: str, data: Path) -> None:
    rows = "".join(f"{name},audio/{name}.wav\n" for name in songs)
    (data / "tracks.csv").write_text(f"id,audio\n{rows}", encoding="utf-8")
    if stale:
        store.write_json(data.parent / "reports" / "metrics.json", {})
    with pytest.raises(Problem, match=rf"^{message}$"):
        tracks.main()


def test_the_columns_to_score_are_written_with_the_table(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = "a,audio/a.wav,de,1\nb,audio/b.wav,en,1\nd,audio/d.wav,en,1\n"
    (data / "tracks.csv").write_text(f"id,audio,language,one\n{rows}", encoding="utf-8")
    (data / "corpus.yaml").write_text("labels: [language, one]\n", encoding="utf-8")
    tracks.main()
    assert corpus.read().labels == ("language",)
    assert "data/corpus.yaml: columns with less than two values are left out: one" in caplog.text


def test_a_card_of_another_corpus_is_refused_in_one_line(data: Path) -> None:
    (data / "corpus.yaml").write_text("labels: [theme]\n", encoding="utf-8")
    with pytest.raises(Problem, match=r"labels names 'theme', which the tracks do not have .*remove") as caught:
        tracks.main()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (b"", "is empty: 0 bytes"),
        (b"these are words, not sound" * 50, "is not sound that can be decoded"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", ""),
        (b"\x00" * 5000, ""),
    ],
    ids=["empty", "text", "half a header", "zeros"],
)
def test_a_broken_file_gets_a_reason_and_the_rest_goes_on(
    broken: bytes, reason: str, data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (data / "audio" / "a.wav").write_bytes(broken)
    tracks.main()
    assert list(reasons()) == ["a"]
    assert reasons()["a"].startswith(reason)
    assert "\n" not in reasons()["a"]
    assert catalog.usable_tracks()["id"].tolist() == ["b", "d", "e"]
    assert "data/audio/a.wav is left out: " in caplog.text


def test_missing_files_are_all_listed_and_the_rest_goes_on(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A song that is missing is left out; one whose lyrics are missing is kept, as one without lyrics."""
    rows = "c,audio/c.wav,\nf,audio,\ng,audio/g.wav,lyrics/g.txt\n"
    (data / "tracks.csv").write_text(GOOD.replace("b.wav,", "b.wav,lyrics/b.txt") + rows, encoding="utf-8")
    tracks.main()
    assert reasons() == {"c": "is missing", "f": "is not a file", "g": "is missing"}
    assert all(f"data/audio/{name}.wav is left out: is missing" in caplog.text for name in "cg")
    usable = catalog.usable_tracks()
    assert usable["has_lyrics"].to_dict() == {"a": "yes", "b": "no", "d": "no", "e": "no"}
    texts, why = lyrics.read(usable)
    assert list(texts) == ["a"]
    assert why == {"b": "is missing"}


@pytest.mark.parametrize(("seconds", "usable"), [(2.9, list("bde")), (3.0, list("abde"))])
def test_a_song_that_is_too_short_is_left_out_with_the_parameter(seconds: float, usable: list[str], data: Path) -> None:
    sing(data / "audio" / "a.wav", seconds)
    tracks.main()
    assert catalog.usable_tracks()["id"].tolist() == usable
    if len(usable) == 3:
        assert reasons() == {"a": "2.9 s long, tracks.min_seconds is 3"}


def test_the_parameter_decides_what_is_too_short(data: Path, set_param: Callable[[str, object], None]) -> None:
    sing(data / "audio" / "a.wav", 2.0)
    set_param("tracks.min_seconds", 2)
    tracks.main()
    assert catalog.usable_tracks()["id"].tolist() == list("abde")


# --- without a tracks.csv ---------------------------------------------------------------------------------------------


def tree(data: Path, *files: str) -> None:
    for file in files:
        if file.endswith(".txt"):
            (data / file).parent.mkdir(parents=True, exist_ok=True)
            (data / file).write_text("la\n", encoding="utf-8")
        else:
            (data / file).parent.mkdir(parents=True, exist_ok=True)
            (data / file).write_bytes(b"not opened here")


def test_without_a_table_the_folders_are_listed(workspace: Path) -> None:
    data = workspace / "data"
    sing(data / "audio" / "Bangla" / "one.wav")
    for name in ("two", "zoo"):
        sing(data / "audio" / f"{name}.wav", channels=2)
    tree(data, "lyrics/one.txt", "audio/Bangla/cover.jpg")
    tracks.main()
    rows = catalog.usable_tracks()[["id", "audio", "lyrics", "title", "language"]].to_numpy().tolist()
    assert rows == [
        ["one", "audio/Bangla/one.wav", "lyrics/one.txt", "one", "bn"],
        ["two", "audio/two.wav", "", "two", ""],
        ["zoo", "audio/zoo.wav", "", "zoo", ""],
    ]


@pytest.mark.parametrize(
    ("folder", "language"),
    [("english", "en"), ("English", "en"), ("BENGALI", "bn"), ("bangla/folk", "bn"), ("hindi", "hi"), ("de", "de"),
     ("German", "de"), ("deutsch", "de"), ("Nina Simone/Album", ""), ("Latin", ""), ("odd", "")],
)  # fmt: skip
def test_the_first_folder_names_the_language(folder: str, language: str, tmp_path: Path) -> None:
    tree(tmp_path, f"audio/{folder}/x.mp3")
    assert catalog.scan_folder(tmp_path)["language"].tolist() == [language]


def test_folders_that_name_no_language_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    tree(tmp_path, "audio/Nina Simone/Pastel Blues/x.mp3", "audio/German/y.mp3", "audio/z.mp3")
    assert sorted(catalog.scan_folder(tmp_path)["language"]) == ["", "", "de"]
    assert "no language is known for the songs of Nina Simone: name the folders by language" in caplog.text


def test_what_macos_leaves_on_foreign_disks_is_no_track(tmp_path: Path) -> None:
    tree(tmp_path, "audio/x.mp3", "audio/._x.mp3", "audio/__MACOSX/x.mp3")
    assert catalog.scan_folder(tmp_path)["audio"].tolist() == ["audio/x.mp3"]


def test_lyrics_may_lie_beside_their_song(tmp_path: Path) -> None:
    tree(tmp_path, "audio/en/x.wav", "audio/en/x.txt", "audio/y.wav")
    (tmp_path / "audio" / "y.lrc").write_text("[00:01.00]la\n", encoding="utf-8")
    assert catalog.scan_folder(tmp_path)["lyrics"].tolist() == ["audio/en/x.txt", "audio/y.lrc"]


def test_equal_stems_in_two_folders_stay_two_tracks_with_separate_lyrics(tmp_path: Path) -> None:
    tree(tmp_path, "audio/bn/x.wav", "audio/en/x.wav", "lyrics/bn/x.txt", "lyrics/en/x.txt")
    table = catalog.scan_folder(tmp_path).set_index("audio")
    assert table["id"].nunique() == 2
    assert table["lyrics"].to_dict() == {"audio/bn/x.wav": "lyrics/bn/x.txt", "audio/en/x.wav": "lyrics/en/x.txt"}


@pytest.mark.parametrize(
    "files",
    [
        ["audio/a/x.wav", "audio/b/x.wav", "audio/x.wav"],
        ["audio/x.wav", "audio/x.ogg", "audio/x.mp3"],
        ["audio/.x.wav", "audio/x.wav"],
        ["audio/a/b/x.wav", "audio/a__b/x.wav"],
        ["audio/a/x.wav", "audio/b/x.wav", "audio/a__x.wav.wav"],
    ],
    ids=["three folders", "three formats", "a hidden twin", "underscores", "underscores in a name"],
)
def test_every_sound_file_gets_its_own_id(files: list[str], tmp_path: Path) -> None:
    tree(tmp_path, *files)
    ids = catalog.scan_folder(tmp_path)["id"]
    assert len(set(ids)) == len(ids) > 0


@pytest.mark.parametrize("name", ["wait...wav", "a\\b.wav", "..wav", "x.y.wav", "গান.wav"])
def test_a_table_made_from_the_folders_may_be_written_down_and_used(name: str, tmp_path: Path) -> None:
    tree(tmp_path, f"audio/{name}")
    store.write_table(tmp_path / "tracks.csv", catalog.scan_folder(tmp_path))
    assert catalog.read_catalog(tmp_path / "tracks.csv")["audio"].tolist() == [f"audio/{name}"]


# --- as a command -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "code", "said"),
    [
        (GOOD, 0, "4 usable tracks, 1 with lyrics; 0 cannot be used; no column has two values to score against"),
        (GOOD + "c,/c.wav,\n", 1, "error: data/tracks.csv: audio '/c.wav' must be a path inside data/"),
    ],
    ids=["good", "bad"],
)  # fmt: skip
def test_the_command_prints_one_line_and_sets_its_exit_code(table: str, code: int, said: str, data: Path) -> None:
    (data / "tracks.csv").write_text(table, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.tracks"],
        capture_output=True, text=True, check=False, cwd=data.parent, env={"PYTHONPATH": str(ROOT)}, timeout=60,
    )  # fmt: skip
    assert done.returncode == code
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert said in done.stderr
    assert (earlier(data) == BEFORE) == (code == 1)


def test_lyrics_that_could_belong_to_several_tracks_belong_to_none(tmp_path: Path) -> None:
    tree(tmp_path, "audio/bn/01.wav", "audio/en/01.wav", "audio/en/02.wav", "lyrics/01.txt", "lyrics/02.txt")
    assert catalog.scan_folder(tmp_path).set_index("audio")["lyrics"].to_dict() == {
        "audio/bn/01.wav": "",
        "audio/en/01.wav": "",
        "audio/en/02.wav": "lyrics/02.txt",
    }
