"""The command in an empty project with an emulated drive."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.core.command import guarded
from pipeline.fetch import __main__ as fetch
from tests.drive.caller import FOREIGN, KEY, Caller, contents
from tests.drive.emulator import Drive, running


@pytest.fixture
def caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Caller]:
    """A person in an empty project, with an API key."""
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
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
    output = str(ended.value.code)
    assert output.startswith("error: ")
    assert "\n" not in output
    return output


@pytest.fixture
def output_of(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, caller: Caller
) -> Callable[..., str]:
    """Runs the command; gives its whole output, which holds no secret. With `code=1` it must fail with one line."""

    def run(*arguments: str, code: int = 0) -> str:
        caplog.clear()
        with caplog.at_level("DEBUG"):
            output = failed(arguments) if code else ""
            if not code:
                guarded(lambda: fetch.main(arguments))
        out = capsys.readouterr()
        output += (
            out.out + out.err + "\n".join(record.getMessage() for record in caplog.records if record.name != "asyncio")
        )
        for secret in caller.secrets():
            assert secret not in output
            assert not [name for name, content in contents(Path.cwd()).items() if secret.encode() in content]
        return output

    return run
