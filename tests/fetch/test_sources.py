"""Zips, other remotes of DVC and folders on disk."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.fetch.web import CHUNK
from tests.drive.caller import Caller
from tests.drive.corpus import SMALL, shared, songs, zipped
from tests.drive.emulator import QUOTA_PAGE, Fault

PAGES = "https://songs.example/corpus.zip"


def test_a_zip_in_drive_and_one_behind_a_link(caller: Caller, output_of: Callable[..., str]) -> None:
    packed = zipped({f"corpus-1.0/{name}": content for name, content in SMALL.items()} | {"__MACOSX/._one.ogg": b"?"})
    id_ = caller.drive.add("corpus.zip", "", packed, public=True)
    output_of(f"https://drive.google.com/file/d/{id_}/view?usp=sharing", "--into", "one")
    caller.drive.web["songs.example/corpus.zip"] = packed
    output = output_of(f"{PAGES}?signature=hidden", "--into", "two")
    assert "hidden" not in output
    assert songs(Path("one")) == songs(Path("two")) == SMALL
    assert not any(Path("build/fetch").iterdir())
    assert not [call for call in caller.drive.calls if call.host == "songs.example" and call.header("authorization")]
    assert not [call for call in caller.drive.calls if call.host == "songs.example" and call.header("x-goog-api-key")]


def test_zips_in_a_folder_are_opened(caller: Caller, output_of: Callable[..., str]) -> None:
    parts = {"bn.zip": zipped({"one.ogg": b"1", "one.txt": b"words"}), "en.zip": zipped({"one.ogg": b"2"})}
    output_of(shared(caller.drive, parts))
    assert songs() == {"audio/bn/one.ogg": b"1", "audio/en/one.ogg": b"2", "lyrics/bn/one.txt": b"words"}


@pytest.mark.parametrize("kind", ["cut body", "dropped connection", "503", "short body", "slow body"])
def test_a_zip_that_breaks_off_goes_on(kind: str, caller: Caller, output_of: Callable[..., str]) -> None:
    caller.drive.web["songs.example/corpus.zip"] = zipped(SMALL)
    first = Fault(kind, lambda call: bool(call.header("range")) or len(caller.drive.downloads()) == 2, times=1)
    caller.drive.faults.append(first)
    output_of(PAGES, "--timeout", "0.3")
    assert first.times == 0
    assert songs() == SMALL


def test_a_zip_that_changed_is_not_glued_to_the_old_one(caller: Caller, output_of: Callable[..., str]) -> None:
    drive = caller.drive
    noise = random.Random(7).randbytes(4 * CHUNK)
    drive.web["songs.example/corpus.zip"] = zipped({"en/old.ogg": noise})
    drive.faults.append(Fault("cut body", times=2))  # of what is asked first, only the head is looked at
    drive.faults.append(Fault("404", times=1))
    assert "does not come (404)" in output_of(PAGES, code=1)
    assert [path.stat().st_size for path in Path("build/fetch").glob("*.part")] == [2 * CHUNK]
    drive.web["songs.example/corpus.zip"] = zipped(SMALL | {"en/new.ogg": noise[::-1]})
    output_of(PAGES)
    assert songs() == SMALL | {"audio/en/new.ogg": noise[::-1]}


def test_a_zip_that_is_the_same_goes_on_in_the_next_run(caller: Caller, output_of: Callable[..., str]) -> None:
    drive, noise = caller.drive, random.Random(7).randbytes(4 * CHUNK)
    drive.web["songs.example/corpus.zip"] = zipped({"en/new.ogg": noise})
    drive.faults += [Fault("cut body", times=2), Fault("404", times=1)]
    output_of(PAGES, code=1)
    output_of(PAGES)
    assert drive.downloads()[-1].header("range") == f"bytes={2 * CHUNK}-"
    assert songs() == {"audio/en/new.ogg": noise}


def test_a_note_that_was_half_written_is_no_note(caller: Caller, output_of: Callable[..., str]) -> None:
    caller.drive.web["songs.example/corpus.zip"] = zipped(SMALL)
    caller.drive.faults += [Fault("cut body", times=2), Fault("404", times=1)]
    output_of(PAGES, code=1)
    (note,) = Path("build/fetch").glob("*.json")
    note.write_text(note.read_text(encoding="utf-8")[:9], encoding="utf-8")
    output_of(PAGES)
    assert songs() == SMALL


def test_a_damaged_zip_is_not_kept(caller: Caller, output_of: Callable[..., str]) -> None:
    caller.drive.web["songs.example/corpus.zip"] = zipped(SMALL)
    caller.drive.faults.append(Fault("corrupt body", times=2))
    assert "in the zip is damaged" in output_of(PAGES, code=1)
    output_of(PAGES)
    assert songs() == SMALL


def test_a_page_that_pretends_to_be_a_zip_is_told(caller: Caller, output_of: Callable[..., str]) -> None:
    caller.drive.web["songs.example/corpus.zip"] = zipped(SMALL)
    caller.drive.faults.append(Fault("quota page"))
    assert "is a web page, not a zip" in output_of(PAGES, code=1)
    output_of(PAGES)
    assert songs() == SMALL
    page = caller.drive.add("corpus.zip", "", QUOTA_PAGE, public=True)
    assert "corpus.zip is a web page, not a zip" in output_of(page, code=1)
    caller.drive.web["songs.example/words.zip"] = b"words"
    assert "is no zip" in output_of("https://songs.example/words.zip", code=1)
    assert songs() == SMALL


def test_names_on_disk_need_not_be_utf8(output_of: Callable[..., str]) -> None:
    Path("mine").mkdir()
    try:
        (Path("mine") / os.fsdecode(b"caf\xe9\n.ogg")).write_bytes(b"x")
    except OSError:
        pytest.skip("this disk takes no such name")
    output_of("mine")
    assert songs() == {"audio/caf__.ogg": b"x"}


def test_another_remote_of_dvc_a_folder_and_a_zip_on_disk(caller: Caller, output_of: Callable[..., str]) -> None:
    for name, content in SMALL.items():
        file = Path("elsewhere/songs of mine") / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    Path("elsewhere/songs.zip").write_bytes(zipped(SMALL))
    Path(".dvc").mkdir()
    Path(".dvc/config").write_text(f"['remote \"disk\"']\n    url = {Path.cwd()}/elsewhere\n", encoding="utf-8")
    sources = ["remote://disk/songs of mine", "remote://disk/songs.zip", "elsewhere/songs.zip", "zips", "zips/x/.."]
    Path("zips/x").mkdir(parents=True)
    Path("zips/x/all.zip").write_bytes(zipped(SMALL))
    for number, source in enumerate(sources):
        output_of(source, "--into", f"into{number}")
        assert songs(Path(f"into{number}")) == SMALL
    output_of("elsewhere/songs of mine")
    assert songs() == SMALL
    assert "0 files came, 4 were there already" in output_of("elsewhere/songs of mine")
    assert "there is no remote 'disc'" in output_of("remote://disc/songs", code=1)
    assert "no sound file in remote://disk/nothing" in output_of("remote://disk/nothing", code=1)
    assert caller.drive.calls == []


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("nothing.zip", "is no file or folder here"),
        ("http://songs.example/a.zip", "must begin with https"),
        ("s3://bucket/songs", "dvc remote add"),
        ("https://drive.google.com/drive/my-drive", "names no folder or file"),
        ("remote://", "names nothing"),
        ("https://songs.example/none.zip", "does not come (404)"),
    ],
)
def test_a_source_that_is_none_is_told(source: str, word: str, output_of: Callable[..., str]) -> None:
    assert word in output_of(source, code=1)
