"""The songs in a zip: every member is checked before the first one is unpacked."""

import lzma
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path, PurePosixPath

from pipeline.core.command import Problem
from pipeline.fetch.items import Item, in_one_line
from pipeline.fetch.web import CHUNK, Refused

RATIO = 200  # unpacked to packed bytes; silence in WAV comes near it, songs and texts stay far below
FREE_BYTES = 10_000_000  # may have any ratio
ENCRYPTED = 0x1
UTF8 = 0x800
DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, ValueError, OSError)


def is_page(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(512).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return head.startswith((b"<!doctype html", b"<html", b"<head"))


def page_problem(shown: str) -> Problem:
    return Problem(
        f"{shown} is a web page, not a zip: open the link in a browser to see what it says; "
        "a link to a file in Drive (https://drive.google.com/file/d/...) is fetched without that page"
    )


def open_checked(path: Path, shown: str) -> zipfile.ZipFile:
    """The zip; a Problem if it is none or a member is malicious."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        if is_page(path):
            raise page_problem(shown) from None
        raise Problem(f"{shown} is no zip, or only a part of one: correct the link, or fetch it again") from None
    try:
        for info in archive.infolist():
            _check(info, shown)
        _check_all(archive.infolist(), path, shown)
    except Problem:
        archive.close()
        raise
    return archive


def _check(info: zipfile.ZipInfo, shown: str) -> None:
    name = name_of(info)
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or (parts and ":" in parts[0]) or "\0" in name:
        raise Problem(f"{shown} holds {name!r}, which leads out of its folder: do not use this zip")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise Problem(f"{shown} holds {name!r}, which is a link or a device: pack it again with the files themselves")
    if info.flag_bits & ENCRYPTED:
        raise Problem(f"{shown} holds {name!r}, which needs a password: unpack it by hand and name the folder")
    if info.file_size > max(FREE_BYTES, RATIO * info.compress_size):
        raise Problem(
            f"{shown} holds {name!r}, which grows {info.file_size // max(1, info.compress_size)} times when unpacked "
            f"({RATIO} is the limit): if you trust it, unpack it by hand and name the folder"
        )


def _check_all(infos: list[zipfile.ZipInfo], path: Path, shown: str) -> None:
    packed, unpacked = sum(info.compress_size for info in infos), sum(info.file_size for info in infos)
    if packed > path.stat().st_size:
        raise Problem(f"{shown} holds members that overlap, as only zip bombs do: do not use this zip")
    if unpacked > max(FREE_BYTES, RATIO * packed):
        raise Problem(
            f"{shown} grows {unpacked // max(1, packed)} times when unpacked ({RATIO} is the limit): unpack it by hand"
        )
    if unpacked > shutil.disk_usage(path.parent).free:
        raise Problem(f"{shown} unpacks to {unpacked / 1e9:.1f} GB, more than the disk has: free some and try again")


def name_of(info: zipfile.ZipInfo) -> str:
    """The member's name with slashes; many packers write UTF-8 without the flag for it."""
    name = info.filename
    if not info.flag_bits & UTF8:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return in_one_line(name.replace("\\", "/"))


def members(archive: zipfile.ZipFile, folder: str, on_damage: Callable[[], object]) -> list[Item]:
    """The files of the zip, named below `folder`; calls `on_damage` if one of them cannot be unpacked."""
    items = []
    for number, info in enumerate(archive.infolist()):
        name = name_of(info)
        if info.is_dir() or name.endswith("/"):
            continue
        get, is_it = partial(_unpack, archive, info, on_damage), partial(_is_it, info)
        items.append(Item(folder + name, info.file_size, f"{number} {info.CRC}", get, is_it))
    return items


def _unpack(
    archive: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    on_damage: Callable[[], object],
    part: Path,
    add: Callable[[int], object],
) -> None:
    """Writes one member, never more bytes than the zip lists."""
    try:
        with part.open("wb") as file:
            for chunk in _chunks(archive, info, on_damage):
                file.write(chunk)
                add(len(chunk))
    except Refused:
        part.unlink(missing_ok=True)
        raise


def _chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo, on_damage: Callable[[], object]) -> Iterator[bytes]:
    """The member's bytes; read apart from the writing, since both bz2 damage and a full disk raise OSError."""
    try:
        with archive.open(info) as packed:
            while chunk := packed.read(CHUNK):
                yield chunk
    except DAMAGE as error:
        on_damage()
        raise Refused(f"{name_of(info)} in the zip is damaged ({type(error).__name__}): fetch it again") from None


def _is_it(info: zipfile.ZipInfo, path: Path) -> bool:
    if path.stat().st_size != info.file_size:
        return False
    crc = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            crc = zlib.crc32(chunk, crc)
    return crc == info.CRC
