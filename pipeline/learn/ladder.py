"""The linear ladder: what a VAE of the same input has to beat, each rung fitted on all tracks and without each fold."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from pipeline.core import store
from pipeline.core.store import Array
from pipeline.learn import heldout, linear
from pipeline.learn.heldout import ALL, MIN_REST, Rows

FREE = "bert_free_svd"  # refitted without each fold, as bert_free with its hundreds of numbers is not
Embed = Callable[[Rows, int | None], Array]  # seen tracks, fold -> [track, number] of all tracks


@dataclass(frozen=True)
class Rung:
    """A baseline that is no network. There is no chance in it: a single seed serves them all."""

    name: str
    family: str
    source: str
    embed: Embed
    usable: Array | None = None  # [track] those that a fit can use; all
    lyrics: str = "none"  # the array of stage lyrics that it reads
    is_linear: bool = True
    is_refitted: bool = True  # without each fold

    def write(self, folder: Path, ids: tuple[str, ...], folds: int) -> None:
        values = self.embed(ALL, None)
        arrays = {self.name: values[:, None].astype(np.float32)}
        if self.is_linear and self.is_refitted:
            arrays[f"{self.name}_heldout"] = heldout.kept(self.heldout(ids, folds, values.shape[1]))
        store.write_rows(folder, ids, **arrays)
        about = {"role": "baseline", "family": self.family, "input": self.source, "lyrics": self.lyrics}
        store.write_json(folder / f"{self.name}.json", about | ({"linear": True} if self.is_linear else {}))

    def heldout(self, ids: tuple[str, ...], folds: int, dims: int) -> Array:
        """[track, fold, number]: all tracks by the fit without each fold; nan where too few tracks are left."""
        points = np.full((len(ids), folds, dims), np.nan)
        for fold, part in enumerate(heldout.held_out(ids, folds)):
            seen = heldout.rest(ids, part)
            if (seen if self.usable is None else seen & self.usable).sum() >= MIN_REST:
                points[:, fold] = padded(self.embed(seen, fold), dims)
        return points


def padded(points: Array, dims: int) -> Array:
    """With zeros for the dimensions that few tracks do not fill: they change no distance."""
    return np.pad(points, ((0, 0), (0, dims - points.shape[1])))


@dataclass(frozen=True)
class Heard:
    """Numbers of segments."""

    values: Array  # [track, segment, number]
    valid: Array

    def pca(self, dims: int, seed: int, *, whiten: bool = False) -> Embed:
        return lambda seen, _: linear.pca(linear.raw(self.values, self.valid, seen), dims, seed, seen, whiten=whiten)

    def rungs(self, dims: int, power: float, seed: int) -> Iterator[Rung]:
        """From raw numbers to the metrics that ask what changes within a track."""
        given = self.values, self.valid

        def segments(seen: Rows) -> linear.Components:
            return linear.segment_components(*given, dims, seen)

        rung = partial(Rung, source="sound")
        yield rung(  # of which nothing is fitted but the scale of each number, and no array would be as large
            "raw", "raw numbers of the sound", embed=lambda seen, _: linear.raw(*given, seen), is_refitted=False
        )
        yield rung("pca", "PCA", embed=self.pca(dims, seed))
        yield rung("pca_white", "PCA, whitened", embed=self.pca(dims, seed, whiten=True))
        yield rung("pca_segments", "PCA of segments", embed=lambda seen, _: segments(seen).values)
        yield rung("ppca", "probabilistic PCA of segments", embed=lambda seen, _: linear.probabilistic(segments(seen)))
        halvable = linear.halvable(self.valid)
        if halvable.sum() >= MIN_REST:
            rung = partial(Rung, source="sound", usable=halvable)
            family = f"PCA in the metric of power {power:g}"
            yield rung("pca_metric", family, embed=lambda seen, _: linear.pca_in_metric(*given, dims, power, seen))
            yield rung("track_lda", "track-LDA", embed=lambda seen, _: linear.track_lda(*given, dims, seen))


def of_frames(kind: Literal["mfcc", "logmel"], means: Array, dims: int, seed: int) -> Rung:
    """PCA of the frames' means over the time of each track, every coefficient in its own units."""
    family = {"mfcc": "PCA of MFCC means", "logmel": "PCA of log-mel means"}[kind]
    return Rung(
        f"pca_{kind}", family, kind, lambda seen, _: linear.pca(linear.standardised(means, seen), dims, seed, seen)
    )


def strongest(rows: Array, has_lyrics: Array, dims: int) -> Array:
    """The first `dims` numbers of rows whose numbers are sorted by importance; nan for a track without lyrics."""
    return np.where(has_lyrics[:, None], rows[:, :dims], np.nan)


def reduced(rows: Array, has_lyrics: Array, dims: int, seed: int, seen: Rows = ALL) -> Array:
    """The rows centred and in their `dims` strongest directions at most; nan for a track without lyrics.

    Word and sentence vectors share a large common part, and their hundreds of numbers vary along few directions: the
    rest is noise to every distance. A model of `dims` numbers is compared with no more numbers than that.
    """
    coordinates = np.zeros((len(rows), min(dims, rows.shape[1])))
    if has_lyrics.sum() > 1:
        learnt = ALL if seen is ALL else np.asarray(seen)[has_lyrics]
        points = linear.pca(np.asarray(rows[has_lyrics], dtype=np.float64), dims, seed, learnt)
        coordinates[has_lyrics, : points.shape[1]] = points
    return strongest(coordinates, has_lyrics, dims)


@dataclass(frozen=True)
class Sung:
    """The lyrics of the tracks."""

    ids: tuple[str, ...]
    has_lyrics: Array
    dims: int
    seed: int

    def _tfidf(self, _: Rows, fold: int | None) -> Array:
        return strongest(heldout.words("tfidf_svd", self.ids, fold), self.has_lyrics, self.dims)

    def reduced(self, name: str) -> Embed:
        return lambda seen, fold: reduced(
            heldout.words(name, self.ids, fold), self.has_lyrics, self.dims, self.seed, seen
        )

    def rungs(self, encoder: str, language: str) -> Iterator[Rung]:
        """Each kind of lyrics in as many numbers as a model has."""
        rung = partial(Rung, source="lyrics", usable=self.has_lyrics)
        yield rung("tfidf", "lyrics: TF-IDF", embed=self._tfidf, lyrics="tfidf_svd")
        families = {"word2vec": "Word2Vec", "bert": encoder, "bert_free": f"{encoder}, language {language}"}
        for name, family in families.items():
            array = {"bert_free": FREE}.get(name, name)
            yield rung(name, f"lyrics: {family}", embed=self.reduced(array), lyrics=array)

    def beside(self, sound: Embed, weights: Sequence[float]) -> Iterator[Rung]:
        """PCA of the sound beside PCA of the lyrics without their language, these with a share of the variance."""
        words = self.reduced(FREE)

        def embed(weight: float, seen: Rows, fold: int | None) -> Array:
            heard, sung = (unit_variance(part(seen, fold), seen) for part in (sound, words))
            return np.hstack([np.sqrt(2 - 2 * weight) * heard, np.sqrt(2 * weight) * sung])

        for weight in weights:
            name = "pca_both" if weight == 0.5 else f"pca_both_{round(100 * weight)}"
            family = f"PCA of sound and lyrics, lyrics {weight:.0%}"
            yield Rung(name, family, "sound", partial(embed, weight), self.has_lyrics, FREE)


def unit_variance(points: Array, seen: Rows = ALL) -> Array:
    scaled: Array = points / max(float(np.sqrt(np.nanvar(points[seen], axis=0).sum())), 1e-12)
    return scaled
