"""Named statistics over the frames of a segment.

MFCC describe the timbre; chroma from the clip's strongest note the mode, whatever the key; contrast and flatness
separate tones from noise; pulse describes the rhythm. On 120 songs, each helps or does not hurt beside MFCC alone.
"""

from itertools import pairwise

import numpy as np
import scipy.fft
from jaxtyping import Float32

from pipeline.sound.spectra import F32

REACH = 4  # frames each side of a regression delta: 9 frames, as librosa's
GROUPS = 8  # of neighbouring mel bands, about an octave each, within which contrast is taken
EXTREME = 5  # contrast: the mean of the loudest fifth of a group above the mean of its quietest fifth
EVERY = 3  # contrast and flatness change slowly: every third frame will do
PERIODS = (0.12, 0.18, 0.25, 0.35, 0.5, 0.7, 1.0, 1.4)  # seconds from beat to beat: 500 to 43 a minute

Frames = Float32[F32, "segment frame value"]
Stats = Float32[F32, "segment stat"]


def named(mels: int, mfcc: int) -> list[str]:
    """The names of the statistics, in the order of `describe`."""
    groups = len(_groups(mels))
    return [
        *(f"mfcc{i:02d}_{kind}" for kind in ("mean", "std", "delta_std") for i in range(mfcc)),
        *(f"chroma{step:02d}" for step in range(12)),
        *(f"contrast{i}_{kind}" for kind in ("mean", "std") for i in range(groups)),
        *(f"flatness_{kind}" for kind in ("mean", "std")),
        *(f"pulse_{seconds:g}s" for seconds in PERIODS[:-1]),
    ]


def describe(logmel: Frames, mfcc: Frames, chroma: Frames, frame_rate: float) -> Stats:
    """The statistics of each segment of a clip; `logmel` in dB, `frame_rate` in frames a second."""
    sparse = logmel[:, ::EVERY]
    parts = [
        mfcc.mean(axis=1),
        mfcc.std(axis=1),
        _delta(mfcc).std(axis=1),
        _chroma(chroma),
        *_mean_std(_contrast(sparse)),
        *_mean_std(_flatness(sparse)),
        _pulse(logmel, frame_rate),
    ]
    return np.concatenate(parts, axis=1, dtype=np.float32)


def _mean_std(frames: Frames) -> tuple[Stats, Stats]:
    return frames.mean(axis=1), frames.std(axis=1)


def _delta(frames: Frames) -> Frames:
    """The slope at each frame: a straight line fitted through it and REACH neighbours each side."""
    inner = frames.shape[1] - 2 * REACH
    if inner < 1:
        return np.zeros_like(frames[:, :1])
    slope = np.zeros_like(frames[:, :inner])
    for k in range(1, REACH + 1):
        slope += np.float32(k) * (frames[:, REACH + k : REACH + k + inner] - frames[:, REACH - k : REACH - k + inner])
    return slope / np.float32(2 * sum(k * k for k in range(1, REACH + 1)))


def _chroma(chroma: Frames) -> Stats:
    """The share of each semitone, counted from the clip's strongest pitch class: the same song in any key."""
    shares: F32 = (chroma / (chroma.sum(axis=2, keepdims=True) + 1e-9)).mean(axis=1)  # each frame counts alike
    shares /= shares.sum(axis=1, keepdims=True) + 1e-9
    return np.roll(shares, -int(shares.sum(axis=0).argmax()), axis=1)


def _groups(mels: int) -> list[slice]:
    """Neighbouring mel bands, as even as they go, at least two each."""
    edges = np.linspace(0, mels, min(GROUPS, mels // 2) + 1).round().astype(int)
    return [slice(int(low), int(high)) for low, high in pairwise(edges)]


def _contrast(logmel: Frames) -> Frames:
    """Peaks above valleys in each group of bands, in dB: large for tones, small for noise."""
    out = []
    for group in _groups(logmel.shape[2]):
        ordered = np.sort(logmel[:, :, group], axis=2)
        few = max(1, ordered.shape[2] // EXTREME)
        out.append(ordered[:, :, -few:].mean(axis=2) - ordered[:, :, :few].mean(axis=2))
    return np.stack(out, axis=2)


def _flatness(logmel: Frames) -> Frames:
    """The geometric above the arithmetic mean of the bands' power, in dB: 0 is a flat spectrum."""
    loudest = logmel.max(axis=2, keepdims=True)  # taken out first: powers near 1e-10 would lose digits
    mean = np.log10(np.power(np.float32(10), (logmel - loudest) / 10).mean(axis=2, keepdims=True)) * 10
    flat: F32 = (logmel - loudest).mean(axis=2, keepdims=True) - mean
    return flat


def _pulse(logmel: Frames, frame_rate: float) -> Stats:
    """How much the rise of energy repeats itself at each range of PERIODS: 1 is exactly."""
    rise = np.maximum(np.diff(logmel, axis=1), 0).mean(axis=2)
    rise -= rise.mean(axis=1, keepdims=True)
    long = rise.shape[1]
    power = np.abs(scipy.fft.rfft(rise, 2 * long, axis=1)) ** 2
    alike = scipy.fft.irfft(power, 2 * long, axis=1)[:, :long]
    alike /= alike[:, :1] + 1e-6
    edges = [min(round(seconds * frame_rate), long) for seconds in PERIODS]
    best = [alike[:, low:high].max(axis=1, initial=-1) for low, high in pairwise(edges)]
    return np.stack(best, axis=1)
