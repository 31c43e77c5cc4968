"""Credentials: of the remote, of a login, an API key, none."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.fetch import keys
from tests.drive.caller import LOGIN, Caller
from tests.drive.corpus import SMALL, songs

ROOT = Path(__file__).parents[2]
DEFAULTS = {"gdrive_trash_only", "gdrive_acknowledge_abuse", "protected", "slow_link_warning"}  # DVC adds them


def test_the_credentials_of_the_remote_open_what_is_private(caller: Caller, output_of: Callable[..., str]) -> None:
    """A folder in a shared drive, as `remote://` names it, with a path below the remote's own folder."""
    above = caller.drive.add("store", drive="0ASharedDriveOfTests")
    caller.drive.add_tree({f"it's corpus/{name}": content for name, content in SMALL.items()}, above)
    caller.trusted(Path.cwd(), above)
    output_of("remote://gdrive/it's corpus")
    assert songs() == SMALL
    assert len([call for call in caller.drive.calls if call.path == "/token"]) == 1


def test_the_remote_that_comes_with_the_project_names_no_folder_and_no_credential(
    caller: Caller, output_of: Callable[..., str]
) -> None:
    """A credential in the committed config would break every pull of who has none."""
    Path(".dvc").mkdir()
    shutil.copy(ROOT / ".dvc" / "config", ".dvc/config")
    assert set(keys.settings("gdrive")) <= {"url", "verify", *DEFAULTS}
    assert "gdrive has no folder yet: `dvc remote modify --local gdrive url" in output_of(
        "remote://gdrive/corpus", code=1
    )
    assert caller.drive.calls == []


def test_a_login_opens_what_is_private_and_a_revoked_one_is_told(
    caller: Caller, output_of: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = caller.drive.add("private")
    caller.drive.add_tree(SMALL, folder)
    monkeypatch.delenv("SURBANI_DRIVE_KEY")
    login = {"client_id": "me", "token_uri": "https://oauth2.googleapis.com/token", "access_token": "old", **LOGIN}
    monkeypatch.setenv("GDRIVE_CREDENTIALS_DATA", json.dumps(login))
    assert "Google refuses the credentials in GDRIVE_CREDENTIALS_DATA: revoked" in output_of(folder, code=1)
    assert not Path("data").exists()
    caller.drive.refresh_tokens.add(LOGIN["refresh_token"])
    output_of(folder)
    assert songs() == SMALL


def test_an_api_key_does_not_open_what_is_private(caller: Caller, output_of: Callable[..., str]) -> None:
    folder = caller.drive.add("private")
    assert "does not exist, or the API key may not see it: share it" in output_of(folder, code=1)
    caller.drive.keys.clear()
    assert "Google refuses the API key" in output_of(folder, code=1)


def test_without_any_credentials_there_is_one_line_and_no_request(caller: Caller) -> None:
    made = caller.sh(sys.executable, "-m", "pipeline.fetch", "x" * 33, cwd=Path.cwd(), PYTHONPATH=str(ROOT))
    assert made.returncode == 1
    assert made.stdout == ""
    assert made.stderr.startswith("error: no credentials for Google Drive: set SURBANI_DRIVE_KEY")
    assert made.stderr.count("\n") == 1
    assert caller.drive.calls == []
