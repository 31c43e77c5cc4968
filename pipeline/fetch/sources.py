"""The files of any source; a zip is brought whole and opened."""

import filecmp
import hashlib
import json
import logging
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from pipeline.core.command import Problem
from pipeline.fetch import archive, keys, links
from pipeline.fetch.google import Drive
from pipeline.fetch.items import PARTS, Item, bring, in_one_line, md5_of
from pipeline.fetch.links import InDrive, InRemote, OnDisk, OnWeb, Source
from pipeline.fetch.web import Refused, Resource, Web, is_page

PLACEHOLDER = "YOUR_FOLDER_ID"  # in the .dvc/config of the project

log = logging.getLogger(__name__)


@dataclass
class Reader:
    """Opens sources, and closes all of them at the end of its `with`."""

    timeout: float
    jobs: int
    remote: str  # its credentials open Drive
    _open: ExitStack = field(default_factory=ExitStack)
    _zips: list[Path] = field(default_factory=list)

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def remove_zips(self) -> None:
        """Removes the zips that came, once all their files are in place."""
        self._open.close()
        for path in self._zips:
            path.unlink(missing_ok=True)
            path.with_suffix(".json").unlink(missing_ok=True)

    def items(self, source: Source) -> list[Item]:
        """All files of the source; the files inside a zip in place of the zip."""
        match source:
            case InDrive():
                items = self._in_drive(source, self.remote)
            case InRemote():
                items = self._in_remote(source)
            case OnWeb():
                return self._unzipped(self._zip_behind(source), source.shown, "")
            case OnDisk():
                items = on_disk(source.path)
        return [file for item in items for file in self._opened(item, source, alone=len(items) == 1)]

    def _web(self, access: keys.Access | None) -> Web:
        web = Web(self.timeout, self.jobs, access)
        self._open.callback(web.session.close)
        return web

    def _in_drive(self, source: InDrive, remote: str) -> list[Item]:
        drive = Drive(self._web(keys.access(keys.settings(remote))), self.jobs)
        items = drive.items(source)
        for note in drive.notes:
            log.warning("%s", note)
        return items

    def _in_remote(self, source: InRemote) -> list[Item]:
        about = keys.settings(source.name)
        if not about:
            raise Problem(f"there is no remote {source.name!r}: `dvc remote list` names the remotes")
        if not about["url"].startswith("gdrive://"):
            return in_remote(source)
        top = links.parse(about["url"])
        assert isinstance(top, InDrive)
        if top.id == PLACEHOLDER:
            raise Problem(f"{source.name} has no folder yet: `dvc remote modify --local {source.name} url gdrive://ID`")
        return self._in_drive(InDrive(top.id, f"{top.path}/{source.path}"), source.name)

    def _opened(self, item: Item, source: Source, *, alone: bool) -> list[Item]:
        """The item, or the files in it if it is a zip."""
        if not item.path.lower().endswith(".zip"):
            return [item]
        if isinstance(source, OnDisk):
            path = source.path.absolute().parent / item.path
        else:
            path = PARTS / f"{item.part.name}.zip"
            brought = bring([(item, path)], 1)
            if brought.failed:
                raise Problem(brought.failed[0])
            self._zips.append(path)
        return self._unzipped(path, item.path, "" if alone else item.path[: -len(".zip")] + "/")

    def _unzipped(self, path: Path, shown: str, folder: str) -> list[Item]:
        """The files in the zip; a damaged copy of ours is removed, so that the next run fetches it again."""

        def forget() -> None:
            if path in self._zips:
                path.unlink(missing_ok=True)

        try:
            opened = self._open.enter_context(archive.open_checked(path, shown))
        except Problem:
            forget()
            raise
        return archive.members(opened, folder, forget)

    def _zip_behind(self, source: OnWeb) -> Path:
        """The zip behind a link; the copy of an earlier run if its ETag is still the same."""
        PARTS.mkdir(parents=True, exist_ok=True)
        path = PARTS / f"{hashlib.sha256(source.url.encode()).hexdigest()[:32]}.zip"
        part, note = path.with_suffix(".part"), path.with_suffix(".json")
        web, resource = self._web(None), Resource(source.url, source.shown)
        try:
            version = _version(web, resource)
            if not (version["tag"] and note.exists() and note.read_text(encoding="utf-8") == json.dumps(version)):
                part.unlink(missing_ok=True)
                path.unlink(missing_ok=True)
            self._zips.append(path)
            if not path.exists():
                note.write_text(json.dumps(version), encoding="utf-8")
                size = int(version["length"]) if version["length"].isdigit() else None
                with tqdm(total=size, desc="fetch", unit="B", unit_scale=True, disable=None, leave=False) as bar:
                    web.download(resource, part, bar.update, size, version["tag"])
                part.replace(path)
        except Refused as refused:
            raise Problem(str(refused)) from None
        return path


def _version(web: Web, resource: Resource) -> dict[str, str]:
    """The strong ETag and the length of the file behind a link."""
    with web.ask(resource) as response:
        if is_page(response):
            raise archive.page_problem(resource.name)
        tag, length = response.headers.get("ETag", ""), response.headers.get("Content-Length", "")
    return {"tag": "" if tag.startswith("W/") else tag, "length": length}


def on_disk(path: Path) -> list[Item]:
    """The files below a folder, or one file; they are copied, never moved."""
    top = path.absolute()
    files = [top] if top.is_file() else sorted(file for file in top.rglob("*") if file.is_file())
    items = []
    for file in files:
        stat = file.stat()
        is_it = partial(filecmp.cmp, file, shallow=False)
        get = partial(_copy, file)
        name = in_one_line(file.relative_to(top.parent).as_posix())
        items.append(Item(name, stat.st_size, f"{file} {stat.st_mtime_ns}", get, is_it))
    return items


def _copy(file: Path, part: Path, add: Callable[[int], object]) -> None:
    shutil.copyfile(file, part)
    add(part.stat().st_size)


def in_remote(source: InRemote) -> list[Item]:
    """The files in a DVC remote outside Drive, through DVC's own client for its kind."""
    from dvc.config import Config  # slow to import
    from dvc.fs import get_cloud_fs

    try:
        kind, about, top = get_cloud_fs(Config.from_cwd(), name=source.name)
        fs = kind(**about)
        top = fs.join(top, *source.path.split("/")) if source.path else top
        paths = [top] if fs.isfile(top) else sorted(fs.find(top))
        infos = fs.info(paths)
    except Exception as error:  # each kind of remote raises its own errors, whose text may hold a secret
        raise Problem(
            f"remote {source.name} cannot be listed ({type(error).__name__}): try `dvc ls-url remote://{source.name}`"
        ) from None
    start = len(fs.parent(top).rstrip("/")) + 1
    return [_in_remote(fs, path, in_one_line(path[start:]), info) for path, info in zip(paths, infos, strict=True)]


def _in_remote(fs: Any, path: str, name: str, info: dict[str, Any]) -> Item:
    version = str(info.get("etag") or info.get("checksum") or info.get("mtime") or info.get("LastModified") or "")
    size, md5 = int(info["size"]), str(info.get("md5") or "")

    def get(part: Path, add: Callable[[int], object]) -> None:
        try:
            fs.get_file(path, str(part))
        except Exception as error:  # as above
            raise Refused(f"{name} did not come ({type(error).__name__}): run the same command again") from None
        add(size)

    def is_it(file: Path) -> bool:
        return file.stat().st_size == size and (not md5 or md5_of(file) == md5)

    return Item(name, size, f"{path} {version}", get, is_it)
