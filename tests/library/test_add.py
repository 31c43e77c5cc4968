"""Added songs are known to every question, the others stay where they are, and no stage has anything to do."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.core import store
from pipeline.core.command import Problem
from pipeline.library import Library, add
from pipeline.library.__main__ import main
from tests.text.test_language import needs_model

pytestmark = [pytest.mark.xdist_group("library"), needs_model]


@pytest.fixture
def music(project: Path) -> Path:
    """A folder outside of the project's data: two songs much like two of the library, one with lyrics, and a text."""
    folder = project / "music" / "bn"
    folder.mkdir(parents=True)
    for id_, name in {"bn_000": "Lalon - Pakhi", "en_001": "Nina - Sinnerman"}.items():
        (source,) = (project / "data" / "audio").rglob(f"{id_}.*")
        wave, rate = soundfile.read(source)
        soundfile.write(folder / f"{name}.wav", 0.9 * wave, rate)
    shutil.copy(project / "data/lyrics/bn_000.txt", folder / "Lalon - Pakhi.txt")
    (folder / "broken.mp3").write_text("no sound", encoding="utf-8")
    return folder.parent


def stages(project: Path) -> dict[str, bytes]:
    """Every file that the stages and `dvc add` see."""
    files = [path for folder in ("build", "data", "models") for path in (project / folder).rglob("*") if path.is_file()]
    return {str(path): path.read_bytes() for path in files if "added" not in path.parts}


def test_added_songs_are_known_and_nothing_is_moved_or_computed_again(
    project: Path, music: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, was, files = Library.open(), Library.open().clusters(), stages(project)
    names = before.cards()["name"].tolist()
    with pytest.raises(SystemExit) as ended:
        main(["add", str(music)])
    assert ended.value.code == 1  # a file is broken
    out, errors = capsys.readouterr()
    assert "broken.mp3: " in errors
    assert "Lalon - Pakhi.wav: sound " in out
    assert "2 songs are added to 12" in out
    assert "nothing speaks for training again" in out
    songs = Library.open()
    assert len(songs) == 14
    assert songs.clusters().iloc[:12].equals(was)
    assert songs.cards()["name"].tolist() == names
    assert stages(project) == files
    row = songs.find("Pakhi")
    assert songs.shown(np.array([row])).to_dict("records")[0]["artist"] == "Lalon"
    assert songs.languages[row] == "bn"
    assert songs.neighbours("Pakhi", by="sound", language="any", many=1)["id"].tolist() == ["bn_000"]
    assert songs.ids[row] in songs.neighbours("bn_000", by="words", language="any", many=1)["id"].tolist()
    assert songs.groups("sound").labels[row] == songs.groups("sound").labels[songs.find("bn_000")]


@pytest.mark.usefixtures("project")
def test_every_question_is_answered_with_added_songs(music: Path, capsys: pytest.CaptureFixture[str]) -> None:
    songs = Library.open().add(music / "bn" / "Lalon - Pakhi.wav", music / "bn" / "Nina - Sinnerman.wav")
    for by in ("sound", "words", "both"):
        assert songs.comparison(by).points.shape[0] == 14
        assert songs.comparison(by).present.sum() == (14 if by == "sound" else 11)
    main(["explain", "Pakhi"])
    assert "  in cluster " in capsys.readouterr().out
    main(["explain", "0"])
    main(["playlists", "--out", "lists", "--size", "0"])
    listed = "".join(file.read_text(encoding="utf-8") for file in Path("lists").glob("*.m3u8"))
    assert "../music/bn/Lalon%20-%20Pakhi.wav" in listed or "../music/bn/Lalon - Pakhi.wav" in listed
    assigned = songs.assign(music / "bn" / "Lalon - Pakhi.wav")
    assert songs.find("Pakhi") == songs.ids.index(assigned.placements["sound"].nearest["id"].iloc[0])


@pytest.mark.usefixtures("project")
def test_what_is_known_is_not_added_twice_and_what_is_removed_is_gone(
    music: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nina = str(music / "bn" / "Nina - Sinnerman.wav")
    main(["add", nina])
    main(["add", nina, "data/audio/bn/bn_002.wav"])
    out = capsys.readouterr().out
    assert "bn_002.wav: is in the library already, as bn_002" in out
    assert out.count("1 songs are added to 12") == 2
    was = Library.open().clusters().set_index("id")["cluster"]
    main(["add", "--remove", "Sinnerman", "bn_002"])
    assert "bn_002: is out; `dvc repro` still learns from it" in capsys.readouterr().out
    songs = Library.open()
    assert len(songs) == 11
    now = songs.clusters().set_index("id")["cluster"]
    assert now.equals(was.loc[now.index])
    with pytest.raises(Problem, match="no song has the id"):
        songs.find("bn_002")
    main(["add", "data/audio/bn/bn_002.wav"])
    assert "bn_002: is back" in capsys.readouterr().out
    assert len(Library.open()) == 12


@pytest.mark.usefixtures("project")
def test_a_song_that_moved_is_followed(music: Path) -> None:
    old, new = music / "bn" / "Lalon - Pakhi.wav", music / "Lalon - Pakhi.wav"
    first = Library.open().add(old)
    old.rename(new)
    songs = first.add(new)
    assert len(songs.added) == 1
    assert songs.column("audio")[12] == new.as_posix()


def test_other_models_set_added_songs_aside_until_they_are_placed_again(
    project: Path, music: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    Library.open().add(music / "bn" / "Lalon - Pakhi.wav")
    config = store.read_json(project / "models/cross/config.json")
    store.write_json(project / "models/cross/config.json", {**config, "power": 0.25})
    assert len(Library.open()) == 12
    assert "1 added songs are set aside, as models were trained since" in caplog.text
    main(["add"])
    assert "1 songs are added to 12" in capsys.readouterr().out
    songs = Library.open()
    assert len(songs) == 13
    assert songs.comparison("words").present[12]  # its lyrics were kept


def test_a_song_that_the_stages_have_seen_since_counts_once(project: Path, music: Path) -> None:
    songs = Library.open().add(music / "bn" / "Lalon - Pakhi.wav")
    digests = store.read_json(project / "build/audio/sha256.json")
    store.write_json(project / "build/audio/sha256.json", [songs.added.tracks["sha256"].iloc[0], *digests[1:]])
    assert len(Library.open()) == 12


@pytest.mark.usefixtures("project")
def test_ctrl_c_keeps_what_was_placed(music: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    placed, calls = add._placed, []

    def stopped(*given: object) -> object:
        calls.append(given)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return placed(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(add, "_placed", stopped)
    with pytest.raises(KeyboardInterrupt):
        Library.open().add(music)
    assert len(Library.open().added) == 1


@pytest.mark.usefixtures("project")
def test_places_without_songs_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path("empty").mkdir()
    with pytest.raises(SystemExit):
        main(["add", "empty", "nowhere.mp3", "params.yaml"])
    errors = capsys.readouterr().err
    assert "empty: holds no sound file" in errors
    assert "nowhere.mp3: is gone" in errors
    assert "params.yaml: has a name without one of" in errors
