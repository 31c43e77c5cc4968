"""Whole transfers by the command, and the songs that are already in the data folder."""

import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from pipeline.core import store
from tests.drive.caller import Caller, contents
from tests.drive.corpus import SMALL, shared, songs
from tests.drive.emulator import DOCUMENT

ROOT = Path(__file__).parents[2]


def test_two_hundred_files_in_nested_language_folders(caller: Caller, output_of: Callable[..., str]) -> None:
    """In at most two requests a file; the second time, nothing comes again."""
    drive, files = caller.drive, dict[str, bytes]()
    for number in range(99):
        language, artist = ("Bangla", "English", "hindi")[number % 3], f"artist {number % 7}"
        files[f"{language}/{artist}/song {number:03d}.mp3"] = f"sound {number}".encode() * 20
        files[f"{language}/{artist}/song {number:03d}.txt"] = f"words {number}\n".encode()
    rows = "\n".join(f"song {number:03d}.mp3;Title {number};pop" for number in range(0, 99, 2))
    files["metadata.csv"] = f"File Name;Song Name;Style\n{rows}\n".encode()
    drive.page = 6
    folder = shared(drive, files)
    drive.add("cover.jpg", folder, b"jpeg")
    drive.add("notes on the songs", folder, mime=DOCUMENT)
    output = output_of(f"https://drive.google.com/drive/u/0/folders/{folder}?usp=sharing")
    assert "skipped Corpus of ours/notes on the songs: a Google document has no file" in output
    assert "1 .jpg" in output
    assert "99 songs (33 bn, 33 en, 33 hi), 99 with lyrics; 198 files came" in output
    assert "next: dvc add data && dvc repro" in output
    assert len(drive.calls) <= 2 * 200
    assert Path("data/audio/Bangla/artist 0/song 000.mp3").read_bytes() == files["Bangla/artist 0/song 000.mp3"]
    assert sorted(songs().values()) == sorted(content for name, content in files.items() if name != "metadata.csv")
    table = store.read_table(Path("data/tracks.csv")).set_index("id")
    cells = table[["title", "genre", "language"]].to_dict("index")
    assert cells["song 002"] == {"title": "Title 2", "genre": "pop", "language": "hi"}
    assert cells["song 003"] == {"title": "song 003", "genre": "", "language": "bn"}
    before = len(drive.downloads())
    assert "0 files came, 198 were there already" in output_of(folder)
    assert len(drive.downloads()) - before <= 1  # the table is asked again


def test_songs_of_another_source_are_not_mixed_in_silence(caller: Caller, output_of: Callable[..., str]) -> None:
    output_of(shared(caller.drive))
    other = shared(caller.drive, {"en/four.ogg": b"four", "en/four.csv": b"id,title\nfour,Four\n"})
    assert "data/ already holds 3 other songs" in output_of(other, code=1)
    assert songs() == SMALL
    file = Path("data/tracks.csv")
    file.write_text(file.read_text(encoding="utf-8").replace(",two,", ",My Two,"), encoding="utf-8")
    output_of(other, "--add")
    assert songs() == SMALL | {"audio/en/four.ogg": b"four"}
    assert store.read_table(file)["title"].tolist() == ["one", "My Two", "three", "Four"]
    third = shared(caller.drive, {"en/four.ogg": b"another four"})
    assert "data/audio/en/four.ogg would be replaced" in output_of(third, "--add", code=1)
    assert Path("data/audio/en/four.ogg").read_bytes() == b"four"


def test_what_came_runs_through_the_real_stages(
    caller: Caller, tiny_corpus: Path, output_of: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real songs, uploaded under other names of columns, come back as data that DVC adds and the stages take."""
    corpus = contents(tiny_corpus / "data")
    table = pd.read_csv(tiny_corpus / "data" / "tracks.csv", dtype=str, keep_default_na=False)
    other = table.rename(columns={"id": "Track ID", "audio": "File", "artist": "Singer", "lyrics": "Lyrics File"})
    files = {name: content for name, content in corpus.items() if name != "tracks.csv"}
    monkeypatch.chdir(tiny_corpus)
    (tiny_corpus / "data").rename(tiny_corpus / "uploaded")
    output_of(shared(caller.drive, files | {"songs.csv": other.to_csv(index=False).encode()}))
    came = store.read_table(Path("data/tracks.csv")).set_index("id").loc[list(table["id"])].reset_index()
    assert came[["id", "audio", "title", "artist", "language", "genre", "theme"]].equals(
        table[["id", "audio", "title", "artist", "language", "genre", "theme"]]
    )
    assert (came["lyrics"] != "").tolist() == (table["lyrics"] != "").tolist()
    (Path("pipeline")).symlink_to(ROOT / "pipeline")
    caller.done("git", "init", "--quiet", cwd=Path.cwd())
    dvc = str(Path(sys.executable).with_name("dvc"))
    caller.done(dvc, "init", "--quiet", cwd=Path.cwd())
    caller.done(dvc, "add", "--quiet", "data", cwd=Path.cwd())
    caller.done(dvc, "repro", "audio", cwd=Path.cwd(), PATH=f"{Path(sys.executable).parent}:/usr/bin:/bin")
    assert len(store.read_rows(Path("build/audio"), "stats").ids) == 12
