"""The files of a Drive folder, with one request per folder and per file. Drive v2, as in DVC's own client."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.core.command import Problem
from pipeline.fetch.items import Item, in_one_line, md5_of
from pipeline.fetch.links import InDrive
from pipeline.fetch.web import LINK_KEY, Absent, Refused, Resource, Web

API = "https://www.googleapis.com/drive/v2/files"
NATIVE = "application/vnd.google-apps."
FOLDER = f"{NATIVE}folder"
SHORTCUT = f"{NATIVE}shortcut"
FIELDS = "id,title,mimeType,fileSize,md5Checksum,shortcutDetails(targetId),resourceKey,driveId"

About = dict[str, Any]


@dataclass
class Drive:
    """Lists and downloads files; `notes` says what it skipped."""

    web: Web
    jobs: int
    notes: list[str] = field(default_factory=list)

    def items(self, source: InDrive) -> list[Item]:
        """All files at or below the source."""
        try:
            top = self._about(source.id, source.key)
            for title in filter(None, source.path.split("/")):
                top = self._below(top, title)
            files = {(path, about["id"]): about for path, about in self._all(top)}  # shortcuts may lead to a file twice
        except Refused as refused:
            raise Problem(str(refused)) from None
        return [self._item(path, about) for (path, _), about in sorted(files.items(), key=lambda entry: entry[0])]

    def _about(self, id_: str, key: str = "") -> About:
        params = {"fields": FIELDS, "supportsAllDrives": "true"}
        headers = _key_header({"id": id_, "resourceKey": key})
        about: About = self.web.json(Resource(f"{API}/{id_}", f"{id_} in Google Drive", params, headers))
        return {"resourceKey": key} | about

    def _below(self, folder: About, title: str) -> About:
        escaped = title.replace("\\", "\\\\").replace("'", "\\'")
        for about in self._children(folder, f" and title='{escaped}'"):
            if about["title"] == title:  # Drive's query ignores case
                return about
        raise Problem(f"there is no {title!r} in {folder['title']!r} of Google Drive: correct the path")

    def _children(self, folder: About, more: str = "") -> list[About]:
        params = {"q": f"'{folder['id']}' in parents and trashed=false{more}", "maxResults": "1000"}
        params |= {"fields": f"nextPageToken,items({FIELDS})", "orderBy": "title"}
        params |= {"supportsAllDrives": "true", "includeItemsFromAllDrives": "true"}
        if folder.get("driveId"):
            params |= {"corpora": "drive", "driveId": folder["driveId"]}
        children = list[About]()
        while True:
            page = self.web.json(
                Resource(API, f"folder {folder['title']!r} in Google Drive", params, _key_header(folder))
            )
            children += page["items"]
            if not page.get("nextPageToken"):
                return children
            params["pageToken"] = page["nextPageToken"]

    def _all(self, top: About) -> Iterator[tuple[str, About]]:
        """Every file with its path, level by level; each folder is listed once."""
        level, listed_ids = [(_name(top), top)], set[str]()
        with ThreadPoolExecutor(self.jobs) as pool:
            while level:
                folders = []
                for path, about in pool.map(self._resolved, level):
                    if about is None:
                        self.notes.append(f"skipped {path}: the shortcut leads to nothing that we may see")
                    elif about["mimeType"] == FOLDER:
                        folders += [] if about["id"] in listed_ids else [(path, about)]
                        listed_ids.add(about["id"])
                    elif about["mimeType"].startswith(NATIVE):
                        kind = about["mimeType"].removeprefix(NATIVE)
                        self.notes.append(
                            f"skipped {path}: a Google {kind} has no file; in Drive, File > Download makes one"
                        )
                    else:
                        yield path, about
                children = pool.map(self._children, [about for _, about in folders])
                pairs = zip(folders, children, strict=True)
                level = [(f"{path}/{_name(about)}", about) for (path, _), entries in pairs for about in entries]

    def _resolved(self, entry: tuple[str, About]) -> tuple[str, About | None]:
        """The entry, or the target of its shortcut."""
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
            return  # an earlier run stopped just before it gave the final name
        params = {"alt": "media", "supportsAllDrives": "true"}
        url, headers = f"{API}/{about['id']}", _key_header(about)
        self.web.download(Resource(url, path, params, headers), part, add, size)


def _name(about: About) -> str:
    return in_one_line(str(about["title"]).replace("/", "_"))


def _key_header(about: About) -> dict[str, str]:
    """The header with the key of the link, if it has one."""
    key = about.get("resourceKey")
    return {LINK_KEY: f"{about['id']}/{key}"} if key else {}


def _is_it(size: int, md5: str, path: Path) -> bool:
    return path.stat().st_size == size and (not md5 or md5_of(path) == md5)
