"""A person in front of the emulated drive: an environment with nothing of the user's, commands, and what is secret."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.drive.emulator import Drive

FOREIGN = ("GDRIVE_CREDENTIALS_DATA", "SURBANI_DRIVE_KEY", "GDRIVE_API_KEY", "all_proxy", "ALL_PROXY")
KEY = "AIzaSyEmulatedKeyOfTheTests"
LOGIN = {"refresh_token": "1//refresh-token-of-the-tests", "client_secret": "GOCSPX-secret-of-the-tests"}


@dataclass(frozen=True)
class Caller:
    """Who calls, and from where."""

    drive: Drive
    home: Path

    @property
    def env(self) -> dict[str, str]:
        """What makes a child find this drive and nothing of the user: no home, no key, no other proxy."""
        self.home.mkdir(parents=True, exist_ok=True)
        certificate, proxy = str(self.home / "authority.pem"), f"http://127.0.0.1:{self.drive.port}"
        Path(certificate).write_bytes(self.drive.authority.certificate)
        folders = ("HOME", "USERPROFILE", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_DIRS")
        people = [f"GIT_{who}_{what}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")]
        return {
            **dict.fromkeys(folders, str(self.home)),
            **dict.fromkeys(("HTTPLIB2_CA_CERTS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), certificate),
            **dict.fromkeys(("https_proxy", "HTTPS_PROXY", "http_proxy"), proxy),
            **dict.fromkeys(("no_proxy", "NO_PROXY"), ""),
            **dict.fromkeys(people, "test@localhost"),
            "GDRIVE_NON_INTERACTIVE": "1",
            "DVC_NO_ANALYTICS": "1",
            "SURBANI_FETCH_PACE": "0.01",
        }

    def child(self, *command: str, cwd: Path, **env: str) -> subprocess.Popen[str]:
        whole = {**os.environ, **self.env, **env}
        for name in FOREIGN:
            if name not in env:
                whole.pop(name, None)
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command, cwd=cwd, stdout=pipe, stderr=pipe, stdin=subprocess.DEVNULL, text=True, env=whole
        )

    def sh(self, *command: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
        """What the command said, which is never a secret; none of them waits for a browser."""
        with self.child(*command, cwd=cwd, **env) as child:
            try:
                out, err = child.communicate(timeout=100)
            finally:
                child.kill()
        assert not [secret for secret in self.secrets() if secret in out + err]
        return subprocess.CompletedProcess(command, child.returncode, out, err)

    def done(self, *command: str, cwd: Path, **env: str) -> str:
        made = self.sh(*command, cwd=cwd, **env)
        assert made.returncode == 0, made.stdout + made.stderr
        return made.stdout

    def trusted(self, project: Path, folder: str) -> None:
        """What a user puts into .dvc/config.local: the folder, and the key of a service account."""
        key = self.home / "key.json"
        self.home.mkdir(parents=True, exist_ok=True)
        key.write_text(self.drive.authority.account_file, encoding="utf-8")
        lines = ["['remote \"gdrive\"']", f"url = gdrive://{folder}", "gdrive_use_service_account = true"]
        lines += [f"gdrive_service_account_json_file_path = {key}"]
        (project / ".dvc").mkdir(exist_ok=True)
        (project / ".dvc" / "config.local").write_text("\n    ".join(lines) + "\n", encoding="utf-8")

    def secrets(self) -> list[str]:
        """What must stand nowhere: keys, logins and every token that was given out."""
        return [self.drive.authority.account_file[300:360], "BEGIN PRIVATE", KEY, *LOGIN.values(), *self.drive.tokens]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
