"""A content cache of arrays outside the work tree: a rerun computes only what is new.

One safetensors file per key. A damaged entry counts as missing; a folder that cannot be written is a warning, not an
error. Deleting the folder is always safe.
"""

import contextlib
import hashlib
import json
import logging
import os
import secrets
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
from numpy.typing import NDArray
from safetensors.numpy import load, save

log = logging.getLogger(__name__)

Arrays = Mapping[str, NDArray[Any]]
CHECK = "crc32"


def place() -> Path | None:
    """The cache folder: SURBANI_CACHE, or `surbani` in the user's cache folder; None without a home."""
    if named := os.environ.get("SURBANI_CACHE"):
        return Path(named).expanduser()
    home = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not home.is_absolute():  # the XDG specification says to ignore it then
        try:
            home = Path.home() / ".cache"
        except RuntimeError:
            return None
    return home / "surbani"


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def key(**made_from: Any) -> str:
    """A hash of everything that a value depends on."""
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()


class Cache:
    """Arrays by key; several processes may use one folder at once."""

    def __init__(self, kind: str, folder: Path | None) -> None:
        self.folder = folder / kind if folder else None
        self._writable = folder is not None

    def __contains__(self, key: str) -> bool:
        return self.folder is not None and self._file(self.folder, key).is_file()

    def get(self, key: str) -> Arrays | None:
        """The arrays under `key`; None if they are missing or damaged."""
        if self.folder is None:
            return None
        try:
            arrays = load(self._file(self.folder, key).read_bytes())
        except (OSError, safetensors.SafetensorError, ValueError, KeyError):
            return None
        check = arrays.pop(CHECK, np.zeros(1, np.int64))
        return arrays if int(check[0]) == _crc(arrays) else None

    def put(self, key: str, arrays: Arrays) -> None:
        """Stores the arrays under `key`, atomically."""
        if self.folder is None or not self._writable:
            return
        file = self._file(self.folder, key)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            _write(file, save({**arrays, CHECK: np.array([_crc(arrays)], np.int64)}))
        except OSError as error:
            self._writable = False
            log.warning(
                "cache %s cannot be written (%s): continuing without it; SURBANI_CACHE sets another folder",
                self.folder,
                error.strerror or error,
            )

    @staticmethod
    def _file(folder: Path, key: str) -> Path:
        return folder / key[:2] / f"{key}.safetensors"


def _crc(arrays: Arrays) -> int:
    """A checksum of names, shapes and bytes: safetensors itself does not notice a flipped bit."""
    total = 0
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        total = zlib.crc32(f"{name}{array.dtype}{array.shape}".encode(), total)
        total = zlib.crc32(array.data.cast("B") if array.size else b"", total)
    return total


def _write(file: Path, data: bytes) -> None:
    part = file.with_name(f"{file.name}.{os.getpid()}.{secrets.token_hex(4)}.part")
    try:
        part.write_bytes(data)
        part.replace(file)  # atomic
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
