"""The one place that opens files: tables, JSON, and arrays with the ids of their rows."""

import csv
import io
import json
import lzma
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from pipeline.core.command import Problem

DATA = Path("data")
BUILD = Path("build")
REPORTS = Path("reports")
PACKED = ".xz"

Array = NDArray[Any]


@dataclass(frozen=True)
class Rows:
    """Arrays with one row per track, and the track ids of the rows."""

    ids: tuple[str, ...]
    arrays: Mapping[str, Array]

    def __post_init__(self) -> None:
        if len(set(self.ids)) != len(self.ids):
            raise ValueError("two rows have the same id")
        for name, array in self.arrays.items():
            if len(array) != len(self.ids):
                raise ValueError(f"{name} has {len(array)} rows for {len(self.ids)} ids")

    def __getitem__(self, name: str) -> Array:
        return self.arrays[name]

    def at(self, ids: Sequence[str]) -> "Rows":
        """The same arrays with exactly the rows of `ids`, in that order."""
        if tuple(ids) == self.ids:
            return self  # stays memory-mapped
        position = {id_: row for row, id_ in enumerate(self.ids)}
        absent = [id_ for id_ in ids if id_ not in position]
        if absent:
            raise Problem(f"no features for {absent[0]} (and {len(absent) - 1} more): run `dvc repro`")
        order = [position[id_] for id_ in ids]
        return Rows(tuple(ids), {name: array[order] for name, array in self.arrays.items()})


def write_rows(folder: Path, ids: Sequence[str], **arrays: Array) -> None:
    """Writes each array as `folder/<name>.npy`, and the ids of the rows as `folder/ids.json`."""
    Rows(tuple(ids), arrays)  # checks the lengths
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
    write_json(folder / "ids.json", list(ids))


def fresh_folder(folder: Path) -> Path:
    """The folder, emptied: the model of an earlier run must not be scored as one of this run."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def read_rows(folder: Path, *names: str) -> Rows:
    """The named arrays of `folder`, memory-mapped, with the ids of their rows."""
    ids = tuple(read_json(folder / "ids.json"))
    return Rows(ids, {name: read_array(folder / f"{name}.npy") for name in names})


def write_sparse(folder: Path, name: str, table: Array) -> None:
    """Writes an array that is mostly zeros; `read_rows` gives it back dense and unchanged."""
    sparse.save_npz(folder / f"{name}.npz", sparse.csr_array(table), compressed=False)  # equal bytes on every machine


def write_packed(folder: Path, name: str, array: Array) -> None:
    """Writes an array that repeats itself as `folder/<name>.npy.xz`; `read_rows` gives it back."""
    with lzma.open(folder / f"{name}.npy{PACKED}", "wb") as file:
        np.save(file, array, allow_pickle=False)


def read_array(path: Path) -> Array:
    """The array of a .npy file, memory-mapped; or of the sparse .npz or packed .npy.xz file in its place."""
    path = next((each for each in (path.with_suffix(".npz"), Path(f"{path}{PACKED}")) if each.exists()), path)
    _require(path)
    try:
        return _array(path)
    except (ValueError, EOFError, KeyError, BadZipFile, lzma.LZMAError) as error:
        raise _unreadable(path, error, "remove it and run `dvc repro`") from None


def _array(path: Path) -> Array:
    if path.suffix == ".npz":
        dense: Array = sparse.load_npz(path).toarray()
        return dense
    if path.suffix == PACKED:
        whole = io.BytesIO(lzma.decompress(path.read_bytes()))  # which checks it to its end
        unpacked: Array = np.load(whole, allow_pickle=False)
        return unpacked
    mapped: Array = np.load(path, "r", allow_pickle=False)
    return mapped


def read_json(path: Path) -> Any:
    _require(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:  # or not UTF-8
        raise _unreadable(path, error, "remove it and run `dvc repro`") from None


def write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def read_table(path: Path) -> pd.DataFrame:
    """A CSV table of texts: an id such as 007 or NA stays as it is."""
    _require(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head, *rows = [row for row in csv.reader(file, strict=True) if row] or [[]]
    except (csv.Error, UnicodeDecodeError) as error:
        raise _unreadable(path, error, "fix it, or run `dvc checkout`") from None
    if not head:
        raise Problem(f"{path} is empty: its first line must name the columns")
    for number, row in enumerate(rows, start=1):
        if any(row[len(head) :]):
            raise Problem(
                f"{path}: row {number} has more cells than the {len(head)} columns: put texts with commas in quotes"
            )
    return pd.DataFrame([(row + [""] * len(head))[: len(head)] for row in rows], columns=head, dtype=str)


def write_table(path: Path, table: pd.DataFrame) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False, lineterminator="\n")


def _require(path: Path) -> None:
    if not path.exists():
        parts = path.parts
        stage = f" {parts[1]}" if len(parts) > 2 and parts[0] == BUILD.name else ""
        raise Problem(f"{path} is missing: run `dvc repro{stage}`")


def _unreadable(path: Path, error: Exception, cure: str) -> Problem:
    return Problem(f"{path} cannot be read ({' '.join(str(error).split())[:120]}): {cure}")
