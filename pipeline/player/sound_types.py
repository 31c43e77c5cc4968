"""The kinds of files that the page plays and places, by their suffixes."""

from pathlib import PurePath
from typing import Final

from pipeline.core.catalog import SOUNDS, TEXTS

TYPES: Final = {
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".mp4": "audio/mp4",
    ".aac": "audio/aac",
    ".wma": "audio/x-ms-wma",
    ".aif": "audio/aiff",
    ".aiff": "audio/aiff",
}


def sound_type(name: str) -> str:
    """The type of a sound file for a browser."""
    return TYPES[PurePath(name).suffix.lower()]


def suffix(name: str) -> str:
    """The suffix of a name that a browser sends, in small letters; "" where it is no song and no lyrics."""
    ending = PurePath(name.replace("\\", "/")).suffix.lower()
    return ending if ending in SOUNDS or ending in TEXTS else ""
