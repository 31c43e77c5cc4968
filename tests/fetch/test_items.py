"""Files come whole or not at all, whatever interrupts the transfer."""

import errno
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.fetch.items import PARTS
from pipeline.fetch.web import CHUNK
from tests.drive.caller import KEY, Caller
from tests.drive.corpus import SMALL, download_of, shared, songs
from tests.drive.emulator import Fault

ROOT = Path(__file__).parents[2]


def test_a_source_that_is_away_is_not_asked_for_every_file(caller: Caller, output_of: Callable[..., str]) -> None:
    folder = shared(caller.drive, {f"{number:03d}.ogg": b"x" * number for number in range(1, 60)})
    caller.drive.faults.append(Fault("503", times=10_000))
    assert "files in a row did not come" in output_of(folder, "--jobs", "2", code=1)
    assert len(caller.drive.calls) < 59


def test_kill_in_the_middle_then_only_what_was_missing_comes(caller: Caller, output_of: Callable[..., str]) -> None:
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
    output_of(folder)
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
        _, output = child.communicate(timeout=20)
    finally:
        child.kill()
        child.communicate()
    assert child.returncode == 130
    assert output.endswith("stopped; the same command continues from here\n")


def test_another_disk_that_is_full_keeps_no_half_of_a_file(
    caller: Caller, output_of: Callable[..., str], monkeypatch: pytest.MonkeyPatch
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
    assert "no room for data/ or build/fetch/: free some" in output_of(folder, code=1)
    assert songs().items() <= SMALL.items()
    monkeypatch.setattr(shutil, "copyfile", copied)
    output_of(folder)
    assert songs() == SMALL
