"""Which songs are held out together: whole artists, in groups of about the same number of tracks."""

from collections.abc import Sequence

import numpy as np

from pipeline.core import catalog
from pipeline.core.store import Array


def track_folds(ids: Sequence[str], folds: int) -> Array:
    """The fold of each of these tracks: it is the same whatever other tracks a stage has, or has not."""
    tracks = catalog.usable_tracks()
    dealt = dict(zip(tracks["id"], artist_folds(list(tracks["artist"]), folds), strict=True))
    return np.array([dealt[id_] for id_ in ids], dtype=np.int64)


def artist_folds(artists: Sequence[str], folds: int) -> Array:
    """The fold of each track, at most `folds`: an artist is never split, a track without one stands alone.

    Where all tracks are of one artist, they are dealt one by one: else nothing could be held out. The largest artists
    are dealt first, each into the fold that has the fewest tracks.
    """
    several = len(set(artists)) > 1
    names = [f"artist {artist}" if artist and several else f"track {row}" for row, artist in enumerate(artists)]
    _, number, sizes = np.unique(names, return_inverse=True, return_counts=True)
    lot = np.random.default_rng(0).permutation(len(sizes))  # the order of the names must not matter
    filled, fold = np.zeros(folds, dtype=np.int64), np.zeros(len(sizes), dtype=np.int64)
    for artist in sorted(range(len(sizes)), key=lambda artist: (-sizes[artist], lot[artist])):
        fold[artist] = int(filled.argmin())
        filled[fold[artist]] += sizes[artist]
    dealt: Array = fold[number]
    return dealt
