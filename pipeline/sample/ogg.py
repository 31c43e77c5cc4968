"""Gives an Ogg file a fixed stream number, so that the same sound is the same bytes.

libsndfile draws the number at random; it stands in every page, under a checksum that must then be made anew.
"""

import struct
import zlib
from typing import Final

# magic, version, flags, position, stream number, page number, checksum, segments
HEAD: Final = struct.Struct("<4sBBqIIIB")
_MIRROR: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def renumber(data: bytes, stream: int) -> bytes:
    """The same pages with this stream number."""
    pages = []
    at = 0
    while at < len(data):
        magic, version, flags, position, _, page, _, segments = HEAD.unpack_from(data, at)
        if magic != b"OggS":
            raise ValueError(f"no Ogg page at byte {at}")
        table = data[at + HEAD.size : at + HEAD.size + segments]
        end = at + HEAD.size + segments + sum(table)
        body = data[at + HEAD.size : end]
        blank = HEAD.pack(magic, version, flags, position, stream, page, 0, segments) + body
        pages.append(HEAD.pack(magic, version, flags, position, stream, page, checksum(blank), segments) + body)
        at = end
    return b"".join(pages)


def checksum(page: bytes) -> int:
    """Ogg's CRC: zlib's polynomial, with the bits of bytes and result in the other order, and nothing inverted."""
    mirrored = zlib.crc32(page.translate(_MIRROR), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)
