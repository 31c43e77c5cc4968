"""Features from another program: a table of numbers by id replaces the audio features computed here."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float32
from numpy.typing import NDArray

from pipeline.core.command import Problem

log = logging.getLogger(__name__)

SHOWN = 3  # names in a log line
NONE = ["", "NA", "N/A", "nan", "NaN", "null", "None"]  # cells of a CSV that hold no number


@dataclass(frozen=True)
class Table:
    """The numbers of each track, segment by segment; rows that are not valid hold zeros."""

    ids: list[str]
    names: list[str]
    stats: Float32[NDArray[np.float32], "track segment stat"]
    valid: Bool[NDArray[np.bool_], "track segment"]


def read(path: Path, tracks: Sequence[str]) -> Table:
    """The rows of `path` that belong to `tracks`, in their order; several rows of an id are its segments."""
    table = numbers(opened(path), path)
    unknown = table.index.unique().difference(list(tracks), sort=False)
    if len(unknown):
        log.warning("%s: no track is called %s: left out", path, _few(unknown))
    finite = np.isfinite(table.to_numpy()).all(axis=1)
    if not finite.all():
        ids = list(table.index[~finite].unique())
        log.warning("%s: %d rows hold cells that are no number, of %s: left out", path, sum(~finite), _few(ids))
    parts = {id_: part.to_numpy() for id_, part in table[finite].groupby(level=0, sort=False)}
    ids = [id_ for id_ in tracks if id_ in parts]
    if not ids:
        raise Problem(f"{path} has no row for any track of data/tracks.csv: its ids begin with {_few(table.index)}")
    stats = np.zeros((len(ids), max(len(parts[id_]) for id_ in ids), len(table.columns)), np.float32)
    valid = np.zeros(stats.shape[:2], np.bool_)
    for row, id_ in enumerate(ids):
        stats[row, : len(parts[id_])], valid[row, : len(parts[id_])] = parts[id_], True
    return Table(ids, [str(name) for name in table.columns], stats, valid)


def opened(path: Path) -> pd.DataFrame:
    """The table as written in the file; ids stay text."""
    if not path.is_file():
        raise Problem(f"audio.external names {path}, which is no file: correct it in params.yaml, or set it to none")
    try:
        if path.suffix == ".parquet":
            table = pd.read_parquet(path)
            return table.reset_index() if table.index.name == "id" else table
        if path.suffix == ".csv":
            names = pd.read_csv(path, nrows=0, encoding="utf-8-sig").columns
            unknown = {name: NONE for name in names if name != "id"}  # an id may well be NA, or 007
            return pd.read_csv(
                path,
                dtype={"id": str},
                keep_default_na=False,
                na_values=unknown,
                encoding="utf-8-sig",
                low_memory=False,
            )
    except ImportError:
        raise Problem(f"{path} needs pyarrow to be read: run `pip install pyarrow`, or save it as .csv") from None
    except (ValueError, OSError) as error:  # pandas' and pyarrow's own errors are ValueErrors
        raise Problem(f"{path} cannot be read ({' '.join(str(error).split())[:120]}): correct it") from None
    raise Problem(f"audio.external is {str(path)!r}: it must be none, or end in .csv or .parquet")


def numbers(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The columns that hold numbers, by id; the log names those that are left out."""
    if "id" not in table:
        raise Problem(f"{path} has no column 'id' (it has {_few(list(table.columns))}): add the ids of data/tracks.csv")
    table = table.assign(id=table["id"].astype(str)).set_index("id")
    good = [name for name in table if pd.api.types.is_numeric_dtype(table[name]) and table[name].notna().any()]
    dropped = [str(name) for name in table if name not in good]
    if dropped:
        log.warning("%s: columns without numbers, or with texts among them, are left out: %s", path, _few(dropped))
    if not good:
        raise Problem(f"{path} has no column of numbers beside 'id': one text makes a column text")
    with np.errstate(over="ignore"):  # too large for us is as good as infinite
        return table[good].astype(np.float32)


def _few(names: Sequence[object] | pd.Index) -> str:
    shown = ", ".join(str(name) for name in names[:SHOWN])
    return f"{shown} (and {len(names) - SHOWN} more)" if len(names) > SHOWN else shown
