"""What one sound file sounds like, in the numbers that stages audio and ears give the models."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from pipeline.core import cache
from pipeline.core.cache import Cache
from pipeline.core.command import Problem
from pipeline.core.store import Array
from pipeline.library.unusable import Unusable
from pipeline.sound import encoders, waves
from pipeline.sound.encoders import Clip, Encoder
from pipeline.sound.features import Features, Refused, all_features, sound_files
from pipeline.sound.settings import Audio


@dataclass(frozen=True)
class Sound:
    """A song segment by segment, and what the encoder hears in it."""

    values: Array  # [segment, number], zeros where not valid
    valid: Array  # [segment]
    tags: dict[str, float]  # how likely each is, a mean over the segments
    stats: Array  # our statistics, of which values may hold none; a mean over the segments


def heard(file: Path, p: Audio, device: torch.device, min_seconds: float) -> Sound:
    """The numbers of a file, which the content cache keeps; Unusable with the reason."""
    if p.external != "none":
        raise Problem(f"audio.external is {p.external}: new songs have no numbers of that program; set it to none")
    try:
        seconds = waves.probe(file).seconds
    except waves.Unreadable as error:
        raise Unusable(str(error)) from None
    except OSError as error:
        raise Unusable(f"cannot be opened: {error.strerror}") from None
    if seconds < min_seconds:
        raise Unusable(f"is {seconds:.1f} s long, tracks.min_seconds is {min_seconds:g}")
    files = sound_files([file])
    track = next(all_features(files, p, Cache("audio", cache.place())))
    if isinstance(track, Refused):
        raise Unusable(track.reason)
    if p.encoder == "none":
        return Sound(track.stats, track.valid, {}, track.stats[track.valid].mean(axis=0))
    encoder = encoders.choose(p, device)
    clip = next(encoders.hear(files, encoder, p, device, Cache("ears", cache.place())))
    if isinstance(clip, Refused):
        raise Unusable(clip.reason)
    return _together(track, clip, encoder, p)


def _together(track: Features, clip: Clip, encoder: Encoder, p: Audio) -> Sound:
    """As stage ears puts them side by side: a segment has the window that its middle lies in."""
    place = encoders.window_of_segments(len(clip.vectors), encoder.seconds, p)
    vectors = np.where(track.valid[:, None], clip.vectors[place], 0)
    values = {
        "encoder": vectors,
        "stats": track.stats,
        "both": np.concatenate([track.stats, vectors], axis=1),
    }[p.hears]
    likely = clip.tags[place][track.valid].mean(axis=0)
    tags = dict(zip(encoder.tag_names, likely.tolist(), strict=True))
    return Sound(values.astype(np.float32), track.valid, tags, track.stats[track.valid].mean(axis=0))
