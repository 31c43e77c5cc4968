"""Command `add`: places songs, or the songs of folders, beside those of the library, without any training.

The models at hand place them once; then `neighbours`, `playlists`, `explain` and `assign` know them. The songs of the
library stay in their clusters, nothing of them is computed again, and `dvc repro` has nothing to do. Tags, and texts
beside the songs, are read as `ingest` reads them. The sound files stay where they are.

At the end it says whether the added songs speak for training again. --remove takes songs out: added ones, and also
those that the models have learnt from; `add` with the same file brings these back. Without songs it places again what
models placed that were trained since. The exit code is 1 where a song could not be used.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from pipeline.core import cache
from pipeline.core.command import progress
from pipeline.core.store import Array
from pipeline.intake import gathering
from pipeline.intake.gathering import Newcomer
from pipeline.library import additions, printing
from pipeline.library.additions import POINT, SCORE, STATS, TAGS, Additions
from pipeline.library.placement import Assignment, Placer
from pipeline.library.retraining import Verdict, verdict
from pipeline.library.songs import Library
from pipeline.library.spaces import SOUND, WORDS
from pipeline.library.unusable import Unusable


@dataclass
class Outcome:
    """What became of the songs that were named."""

    placed: dict[str, Assignment] = field(default_factory=dict)  # by name
    known: dict[str, str] = field(default_factory=dict)  # name -> id of a song of the library that it is already
    refused: dict[str, str] = field(default_factory=dict)  # name -> reason
    back: list[str] = field(default_factory=list)  # ids that had been taken out


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("songs", nargs="*", metavar="SONG_OR_FOLDER", help="sound files, or folders with some")
    parser.add_argument("--remove", action="store_true", help="take these out: ids, titles, or the files")


def run(arguments: argparse.Namespace) -> int:
    songs = Library.open()
    if arguments.remove:
        print("\n".join(removed(songs, arguments.songs)))
        return 0
    printing.aside(songs.smallness)
    outcome = add(songs, [Path(name) for name in arguments.songs])
    for name, reason in outcome.refused.items():
        print(f"{printing.line(name)}: {reason}", file=sys.stderr)
    songs = Library.open()
    print("\n".join(map(printing.line, said(songs, outcome))))
    return 1 if outcome.refused else 0


def said(songs: Library, outcome: Outcome) -> list[str]:
    """What came in, and whether it speaks for training again."""
    lines = [f"{name}: is in the library already, as {id_}" for name, id_ in outcome.known.items()]
    lines += [f"{id_}: is back" for id_ in outcome.back]
    for name, assignment in outcome.placed.items():
        places = (
            f"{facet} {placed.cluster} ({placed.probability:.0%})" for facet, placed in assignment.placements.items()
        )
        lines.append(
            f"{name}: {', '.join(places)}" + ("; unlike anything in the library" if assignment.strange else "")
        )
    lines.append(f"{len(songs.added)} songs are added to {len(songs.trained)}")
    if not len(songs.added):
        return lines
    judged = judge(songs)
    cure = "`python -m pipeline.library ingest FOLDER && dvc add data && dvc repro`"
    why = f"training again is worth it, with {cure}: {'; '.join(judged.reasons)}"
    return [*lines, *judged.lines, why if judged.worth else "nothing speaks for training again"]


def judge(songs: Library) -> Verdict:
    """Whether the added songs speak for training again."""
    added, known = songs.added, len(songs.trained)
    scores = {facet: added.scores(facet) for facet in (SOUND, WORDS)}
    met = frozenset(songs.languages[:known].tolist())
    return verdict(scores, songs.column("artist")[known:], songs.languages[known:], known, met)


def add(songs: Library, places: Sequence[Path]) -> Outcome:
    """Places what lies there, and keeps it for every library that is opened from now on."""
    outcome = Outcome()
    newcomers = gathering.newcomers(places, outcome.refused)
    with chdir(songs.folder):
        again = _set_aside(songs)
        out = set(songs.added.out)
        known = additions.digests()
        ids = {digest: id_ for id_, digest in known.items()}
        ids |= {digest: id_ for id_, digest in songs.added.tracks["sha256"].items()}
        fresh = []
        for each in newcomers:
            if (id_ := ids.get(each.cells["sha256"]) or (each.id_ if each.id_ in songs.ids else "")) in out:
                outcome.back.append(id_)
            elif id_ and not _moved(songs, id_):
                outcome.known[each.name] = id_
            else:
                fresh.append(each)
        kept = songs.added.without(each.id_ for each in fresh)  # of those that moved
        kept = replace(kept, out=tuple(sorted(out - set(outcome.back))))
        _place(songs, kept, [*again, *fresh], outcome)
    return outcome


def _moved(songs: Library, id_: str) -> bool:
    """Whether an added song lies no longer where it was."""
    return id_ in songs.added.tracks.index and not Path(songs.added.tracks["audio"][id_]).exists()


def _set_aside(songs: Library) -> list[Newcomer]:
    """Songs that models placed which have been trained since."""
    waiting = additions.waiting()
    seen = waiting.index.isin([*songs.ids, *songs.heard])
    if len(waiting) > seen.sum():
        seen |= waiting["sha256"].isin(set(additions.digests().values()))
    rows = waiting[~seen].to_dict("records")
    return [Newcomer({str(name): str(cell) for name, cell in row.items()}, None) for row in rows]


def _place(songs: Library, kept: Additions, newcomers: Sequence[Newcomer], outcome: Outcome) -> None:
    """Places them one after the other, and writes what is placed, also where Ctrl-C stops it."""
    cells, numbers = [], []
    try:
        for each in progress(newcomers, "placing songs"):
            try:
                placed, row, values = _placed(songs.placer, each)
            except Unusable as reason:
                outcome.refused[each.name] = str(reason)
                continue
            outcome.placed[each.name] = placed
            cells.append(row)
            numbers.append(values)
    finally:
        if cells or outcome.back:
            kept.beside(cells, numbers).write()


def _placed(placer: Placer, song: Newcomer) -> tuple[Assignment, Mapping[str, str], dict[str, Array]]:
    """Where a song belongs, its row, and the numbers that are kept of it."""
    text = Path(song.cells["lyrics"]) if song.words is None else additions.put_words(song.id_, song.words)
    placed = placer.assign(song.cells["audio"], text if text and text.name else "", song.cells["language"])
    numbers: dict[str, Array] = {}
    for facet, place in placed.placements.items():
        numbers[f"{POINT}{facet}"] = place.point
        numbers[f"{SCORE}{facet}"] = np.array([place.score])
    if placed.words is not None:
        numbers[additions.WORDS] = placed.words
    if placed.sound is not None:
        numbers[STATS] = placed.sound.stats
        numbers |= {TAGS: np.array(list(placed.sound.tags.values()))} if placed.sound.tags else {}
    lyrics = text.absolute().as_posix() if text and text.name else ""
    return placed, {**song.cells, "lyrics": lyrics, "language": placed.language}, numbers


def removed(songs: Library, names: Sequence[str]) -> list[str]:
    """Takes songs out of the library: lines that say so."""
    with chdir(songs.folder):
        aside = len(_set_aside(songs)) > 0
    if aside:
        songs = songs.add()
    rows = [_row(songs, name) for name in names]
    ids = list(dict.fromkeys(songs.ids[row] for row in rows))
    learnt = [id_ for id_ in ids if id_ in songs.trained.ids]
    with chdir(songs.folder):
        kept = songs.added.without(ids)
        replace(kept, out=tuple(sorted({*kept.out, *learnt}))).write()
        for id_ in ids:
            (additions.LYRICS / f"{id_}.txt").unlink(missing_ok=True)
    stay = "; `dvc repro` still learns from it, as long as data/ holds it"
    return [f"{id_}: is out" + (stay if id_ in learnt else "") for id_ in ids]


def _row(songs: Library, name: str) -> int:
    """The row of a song by its id, its title, or its file."""
    file = Path(name)
    if file.is_file():
        with chdir(songs.folder):
            digests = additions.digests() | dict(songs.added.tracks["sha256"])
        digest = cache.digest(file)
        name = next((id_ for id_, each in digests.items() if each == digest), name)
    return songs.find(name)
