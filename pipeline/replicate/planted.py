"""Made-up corpora of numbers whose truth is known: songs of artists, representations of any quality, labels.

No sound and no training: what is calibrated is the statistics, and for that hundreds of corpora are needed. Sizes are
those of the sample: 180 tracks, artists of 6 to 12 tracks with a favourite genre, 16 numbers per track.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.core.folds import artist_folds
from pipeline.core.store import Array

TRACKS, DIMS, LATENT, FOLDS = 180, 16, 8, 5
SIZES = (6, 12)  # tracks of an artist
GENRES = 5
LOYAL = 0.7  # how often a track has its artist's favourite genre
CENTRES, ARTIST, TRACK = 2.7, 0.45, 0.75  # spread of the genres' centres, of artists, of tracks: AMI is about .6
SEED_NOISE = 0.25  # what training adds to each seed and each fold


@dataclass(frozen=True)
class Planted:
    """One corpus."""

    artists: Array
    genre: Array  # planted in the representations
    meaningless: Array  # made in the same way, and in nothing else
    fold: Array
    latent: Array  # [track, number]: what a perfect representation would hold
    rng: np.random.Generator

    def representation(self, noise: float, seeds: int) -> Sequence[Array]:
        """A representation of this corpus for each seed: the latent numbers in noise of its own."""
        points = self._seen(noise)
        return [points + SEED_NOISE * self.rng.normal(size=points.shape) for _ in range(seeds)]

    def heldout(self, noise: float) -> Array:
        """[track, fold, number]: the same as fitted without each fold."""
        points = self._seen(noise)[:, None]
        fits: Array = points + SEED_NOISE * self.rng.normal(size=(TRACKS, FOLDS, DIMS))
        return fits

    def _seen(self, noise: float) -> Array:
        turned, _ = np.linalg.qr(self.rng.normal(size=(DIMS, LATENT)))
        seen: Array = self.latent @ turned.T + noise * self.rng.normal(size=(TRACKS, DIMS))
        return seen


def planted(seed: int) -> Planted:
    """The corpus of this seed."""
    rng = np.random.default_rng(seed)
    artist = _artists(rng)
    genre = _labels(artist, rng)
    centres = CENTRES * np.eye(GENRES, LATENT)  # the same in every corpus: artists and songs are drawn, genres are not
    voices = ARTIST * rng.normal(size=(artist.max() + 1, LATENT))
    latent = centres[genre] + voices[artist] + TRACK * rng.normal(size=(TRACKS, LATENT))
    names = np.array([f"artist {number}" for number in artist], dtype=object)
    fold = artist_folds(list(names), FOLDS)
    return Planted(names, _named(genre), _named(_labels(artist, rng)), fold, latent, rng)


def _artists(rng: np.random.Generator) -> Array:
    """The artist of each track."""
    sizes = rng.integers(SIZES[0], SIZES[1] + 1, TRACKS)
    artist: Array = np.repeat(np.arange(TRACKS), sizes)[:TRACKS]
    return artist


def _labels(artist: Array, rng: np.random.Generator) -> Array:
    """A genre for each track: mostly its artist's favourite."""
    favourite = rng.integers(GENRES, size=artist.max() + 1)[artist]
    labels: Array = np.where(rng.random(TRACKS) < LOYAL, favourite, rng.integers(GENRES, size=TRACKS))
    return labels


def _named(codes: Array) -> Array:
    return np.array([f"genre {code}" for code in codes], dtype=object)
