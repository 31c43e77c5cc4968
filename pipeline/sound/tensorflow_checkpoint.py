"""Reads the tensors of a TensorFlow checkpoint (format V2) without TensorFlow: names -> arrays.

A checkpoint is two files: `.index`, a LevelDB table that says what each tensor is and where it lies, and
`.data-00000-of-00001`, the numbers one after another. Both carry CRC-32C sums, which are checked for all that is read.
Nothing in the files is trusted or executed: what does not fit raises Damaged, with one line.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

MAGIC: Final = 0xDB4775248B80FB57  # of a LevelDB table, its last eight bytes
FOOTER: Final = 48
TRAILER: Final = 5  # after each block: how it is compressed, and its sum
MAX_INDEX: Final = 64 << 20  # bytes; the index of a network with a million tensors is smaller
MAX_RANK: Final = 32  # NumPy's arrays had no more axes for long, and no layer has

NUMBERS: Final = ".data-00000-of-00001"  # the name of the file of numbers, or how it ends
DTYPES: Final = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8", 10: "?", 19: "<f2"}  # tensorflow/core/framework/types.proto
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types of a protobuf


class Damaged(Exception):
    """A file that is no such checkpoint; the message says what is wrong with it."""


@dataclass(frozen=True)
class Entry:
    """What the index says of a tensor."""

    dtype: str
    shape: tuple[int, ...]
    offset: int
    size: int
    sum: int  # masked CRC-32C of its bytes


def tensors(index: Path, data: Path, wanted: Callable[[str], bool] = lambda _: True) -> dict[str, NDArray[np.generic]]:
    """The tensors whose names are `wanted`, in the order of their names."""
    arrays = {}
    try:
        with data.open("rb") as file:
            for name, entry in entries(index).items():
                if wanted(name):
                    arrays[name] = _tensor(file, name, entry)
    except OSError as error:
        raise Damaged(f"{data.name} cannot be read: {error.strerror or error}") from None
    except Damaged as error:
        raise Damaged(f"{data.name}: {error}" if str(error).startswith("tensor") else str(error)) from None
    return arrays


def entries(index: Path) -> dict[str, Entry]:
    """What the index says of each tensor, by name."""
    try:
        if index.stat().st_size > MAX_INDEX:
            raise Damaged(f"{index.stat().st_size} bytes are too many for an index")
        return _entries(index.read_bytes())
    except OSError as error:
        raise Damaged(f"{index.name} cannot be read: {error.strerror or error}") from None
    except (Damaged, UnicodeDecodeError) as error:
        why = error if isinstance(error, Damaged) else "a name that is not UTF-8"
        raise Damaged(f"{index.name} is not the index of a TensorFlow checkpoint, or is damaged: {why}") from None


def _entries(table: bytes) -> dict[str, Entry]:
    if len(table) < FOOTER or int.from_bytes(table[-8:], "little") != MAGIC:
        raise Damaged("its last bytes are not those of a table")
    footer = _Bytes(table[-FOOTER:-8])
    footer.handle()  # of the block of filters, which checkpoints leave empty
    index_block = footer.handle()
    records: dict[str, bytes] = {}
    for _, handle in _pairs(_block(table, *index_block)):
        for key, value in _pairs(_block(table, *_Bytes(handle).handle())):
            name = key.decode()
            if name in records:
                raise Damaged(f"two tensors are called {name!r}")
            records[name] = value
    _check_header(records.pop("", b""))
    return {name: _entry(name, value) for name, value in records.items()}


def _check_header(value: bytes) -> None:
    """The entry without a name: how many data files there are, and in which order their bytes stand."""
    fields = dict(_fields(value))
    files = fields.get(1, 0)
    if files != 1:
        raise Damaged(f"{files!r} data files, where one is read")
    if fields.get(2, 0) != 0:
        raise Damaged("its numbers are big-endian")


# --- a LevelDB table --------------------------------------------------------------------------------------------------


class _Bytes:
    """Bytes read from the front; reading past their end is an error."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def __bool__(self) -> bool:
        return self.at < len(self.data)

    def take(self, count: int) -> bytes:
        if count > len(self.data) - self.at:
            raise Damaged("it ends too early")
        self.at += count
        return self.data[self.at - count : self.at]

    def varint(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise Damaged("a number without an end")

    def handle(self) -> tuple[int, int]:
        """Where a block lies and how long it is."""
        return self.varint(), self.varint()


def _block(table: bytes, offset: int, size: int) -> bytes:
    if offset + size + TRAILER > len(table) - FOOTER:
        raise Damaged("a block lies beyond its end")
    block, trailer = table[offset : offset + size], table[offset + size : offset + size + TRAILER]
    if trailer[0]:
        raise Damaged("a block is compressed")
    if masked_crc(block + trailer[:1]) != int.from_bytes(trailer[1:], "little"):
        raise Damaged("a block does not agree with its sum")
    return block


def _pairs(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a block, whose end is a list of places, and the length of that list in four bytes."""
    restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 - 4 * restarts
    if len(block) < 4 or end < 0:
        raise Damaged("a block lies about its size")
    rest, key = _Bytes(block[:end]), b""
    while rest:
        shared, added, size = rest.varint(), rest.varint(), rest.varint()
        if shared > len(key):
            raise Damaged("a name begins like a longer one than there is")
        key = key[:shared] + rest.take(added)
        yield key, rest.take(size)


# --- protobufs --------------------------------------------------------------------------------------------------------


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field."""
    rest = _Bytes(message)
    while rest:
        number, wire = divmod(rest.varint(), 8)
        if wire == VARINT:
            yield number, rest.varint()
        elif wire == BYTES:
            yield number, rest.take(rest.varint())
        elif wire in (FIXED32, FIXED64):
            yield number, int.from_bytes(rest.take(4 if wire == FIXED32 else 8), "little")
        else:
            raise Damaged(f"a field of wire type {wire}")


def _entry(name: str, value: bytes) -> Entry:
    fields = dict(_fields(value))
    kind, shape = fields.get(1, 0), fields.get(2, b"")
    offset, size, total = (fields.get(number, 0) for number in (4, 5, 6))
    if not (isinstance(shape, bytes) and isinstance(offset, int) and isinstance(size, int) and isinstance(total, int)):
        raise Damaged(f"tensor {name!r} has fields of other types")
    if not isinstance(kind, int) or kind not in DTYPES:
        raise Damaged(f"tensor {name!r} is of type {kind!r}, which is not read")
    if fields.get(3, 0) != 0 or 7 in fields:
        raise Damaged(f"tensor {name!r} lies in several pieces")
    sizes = _shape(name, shape)
    wanted = math.prod(sizes) * np.dtype(DTYPES[kind]).itemsize
    if size != wanted:
        raise Damaged(f"tensor {name!r} has {size} bytes, where {sizes} needs {wanted}")
    return Entry(DTYPES[kind], sizes, offset, size, total)


def _shape(name: str, message: bytes) -> tuple[int, ...]:
    sizes = []
    for number, dimension in _fields(message):
        if number != 2 or not isinstance(dimension, bytes):
            raise Damaged(f"tensor {name!r} has no shape")
        size = dict(_fields(dimension)).get(1, 0)
        if not isinstance(size, int) or size >= 1 << 40:  # a negative number is a very large one here
            raise Damaged(f"tensor {name!r} has an axis of {size!r}")
        sizes.append(size)
    if len(sizes) > MAX_RANK:
        raise Damaged(f"tensor {name!r} has {len(sizes)} axes")
    return tuple(sizes)


def _tensor(file: BinaryIO, name: str, entry: Entry) -> NDArray[np.generic]:
    if entry.offset + entry.size > file.seek(0, 2):
        raise Damaged(f"tensor {name!r} lies beyond its end")
    file.seek(entry.offset)
    data = file.read(entry.size)
    if masked_crc(data) != entry.sum:
        raise Damaged(f"tensor {name!r} does not agree with its sum")
    return np.frombuffer(data, entry.dtype).reshape(entry.shape).copy()


# --- CRC-32C ----------------------------------------------------------------------------------------------------------


def _table() -> list[int]:
    table = list(range(256))
    for _ in range(8):
        table = [(value >> 1) ^ (0x82F63B78 if value & 1 else 0) for value in table]
    return table


CRC: Final = _table()


def crc32c(data: bytes) -> int:
    """The sum of Castagnoli's polynomial; zlib has only the other one."""
    total, table = 0xFFFFFFFF, CRC
    for byte in data:
        total = table[(total ^ byte) & 0xFF] ^ (total >> 8)
    return total ^ 0xFFFFFFFF


def masked_crc(data: bytes) -> int:
    """The sum as LevelDB and TensorFlow store it: turned by 15 bits and shifted, so that sums of sums stay useful."""
    total = crc32c(data)
    return ((total >> 15 | total << 17) + 0xA282EAD8) & 0xFFFFFFFF
