"""A person's own songs, through the trained models: brought in, placed, compared and put into playlists.

`Library` is the songs; `SongVAE` is the scikit-learn estimator, for any table of numbers.
"""

from typing import TYPE_CHECKING, Any

from pipeline.library.songs import Library

if TYPE_CHECKING:
    from pipeline.library.estimator import SongVAE

__all__ = ["Library", "SongVAE"]


def __getattr__(name: str) -> Any:
    """The estimator when it is first asked for: torch and scikit-learn take seconds, and a library may do without."""
    if name == "SongVAE":
        from pipeline.library.estimator import SongVAE

        return SongVAE
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
