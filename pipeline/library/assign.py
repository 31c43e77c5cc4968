"""Command `assign`: where new songs belong, by the models at hand and without any training.

By sound, by words and by both: the cluster and how likely it is; how far out the song is (the share of the library's
songs that are as far from their neighbours; at 3 % or less it is unlike anything in the library); the nearest songs;
the languages of its lyrics; and the tags that the pretrained encoder hears. Lyrics are read from a text beside the song
(.txt, .lrc), else from its tags; --lyrics names others, and alone it places a text. A file that cannot be used is a
line, the rest goes on, and the exit code is 1.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from pipeline.core.command import Problem
from pipeline.library import printing
from pipeline.library.placement import NEAREST, Assignment
from pipeline.library.reading import name_of
from pipeline.library.songs import Library
from pipeline.library.spaces import BOTH
from pipeline.library.unusable import Unusable

LISTED = 3  # nearest songs of a facet, in print; JSON has all


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("songs", nargs="*", type=Path, metavar="SONG", help="sound files")
    parser.add_argument("--lyrics", type=Path, metavar="F", help="lyrics of the song, or alone")
    parser.add_argument("--language", default="", metavar="CODE", help="of the songs, where their lyrics do not say it")
    parser.add_argument("--nearest", type=int, default=LISTED, metavar="N", help=f"songs to list, at most {NEAREST}")
    parser.add_argument("--json", action="store_true", help="one line of JSON for each song")


def run(arguments: argparse.Namespace) -> int:
    if arguments.lyrics and len(arguments.songs) > 1:
        raise Problem(f"--lyrics goes with one song, and {len(arguments.songs)} are named: place them one by one")
    if not arguments.songs and not arguments.lyrics:
        raise Problem("nothing to place: name a sound file, or lyrics with --lyrics")
    library, failed = Library.open(), 0
    printing.aside(library.smallness)
    for song in arguments.songs or [""]:
        try:
            assignment = library.assign(song, arguments.lyrics or "", arguments.language)
        except Unusable as reason:
            failed += 1
            name = printing.line(str(song or arguments.lyrics))
            print(f"{name}: {reason}", file=sys.stderr, flush=True)
            continue
        lines = [assignment.json()] if arguments.json else said(assignment, min(arguments.nearest, NEAREST))
        print("\n".join(lines), flush=True)
    return 1 if failed else 0


def said(assignment: Assignment, nearest: int) -> Iterator[str]:
    """The assignment in lines."""
    yield printing.line(assignment.song) + (": unlike anything in the library" if assignment.strange else "")
    if assignment.tags:
        yield "  heard: " + ", ".join(f"{tag} {likely:.2f}" for tag, likely in assignment.tags)
    if assignment.languages:
        yield f"  lyrics: {name_of(assignment.languages)}"
    for facet, placed in assignment.placements.items():
        cluster = f"cluster {placed.cluster} ({placed.probability:.0%})"
        if placed.strange:  # of clusters that are all far away the nearest is near for certain, and means nothing
            cluster = f"unlike anything; cluster {placed.cluster} is the nearest"
        out = f"{placed.score:.0%} of the songs are as far out"
        yield f"  {'both' if facet == BOTH else facet}: {cluster}; {out}"
        for song in placed.nearest.head(nearest).to_dict("records"):
            named = printing.line(printing.named(song))
            yield f"    {song['distance']:.2f}  {named} [{song['language'] or '?'}] {song['id']}"
    for facet, why in assignment.notes.items():
        yield f"  {facet}: no place: {why}"
