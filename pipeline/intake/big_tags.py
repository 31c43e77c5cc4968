"""ID3 tags without their pictures: a tag of 50 MB must not be read for a title of 20 bytes."""

import io
from pathlib import Path
from typing import BinaryIO

LARGE = 1 << 20  # bytes: below, a tag is read as it is
LARGEST_FRAME = 256 << 10  # bytes: of a text frame
UNSYNCHRONISED = 0x80
EXTENDED = 0x40


def slim(path: Path) -> BinaryIO:
    """The file's ID3 tag as a file of its own, without frames that are large."""
    with path.open("rb") as file:
        head = file.read(10)
        length = _seven(head[6:10]) if head[:3] == b"ID3" and len(head) == 10 else 0
        if length <= LARGE:
            end = 128 if file.seek(0, 2) >= 128 else 0
            file.seek(-end, 2)
            foot = file.read(end)  # an ID3v1 tag, where there is no other
            file.seek(0)
            return io.BytesIO(file.read(10 + length) + (foot if foot[:3] == b"TAG" else b""))
        simple = head[3] in (3, 4) and not head[5] & (UNSYNCHRONISED | EXTENDED)
        kept = _small_frames(file, 10 + length, head[3]) if simple else file.read(LARGE)
    return io.BytesIO(head[:6] + _as_seven(len(kept)) + kept)


def _small_frames(file: BinaryIO, end: int, version: int) -> bytes:
    """The frames that are not large, one after the other."""
    kept = b""
    while (at := file.tell()) + 10 <= end and len(kept) < LARGE:
        head = file.read(10)
        length = _seven(head[4:8]) if version == 4 else int.from_bytes(head[4:8])
        if not head[:4].isalnum() or at + 10 + length > end:
            break
        if length <= LARGEST_FRAME:
            kept += head + file.read(length)
        file.seek(at + 10 + length)
    return kept


def _seven(four: bytes) -> int:
    """A number of seven bits a byte, as ID3 writes it."""
    return sum((byte & 0x7F) << shift for byte, shift in zip(four, (21, 14, 7, 0), strict=True))


def _as_seven(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))
