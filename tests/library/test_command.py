"""The front door: what is stopped or no longer read ends with a line or none, and its exit code says so."""

import importlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.library import __main__ as door
from pipeline.library import assign
from tests.text.test_language import needs_model

ROOT = Path(__file__).parents[2]


def interrupted(*_: object) -> int:
    raise KeyboardInterrupt


@pytest.mark.parametrize("moment", ["at work", "imported"])
def test_ctrl_c_is_a_line_and_130(
    moment: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at_work = moment == "at work"
    monkeypatch.setattr(*((assign, "run") if at_work else (importlib, "import_module")), interrupted)
    with pytest.raises(SystemExit) as ended:
        door.main(["assign", "x.mp3"])
    assert ended.value.code == 130
    assert capsys.readouterr().err == "stopped; the same command goes on\n"


# A shell lets its background jobs ignore the signal, and their children inherit that.
HEARS = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
DOOR = "from pipeline.library import __main__ as door\n"
TALKS = """
class Talks:
    add_arguments = staticmethod(lambda parser: None)
    run = staticmethod(lambda given: [print("x" * 100, flush=True) for _ in range(10_000)] == [])
door.command = lambda name: Talks
"""


def started(code: str, *words: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", f"{HEARS}{DOOR}{code}\ndoor.main()", *words]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@needs_model
@pytest.mark.xdist_group("library")
def test_a_process_that_is_stopped_between_two_songs_is_quiet(project: Path) -> None:
    songs = [f"{number}.wav" for number in range(40)]
    for song in songs:
        shutil.copy(project / "data/audio/bn/bn_000.wav", song)
    with started("", "assign", *songs) as running:
        assert running.stdout
        assert running.stdout.readline().startswith("0.wav")
        running.send_signal(signal.SIGINT)
        errors = running.communicate(timeout=60)[1]
    assert running.returncode == 130
    assert errors.splitlines()[-1] == "stopped; the same command goes on"
    assert "Traceback" not in errors


def test_a_process_whose_reader_has_gone_is_silent() -> None:
    with started(TALKS, "assign") as running:
        assert running.stdout
        assert running.stderr
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read() == ""
    assert running.returncode == 0
