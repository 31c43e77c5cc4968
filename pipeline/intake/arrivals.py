"""The songs that a music folder brings: each sound once, with what its tags, its names and the texts beside it say."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from pipeline.intake import file_names, sidecars
from pipeline.intake.file_names import shown
from pipeline.intake.merge import Arrival, Rows
from pipeline.intake.shelf import audio_name, lyrics_name
from pipeline.intake.sidecars import Sidecars
from pipeline.intake.song import Song
from pipeline.intake.walk import Sighting, Walk
from pipeline.text import clean

TWICE = "is the same sound as "


def single(songs: Mapping[Sighting, Song], walk: Walk, before: Rows) -> dict[Sighting, Song]:
    """The songs that can be used, each sound once: where it lay at the last run, else where it comes first."""
    by_digest: dict[str, list[Sighting]] = defaultdict(list)
    for seen, song in songs.items():
        if song.reason:
            walk.left_out[seen.path] = song.reason
        else:
            by_digest[song.digest].append(seen)
    chosen = {}
    for digest, places in by_digest.items():
        last = before.get(digest, {}).get("path")
        kept = next((seen for seen in places if str(seen.path) == last), places[0])
        chosen[kept] = songs[kept]
        walk.left_out |= {seen.path: TWICE + shown(kept.path) for seen in places if seen is not kept}
    return chosen


def all_arrivals(music: Path, songs: Mapping[Sighting, Song], walk: Walk) -> dict[str, Arrival]:
    """What each song says of itself, by id."""
    texts = Sidecars(walk.texts, (seen.path for seen in songs))
    arrivals = {}
    for seen, song in songs.items():
        path, tags = seen.path, song.tags
        artist, title = file_names.artist_and_title(shown(Path(path.stem)))
        words = _words(texts.beside(path), walk) or tags.lyrics
        cells = {
            "audio": audio_name(song.digest, path),
            "lyrics": lyrics_name(song.digest) if words else "",
            "title": tags.title or title,
            "artist": tags.artist or artist,
            "album": tags.album,
            "year": tags.year,
            "language": tags.language or file_names.language(music, path, (tags.artist or artist, tags.album)),
            "genre": tags.genre,
        }
        arrivals[song.digest] = Arrival(path, cells, words)
    return arrivals


def _words(texts: Iterable[Path], walk: Walk) -> str:
    """The lyrics of the first text that has some."""
    for path in texts:
        try:
            return sidecars.read(path)
        except clean.Unreadable as error:
            walk.left_out[path] = str(error)
    return ""
