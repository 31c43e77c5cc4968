"""`python -m pipeline.fetch` with a Drive that answers, and misbehaves: files come whole or not at all."""

import errno
import io
import json
import os
import random
import shutil
import signal
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from pipeline.core import store
from pipeline.core.command import guarded
from pipeline.fetch import __main__ as fetch
from pipeline.fetch import keys
from pipeline.fetch.items import PARTS
from pipeline.fetch.web import CHUNK
from tests.drive.caller import FOREIGN, KEY, LOGIN, Caller, contents
from tests.drive.emulator import DOCUMENT, QUOTA_PAGE, SHORTCUT, Call, Drive, Fault, running

ROOT = Path(__file__).parents[2]
DEFAULTS = {"gdrive_trash_only", "gdrive_acknowledge_abuse", "protected", "slow_link_warning"}  # DVC adds them
PAGES = "https://songs.example/corpus.zip"

SMALL = {
    "audio/bn/one.ogg": b"one" * 500,
    "audio/bn/two.ogg": b"two" * 700,
    "audio/en/three.mp3": b"three" * 300,
    "lyrics/bn/one.txt": "আয় বৃষ্টি ঝেঁপে\n".encode(),
}


@pytest.fixture
def caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Caller]:
    """Someone in an empty project, with an API key."""
    here = tmp_path / "project"
    here.mkdir()
    monkeypatch.chdir(here)
    drive = Drive(keys={KEY})
    with running(drive):
        made = Caller(drive, tmp_path / "home")
        for name in FOREIGN:
            monkeypatch.delenv(name, raising=False)
        for name, value in {**made.env, "SURBANI_DRIVE_KEY": KEY}.items():
            monkeypatch.setenv(name, value)
        yield made


def failed(arguments: tuple[str, ...]) -> str:
    """The one line that the command ends with."""
    with pytest.raises(SystemExit) as ended:
        guarded(lambda: fetch.main(arguments))
    told = str(ended.value.code)
    assert told.startswith("error: ")
    assert "\n" not in told
    return told


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, caller: Caller) -> Callable[..., str]:
    """Runs the command and gives all that it said; `says(..., code=1)` for one that must fail with one line."""

    def run(*arguments: str, code: int = 0) -> str:
        caplog.clear()
        with caplog.at_level("DEBUG"):
            told = failed(arguments) if code else ""
            if not code:
                guarded(lambda: fetch.main(arguments))
        out = capsys.readouterr()
        told += (
            out.out + out.err + "\n".join(record.getMessage() for record in caplog.records if record.name != "asyncio")
        )
        for secret in caller.secrets():
            assert secret not in told
            assert not [name for name, content in contents(Path.cwd()).items() if secret.encode() in content]
        return told

    return run


def shared(drive: Drive, files: dict[str, bytes] = SMALL) -> str:
    """The id of a public folder with the files."""
    folder = drive.add("Corpus of ours", public=True)
    drive.add_tree(files, folder)
    return folder


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def songs(data: Path = Path("data")) -> dict[str, bytes]:
    return {name: content for name, content in contents(data).items() if name != "tracks.csv"}


def test_two_hundred_files_in_nested_language_folders(caller: Caller, said: Callable[..., str]) -> None:
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
    told = said(f"https://drive.google.com/drive/u/0/folders/{folder}?usp=sharing")
    assert "skipped Corpus of ours/notes on the songs: a Google document has no file" in told
    assert "1 .jpg" in told
    assert "99 songs (33 bn, 33 en, 33 hi), 99 with lyrics; 198 files came" in told
    assert "next: dvc add data && dvc repro" in told
    assert len(drive.calls) <= 2 * 200
    assert Path("data/audio/Bangla/artist 0/song 000.mp3").read_bytes() == files["Bangla/artist 0/song 000.mp3"]
    assert sorted(songs().values()) == sorted(content for name, content in files.items() if name != "metadata.csv")
    table = store.read_table(Path("data/tracks.csv")).set_index("id")
    cells = table[["title", "genre", "language"]].to_dict("index")
    assert cells["song 002"] == {"title": "Title 2", "genre": "pop", "language": "hi"}
    assert cells["song 003"] == {"title": "song 003", "genre": "", "language": "bn"}
    before = len(drive.downloads())
    assert "0 files came, 198 were there already" in said(folder)
    assert len(drive.downloads()) - before <= 1  # the table is asked again


@pytest.mark.parametrize(
    "link",
    [
        "{}",
        "gdrive://{}",
        "https://drive.google.com/drive/folders/{}",
        "https://drive.google.com/open?id={}",
        "https://drive.google.com/drive/folders/{}?resourcekey=0-abc&usp=drive_link",
    ],
)
def test_every_way_to_name_a_folder(link: str, caller: Caller, said: Callable[..., str]) -> None:
    said(link.format(shared(caller.drive)))
    assert songs() == SMALL
    keyed = [call for call in caller.drive.calls if call.header("x-goog-drive-resource-keys")]
    assert len(keyed) == 2 * ("resourcekey" in link)  # what the folder is, and what is in it


def test_the_credentials_of_the_remote_open_what_is_private(caller: Caller, said: Callable[..., str]) -> None:
    """A folder in a shared drive, as `remote://` names it, with a path below the remote's own folder."""
    above = caller.drive.add("store", drive="0ASharedDriveOfTests")
    caller.drive.add_tree({f"it's corpus/{name}": content for name, content in SMALL.items()}, above)
    caller.trusted(Path.cwd(), above)
    said("remote://gdrive/it's corpus")
    assert songs() == SMALL
    assert len([call for call in caller.drive.calls if call.path == "/token"]) == 1


def test_the_remote_that_comes_with_the_project_names_no_folder_and_no_credential(
    caller: Caller, said: Callable[..., str]
) -> None:
    """A credential in the committed config would break every pull of who has none."""
    Path(".dvc").mkdir()
    shutil.copy(ROOT / ".dvc" / "config", ".dvc/config")
    assert set(keys.settings("gdrive")) <= {"url", "verify", *DEFAULTS}
    assert "gdrive has no folder yet: `dvc remote modify --local gdrive url" in said("remote://gdrive/corpus", code=1)
    assert caller.drive.calls == []


def test_a_login_opens_what_is_private_and_a_revoked_one_is_told(
    caller: Caller, said: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = caller.drive.add("private")
    caller.drive.add_tree(SMALL, folder)
    monkeypatch.delenv("SURBANI_DRIVE_KEY")
    login = {"client_id": "me", "token_uri": "https://oauth2.googleapis.com/token", "access_token": "old", **LOGIN}
    monkeypatch.setenv("GDRIVE_CREDENTIALS_DATA", json.dumps(login))
    assert "Google refuses the credentials in GDRIVE_CREDENTIALS_DATA: revoked" in said(folder, code=1)
    assert not Path("data").exists()
    caller.drive.refresh_tokens.add(LOGIN["refresh_token"])
    said(folder)
    assert songs() == SMALL


def test_an_api_key_does_not_open_what_is_private(caller: Caller, said: Callable[..., str]) -> None:
    folder = caller.drive.add("private")
    assert "does not exist, or the API key may not see it: share it" in said(folder, code=1)
    caller.drive.keys.clear()
    assert "Google refuses the API key" in said(folder, code=1)


def test_shortcuts_are_followed_and_rings_of_them_end(caller: Caller, said: Callable[..., str]) -> None:
    drive = caller.drive
    elsewhere = shared(drive)
    folder = drive.add("mine", public=True)
    drive.add("all of it", folder, mime=SHORTCUT, target=elsewhere)
    drive.add("back", elsewhere, mime=SHORTCUT, target=folder)
    drive.add("gone", folder, mime=SHORTCUT, target="nothing")
    one = next(id_ for id_, item in drive.items.items() if item.title == "one.ogg")
    for _ in range(2):
        drive.add("one.ogg", folder, mime=SHORTCUT, target=one)
    assert "skipped mine/gone: the shortcut leads to nothing" in said(folder)
    assert sorted(songs().values()) == sorted([*SMALL.values(), SMALL["audio/bn/one.ogg"]])


def download_of(name: str, drive: Drive) -> Callable[[Call], bool]:
    id_ = next(item.id for item in drive.items.values() if item.title == name)
    return lambda call: call.downloads and call.path.endswith(id_)


HEALS = ["403 rateLimitExceeded", "403 userRateLimitExceeded", "429", "500", "503", "dropped connection"]
HEALS += ["cut body", "short body", "corrupt body", "slow body"]
ENDS = ["404", "403 downloadQuotaExceeded", "403 cannotDownloadFile", "quota page"]


@pytest.mark.parametrize("kind", HEALS)
def test_a_fault_that_passes_heals(kind: str, caller: Caller, said: Callable[..., str]) -> None:
    folder = shared(caller.drive)
    fault = Fault(kind, download_of("two.ogg", caller.drive), times=2, retry_after="1" if kind == "429" else "")
    caller.drive.faults.append(fault)
    said(folder, "--timeout", "0.3")
    assert fault.times == 0
    assert songs() == SMALL


def test_it_waits_as_long_as_google_asks_for(
    caller: Caller, said: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    slept = list[float]()
    monkeypatch.setattr(time, "sleep", slept.append)
    monkeypatch.setenv("SURBANI_FETCH_PACE", "1")
    folder = shared(caller.drive)
    caller.drive.faults.append(Fault("429", download_of("two.ogg", caller.drive), retry_after="77"))
    assert "waiting 77 s before asking again" in said(folder)
    assert 77 in slept
    caller.drive.faults.append(Fault("503", lambda call: "q" in call.query, times=6))
    slept.clear()
    said(folder)
    waits = [seconds for seconds in slept if seconds]
    assert len(waits) == 6
    assert all(2**turn / 2 <= seconds <= 2**turn for turn, seconds in enumerate(waits))


@pytest.mark.parametrize("kind", [*HEALS[:1], *HEALS[2:], *ENDS])
def test_a_fault_that_stays_ends_with_one_line_and_the_next_run_completes(
    kind: str, caller: Caller, said: Callable[..., str]
) -> None:
    """The other files have come by then; the one that did not has no half of itself under its name."""
    folder = shared(caller.drive)
    caller.drive.faults.append(Fault(kind, download_of("two.ogg", caller.drive), times=10_000))
    told = said(folder, "--timeout", "0.1", code=1)
    assert "1 of 4 files did not come, the others are there: " in told
    assert "two.ogg" in told
    assert ("a web page came in place of the file" in told) == (kind == "quota page")
    assert songs() == {name: content for name, content in SMALL.items() if name != "audio/bn/two.ogg"}
    assert not Path("data/tracks.csv").exists()
    caller.drive.faults.clear()
    assert "1 files came, 3 were there already" in said(folder)
    assert songs() == SMALL


@pytest.mark.parametrize(
    ("kind", "where"),
    [
        *((kind, "list") for kind in ("401", "500", "429", "403 userRateLimitExceeded", "dropped connection")),
        ("dropped connection", "token"),
        ("503", "token"),
    ],
)
def test_a_listing_or_a_token_that_fails_heals_too(
    kind: str, where: str, caller: Caller, said: Callable[..., str]
) -> None:
    caller.trusted(Path.cwd(), "unused")
    folder = shared(caller.drive)
    fault = Fault(kind, lambda call: "q" in call.query if where == "list" else call.path == "/token")
    caller.drive.faults.append(fault)
    said(folder)
    assert fault.times == 0
    assert songs() == SMALL


def test_an_expired_token_is_renewed_in_the_middle(caller: Caller, said: Callable[..., str]) -> None:
    caller.trusted(Path.cwd(), "unused")
    folder = shared(caller.drive)
    caller.drive.faults.append(Fault("401", download_of("two.ogg", caller.drive)))
    said(folder)
    assert songs() == SMALL
    assert len([call for call in caller.drive.calls if call.path == "/token"]) == 2


@pytest.mark.parametrize("trusted", [False, True])
def test_a_host_that_google_sends_us_to_gets_no_credential(
    trusted: bool, caller: Caller, said: Callable[..., str]
) -> None:
    if trusted:
        caller.trusted(Path.cwd(), "unused")
    folder = shared(caller.drive)
    caller.drive.web["songs.example/two"] = SMALL["audio/bn/two.ogg"]
    hit = download_of("two.ogg", caller.drive)
    caller.drive.faults.append(Fault("302", hit, location="https://songs.example/two"))
    said(folder)
    assert songs() == SMALL
    (call,) = [call for call in caller.drive.calls if call.host == "songs.example"]
    assert not call.header("authorization")
    assert not call.header("x-goog-api-key")


def test_nothing_is_asked_without_https(caller: Caller, said: Callable[..., str]) -> None:
    folder = shared(caller.drive)
    hit = download_of("two.ogg", caller.drive)
    caller.drive.faults.append(Fault("302", hit, location="http://www.googleapis.com/two"))
    assert "two.ogg cannot be requested" in said(folder, code=1)
    assert songs() == {name: content for name, content in SMALL.items() if name != "audio/bn/two.ogg"}


def test_a_login_of_other_programs_is_not_shown_to_google(caller: Caller, said: Callable[..., str]) -> None:
    (caller.home / ".netrc").write_text("default login somebody password word\n", encoding="utf-8")
    caller.trusted(Path.cwd(), "unused")
    said(shared(caller.drive))
    assert songs() == SMALL
    assert not [call for call in caller.drive.calls if call.header("authorization").startswith("Basic")]


def test_a_name_of_two_lines_makes_no_line_of_its_own(caller: Caller, said: Callable[..., str]) -> None:
    folder = shared(caller.drive, {"bn/a\nerror: b\x1b[2J.ogg": b"one", "bn/c.ogg": b"two"})
    caller.drive.add("x\ny", folder, mime=DOCUMENT)
    caller.drive.faults.append(Fault("404", times=1, hits=download_of("a\nerror: b\x1b[2J.ogg", caller.drive)))
    assert "a_error: b_[2J.ogg" in said(folder, code=1)
    assert "\x1b" not in said(folder)
    assert sorted(songs()) == ["audio/bn/a_error_ b_[2J.ogg", "audio/bn/c.ogg"]


def test_who_answers_for_google_must_be_vouched_for(
    caller: Caller, said: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no trust in the proxy's authority no credential is sent, and waiting would not help."""
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name)
    assert "TLS certificate of" in said(shared(caller.drive), code=1)
    caller.trusted(Path.cwd(), "unused")
    assert "TLS certificate of" in said(shared(caller.drive), code=1)
    assert caller.drive.calls == []


def test_a_token_that_stays_refused_ends_with_one_line(caller: Caller, said: Callable[..., str]) -> None:
    caller.trusted(Path.cwd(), "unused")
    folder = shared(caller.drive)
    caller.drive.faults.append(Fault("401", lambda call: "q" in call.query, times=100))
    assert "Google refuses the credentials in " in said(folder, code=1)


def test_a_source_that_is_away_is_not_asked_for_every_file(caller: Caller, said: Callable[..., str]) -> None:
    folder = shared(caller.drive, {f"{number:03d}.ogg": b"x" * number for number in range(1, 60)})
    caller.drive.faults.append(Fault("503", times=10_000))
    assert "files in a row did not come" in said(folder, "--jobs", "2", code=1)
    assert len(caller.drive.calls) < 59


def test_kill_in_the_middle_then_only_what_was_missing_comes(caller: Caller, said: Callable[..., str]) -> None:
    """The file that was on its way goes on from its last byte."""
    drive = caller.drive
    files = {f"en/{number:03d}.ogg": bytes([number]) * 3000 for number in range(30)}
    files["en/020.ogg"] = bytes(range(256)) * 2400
    folder = shared(drive, files)
    drive.faults.append(Fault("slow body", download_of("020.ogg", drive), times=1))
    command = (sys.executable, "-m", "pipeline.fetch", folder, "--jobs", "1")
    child = caller.child(*command, cwd=Path.cwd(), SURBANI_DRIVE_KEY=KEY, PYTHONPATH=str(ROOT))
    try:
        while sum(path.stat().st_size for path in Path("build/fetch").glob("*")) < 4 * CHUNK:
            assert child.poll() is None, child.communicate()
            time.sleep(0.02)
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()
    came = songs()
    assert len(came) == 20
    assert all(content == files[name.removeprefix("audio/")] for name, content in came.items())
    before = len(drive.downloads())
    said(folder)
    again = drive.downloads()[before:]
    assert len(again) == 10
    assert [call.header("range") for call in again if call.header("range")] == [f"bytes={4 * CHUNK}-"]
    assert songs() == {f"audio/{name}": content for name, content in files.items()}


def test_ctrl_c_ends_it_though_google_asks_for_patience(caller: Caller) -> None:
    folder = shared(caller.drive)
    caller.drive.faults.append(Fault("503", times=1000, retry_after="50"))
    env = {"SURBANI_DRIVE_KEY": KEY, "PYTHONPATH": str(ROOT), "SURBANI_FETCH_PACE": "1"}
    child = caller.child(sys.executable, "-m", "pipeline.fetch", folder, cwd=Path.cwd(), **env)
    try:
        assert child.stderr
        assert "waiting 50 s" in child.stderr.readline()
        child.send_signal(signal.SIGINT)
        _, told = child.communicate(timeout=20)
    finally:
        child.kill()
        child.communicate()
    assert child.returncode == 130
    assert told.endswith("stopped; the same command continues from here\n")


def test_without_any_credentials_there_is_one_line_and_no_request(caller: Caller) -> None:
    made = caller.sh(sys.executable, "-m", "pipeline.fetch", "x" * 33, cwd=Path.cwd(), PYTHONPATH=str(ROOT))
    assert made.returncode == 1
    assert made.stdout == ""
    assert made.stderr.startswith("error: no credentials for Google Drive: set SURBANI_DRIVE_KEY")
    assert made.stderr.count("\n") == 1
    assert caller.drive.calls == []


def test_a_zip_in_drive_and_one_behind_a_link(caller: Caller, said: Callable[..., str]) -> None:
    packed = zipped({f"corpus-1.0/{name}": content for name, content in SMALL.items()} | {"__MACOSX/._one.ogg": b"?"})
    id_ = caller.drive.add("corpus.zip", "", packed, public=True)
    said(f"https://drive.google.com/file/d/{id_}/view?usp=sharing", "--into", "one")
    caller.drive.web["songs.example/corpus.zip"] = packed
    told = said(f"{PAGES}?signature=hidden", "--into", "two")
    assert "hidden" not in told
    assert songs(Path("one")) == songs(Path("two")) == SMALL
    assert not any(Path("build/fetch").iterdir())
    assert not [call for call in caller.drive.calls if call.host == "songs.example" and call.header("authorization")]
    assert not [call for call in caller.drive.calls if call.host == "songs.example" and call.header("x-goog-api-key")]


def test_zips_in_a_folder_are_opened(caller: Caller, said: Callable[..., str]) -> None:
    parts = {"bn.zip": zipped({"one.ogg": b"1", "one.txt": b"words"}), "en.zip": zipped({"one.ogg": b"2"})}
    said(shared(caller.drive, parts))
    assert songs() == {"audio/bn/one.ogg": b"1", "audio/en/one.ogg": b"2", "lyrics/bn/one.txt": b"words"}


@pytest.mark.parametrize("kind", ["cut body", "dropped connection", "503", "short body", "slow body"])
def test_a_zip_that_breaks_off_goes_on(kind: str, caller: Caller, said: Callable[..., str]) -> None:
    caller.drive.web["songs.example/corpus.zip"] = zipped(SMALL)
    first = Fault(kind, lambda call: bool(call.header("range")) or len(caller.drive.downloads()) == 2, times=1)
    caller.drive.faults.append(first)
    said(PAGES, "--timeout", "0.3")
    assert first.times == 0
    assert songs() == SMALL


def test_a_zip_that_changed_is_not_glued_to_the_old_one(caller: Caller, said: Callable[..., str]) -> None:
    drive = caller.drive
    noise = random.Random(7).randbytes(4 * CHUNK)
    drive.web["songs.example/corpus.zip"] = zipped({"en/old.ogg": noise})
    drive.faults.append(Fault("cut body", times=2))  # of what is asked first, only the head is looked at
    drive.faults.append(Fault("404", times=1))
    assert "does not come (404)" in said(PAGES, code=1)
    assert [path.stat().st_size for path in Path("build/fetch").glob("*.part")] == [2 * CHUNK]
    drive.web["songs.example/corpus.zip"] = zipped(SMALL | {"en/new.ogg": noise[::-1]})
    said(PAGES)
    assert songs() == SMALL | {"audio/en/new.ogg": noise[::-1]}


def test_a_zip_that_is_the_same_goes_on_in_the_next_run(caller: Caller, said: Callable[..., str]) -> None:
    drive, noise = caller.drive, random.Random(7).randbytes(4 * CHUNK)
    drive.web["songs.example/corpus.zip"] = zipped({"en/new.ogg": noise})
    drive.faults += [Fault("cut body", times=2), Fault("404", times=1)]
    said(PAGES, code=1)
    said(PAGES)
    assert drive.downloads()[-1].header("range") == f"bytes={2 * CHUNK}-"
    assert songs() == {"audio/en/new.ogg": noise}


def test_a_note_that_was_half_written_is_no_note(caller: Caller, said: Callable[..., str]) -> None:
    caller.drive.web["songs.example/corpus.zip"] = zipped(SMALL)
    caller.drive.faults += [Fault("cut body", times=2), Fault("404", times=1)]
    said(PAGES, code=1)
    (note,) = Path("build/fetch").glob("*.json")
    note.write_text(note.read_text(encoding="utf-8")[:9], encoding="utf-8")
    said(PAGES)
    assert songs() == SMALL


def test_a_damaged_zip_is_not_kept(caller: Caller, said: Callable[..., str]) -> None:
    caller.drive.web["songs.example/corpus.zip"] = zipped(SMALL)
    caller.drive.faults.append(Fault("corrupt body", times=2))
    assert "in the zip is damaged" in said(PAGES, code=1)
    said(PAGES)
    assert songs() == SMALL


def test_a_page_that_pretends_to_be_a_zip_is_told(caller: Caller, said: Callable[..., str]) -> None:
    caller.drive.web["songs.example/corpus.zip"] = zipped(SMALL)
    caller.drive.faults.append(Fault("quota page"))
    assert "is a web page, not a zip" in said(PAGES, code=1)
    said(PAGES)
    assert songs() == SMALL
    page = caller.drive.add("corpus.zip", "", QUOTA_PAGE, public=True)
    assert "corpus.zip is a web page, not a zip" in said(page, code=1)
    caller.drive.web["songs.example/words.zip"] = b"words"
    assert "is no zip" in said("https://songs.example/words.zip", code=1)
    assert songs() == SMALL


def test_another_disk_that_is_full_keeps_no_half_of_a_file(
    caller: Caller, said: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As far as one disk can play two: the rename is refused, and the copy breaks off once."""
    folder, copied = shared(caller.drive), shutil.copyfile

    def other_disk(part: Path, target: Path) -> Path:
        if target.is_relative_to("data/audio") and part.parent == PARTS:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return replace(part, target)

    def full(part: Path, target: Path) -> None:
        target.write_bytes(part.read_bytes()[:100])
        raise OSError(errno.ENOSPC, "No space left on device", part)

    replace = Path.replace
    monkeypatch.setattr(Path, "replace", other_disk)
    monkeypatch.setattr(shutil, "copyfile", full)
    assert "no room for data/ or build/fetch/: free some" in said(folder, code=1)
    assert songs().items() <= SMALL.items()
    monkeypatch.setattr(shutil, "copyfile", copied)
    said(folder)
    assert songs() == SMALL


def test_names_on_disk_need_not_be_utf8(said: Callable[..., str]) -> None:
    Path("mine").mkdir()
    try:
        (Path("mine") / os.fsdecode(b"caf\xe9\n.ogg")).write_bytes(b"x")
    except OSError:
        pytest.skip("this disk takes no such name")
    said("mine")
    assert songs() == {"audio/caf__.ogg": b"x"}


def test_songs_of_another_source_are_not_mixed_in_silence(caller: Caller, said: Callable[..., str]) -> None:
    said(shared(caller.drive))
    other = shared(caller.drive, {"en/four.ogg": b"four", "en/four.csv": b"id,title\nfour,Four\n"})
    assert "data/ already holds 3 other songs" in said(other, code=1)
    assert songs() == SMALL
    file = Path("data/tracks.csv")
    file.write_text(file.read_text(encoding="utf-8").replace(",two,", ",My Two,"), encoding="utf-8")
    said(other, "--add")
    assert songs() == SMALL | {"audio/en/four.ogg": b"four"}
    assert store.read_table(file)["title"].tolist() == ["one", "My Two", "three", "Four"]
    third = shared(caller.drive, {"en/four.ogg": b"another four"})
    assert "data/audio/en/four.ogg would be replaced" in said(third, "--add", code=1)
    assert Path("data/audio/en/four.ogg").read_bytes() == b"four"


def test_another_remote_of_dvc_a_folder_and_a_zip_on_disk(caller: Caller, said: Callable[..., str]) -> None:
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
        said(source, "--into", f"into{number}")
        assert songs(Path(f"into{number}")) == SMALL
    said("elsewhere/songs of mine")
    assert songs() == SMALL
    assert "0 files came, 4 were there already" in said("elsewhere/songs of mine")
    assert "there is no remote 'disc'" in said("remote://disc/songs", code=1)
    assert "no sound file in remote://disk/nothing" in said("remote://disk/nothing", code=1)
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
def test_a_source_that_is_none_is_told(source: str, word: str, said: Callable[..., str]) -> None:
    assert word in said(source, code=1)


def test_what_came_runs_through_the_real_stages(
    caller: Caller, tiny_corpus: Path, said: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real songs, uploaded under other names of columns, come back as data that DVC adds and the stages take."""
    corpus = contents(tiny_corpus / "data")
    table = pd.read_csv(tiny_corpus / "data" / "tracks.csv", dtype=str, keep_default_na=False)
    other = table.rename(columns={"id": "Track ID", "audio": "File", "artist": "Singer", "lyrics": "Lyrics File"})
    files = {name: content for name, content in corpus.items() if name != "tracks.csv"}
    monkeypatch.chdir(tiny_corpus)
    (tiny_corpus / "data").rename(tiny_corpus / "uploaded")
    said(shared(caller.drive, files | {"songs.csv": other.to_csv(index=False).encode()}))
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
