"""An .npy file written row by row: the array never has to fit in memory, nor its length to be known at the start."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray


class RowFile:
    """`with RowFile(path, (40, 300), np.float32) as file: file.append(row)`; numpy.load reads it afterwards."""

    def __init__(self, path: Path, row: Sequence[int], dtype: DTypeLike) -> None:
        self._row, self._dtype, self._rows = tuple(row), np.dtype(dtype), 0
        self._file = path.open("wb")
        self._header()

    def append(self, row: NDArray[Any]) -> None:
        if row.shape != self._row:
            raise ValueError(f"a row of shape {row.shape} does not fit into {self._file.name}: {self._row}")
        self._file.write(np.ascontiguousarray(row, self._dtype).data)
        self._rows += 1

    def _header(self) -> None:
        """numpy pads the header so that it stays as long when the number of rows grows."""
        self._file.seek(0)
        described = {"descr": self._dtype.str, "fortran_order": False, "shape": (self._rows, *self._row)}
        np.lib.format.write_array_header_1_0(self._file, described)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        if kind is None:
            self._header()
        self._file.close()
