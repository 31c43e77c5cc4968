"""What a song file is: its digest, its tags, and whether it holds sound. Read once, then kept in the ledger."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import islice
from typing import Any

from pipeline.core import command, workers
from pipeline.library import sound_bytes, tags
from pipeline.library.ledger import Ledger
from pipeline.library.tags import Tags
from pipeline.library.walk import Sighting, failure
from pipeline.sound import waves

SHORTEST = 1.0  # seconds; `tracks.min_seconds` decides what the stages use
BATCH = 32  # files read between two entries of the ledger: what Ctrl-C may lose
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
    """Each file as a song, most of them from the ledger; with a bar and an estimate for the rest."""
    kept = {seen: ledger.get(KIND, seen) for seen in files}
    songs = {seen: _song(value) for seen, value in kept.items() if value}
    ahead = iter(command.progress([seen for seen in files if seen not in songs], "reading songs"))
    with ThreadPoolExecutor(workers.cores()) as pool:
        for batch in iter(partial(_first, ahead), []):
            read_now = dict(zip(batch, pool.map(read, batch), strict=True))
            ledger.put(KIND, {seen: asdict(song) for seen, song in read_now.items() if not song.passing})
            songs |= read_now
    return {seen: songs[seen] for seen in files}


def _first(ahead: Iterator[Sighting]) -> list[Sighting]:
    return list(islice(ahead, BATCH))


def _song(value: Any) -> Song:
    return Song(**value | {"tags": Tags(**value["tags"])})
