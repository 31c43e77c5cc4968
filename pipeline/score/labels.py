"""The columns of the tracks that something can be scored against."""

from collections.abc import Iterable

import pandas as pd

from pipeline.core.store import Array


def usable(tracks: pd.DataFrame, columns: Iterable[str]) -> dict[str, Array]:
    """Those of the columns that are there and have two values at least, "" being none; in the order of the tracks."""
    return {
        column: tracks[column].to_numpy(dtype=object)
        for column in columns
        if column in tracks and tracks[column].replace("", None).nunique() > 1
    }
