"""The three spaces in which songs are compared: by sound, by words, and by both.

A space is the embedding of the first seed, whose weights models/ keeps: a new song can be placed in it. By sound it is
`cross` where that was trained, else the sound facet of `hard`. No label decided this: the form of `cross` was chosen by
how well clusters of half songs agree, and it asks for no language, so that a file without lyrics can be placed.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from pipeline.core import store
from pipeline.core.command import Problem
from pipeline.core.store import Array

SOUND, WORDS, BOTH = "sound", "words", "both"
FACETS: Final = (SOUND, WORDS, BOTH)
EMBEDDINGS: Final = {  # facet -> folder of build/, name of the embedding, name of the model; the first that is there
    SOUND: (("crossview", "cross", "cross"), ("hard", "hard_sound", "hard"), ("hard", "hard", "hard")),
    WORDS: (("hard", "hard_words", "hard"),),
    BOTH: (("hard", "hard", "hard"),),
}


@dataclass(frozen=True)
class Space:
    """Where the songs lie in one facet."""

    facet: str
    embedding: str
    model: str
    ids: tuple[str, ...]
    points: Array  # [song, number], nan for a song without a place
    present: Array  # [song] whether it has a place


def read_space(facet: str, ids: tuple[str, ...]) -> Space:
    """The space of a facet for these songs; a Problem where nothing was trained for it."""
    for folder, embedding, model in EMBEDDINGS[facet]:
        place = store.BUILD / folder
        if (place / f"{embedding}.npy").exists() and (place / f"{embedding}.json").exists():
            values = store.read_rows(place, embedding).at(ids)[embedding]
            points = np.asarray(values[:, 0], dtype=np.float32)
            return Space(facet, embedding, model, ids, points, np.asarray(np.isfinite(points).all(axis=1)))
    names = " or ".join(f"build/{folder}/{name}.npy" for folder, name, _ in EMBEDDINGS[facet])
    why = "; songs without lyrics have none" if facet == WORDS else ""
    raise Problem(f"there is no space of the songs by {facet} ({names}): run `dvc pull && dvc repro`{why}")


def available() -> list[str]:
    """The facets that have a space."""
    return [
        facet
        for facet in FACETS
        if any((store.BUILD / folder / f"{name}.npy").exists() for folder, name, _ in EMBEDDINGS[facet])
    ]
