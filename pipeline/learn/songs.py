"""The songs as tensors, with the lyrics and the condition of each track, for the stages that train."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch

from pipeline.core import catalog, store
from pipeline.core.command import Problem
from pipeline.core.store import Array
from pipeline.learn import heldout
from pipeline.learn.heldout import HeldOut
from pipeline.learn.linear import CONSTANT
from pipeline.nets.families import Shape
from pipeline.nets.fit import Songs
from pipeline.nets.vae import Scale

log = logging.getLogger(__name__)

LYRICS_SEED = 20_261_121  # with a lot, decides which lyrics are removed or swapped: the same for every model


class Frames(Protocol):
    """Frames of sound that no stage writes; it must travel to other processes."""

    def __hash__(self) -> int: ...

    def segments(self, ids: Sequence[str], valid: Array) -> Array:
        """[valid segment, row, column], track by track."""


@dataclass(frozen=True)
class Source:
    """What a model reads: sound, an array of stage lyrics, and a column of the tracks as condition."""

    audio: str = "sound"  # the array of stage ears, or the name of the frames
    lyrics: str | None = None
    condition: str = "none"
    flat: bool = False  # frames as one long vector
    shuffled: bool = False  # each track gets the lyrics of another: a control without their meaning
    missing: float = 0.0  # share of the tracks with lyrics whose lyrics are removed
    lot: int = 0  # which shuffling and which removal: a result must not hang on one of them
    frames: Frames | None = None


@dataclass(frozen=True)
class Corpus:
    """The songs as tensors, the ids of their tracks, and their shapes and scales."""

    ids: tuple[str, ...]
    songs: Songs
    scales: Mapping[str, Scale]
    shapes: Mapping[str, Shape]
    labels: tuple[str, ...]  # the values of the condition, in the order of its columns
    learnt: torch.Tensor  # [track] which of them a model is trained on; scales and labels are theirs


def available(source: Source) -> Source:
    """The source without the lyrics of a corpus that has none, and without a condition that says nothing."""
    if source.lyrics and not store.read_rows(store.BUILD / "lyrics", "has_lyrics")["has_lyrics"].any():
        log.info("no track has lyrics: the model reads the sound alone")
        source = replace(source, lyrics=None)
    if source.condition == "none":
        return source
    tracks = catalog.heard_tracks()
    if source.condition in tracks and tracks[source.condition].replace("", None).nunique() < 2:
        log.info("the tracks have less than two values of %r: the model gets no condition", source.condition)
        source = replace(source, condition="none")
    return source


@dataclass(frozen=True)
class Sound:
    """The sound of all tracks: it is read once, whatever tracks are held out."""

    ids: tuple[str, ...]
    track: torch.Tensor  # of each valid segment
    values: torch.Tensor  # of these segments, track by track


def sound(source: Source) -> Sound:
    arrays = () if source.frames else (source.audio,)
    rows = store.read_rows(store.BUILD / "ears", "valid", *arrays)
    track, segment = np.nonzero(rows["valid"])
    if source.frames:
        values = source.frames.segments(rows.ids, np.array(rows["valid"]))
    else:
        values = np.ascontiguousarray(rows[source.audio][track, segment])
    return Sound(rows.ids, torch.from_numpy(track), torch.from_numpy(values))


def corpus(source: Source, hidden: HeldOut | None = None, heard: Sound | None = None) -> Corpus:
    """All tracks that have audio features, as `source` says; nothing in it is fitted on the tracks that are hidden."""
    heard = heard or sound(source)
    ids, track = heard.ids, heard.track
    learnt = torch.from_numpy(heldout.rest(ids, hidden))
    views = {"audio": heard.values.flatten(1) if source.flat else heard.values}
    scales = {"audio": scale_of(views["audio"] if hidden is None else views["audio"][learnt[track]])}
    words, has_lyrics, divisor = read_words(source, ids, learnt.numpy(), hidden)
    if words is not None and divisor is not None:  # else the model is that of the sound alone, to the byte
        views["lyrics"], scales["lyrics"] = words, divisor
    condition, labels = conditions(ids, source.condition, learnt.numpy())
    songs = Songs(views["audio"], track, words, torch.from_numpy(has_lyrics), condition)
    return Corpus(ids, songs, scales, {name: tuple(view.shape[1:]) for name, view in views.items()}, labels, learnt)


def read_words(
    source: Source, ids: Sequence[str], learnt: Array, hidden: HeldOut | None
) -> tuple[torch.Tensor | None, Array, Scale | None]:
    """The lyrics [track, number], which tracks have them, and their scale; no lyrics where none are learnt from."""
    has_lyrics = np.zeros(len(ids), dtype=np.bool_)
    if not source.lyrics:
        return None, has_lyrics, None
    mask = np.array(store.read_rows(store.BUILD / "lyrics", "has_lyrics").at(ids)["has_lyrics"])
    numbers = heldout.words(source.lyrics, ids, hidden.fold if hidden else None)
    numbers, has_lyrics = _altered(numbers, mask, source, learnt)
    if not (has_lyrics & learnt).any():
        return None, has_lyrics, None
    words = torch.from_numpy(numbers)
    return words, has_lyrics, _text_scale(words[torch.from_numpy(has_lyrics & learnt)])


def _altered(words: Array, has_lyrics: Array, source: Source, learnt: Array) -> tuple[Array, Array]:
    """The lyrics and their mask after the shuffling and the removal that `source` asks for.

    Held-out tracks swap lyrics among themselves: else their words would be learnt under the sound of another track.
    """
    if source.shuffled:
        for group in (learnt, ~learnt):
            to, of = swapped_lyrics(has_lyrics & group, source.lot)
            words[to] = words[of]
    mask = kept_lyrics(has_lyrics, source.missing, source.lot)
    words[has_lyrics & ~mask] = 0
    return words, mask


def swapped_lyrics(has_lyrics: Array, lot: int = 0) -> tuple[Array, Array]:
    """Which tracks get the lyrics of which: a ring through all of them, so that none keeps its own."""
    ring = np.random.default_rng([LYRICS_SEED, lot]).permutation(np.flatnonzero(has_lyrics))
    return ring, np.roll(ring, 1)


def kept_lyrics(has_lyrics: Array, missing: float, lot: int = 0) -> Array:
    """The tracks that keep their lyrics when a share is removed; in a lot a larger share removes these and more."""
    rows = np.flatnonzero(has_lyrics)
    mask = np.array(has_lyrics)
    lots = np.random.default_rng([LYRICS_SEED + 1, lot])
    mask[lots.permutation(rows)[: round(missing * len(rows))]] = False
    return mask


def scale_of(values: torch.Tensor) -> Scale:
    """Zero mean and unit variance: per number for vectors, per row (coefficient, mel) for pictures."""
    axes = (0,) if values.dim() == 2 else (0, 2)
    return Scale(values.mean(axes, keepdim=True)[0], _divisor(values.std(axes, correction=0, keepdim=True)[0]))


def _text_scale(words: torch.Tensor) -> Scale:
    """One divisor for all words: dividing each by its own would make the rarest word the loudest."""
    return Scale(words.mean(0), _divisor(words.std(0, correction=0).square().mean().sqrt()))


def _divisor(std: torch.Tensor) -> torch.Tensor:
    """1 for a number that never changes, else a track that is held out would be far out."""
    return torch.where(std > CONSTANT, std, 1.0)


def conditions(ids: Sequence[str], column: str, learnt: Array) -> tuple[torch.Tensor, tuple[str, ...]]:
    """One-hot rows of a column of the tracks; a track without a value, or with one that nobody learns, gets zeros."""
    if column == "none":
        return torch.zeros(len(ids), 0), ()
    tracks = catalog.heard_tracks()
    if column not in tracks:
        columns = ", ".join(tracks.columns)
        raise Problem(f"hard.condition is {column!r}, which is no column of data/tracks.csv; it has {columns}")
    values = [str(value) for value in tracks.loc[list(ids), column]]
    labels = tuple(sorted({value for value, seen in zip(values, learnt, strict=True) if seen} - {""}))
    return torch.tensor([[float(value == label) for label in labels] for value in values]), labels
