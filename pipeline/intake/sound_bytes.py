"""A digest of what sounds in a file: tags may change and the file may move, the digest stays.

Left out are ID3 and APE tags, the header blocks of FLAC, the header pages of Ogg, and everything but the sound in WAV,
AIFF, MP4 and WMA. Other formats, and files that are not built as they should be, count with all their bytes.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

CHUNK = 1 << 20
ID3_FOOTER = 0x10  # the flag of an ID3 tag that has ten more bytes at its end
ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")  # of WMA, which names its objects by such numbers
ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
SHORT = 2**32 - 1  # a size that says "too large for four bytes"

Spans = Iterator[tuple[int, int]]  # begin and length


def digest(path: Path) -> str:
    """Fifteen hexadecimal digits, behind a letter: spreadsheets would make a number of some."""
    total = hashlib.sha256()
    with path.open("rb") as file:
        spans = list(_spans(file))
        size = file.seek(0, 2)
        if not sum(length for _, length in spans):
            spans = [(0, size)]
        for begin, length in spans:
            file.seek(begin)
            while length > 0 and (piece := file.read(min(length, CHUNK))):
                total.update(piece)
                length -= len(piece)
    return f"t{total.hexdigest()[:15]}"


def _spans(file: BinaryIO) -> Spans:
    """Where the sound lies in the file."""
    size = file.seek(0, 2)
    begin = id3_end(file)
    file.seek(begin)
    head = file.read(12)
    if head[:4] == b"fLaC":
        yield from _flac(file, begin, size)
    elif head[:4] == b"OggS":
        yield from _ogg(file, begin, size)
    elif head[:4] == b"RIFF" and head[8:] == b"WAVE":
        yield from _boxes(file, begin + 12, size, b"data", "little")
    elif head[:4] == b"FORM" and head[8:11] == b"AIF":
        yield from _boxes(file, begin + 12, size, b"SSND", "big")
    elif head[4:8] == b"ftyp":
        yield from _atoms(file, size)
    elif head == ASF_HEADER[:12]:
        yield from _asf(file, size)
    else:
        yield begin, _end_without_tags(file, size) - begin


def id3_end(file: BinaryIO) -> int:
    """Where the ID3 tags at the beginning end; 0 without one."""
    end = 0
    while True:
        file.seek(end)
        head = file.read(10)
        if len(head) < 10 or head[:3] != b"ID3" or max(head[6:10]) > 127:
            return end
        length = sum(byte << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
        end += 10 + length + (10 if head[5] & ID3_FOOTER else 0)


def _end_without_tags(file: BinaryIO, size: int) -> int:
    """Where ID3v1, APE and Lyrics3 tags at the end of the file begin."""
    end = size
    while True:
        before = end
        file.seek(max(0, end - 128))
        if file.read(3) == b"TAG" and end >= 128:
            end -= 128
        file.seek(max(0, end - 32))
        foot = file.read(32)
        if foot[:8] == b"APETAGEX":
            header = 32 if int.from_bytes(foot[20:24], "little") >> 31 else 0
            end -= int.from_bytes(foot[12:16], "little") + header
        elif foot[-9:] == b"LYRICS200" and foot[-15:-9].isdigit():
            end -= int(foot[-15:-9]) + 15
        if end == before or end <= 0:
            return max(end, 0)


def _flac(file: BinaryIO, begin: int, size: int) -> Spans:
    at, last = begin + 4, False
    while not last and at < size:
        file.seek(at)
        head = file.read(4)
        last = len(head) < 4 or bool(head[0] & 0x80)
        at += 4 + int.from_bytes(head[1:4])
    yield at, max(0, _end_without_tags(file, size) - at)


def _ogg(file: BinaryIO, begin: int, size: int) -> Spans:
    """The bodies of the pages that carry sound: pages of headers, the first ones, end at position zero."""
    at, bodies = begin, list[tuple[int, int]]()
    while at < size:
        file.seek(at)
        head = file.read(27)
        if len(head) < 27 or head[:4] != b"OggS":
            break
        length = sum(file.read(head[26]))
        if int.from_bytes(head[6:14], "little"):
            bodies.append((at + 27 + head[26], length))
        else:
            bodies.clear()  # a header may go over many pages, of which the last alone says where it ends
        at += 27 + head[26] + length
    yield from bodies


def _boxes(file: BinaryIO, at: int, size: int, wanted: bytes, order: str) -> Spans:
    """The chunks of a WAV or AIFF that have the wanted name."""
    while at + 8 <= size:
        file.seek(at)
        head = file.read(8)
        length = int.from_bytes(head[4:8], "little" if order == "little" else "big")
        if length == SHORT or at + 8 + length > size:
            length = size - at - 8  # a stream that was never closed
        if head[:4] == wanted:
            yield at + 8, length
        at += 8 + length + length % 2


def _atoms(file: BinaryIO, size: int) -> Spans:
    """The atoms `mdat` of an MP4."""
    at = 0
    while at + 8 <= size:
        file.seek(at)
        head = file.read(16)
        length, header = int.from_bytes(head[:4]), 8
        if length == 1:
            length, header = int.from_bytes(head[8:16]), 16
        elif length == 0:
            length = size - at
        if length < header:
            return
        if head[4:8] == b"mdat":
            yield at + header, min(length, size - at) - header
        at += length


def _asf(file: BinaryIO, size: int) -> Spans:
    """The data objects of a WMA."""
    at = 0
    while at + 24 <= size:
        file.seek(at)
        head = file.read(24)
        length = int.from_bytes(head[16:], "little")
        if length < 24:
            return
        if head[:16] == ASF_DATA:
            yield at + 24, min(length, size - at) - 24
        at += length
