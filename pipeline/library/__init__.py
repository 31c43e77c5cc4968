"""A person's own songs, through the trained models: brought in, placed, compared and put into playlists.

`Library` is the songs; `SongVAE` is the scikit-learn estimator, for any table of numbers.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.library.estimator import SongVAE
    from pipeline.library.songs import Library

__all__ = ["Library", "SongVAE"]

HOMES = {"Library": "pipeline.library.songs", "SongVAE": "pipeline.library.estimator"}


def __getattr__(name: str) -> Any:
    """Either when it is first asked for: what they import takes seconds, in which a command could not be stopped."""
    if name in HOMES:
        return getattr(importlib.import_module(HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
