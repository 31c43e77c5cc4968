"""What a song file is: its digest, its tags, and whether it holds sound. Read once, then kept in the ledger."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from pipeline.intake import sound_bytes, tags
from pipeline.intake.ledger import Ledger
from pipeline.intake.tags import Tags
from pipeline.intake.walk import Sighting, failure
from pipeline.sound import waves

SHORTEST = 1.0  # seconds; `tracks.min_seconds` decides what the stages use
KIND = "song"


@dataclass(frozen=True)
class Song:
    """A file as it was read: `reason` says why it is no song, `passing` that the next run may find otherwise."""

    digest: str = ""
    seconds: float = 0.0
    codec: str = ""
    tags: Tags = field(default_factory=Tags)
    reason: str = ""
    passing: bool = False


def read(seen: Sighting) -> Song:
    """Everything that the file says; never an error."""
    try:
        info = waves.probe(seen.path)
        if info.seconds < SHORTEST:
            return Song(reason=f"is {info.seconds:.1f} s long, and songs last {SHORTEST:g} s at least")
        return Song(sound_bytes.digest(seen.path), round(info.seconds, 2), info.codec, tags.read(seen.path))
    except waves.Unreadable as error:
        reason = str(error)
        return Song(reason=reason, passing=reason.startswith(("cannot be opened", "is missing")))
    except OSError as error:
        return Song(reason=failure(error), passing=True)


def read_all(files: Sequence[Sighting], ledger: Ledger) -> dict[Sighting, Song]:
    """Each file as a song, most of them from the ledger."""
    passing: dict[Sighting, Song] = {}

    def value(seen: Sighting) -> Any:
        song = read(seen)
        if song.passing:
            passing[seen] = song
            return None
        return asdict(song)

    held = ledger.kept_or_made(KIND, files, value, "reading songs")
    return {seen: passing[seen] if seen in passing else _song(held[seen]) for seen in files}


def _song(value: Any) -> Song:
    return Song(**value | {"tags": Tags(**value["tags"])})
