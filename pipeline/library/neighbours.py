"""Command `neighbours`: the songs that are nearest to a song, by default in another language.

SONG is an id, a title, or a sound file, which is placed first. Distances are scaled so that songs which are near to
everything are not everyone's neighbours.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.core import languages
from pipeline.core.catalog import SOUNDS
from pipeline.core.command import Problem
from pipeline.core.store import Array
from pipeline.library import printing
from pipeline.library.relatives import relatives
from pipeline.library.songs import Library
from pipeline.library.spaces import FACETS, SOUND, WORDS
from pipeline.library.unusable import Unusable

OTHER, ANY = "other", "any"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("song", metavar="SONG", help="an id, a title or a sound file")
    parser.add_argument("--language", default=OTHER, metavar="CODE", help="other (default), any, or one such as bn")
    parser.add_argument("--by", choices=FACETS, default="", help="default: words where the song has lyrics, else sound")
    parser.add_argument("--size", type=int, default=10, metavar="N", help="default: 10")
    parser.add_argument("--others-artists", action="store_true", help="leave out songs of the same artist")
    parser.add_argument("--json", action="store_true", help="for programs")


def run(arguments: argparse.Namespace) -> int:
    if arguments.size < 1:
        raise Problem(f"--size is {arguments.size}: it must be 1 or more")
    table = Library.open().neighbours(
        arguments.song,
        arguments.by,
        arguments.language,
        arguments.size,
        same_artist=not arguments.others_artists,
    )
    print(table.to_json(orient="records", force_ascii=False) if arguments.json else printing.table(table))
    return 0


def neighbours(
    songs: Library, song: str, by: str, language: str, many: int, *, same_artist: bool = True
) -> pd.DataFrame:
    """The nearest songs: id, title, artist, language, distance, and the distance in scales of both songs."""
    row, point, spoken, by = _asked(songs, song, by)
    space = songs.comparison(by)
    allowed = space.present & wanted(songs.languages, language, spoken)
    artists = np.array(songs.column("artist"), dtype=object)
    if not same_artist and row is not None and artists[row]:
        allowed &= artists != artists[row]
    if not allowed.any():
        asked = "in another language" if language == OTHER else f"in the language {language}"
        raise Problem(f"no song {asked} has a place by {by}: try --language any")
    crosses = bool(spoken) and not (songs.languages[allowed] == spoken).any()
    reference = space.present & (songs.languages == spoken) if crosses else space.present
    near = relatives(point, space.points, allowed, reference, many, row)
    table = songs.shown(near.rows)
    return table.assign(by=by, distance=near.distances.round(4), scaled=near.scaled.round(4))


def _asked(songs: Library, song: str, by: str) -> tuple[int | None, Array, str, str]:
    """The row of the song, its place, its language and the facet; the row is None for a file."""
    path = Path(song)
    if path.suffix.lower() in SOUNDS and path.is_file():
        try:
            placed = songs.assign(path)
        except Unusable as reason:
            raise Problem(f"{song}: {reason}: take another file") from None
        facet = by or (WORDS if placed.words is not None else SOUND)
        point = songs.comparison(facet).place(placed)
        if point is None:
            why = placed.notes.get(SOUND) or placed.notes.get(WORDS) or "its lyrics are not known"
            raise Problem(f"{song} has no place by {facet}: {why}")
        return None, point, placed.language, facet
    row = songs.find(song)
    facet = by or (WORDS if WORDS in songs.facets and songs.comparison(WORDS).present[row] else SOUND)
    space = songs.comparison(facet)
    if not space.present[row]:
        raise Problem(f"{song} has no place by {facet}, as it has no lyrics: use --by sound")
    return row, space.points[row], str(songs.languages[row]), facet


def wanted(spoken: Array, language: str, asking: str) -> Array:
    """Which songs are of the language that is asked for."""
    if language == ANY:
        return np.ones(len(spoken), dtype=np.bool_)
    if language == OTHER:
        if not asking:
            return np.ones(len(spoken), dtype=np.bool_)  # a language that is not known cannot be left out
        mask: Array = (spoken != asking) & (spoken != "")
        return mask
    code = languages.code(language) or language
    known: Array = spoken == code
    if not known.any():
        raise Problem(f"no song is in {languages.name(code)}; known are {', '.join(sorted(set(spoken) - {''}))}")
    return known
