"""The library answers from what the stages left: neighbours, clusters and playlists, as tables and as commands."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.core import store
from pipeline.core.command import Problem
from pipeline.library import Library
from pipeline.library.__main__ import main

pytestmark = pytest.mark.xdist_group("library")  # its project is made once


def test_the_library_opens_from_any_folder(project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir("/")
    songs = Library.open(project)
    assert len(songs) == 12
    assert songs.facets == ["sound", "words", "both"]
    assert set(songs.neighbours("bn_000", by="sound", many=3)["language"]) == {"en"}
    with pytest.raises(Problem, match=r"no params\.yaml"):
        Library.open(tmp_path / "data")


@pytest.mark.usefixtures("project")
def test_a_song_goes_by_its_id_or_its_title() -> None:
    songs = Library.open()
    assert songs.find("bn_002") == songs.find("song 2") == 2
    with pytest.raises(Problem, match="no song has the id or the title 'nothing'"):
        songs.find("nothing")
    songs.tracks["title"] = "Same"
    with pytest.raises(Problem, match="12 songs are called 'Same': use an id"):
        songs.find("Same")


@pytest.mark.usefixtures("project")
def test_neighbours_are_of_the_language_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    main(["neighbours", "bn_000", "--by", "sound", "--language", "Bangla", "--json", "--others-artists"])
    rows = json.loads(capsys.readouterr().out)
    assert {row["language"] for row in rows} == {"bn"}
    assert "artist 0" not in {row["artist"] for row in rows}
    main(["neighbours", "bn_000", "--language", "any", "--size", "4"])
    assert len(capsys.readouterr().out.splitlines()) == 5


@pytest.mark.usefixtures("project")
def test_a_song_without_lyrics_is_compared_by_sound() -> None:
    songs = Library.open()
    assert set(songs.neighbours("en_003", many=2)["by"]) == {"sound"}
    assert set(songs.neighbours("bn_000", many=2)["by"]) == {"words"}
    for by in ("words", "both"):
        with pytest.raises(Problem, match="no lyrics: use --by sound"):
            songs.neighbours("en_003", by=by)


@pytest.mark.usefixtures("project")
def test_by_both_sound_and_words_have_equal_weight() -> None:
    songs = Library.open()
    points = songs.comparison("both").points[songs.comparison("both").present].astype(np.float64)
    sound = songs.comparison("sound").points.shape[1]
    assert points[:, :sound].var(axis=0).sum() == pytest.approx(1, abs=0.3)
    assert points[:, sound:].var(axis=0).sum() == pytest.approx(1, abs=1e-3)
    assert songs.neighbours("bn_000", by="both")["id"].tolist() == songs.neighbours("Song 0", by="both")["id"].tolist()


@pytest.mark.usefixtures("project")
def test_clusters_say_how_sure_they_are() -> None:
    table = Library.open().clusters("sound")
    assert len(table) == 12
    assert sorted(set(table["cluster"])) == [0, 1]
    assert (table["probability"] >= 0.5).all()


@pytest.mark.usefixtures("project")
def test_an_error_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["neighbours", "bn_000", "--language", "fr"])
    assert str(ended.value) == "error: no song is in French; known are bn, en"
    with pytest.raises(SystemExit):
        main(["neighbours", "--help"])
    assert "default in another language" in " ".join(capsys.readouterr().out.split())


@pytest.mark.usefixtures("project")
def test_songs_of_unknown_language_give_no_list_by_language() -> None:
    songs = Library.open()
    songs.languages[:] = ""
    with pytest.raises(Problem, match="no cluster holds 3 songs of a language"):
        songs.save_playlists("lists", language="one")
    assert not Path("lists").exists()


def listed(folder: Path) -> dict[str, list[str]]:
    """The ids of each list, by the stem of its files."""
    lists = {}
    for file in sorted(folder.glob("*.csv")):
        with file.open(encoding="utf-8") as rows:
            lists[file.stem] = [row["id"] for row in csv.DictReader(rows)]
    return lists


def test_playlists_hold_every_song_and_name_files_that_are_there(project: Path) -> None:
    main(["playlists", "--out", "lists/mine", "--size", "0"])
    folder = project / "lists" / "mine"
    lists = listed(folder)
    assert sorted(id_ for ids in lists.values() for id_ in ids) == sorted(Library.open().ids)
    for stem, ids in lists.items():
        lines = (folder / f"{stem}.m3u8").read_text(encoding="utf-8").splitlines()
        paths = [line for line in lines if not line.startswith("#")]
        assert len(paths) == len(ids) == sum(line.startswith("#EXTINF:7,artist ") for line in lines)
        assert all((folder / path).is_file() for path in paths)


def test_a_second_run_changes_nothing_and_a_song_less_changes_no_name(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["playlists", "--out", "lists"])
    before = {file.name: file.read_bytes() for file in (project / "lists").iterdir()}
    main(["playlists", "--out", "lists"])
    assert "nothing changed since the earlier run" in capsys.readouterr().out
    assert {file.name: file.read_bytes() for file in (project / "lists").iterdir()} == before
    state = store.read_json(project / "lists" / "playlists.json")
    state["clusters"]["sound"][0]["members"] += ["long gone"]
    store.write_json(project / "lists" / "playlists.json", state)
    main(["playlists", "--out", "lists"])
    assert "(+0 -1)" in capsys.readouterr().out
    assert {file.name for file in (project / "lists").iterdir()} == set(before)


def test_a_list_whose_cluster_is_gone_goes_and_no_file_of_a_person_does(project: Path) -> None:
    main(["playlists", "--out", "lists"])
    state = store.read_json(project / "lists" / "playlists.json")
    state["clusters"]["sound"].append({"number": 9, "name": "old", "members": ["long gone"]})
    state["files"]["sound 9"] = "sound 09 old"
    store.write_json(project / "lists" / "playlists.json", state)
    for name in ("sound 09 old.m3u8", "sound 09 old.csv", "mine.m3u8"):
        (project / "lists" / name).write_text("", encoding="utf-8")
    main(["playlists", "--out", "lists"])
    assert not list((project / "lists").glob("sound 09*"))
    assert (project / "lists" / "mine.m3u8").exists()


def test_a_folder_that_is_a_link_gets_paths_that_lead_to_the_songs(project: Path) -> None:
    (project / "deep" / "er").mkdir(parents=True)
    (project / "lists").symlink_to(project / "deep" / "er")
    Library.open().save_playlists("lists")
    for file in (project / "lists").glob("*.m3u8"):
        paths = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
        assert all((project / "deep" / "er" / path).is_file() for path in paths)


@pytest.mark.usefixtures("project")
def test_languages_of_playlists() -> None:
    songs = Library.open()
    for playlist in songs.playlists(language="bn", size=0):
        assert set(songs.languages[playlist.rows]) == {"bn"}
    for playlist in songs.playlists(language="one", size=0):
        assert len(set(songs.languages[playlist.rows])) == 1
    for playlist in songs.playlists(language="balanced", size=0):
        counts = np.unique(songs.languages[playlist.rows], return_counts=True)[1]
        assert len(set(counts.tolist())) == 1


def test_a_list_from_a_song_begins_with_it(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["playlists", "--seed-song", "Song 4", "--size", "5", "--out", "lists"])
    assert capsys.readouterr().out == "sound from Song 4.m3u8: 5 songs\n"
    (ids,) = listed(project / "lists").values()
    assert ids[0] == "bn_004"
    assert len(ids) == 5


def test_a_damaged_state_is_named(project: Path) -> None:
    (project / "lists").mkdir()
    (project / "lists" / "playlists.json").write_text('{"clusters": 3}', encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["playlists", "--out", "lists"])
    assert "lists/playlists.json is damaged: remove it" in str(ended.value)


@pytest.mark.usefixtures("project")
def test_clusters_and_songs_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    main(["explain", "0"])
    out = capsys.readouterr().out
    assert out.startswith("cluster 0 by sound: ")
    assert "of 12 songs; " in out
    assert "in its middle: artist " in out
    cards = Library.open().cards()
    assert cards["songs"].sum() == 12
    assert out.splitlines()[0] == f"cluster 0 by sound: {cards['name'].iloc[0]}"
    main(["explain", "Song 2"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Song 2 (bn_002) by sound"
    assert "next is cluster" in lines[2]
    assert "the song " in lines[4]
    with pytest.raises(SystemExit) as ended:
        main(["explain", "7"])
    assert str(ended.value) == "error: there is no cluster 7 by sound: they are numbered from 0 to 1"
