"""Our credentials for Google: those of the DVC remote, or an API key that opens public files."""

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
from google.auth.transport.requests import Request
from google.oauth2 import credentials, service_account

from pipeline.core.command import Problem

API_KEY = "X-Goog-Api-Key"  # in a header, so that no link holds it
SCOPES = ["https://www.googleapis.com/auth/drive.readonly"]
NO_CREDENTIALS = (
    "no credentials for Google Drive: set SURBANI_DRIVE_KEY to an API key for a public folder, "
    "or GDRIVE_CREDENTIALS_DATA or .dvc/config.local for a private one (README, Google Drive)"
)


class Unanswered(Exception):
    """The token endpoint does not answer now; it may answer later."""


@dataclass
class Access:
    """The name of the credentials for messages, and the credentials. Never printed: it holds secrets."""

    who: str
    key: str = field(default="", repr=False)
    credentials: Any = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def header(self, session: requests.Session, refused: str = "") -> dict[str, str]:
        """The authorising header; with a new token if there is none or if the present one was `refused`."""
        if self.key:
            return {API_KEY: self.key}
        with self._lock:
            if not self.credentials.valid or (refused and refused == f"Bearer {self.credentials.token}"):
                try:
                    self.credentials.refresh(Request(session))
                except RefreshError as error:
                    if error.retryable:
                        raise Unanswered from None
                    raise Problem(
                        f"Google refuses {self.who}: revoked, expired or deleted: make new ones (README, Google Drive)"
                    ) from None
                except TransportError as error:
                    raise Unanswered(error) from None
            return {"Authorization": f"Bearer {self.credentials.token}"}


def settings(remote: str) -> Mapping[str, Any]:
    """The settings of a remote in .dvc/config and .dvc/config.local; empty if there is no such remote."""
    from dvc.config import Config, ConfigError  # slow to import

    try:
        config: Mapping[str, Any] = Config.from_cwd(validate=True)["remote"].get(remote, {})
    except ConfigError:
        raise Problem("the settings of DVC are wrong: `dvc remote list` shows the error") from None
    return config


def access(about: Mapping[str, Any]) -> Access:
    """The credentials of a remote, from the environment, its key file or its last login; else the API key."""
    text = os.environ.get("GDRIVE_CREDENTIALS_DATA", "")
    if text:
        return _parsed(text, "the credentials in GDRIVE_CREDENTIALS_DATA", about)
    file = _file(about)
    if file:
        try:
            return _parsed(file.read_text(encoding="utf-8"), f"the credentials in {file}", about)
        except OSError as error:
            raise Problem(f"{file} cannot be read ({error.strerror}): correct .dvc/config.local") from None
    key = os.environ.get("SURBANI_DRIVE_KEY") or os.environ.get("GDRIVE_API_KEY")
    if key:
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise Problem("SURBANI_DRIVE_KEY (or GDRIVE_API_KEY) is no API key: copy it again")
        return Access("the API key", key=key)
    raise Problem(NO_CREDENTIALS)


def _file(about: Mapping[str, Any]) -> Path | None:
    """The key file that the remote names, or the file of a person's login with DVC."""
    if about.get("gdrive_use_service_account"):
        path = about.get("gdrive_service_account_json_file_path")
        return Path(path) if path else None
    if about.get("gdrive_user_credentials_file"):
        return Path(about["gdrive_user_credentials_file"])
    import appdirs  # type: ignore[import-untyped]
    from dvc_gdrive import GDriveFileSystem  # type: ignore[import-untyped]

    client = about.get("gdrive_client_id") or GDriveFileSystem.DEFAULT_GDRIVE_CLIENT_ID
    login = Path(appdirs.user_cache_dir("pydrive2fs", appauthor=False)) / client
    file = login / f"{about.get('profile') or 'default'}.json"
    return file if file.exists() else None


def _parsed(text: str, who: str, about: Mapping[str, Any]) -> Access:
    """The service account or login in the JSON. No message shows the text."""
    try:
        record = json.loads(text)
        if record.get("type") == "service_account":
            read: Any = service_account.Credentials.from_service_account_info  # untyped in google-auth
            robot = read(record, scopes=SCOPES)
            email = about.get("gdrive_service_account_user_email")
            return Access(who, credentials=robot.with_subject(email) if email else robot)
        login: Any = credentials.Credentials
        names = ("refresh_token", "client_id", "client_secret", "token_uri")
        return Access(who, credentials=login(None, **{name: record[name] for name in names}))
    except (ValueError, KeyError, AttributeError, TypeError, GoogleAuthError):
        raise Problem(f"{who} are no key of a service account and no login of DVC: see README, Google Drive") from None
