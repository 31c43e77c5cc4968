"""Who asks Google: the credentials that the DVC remote uses, or a key that opens what is public."""

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
NONE = (
    "no credentials for Google Drive: set SURBANI_DRIVE_KEY to an API key for a public folder, "
    "or GDRIVE_CREDENTIALS_DATA or .dvc/config.local for a private one (README, Google Drive)"
)


class Unanswered(Exception):
    """The token endpoint could not be asked; it may answer later."""


@dataclass
class Access:
    """Who asks, in words for messages, and what is sent to prove it. Never printed: it holds secrets."""

    who: str
    key: str = field(default="", repr=False)
    credentials: Any = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def header(self, session: requests.Session, refused: str = "") -> dict[str, str]:
        """The header that proves it; a new token where there is none, or where the one that is was `refused`."""
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
    """What .dvc/config and .dvc/config.local say about a remote; nothing where it is not known."""
    from dvc.config import Config, ConfigError  # slow to import

    try:
        found: Mapping[str, Any] = Config.from_cwd(validate=True)["remote"].get(remote, {})
    except ConfigError:
        raise Problem("the settings of DVC are not right: `dvc remote list` tells what is wrong with them") from None
    return found


def access(about: Mapping[str, Any]) -> Access:
    """The credentials of a remote, from the environment, its key file or its last login; else the API key."""
    text = os.environ.get("GDRIVE_CREDENTIALS_DATA", "")
    if text:
        return _told(text, "the credentials in GDRIVE_CREDENTIALS_DATA", about)
    file = _file(about)
    if file:
        try:
            return _told(file.read_text(encoding="utf-8"), f"the credentials in {file}", about)
        except OSError as error:
            raise Problem(f"{file} cannot be read ({error.strerror}): correct .dvc/config.local") from None
    key = os.environ.get("SURBANI_DRIVE_KEY") or os.environ.get("GDRIVE_API_KEY")
    if key:
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise Problem("SURBANI_DRIVE_KEY (or GDRIVE_API_KEY) is no API key: copy it again")
        return Access("the API key", key=key)
    raise Problem(NONE)


def _file(about: Mapping[str, Any]) -> Path | None:
    """The key file that the remote names, or where DVC keeps a person's login."""
    if about.get("gdrive_use_service_account"):
        named = about.get("gdrive_service_account_json_file_path")
        return Path(named) if named else None
    if about.get("gdrive_user_credentials_file"):
        return Path(about["gdrive_user_credentials_file"])
    import appdirs  # type: ignore[import-untyped]
    from dvc_gdrive import GDriveFileSystem  # type: ignore[import-untyped]

    client = about.get("gdrive_client_id") or GDriveFileSystem.DEFAULT_GDRIVE_CLIENT_ID
    login = Path(appdirs.user_cache_dir("pydrive2fs", appauthor=False)) / client
    file = login / f"{about.get('profile') or 'default'}.json"
    return file if file.exists() else None


def _told(text: str, who: str, about: Mapping[str, Any]) -> Access:
    """A service account or a person's login, whichever the JSON is. The text never comes into a message."""
    try:
        told = json.loads(text)
        if told.get("type") == "service_account":
            read: Any = service_account.Credentials.from_service_account_info  # untyped in google-auth
            robot = read(told, scopes=SCOPES)
            email = about.get("gdrive_service_account_user_email")
            return Access(who, credentials=robot.with_subject(email) if email else robot)
        login: Any = credentials.Credentials
        names = ("refresh_token", "client_id", "client_secret", "token_uri")
        return Access(who, credentials=login(None, **{name: told[name] for name in names}))
    except (ValueError, KeyError, AttributeError, TypeError, GoogleAuthError):
        raise Problem(f"{who} are no key of a service account and no login of DVC: see README, Google Drive") from None
