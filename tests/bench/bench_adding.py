"""How often `add` calls for a training when it should not, and when it should.

A script, not a test: `PYTHONPATH=. python tests/bench/bench_adding.py [FOLDER]` in the folder of a project. In each
draw all songs of a few random artists, about ten, are scored against the songs of the others, as if they had been
added: they are like the library, so every call is a false one. With FOLDER, a folder of songs unlike the library, ten
random ones of these are scored in each draw.
"""

import sys
from pathlib import Path

import numpy as np

from pipeline.core.store import Array
from pipeline.library import Library, gathering
from pipeline.library.retraining import verdict
from pipeline.library.spaces import SOUND, WORDS
from pipeline.library.strangeness import LEVEL, scale
from pipeline.library.unusable import Unusable

DRAWS = 200
MANY = 10


def points(songs: Library) -> dict[str, Array]:
    """What the models are shown of the songs, by facet."""
    sound, words = (songs.placer.model(songs.space(facet).model) for facet in (SOUND, WORDS))
    return {SOUND: sound.sounds, WORDS: words.words}


def some_artists(artists: Array, lots: np.random.Generator) -> Array:
    """Which songs are by random artists, as many as have MANY songs or a few more."""
    mask = np.zeros(len(artists), np.bool_)
    for name in lots.permutation(np.unique(artists)):
        if mask.sum() >= MANY:
            break
        mask |= artists == name
    return mask


def drawn(songs: Library, shown: dict[str, Array], lots: np.random.Generator) -> tuple[bool, Array]:
    """Whether the rule calls for a training, and the scores by sound."""
    artists = np.array(songs.column("artist"), object)
    mask = some_artists(artists, lots)
    scores = {}
    for facet, rows in shown.items():
        usual = scale(rows[~mask], artists[~mask])
        scores[facet] = np.array([usual.score(row) if np.isfinite(row).all() else np.nan for row in rows[mask]])
    judged = verdict(scores, artists[mask].tolist(), songs.languages[mask], len(songs), frozenset(songs.languages))
    return judged.worth, scores[SOUND]


def foreign(songs: Library, folder: Path) -> tuple[Array, list[str]]:
    """The scores by sound of the songs of a folder, and their artists."""
    scores, artists = [], []
    for each in gathering.newcomers([folder], {}):
        try:
            placed = songs.assign(each.cells["audio"])
        except Unusable:
            continue
        scores.append(placed.placements[SOUND].score)
        artists.append(each.cells["artist"])
    return np.array(scores), artists


if __name__ == "__main__":
    songs, lots = Library.open().trained, np.random.default_rng(0)
    draws = [drawn(songs, points(songs), lots) for _ in range(DRAWS)]
    score = np.concatenate([each for _, each in draws])
    print(f"songs of the library: a false call in {np.mean([worth for worth, _ in draws]):.3f} of {DRAWS} draws")
    print(f"  mean score {score.mean():.3f}, unlike anything {np.mean(score <= LEVEL):.3f}")
    if len(sys.argv) > 1:
        score, artists = foreign(songs, Path(sys.argv[1]))
        calls = []
        for _ in range(DRAWS):
            rows = lots.permutation(len(score))[:MANY]
            few = [artists[row] for row in rows.tolist()]
            calls.append(verdict({SOUND: score[rows]}, few, np.array([""] * len(few)), len(songs), frozenset()).worth)
        print(f"{len(score)} songs of {sys.argv[1]}: a call in {np.mean(calls):.3f} of {DRAWS} draws of {MANY}")
        print(f"  mean score {score.mean():.3f}, unlike anything {np.mean(score <= LEVEL):.3f}")
