"""The songs in a zip: every member is judged before the first one is unpacked."""

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

RATIO = 200  # unpacked to packed bytes; silence in WAV comes near it, songs and words are far below
SMALL = 10_000_000  # bytes that may have any ratio
ENCRYPTED = 0x1
UTF8 = 0x800
BAD = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, ValueError, OSError)


def is_page(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(512).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return head.startswith((b"<!doctype html", b"<html", b"<head"))


def opened(path: Path, shown: str) -> zipfile.ZipFile:
    """The zip, if it is one and none of its members means harm."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        if is_page(path):
            raise Problem(
                f"{shown} is a web page, not a zip: open the link in a browser to see what it says; "
                "a link to a file in Drive (https://drive.google.com/file/d/...) is fetched without that page"
            ) from None
        raise Problem(f"{shown} is no zip, or not all of it: correct the link, or fetch it again") from None
    try:
        for info in archive.infolist():
            _judge(info, shown)
        _judge_all(archive.infolist(), path, shown)
    except Problem:
        archive.close()
        raise
    return archive


def _judge(info: zipfile.ZipInfo, shown: str) -> None:
    name = name_of(info)
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or (parts and ":" in parts[0]) or "\0" in name:
        raise Problem(f"{shown} holds {name!r}, which leads out of its folder: do not use this zip")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise Problem(f"{shown} holds {name!r}, which is a link or a device: pack it again with the files themselves")
    if info.flag_bits & ENCRYPTED:
        raise Problem(f"{shown} holds {name!r}, which needs a password: unpack it by hand and name the folder")
    if info.file_size > max(SMALL, RATIO * info.compress_size):
        raise Problem(
            f"{shown} holds {name!r}, which grows {info.file_size // max(1, info.compress_size)} times when unpacked "
            f"({RATIO} is the limit): if you trust it, unpack it by hand and name the folder"
        )


def _judge_all(infos: list[zipfile.ZipInfo], path: Path, shown: str) -> None:
    packed, whole = sum(info.compress_size for info in infos), sum(info.file_size for info in infos)
    if packed > path.stat().st_size:
        raise Problem(f"{shown} holds members that overlap, as only a zip bomb does: do not use this zip")
    if whole > max(SMALL, RATIO * packed):
        raise Problem(
            f"{shown} grows {whole // max(1, packed)} times when unpacked ({RATIO} is the limit): unpack it by hand"
        )
    if whole > shutil.disk_usage(path.parent).free:
        raise Problem(f"{shown} unpacks to {whole / 1e9:.1f} GB, more than the disk has: make room and run it again")


def name_of(info: zipfile.ZipInfo) -> str:
    """The member's name with slashes; many packers write UTF-8 without saying so."""
    name = info.filename
    if not info.flag_bits & UTF8:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return in_one_line(name.replace("\\", "/"))


def members(archive: zipfile.ZipFile, above: str, damaged: Callable[[], object]) -> list[Item]:
    """The files of the zip, named below `above`; calls `damaged` when one of them cannot be unpacked."""
    found = []
    for number, info in enumerate(archive.infolist()):
        name = name_of(info)
        if info.is_dir() or name.endswith("/"):
            continue
        get, is_it = partial(_unpack, archive, info, damaged), partial(_is_it, info)
        found.append(Item(above + name, info.file_size, f"{number} {info.CRC}", get, is_it))
    return found


def _unpack(
    archive: zipfile.ZipFile,
    info: zipfile.ZipInfo,
    damaged: Callable[[], object],
    part: Path,
    add: Callable[[int], object],
) -> None:
    """Writes one member; never more bytes than the zip's own list says."""
    try:
        with part.open("wb") as file:
            for chunk in _chunks(archive, info, damaged):
                file.write(chunk)
                add(len(chunk))
    except Refused:
        part.unlink(missing_ok=True)
        raise


def _chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo, damaged: Callable[[], object]) -> Iterator[bytes]:
    """The member's bytes; apart from their writing, since bz2 tells of damage as the system of a full disk: OSError."""
    try:
        with archive.open(info) as packed:
            while chunk := packed.read(CHUNK):
                yield chunk
    except BAD as error:
        damaged()
        raise Refused(f"{name_of(info)} in the zip is damaged ({type(error).__name__}): fetch it again") from None


def _is_it(info: zipfile.ZipInfo, path: Path) -> bool:
    if path.stat().st_size != info.file_size:
        return False
    crc = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            crc = zlib.crc32(chunk, crc)
    return crc == info.CRC
