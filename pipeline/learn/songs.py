"""How a model stage gets its songs: as tensors, with the lyrics and the condition of each track."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from pipeline.core import catalog, store
from pipeline.core.command import Problem
from pipeline.core.store import Array
from pipeline.nets.families import Shape
from pipeline.nets.fit import Songs
from pipeline.nets.vae import Scale

DRAWN = 20_261_121  # seeds which lyrics are taken away or change hands: the same for every model and seed


@dataclass(frozen=True)
class Source:
    """What a model is shown: an array of stage audio, one of stage lyrics, and a column of the tracks as condition."""

    audio: str
    lyrics: str | None = None
    condition: str = "none"
    flat: bool = False  # frames as one long vector
    shuffled: bool = False  # each track has the lyrics of another, a control: what they say of the song is lost
    missing: float = 0.0  # share of the tracks with lyrics whose lyrics are taken away


@dataclass(frozen=True)
class Corpus:
    """The songs as tensors, whose they are, and what the networks need to know of their form."""

    ids: tuple[str, ...]
    songs: Songs
    scales: Mapping[str, Scale]
    shapes: Mapping[str, Shape]
    labels: tuple[str, ...]  # the values of the condition, in the order of its columns


def has_frames(audio: str) -> bool:
    """Whether stage audio wrote this array: features of another program (audio.external) have no frames."""
    store.read_rows(store.BUILD / "audio", "stats")  # raises where the stage did not run
    return (store.BUILD / "audio" / f"{audio}.npy").exists()


def require_frames(audio: str, parameter: str) -> None:
    if not has_frames(audio):
        raise Problem(f"{parameter} is {audio}, which audio.external does not give: set it to stats")


def corpus(source: Source) -> Corpus:
    """All tracks that have audio features, as `source` says."""
    heard = store.read_rows(store.BUILD / "audio", source.audio, "valid")
    ids = heard.ids
    if not ids:
        raise Problem("no track has audio features: run `dvc repro audio` and read what it says")
    track, segment = np.nonzero(heard["valid"])
    values = torch.from_numpy(np.ascontiguousarray(heard[source.audio][track, segment]))
    shown = {"audio": values.flatten(1) if source.flat else values}
    scales = {"audio": _scale(shown["audio"])}
    there = torch.zeros(len(ids), dtype=torch.bool)
    if source.lyrics:
        rows = store.read_rows(store.BUILD / "lyrics", source.lyrics, "has_lyrics").at(ids)
        words, known = _altered(np.array(rows[source.lyrics]), np.array(rows["has_lyrics"]), source)
        there = torch.from_numpy(known)
        if known.any():  # else the model is that of the sound alone, to the byte
            shown["lyrics"] = torch.from_numpy(words)
            scales["lyrics"] = _text_scale(shown["lyrics"][there])
    told, labels = _condition(ids, source.condition)
    songs = Songs(shown["audio"], torch.from_numpy(track), shown.get("lyrics"), there, told)
    return Corpus(ids, songs, scales, {name: tuple(view.shape[1:]) for name, view in shown.items()}, labels)


def _altered(words: Array, there: Array, source: Source) -> tuple[Array, Array]:
    """The lyrics, and who has some, after shuffling and taking away what `source` says."""
    if source.shuffled:
        known = np.flatnonzero(there)
        words[known] = words[np.random.default_rng(DRAWN).permutation(known)]
    left = kept(there, source.missing)
    words[there & ~left] = 0
    return words, left


def kept(there: Array, missing: float) -> Array:
    """Which of the tracks with lyrics keep them when a share is taken away; a larger one takes the same and more."""
    known = np.flatnonzero(there)
    left = np.array(there)
    left[np.random.default_rng(DRAWN + 1).permutation(known)[: round(missing * len(known))]] = False
    return left


def _scale(values: torch.Tensor) -> Scale:
    """Zero mean and unit variance: per number for vectors, per row (coefficient, mel) for pictures."""
    over = (0,) if values.dim() == 2 else (0, 2)
    return Scale(values.mean(over, keepdim=True)[0], values.std(over, correction=0, keepdim=True)[0].clamp(min=1e-6))


def _text_scale(words: torch.Tensor) -> Scale:
    """One divisor for all words: dividing each by its own would make the rarest word the loudest."""
    return Scale(words.mean(0), words.std(0, correction=0).square().mean().sqrt().clamp(min=1e-6))


def _condition(ids: tuple[str, ...], column: str) -> tuple[torch.Tensor, tuple[str, ...]]:
    """One-hot rows of a column of the tracks; a track without a value gets zeros."""
    if column == "none":
        return torch.zeros(len(ids), 0), ()
    tracks = catalog.usable_tracks()
    if column not in tracks:
        columns = ", ".join(tracks.columns)
        raise Problem(f"hard.condition is {column!r}, which is no column of data/tracks.csv; it has {columns}")
    values = [str(value) for value in tracks[column].loc[list(ids)]]
    labels = tuple(sorted(set(values) - {""}))
    return torch.tensor([[float(value == label) for label in labels] for value in values]), labels
