"""Writes TensorFlow checkpoints of format V2 by the book, so that the reader can be tested without TensorFlow."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.sound.tensorflow_checkpoint import DTYPES, FOOTER, MAGIC, NUMBERS, masked_crc

RESTART = 16  # every so many keys one stands in full


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def field(number: int, value: int | bytes) -> bytes:
    """A field of a protobuf: a number, or bytes with their length before them."""
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


def entry(array: NDArray[np.generic], place: int, **lies: int | bytes) -> bytes:
    """What the index says of an array, with `lies` in place of the truth."""
    kind = next(number for number, name in DTYPES.items() if np.dtype(name) == array.dtype)
    shape = b"".join(field(2, field(1, size)) for size in array.shape)
    said: dict[str, int | bytes] = {"dtype": kind, "shape": shape, "shard": 0, "offset": place, "size": array.nbytes}
    said |= lies
    numbers = {"dtype": 1, "shape": 2, "shard": 3, "offset": 4, "size": 5}
    total = masked_crc(array.tobytes()).to_bytes(4, "little")
    return b"".join(field(numbers[name], value) for name, value in said.items()) + varint(6 << 3 | 5) + total


def block(pairs: Mapping[bytes, bytes]) -> bytes:
    out, restarts, before = b"", [], b""
    for number, (key, value) in enumerate(sorted(pairs.items())):
        shared = 0
        if number % RESTART == 0:
            restarts.append(len(out))
        else:
            while shared < min(len(before), len(key)) and before[shared] == key[shared]:
                shared += 1
        out += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        before = key
    out += b"".join(place.to_bytes(4, "little") for place in restarts or [0])
    return out + len(restarts or [0]).to_bytes(4, "little")


def table(pairs: Mapping[bytes, bytes], together: int = 20) -> bytes:
    """A table whose blocks hold `together` keys each."""
    keys = sorted(pairs)
    out, handles = b"", {}
    for start in range(0, len(keys), together):
        part = keys[start : start + together]
        handles[part[-1]], out = _put(out, block({key: pairs[key] for key in part}))
    filters, out = _put(out, block({}))
    index, out = _put(out, block(handles))
    return out + (filters + index).ljust(FOOTER - 8, b"\x00") + MAGIC.to_bytes(8, "little")


def _put(out: bytes, content: bytes) -> tuple[bytes, bytes]:
    """The handle of a block, and all bytes with the block and its sum behind them."""
    handle = varint(len(out)) + varint(len(content))
    return handle, out + content + b"\x00" + masked_crc(content + b"\x00").to_bytes(4, "little")


HEADER = field(1, 1) + field(3, field(1, 1))  # one data file, little-endian


def write(folder: Path, arrays: Mapping[str, NDArray[np.generic]], header: bytes = HEADER) -> tuple[Path, Path]:
    """The two files of a checkpoint."""
    pairs, data = {b"": header}, b""
    for name in sorted(arrays):
        pairs[name.encode()] = entry(arrays[name], len(data))
        data += arrays[name].tobytes()
    return put(folder, table(pairs), data)


def put(folder: Path, index: bytes, data: bytes) -> tuple[Path, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    files = folder / ".index", folder / NUMBERS
    files[0].write_bytes(index)
    files[1].write_bytes(data)
    return files
