"""The files of a Drive folder: one request a folder, one a file. Drive v2, as DVC's own client speaks it."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.core.command import Problem
from pipeline.fetch.items import Item, in_one_line, md5_of
from pipeline.fetch.links import InDrive
from pipeline.fetch.web import LINK_KEY, Absent, Refused, Web

API = "https://www.googleapis.com/drive/v2/files"
NATIVE = "application/vnd.google-apps."
FOLDER = f"{NATIVE}folder"
SHORTCUT = f"{NATIVE}shortcut"
FIELDS = "id,title,mimeType,fileSize,md5Checksum,shortcutDetails(targetId),resourceKey,driveId"

About = dict[str, Any]


@dataclass
class Drive:
    """A folder or a file as Drive sees it, and what was met on the way that does not come."""

    web: Web
    jobs: int
    notes: list[str] = field(default_factory=list)

    def items(self, source: InDrive) -> list[Item]:
        """All files at or below the source."""
        try:
            top = self._about(source.id, source.key)
            for title in filter(None, source.path.split("/")):
                top = self._below(top, title)
            met = {(path, about["id"]): about for path, about in self._all(top)}  # shortcuts may lead there twice
        except Refused as refused:
            raise Problem(str(refused)) from None
        return [self._item(path, about) for (path, _), about in sorted(met.items(), key=lambda entry: entry[0])]

    def _about(self, id_: str, key: str = "") -> About:
        asked, sent = {"fields": FIELDS, "supportsAllDrives": "true"}, _key({"id": id_, "resourceKey": key})
        about: About = self.web.json(f"{API}/{id_}", f"{id_} in Google Drive", asked, sent)
        return {"resourceKey": key} | about

    def _below(self, folder: About, title: str) -> About:
        escaped = title.replace("\\", "\\\\").replace("'", "\\'")
        for about in self._children(folder, f" and title='{escaped}'"):
            if about["title"] == title:  # Drive compares without case
                return about
        raise Problem(f"there is no {title!r} in {folder['title']!r} of Google Drive: correct the path")

    def _children(self, folder: About, more: str = "") -> list[About]:
        asked = {"q": f"'{folder['id']}' in parents and trashed=false{more}", "maxResults": "1000"}
        asked |= {"fields": f"nextPageToken,items({FIELDS})", "orderBy": "title"}
        asked |= {"supportsAllDrives": "true", "includeItemsFromAllDrives": "true"}
        if folder.get("driveId"):
            asked |= {"corpora": "drive", "driveId": folder["driveId"]}
        found = list[About]()
        while True:
            page = self.web.json(API, f"folder {folder['title']!r} in Google Drive", asked, _key(folder))
            found += page["items"]
            if not page.get("nextPageToken"):
                return found
            asked["pageToken"] = page["nextPageToken"]

    def _all(self, top: About) -> Iterator[tuple[str, About]]:
        """Every file with its path, level by level; a folder that is met twice is listed once."""
        level, seen = [(_name(top), top)], set[str]()
        with ThreadPoolExecutor(self.jobs) as pool:
            while level:
                folders = []
                for path, about in pool.map(self._followed, level):
                    if about is None:
                        self.notes.append(f"skipped {path}: the shortcut leads to nothing that we may see")
                    elif about["mimeType"] == FOLDER:
                        folders += [] if about["id"] in seen else [(path, about)]
                        seen.add(about["id"])
                    elif about["mimeType"].startswith(NATIVE):
                        kind = about["mimeType"].removeprefix(NATIVE)
                        self.notes.append(
                            f"skipped {path}: a Google {kind} has no file; in Drive, File > Download makes one"
                        )
                    else:
                        yield path, about
                listed = pool.map(self._children, [about for _, about in folders])
                under = zip(folders, listed, strict=True)
                level = [(f"{path}/{_name(about)}", about) for (path, _), inner in under for about in inner]

    def _followed(self, entry: tuple[str, About]) -> tuple[str, About | None]:
        """The entry, or what its shortcut leads to."""
        path, about = entry
        if about["mimeType"] != SHORTCUT:
            return path, about
        try:
            return path, self._about(about["shortcutDetails"]["targetId"])
        except (Absent, KeyError):
            return path, None

    def _item(self, path: str, about: About) -> Item:
        size, md5 = int(about.get("fileSize", 0)), about.get("md5Checksum", "")
        get = partial(self._get, about, path, size)
        return Item(path, size, f"{about['id']} {md5}", get, partial(_is_it, size, md5))

    def _get(self, about: About, path: str, size: int, part: Path, add: Callable[[int], object]) -> None:
        if not size:
            part.touch()
            return
        if part.exists() and part.stat().st_size == size:
            return  # a run that was stopped between the last byte and the name
        asked = {"alt": "media", "supportsAllDrives": "true"}
        self.web.download(f"{API}/{about['id']}", part, path, params=asked, headers=_key(about), size=size, add=add)


def _name(about: About) -> str:
    return in_one_line(str(about["title"]).replace("/", "_"))


def _key(about: About) -> dict[str, str]:
    """The header with the key of the link, where it has one."""
    key = about.get("resourceKey")
    return {LINK_KEY: f"{about['id']}/{key}"} if key else {}


def _is_it(size: int, md5: str, path: Path) -> bool:
    return path.stat().st_size == size and (not md5 or md5_of(path) == md5)
