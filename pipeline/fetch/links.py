"""The kinds of source: a Drive id or link, a DVC remote, a link to a zip, a path."""

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from pipeline.core.command import Problem

ID = re.compile(r"[A-Za-z0-9_-]{19,}")  # the shortest ids, those of shared drives, have 19 characters
GOOGLE = {"drive.google.com", "docs.google.com", "drive.usercontent.google.com"}


@dataclass(frozen=True)
class InDrive:
    """A folder or file of Google Drive, or the one at `path` below it."""

    id: str
    path: str = ""
    key: str = ""  # the resource key that some older links carry


@dataclass(frozen=True)
class InRemote:
    """A folder or file in a remote of DVC."""

    name: str
    path: str = ""


@dataclass(frozen=True)
class OnWeb:
    """A zip behind a link."""

    url: str

    @property
    def shown(self) -> str:
        """The link without its query, which may hold a secret."""
        split = urlsplit(self.url)
        return f"{split.scheme}://{split.hostname}{split.path}"


@dataclass(frozen=True)
class OnDisk:
    path: Path


Source = InDrive | InRemote | OnWeb | OnDisk


def parse(text: str) -> Source:
    """The source that `text` names."""
    with suppress(OSError):  # too long for a path
        if text and Path(text).exists():
            return OnDisk(Path(text))
    scheme, separator, rest = text.partition("://")
    match scheme if separator else "":
        case "gdrive" | "remote" as kind:
            name, _, path = rest.strip("/").partition("/")
            if not name:
                raise Problem(f"{text} names nothing: write {kind}://NAME/path")
            return InDrive(name, path) if kind == "gdrive" else InRemote(name, path)
        case "https":
            return _link(text)
        case "http":
            raise Problem("a link must begin with https://, or anybody could answer it: correct it")
        case "":
            if ID.fullmatch(text):
                return InDrive(text)
            raise Problem(
                f"{text!r} is no file or folder here, no link and no id: correct it; --help lists the kinds of source"
            )
    raise Problem(f"{scheme}:// is not fetched directly: `dvc remote add NAME {scheme}://...`, then name remote://NAME")


def _link(text: str) -> Source:
    try:
        split = urlsplit(text)
    except ValueError:
        raise Problem("this is no link: copy it again") from None
    if split.hostname not in GOOGLE:
        return OnWeb(text)
    query = parse_qs(split.query)
    path_id = re.search(r"/(?:folders|file/d)/([^/]+)", split.path)
    id_ = path_id[1] if path_id else query.get("id", [""])[0]
    if not ID.fullmatch(id_):
        raise Problem("this link of Google's names no folder or file of Drive: copy it from Share > Copy link")
    return InDrive(id_, key=query.get("resourcekey", [""])[0])
