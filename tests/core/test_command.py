"""How a stage ends: what a user can fix is one line and an exit code, a bug keeps its traceback."""

import dataclasses
import errno
import importlib
import runpy
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from pipeline.core import command
from pipeline.core.command import Problem

ROOT = Path(__file__).parents[2]
STAGES = list(yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"])

ENDS = {
    "all is well": ("pass", 0, ""),
    "a problem": ("raise command.Problem('it is odd: run `dvc pull`')", 1, "error: it is odd: run `dvc pull`\n"),
    "Ctrl-C": ("raise KeyboardInterrupt", 130, "stopped; `dvc repro` goes on from the last finished stage\n"),
    "a full disk": (
        "raise OSError(errno.ENOSPC, 'No space left on device', 'build/x.npy')",
        1,
        "error: No space left on device: build/x.npy; fix it and run `dvc repro` again\n",
    ),
    "a nameless full disk": (
        "raise OSError(errno.ENOSPC, 'No space left on device')",
        1,
        "error: No space left on device; make room on the disk of build/ and run `dvc repro` again\n",
    ),
    "an odd OSError": ("raise OSError('cannot say')", 1, "error: cannot say; fix it and run `dvc repro` again\n"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "code", "said"), ENDS.values(), ids=ENDS)
def test_a_command_ends_with_one_line_and_its_code(body: str, code: int, said: str) -> None:
    script = "import errno\nfrom pipeline.core import command\n"
    script += f"def main():\n    {body}\ncommand.run(main, 'what it does')"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=ROOT, timeout=60
    )
    assert (done.returncode, done.stderr, done.stdout) == (code, said, "")


@pytest.mark.parametrize("failure", [ValueError("a bug"), KeyError("x"), AssertionError()])
def test_a_bug_keeps_its_traceback(failure: Exception) -> None:
    def main() -> None:
        raise failure

    with pytest.raises(type(failure)) as caught:
        command.guarded(main)
    assert caught.value is failure


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (Problem("k is 1"), "error: k is 1"),
        (PermissionError(errno.EACCES, "Permission denied", "build"), "error: Permission denied: build; fix it"),
    ],
)
def test_the_line_is_what_the_program_exits_with(failure: Exception, said: str) -> None:
    def main() -> None:
        raise failure

    with pytest.raises(SystemExit) as caught:
        command.guarded(main)
    assert str(caught.value.code).startswith(said)


@pytest.mark.parametrize("name", STAGES)
def test_help_says_what_a_stage_does_and_which_parameters_it_reads(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # no data and no parameters: help needs neither
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--help"])
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(ROOT / "pipeline" / f"{name}.py"), run_name="__main__")
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    module = importlib.import_module(f"pipeline.{name}")
    assert (module.__doc__ or "").strip().splitlines()[0] in shown
    sections = [field.name for field in dataclasses.fields(module.Params)] if hasattr(module, "Params") else []
    if sections:
        assert f"Reads from params.yaml: {', '.join(sections)}." in shown
    assert not list(tmp_path.iterdir())


def test_help_of_a_stage_without_parameters_is_its_docstring(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["x", "-h"])
    with pytest.raises(SystemExit):
        command.run(lambda: None, "Counts stars, 100% of them.")
    shown = capsys.readouterr().out
    assert "Counts stars, 100% of them." in shown
    assert "params.yaml" not in shown


def test_an_unknown_option_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    @dataclass(frozen=True)
    class Params:
        beta: float

    monkeypatch.setattr(sys, "argv", ["x", "--beta", "4"])
    with pytest.raises(SystemExit) as caught:
        command.run(lambda: None, "Does it.", Params)
    assert caught.value.code == 2
    assert "--beta" in capsys.readouterr().err


def test_progress_gives_every_item_and_is_silent_away_from_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(command.progress(iter([3, 1, 2]), "things", 3)) == [3, 1, 2]
    assert capsys.readouterr() == ("", "")
