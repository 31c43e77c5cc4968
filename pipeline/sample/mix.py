"""Mixes voice and band, with random settings for each track.

The settings do not depend on the track's language, so that the sound of the recording cannot give it away.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, oaconvolve, sosfilt

RATE = 22_050
Wave = NDArray[np.float32]


@dataclass(frozen=True)
class Production:
    """The settings of one mix."""

    voice: float  # level of the voice over the band, dB
    tilt: float  # dB from 100 Hz to 10 kHz
    low: float  # hertz, the lower limit
    high: float  # hertz, the upper limit
    room: float  # seconds of reverberation
    wet: float
    drive: float
    peak: float
    seed: int  # of the room


@dataclass(frozen=True)
class Stems:
    """The mix and its parts: after the same filters, room and gain, before the drive."""

    mix: Wave
    vocal: Wave
    backing: Wave


def production(rng: np.random.Generator) -> Production:
    return Production(
        voice=float(rng.uniform(0.5, 3.5)),
        tilt=float(rng.uniform(-4.5, 4.5)),
        low=float(rng.uniform(35, 110)),
        high=float(rng.uniform(3900, 5900)),
        room=float(rng.uniform(0.2, 1.1)),
        wet=float(rng.uniform(0.04, 0.2)),
        drive=float(rng.uniform(0.3, 1.3)),
        peak=float(rng.uniform(0.5, 0.85)),  # a lossy file may come back higher
        seed=int(rng.integers(2**31)),
    )


def mix(vocal: Wave, backing: Wave, p: Production) -> Stems:
    """Sets the voice level from its sung parts, then applies equaliser, room, drive and gain."""
    sung = np.abs(vocal) > 0.02 * np.abs(vocal).max()
    voice = vocal / _rms(vocal[sung])
    band = backing / _rms(backing)
    voice = voice * np.float32(10 ** (p.voice / 20))
    parts = [_fade(_room(_equalise(wave, p), p)) for wave in (voice, band)]
    total = parts[0] + parts[1]
    scale = 1 / float(np.quantile(np.abs(total), 0.999))
    driven = _treble(np.tanh(p.drive * scale * total) / p.drive, p)
    gain = np.float32(p.peak / np.abs(driven).max())
    return Stems(driven * gain, *(_treble(part * np.float32(scale), p) * gain for part in parts))


def _rms(wave: Wave) -> np.float32:
    return np.float32(max(float(np.sqrt(np.mean(np.square(wave, dtype=np.float64)))), 1e-6))


def _equalise(wave: Wave, p: Production) -> Wave:
    """No bass below the limit, and a tilt of the spectrum around 1 kHz."""
    limited = sosfilt(butter(2, p.low, "highpass", fs=RATE, output="sos"), wave)
    f = np.fft.rfftfreq(513 * 2, 1 / RATE)
    gain = 10 ** (p.tilt / 2 * np.log10(np.maximum(f, 60) / 1000) / 20)
    taps = np.roll(np.fft.irfft(gain), 513)[513 - 256 : 513 + 257] * np.hanning(513)
    return oaconvolve(limited, taps, mode="same").astype(np.float32)


def _treble(wave: Wave, p: Production) -> Wave:
    """The wave up to the upper limit; last of all, or the drive would add treble again."""
    return sosfilt(butter(8, p.high, fs=RATE, output="sos"), wave).astype(np.float32)


def _room(wave: Wave, p: Production) -> Wave:
    """The wave and, `wet` times as loud, its decay in a room."""
    time = np.arange(int(p.room * RATE)) / RATE
    echo = np.random.default_rng(p.seed).standard_normal(len(time)) * 10 ** (-3 * time / p.room)
    echo[: int(0.008 * RATE)] = 0
    echo *= p.wet / np.sqrt(np.sum(echo**2)) * 2
    return (wave + oaconvolve(wave, echo)[: len(wave)]).astype(np.float32)


def _fade(wave: Wave) -> Wave:
    """The wave with a soft start, and two seconds to silence."""
    shaped = wave.copy()
    shaped[: RATE // 2] *= np.linspace(0, 1, RATE // 2, dtype=np.float32)
    shaped[-2 * RATE :] *= np.linspace(1, 0, 2 * RATE, dtype=np.float32) ** 2
    return shaped


def stereo(wave: Wave) -> Wave:
    """Sample x 2 at twice the rate: the same sound, a little of it early on one side and late on the other."""
    side = 0.25 * np.roll(wave, 190)
    side[:190] = 0
    both = np.stack([wave + side, wave - side], axis=1) / 1.25
    spectrum = np.fft.rfft(both, axis=0)
    return (np.fft.irfft(spectrum, 2 * len(wave), axis=0) * 2).astype(np.float32)
