"""What the page is given: songs to show and play, relatives, lists to save, and a place for a new song."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol


class Catalogue(Protocol):
    """Songs by their ids. Each method may raise a Problem, whose message the page shows."""

    def content(self) -> dict[str, Any]:
        """All that the page draws, as JSON knows it."""

    def file(self, id_: str) -> Path:
        """The sound of a song."""

    def decoded(self, id_: str) -> Path:
        """The sound as WAV, which every browser plays."""

    def near(self, id_: str, by: str, language: str) -> list[dict[str, Any]]:
        """The songs nearest to it."""

    def save(self, name: str, ids: Sequence[str], *, replace: bool) -> dict[str, Any]:
        """Writes a playlist; Taken where there is one of this name."""

    def place(self, file: Path, name: str) -> dict[str, Any]:
        """Where a new song belongs."""


class Taken(Exception):
    """A playlist of this name exists; the message names its file."""
