"""In what neighbours are sought: the places of songs by sound, by words, or by both.

By sound it is the space of the clusters. By words it is what the model reads of the lyrics, the vectors of the encoder
with the language taken out, and by both these two side by side, each with half of the variance: in the sample they find
songs of the same theme, and of the same genre, more often than the codes of the model do (precision@10 across languages
.59 against .53 by words; .31 of theme and .72 of genre against .31 and .63 by both; tests/bench/bench_neighbours.py).
"""

from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.core import store
from pipeline.core.store import Array
from pipeline.library import additions
from pipeline.library.spaces import BOTH, SOUND, WORDS

if TYPE_CHECKING:
    from pipeline.library.placement import Assignment
    from pipeline.library.songs import Library

FREE = ("bert_free_svd", "bert_free")  # arrays of stage lyrics without the language


@dataclass(frozen=True)
class Part:
    """The places by sound or by words, moved and divided for the company of the other."""

    facet: str
    array: str  # of stage lyrics; "" for the space of the clusters
    points: Array  # [song, number], nan where a song has none
    middle: Array
    divisor: float

    def scaled(self, points: Array) -> Array:
        moved: Array = (points - self.middle) / self.divisor
        return moved


@dataclass(frozen=True)
class Comparison:
    """What songs are compared by."""

    by: str
    parts: tuple[Part, ...]
    points: Array  # [song, number]
    present: Array  # [song] whether it has a place

    def place(self, assignment: "Assignment") -> Array | None:
        """A new song among the points; None where something is not known of it."""
        places = []
        for part in self.parts:
            placed = assignment.placements.get(part.facet)
            given = assignment.words if part.array else placed.point if placed else None
            if given is None:
                return None
            places.append(part.scaled(given))
        return np.concatenate(places)


def comparison(songs: "Library", by: str) -> Comparison:
    """By both, songs without lyrics have no place."""
    facets = (SOUND, WORDS) if by == BOTH and WORDS in songs.facets else (SOUND if by == BOTH else by,)
    parts = tuple(_part(songs, facet, alone=len(facets) == 1) for facet in facets)
    points = np.concatenate([part.scaled(part.points) for part in parts], axis=1).astype(np.float32)
    return Comparison(by, parts, points, np.asarray(np.isfinite(points).all(axis=1)))


def _part(songs: "Library", facet: str, *, alone: bool) -> Part:
    space = songs.space(facet)
    array = _read_by(songs, space.model) if facet == WORDS else ""
    points = space.points
    if array:
        with chdir(songs.folder):
            rows = store.read_rows(store.BUILD / "lyrics", array, "has_lyrics").at(songs.trained.ids)
        points = np.where(rows["has_lyrics"][:, None], rows[array], np.nan)
        points = np.concatenate([points, songs.added.array(additions.WORDS, points.shape[1])])
    if alone:
        return Part(facet, array, points, np.zeros(points.shape[1]), 1.0)
    spread = float(np.sqrt(np.nanvar(points, axis=0, dtype=np.float64).sum()))
    return Part(facet, array, points, np.asarray(np.nanmean(points, axis=0, dtype=np.float64)), max(spread, 1e-9))


def _read_by(songs: "Library", model: str) -> str:
    """The array of lyrics without language that a model reads; "" where it reads another one."""
    with chdir(songs.folder):
        lyrics = str(store.read_json(Path("models") / model / "config.json")["lyrics"])
    return lyrics if lyrics in FREE else ""
