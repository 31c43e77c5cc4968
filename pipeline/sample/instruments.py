"""The instruments of both traditions: a pitch and a length -> the wave of one note, peak about 1.

Plucked strings are Karplus-Strong: a burst of noise that runs round a loop of one period and loses its brightness.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, lfilter

RATE = 22_050
Wave = NDArray[np.float32]
Rng = np.random.Generator
Instrument = Callable[[float, float, Rng], Wave]


def _time(seconds: float) -> NDArray[np.float64]:
    return np.arange(max(int(seconds * RATE), 64)) / RATE


def _peak(wave: NDArray[np.floating]) -> Wave:
    return (wave / max(float(np.abs(wave).max()), 1e-9)).astype(np.float32)


def _fade(wave: NDArray[np.floating], attack: float, release: float) -> NDArray[np.float64]:
    """The wave with a soft beginning and end, in seconds."""
    shaped = np.asarray(wave, np.float64).copy()
    up, down = (min(max(int(s * RATE), 1), len(shaped) // 2) for s in (attack, release))
    shaped[:up] *= np.linspace(0, 1, up)
    shaped[-down:] *= np.linspace(1, 0, down)
    return shaped


def plucked(
    f: float, seconds: float, rng: Rng, *, bright: float, decay: float, at: float = 0.2, buzz: float = 0.0
) -> Wave:
    """A Karplus-Strong string; `bright` of the pick (0 to 1), seconds of `decay`, pluck point `at`, sitar's `buzz`."""
    period = max(int(RATE / f - 0.5), 4)
    stretch = (period + 0.5) * f / RATE  # the loop holds whole samples; what is missing is made up by resampling
    burst = rng.uniform(-1, 1, period)
    soft = np.convolve(np.r_[burst[-8:], burst], np.hanning(10)[1:], "valid")[:period] / 3
    burst = bright * burst + (1 - bright) * soft
    burst -= np.roll(burst, max(1, int(at * period)))  # no harmonic has its node where the finger was
    rounds = int(seconds * RATE / stretch / period) + 2
    loss = 10 ** (-3 * period / RATE / decay)
    rows = np.empty((rounds, period))
    row, last = burst, 0.0
    for i in range(rounds):
        rows[i] = row
        row, last = loss * 0.5 * (row + np.r_[last, row[:-1]]), row[-1]
    string = rows.ravel()
    count = int(seconds * RATE)
    wave = np.interp(np.arange(count) * stretch, np.arange(len(string)), string)
    if buzz:
        wave = wave + buzz * np.diff(np.tanh(6 * wave / np.abs(wave).max()), prepend=0.0)
    return _peak(_fade(wave, 0.001, 0.03))


def guitar(f: float, seconds: float, rng: Rng) -> Wave:
    return plucked(f, max(seconds, 0.9), rng, bright=0.45, decay=3.0, at=0.22)


def banjo(f: float, seconds: float, rng: Rng) -> Wave:
    return plucked(f, max(seconds, 0.45), rng, bright=0.95, decay=0.9, at=0.1)


def dotara(f: float, seconds: float, rng: Rng) -> Wave:
    return plucked(f, max(seconds, 0.5), rng, bright=0.75, decay=1.1, at=0.13, buzz=0.15)


def ektara(f: float, seconds: float, rng: Rng) -> Wave:
    """A string whose pitch is pulled up and let go."""
    string = plucked(f, max(seconds, 0.5) + 0.1, rng, bright=0.6, decay=0.9, at=0.3)
    time = np.arange(int(max(seconds, 0.5) * RATE))
    bend = 1 + 0.035 * np.exp(-time / (0.09 * RATE))
    return _peak(np.interp(np.minimum(np.cumsum(bend), len(string) - 1.0), np.arange(len(string)), string))


def sitar(f: float, seconds: float, rng: Rng) -> Wave:
    return plucked(f, max(seconds, 1.2), rng, bright=0.85, decay=2.6, at=0.08, buzz=0.7)


def tanpura(f: float, seconds: float, rng: Rng) -> Wave:
    return plucked(f, max(seconds, 2.5), rng, bright=0.7, decay=5.0, at=0.5, buzz=0.5)


def power(f: float, seconds: float, rng: Rng) -> Wave:
    """A distorted guitar's fifth."""
    wave = sum(np.asarray(plucked(f * ratio, seconds + 0.05, rng, bright=0.7, decay=4.0)) for ratio in (1.0, 1.498))
    speaker = butter(2, 4200, fs=RATE)
    return _peak(_fade(lfilter(*speaker, np.tanh(7 * np.asarray(wave))), 0.002, 0.03))


def bass(f: float, seconds: float, rng: Rng) -> Wave:
    return plucked(f, max(seconds, 0.3), rng, bright=0.1, decay=2.5, at=0.3)


def _sustained(
    f: float, seconds: float, weights: NDArray[np.float64], *, attack: float, release: float,
    vibrato: tuple[float, float] = (0.0, 0.0), detune: float = 0.0,
) -> NDArray[np.float64]:  # fmt: skip
    """Harmonics of fixed weights, read from a table of one period."""
    count = max(1, min(len(weights), int(9000 / f)))
    table = np.fft.irfft(np.r_[0, 1j * weights[:count], np.zeros(1024 - count)]) * 1024
    time = _time(seconds)
    rate, cents = vibrato
    wobble = np.clip(time / 0.4, 0, 1) * cents / 1200 * np.log(2) * np.sin(2 * np.pi * rate * time)
    wave = np.zeros(len(time))
    for off in (0.0, detune) if detune else (0.0,):
        phase = np.cumsum(f * 2 ** (off / 1200) * (1 + wobble)) / RATE * len(table)
        wave += table[phase.astype(np.int64) % len(table)]
    return _fade(wave, attack, release)


def harmonium(f: float, seconds: float, rng: Rng) -> Wave:
    reeds = 1 / np.arange(1, 26) ** 0.85 * np.where(np.arange(1, 26) % 2, 1.0, 0.8)
    return _peak(_sustained(f, seconds, reeds, attack=0.05, release=0.07, detune=float(rng.uniform(4, 9))))


def organ(f: float, seconds: float, rng: Rng) -> Wave:
    bars = np.array([1, 0.8, 0.6, 0.5, 0, 0.3, 0, 0.35])
    return _peak(_sustained(f, seconds, bars, attack=0.01, release=0.05, vibrato=(6.4, float(rng.uniform(4, 9)))))


def pad(f: float, seconds: float, rng: Rng) -> Wave:
    soft = 1 / np.arange(1, 12) ** 1.7
    return _peak(_sustained(f, seconds, soft, attack=0.25, release=0.3, detune=float(rng.uniform(8, 14))))


def esraj(f: float, seconds: float, rng: Rng) -> Wave:
    """Bowed: a bright spectrum with body resonances, late vibrato, the scratch of the bow."""
    order = np.arange(1, 32)
    body = 1 + 1.5 * np.exp(-(((f * order - 900) / 250) ** 2)) + np.exp(-(((f * order - 2400) / 500) ** 2))
    wave = _sustained(
        f, seconds, body / order**0.8, attack=0.09, release=0.1, vibrato=(5.6, float(rng.uniform(18, 32)))
    )
    scratch = lfilter(*butter(1, [1200, 5000], "bandpass", fs=RATE), rng.standard_normal(len(wave)))
    return _peak(wave / np.abs(wave).max() + _fade(0.04 * scratch, 0.05, 0.1))


def flute(f: float, seconds: float, rng: Rng) -> Wave:
    wave = _sustained(f, seconds, np.array([1, 0.35, 0.14, 0.05, 0.02]), attack=0.06, release=0.07, vibrato=(5.0, 22.0))
    low, high = min(f, 3000), min(3 * f, 7000)
    breath = lfilter(*butter(1, [low, high], "bandpass", fs=RATE), rng.standard_normal(len(wave)))
    return _peak(wave / np.abs(wave).max() + _fade(0.06 * breath, 0.03, 0.07))


def epiano(f: float, seconds: float, _rng: Rng) -> Wave:
    """A tine: two-operator frequency modulation, the bell fades first."""
    time = _time(max(seconds, 0.4))
    phase = 2 * np.pi * f * time
    bell = 0.9 * np.exp(-time / 0.35) * np.sin(phase) + 0.12 * np.exp(-time / 0.05) * np.sin(14 * phase)
    return _peak(_fade(np.exp(-time / 1.3) * np.sin(phase + bell), 0.002, 0.05))


def sub(f: float, seconds: float, _rng: Rng) -> Wave:
    """The 808's bass: a sine that drops onto its pitch."""
    time = _time(max(seconds, 0.3))
    phase = np.cumsum(f * (1 + 1.2 * np.exp(-time / 0.018))) / RATE
    return _peak(_fade(np.tanh(1.8 * np.sin(2 * np.pi * phase)) * np.exp(-time / 0.7), 0.001, 0.04))


def kick(f: float, _seconds: float, rng: Rng) -> Wave:
    time = _time(0.32)
    drop = np.sin(2 * np.pi * np.cumsum(f + 130 * np.exp(-time / 0.022)) / RATE) * np.exp(-time / 0.1)
    return _peak(drop + 0.15 * rng.standard_normal(len(time)) * np.exp(-time / 0.003))


def snare(f: float, _seconds: float, rng: Rng) -> Wave:
    time = _time(0.25)
    rattle = lfilter(*butter(1, 1500, "highpass", fs=RATE), rng.standard_normal(len(time))) * np.exp(-time / 0.065)
    return _peak(0.6 * rattle + 0.7 * np.sin(2 * np.pi * f * time) * np.exp(-time / 0.045))


def hat(_f: float, seconds: float, rng: Rng) -> Wave:
    """Closed; open where it is given time."""
    time = _time(max(seconds, 0.06))
    metal = lfilter(*butter(2, 3500, "highpass", fs=RATE), rng.standard_normal(len(time)))
    return _peak(metal * np.exp(-time / (0.02 if seconds < 0.1 else 0.13)))


def clap(_f: float, _seconds: float, rng: Rng) -> Wave:
    time = _time(0.22)
    hands = sum(np.where(time > late, np.exp(-(time - late) / 0.012), 0) for late in (0.0, 0.011, 0.023))
    noise = lfilter(*butter(1, [900, 3200], "bandpass", fs=RATE), rng.standard_normal(len(time)))
    return _peak(noise * (np.asarray(hands) + 0.5 * np.exp(-time / 0.08)))


def shaker(_f: float, _seconds: float, rng: Rng) -> Wave:
    time = _time(0.09)
    grains = lfilter(*butter(2, [3500, 8000], "bandpass", fs=RATE), rng.standard_normal(len(time)))
    return _peak(_fade(grains, 0.03, 0.05))


def tabla_na(f: float, _seconds: float, rng: Rng) -> Wave:
    """The ringing stroke on the rim: the loaded head's partials are nearly harmonic."""
    time = _time(0.4)
    ring = sum(level * np.sin(2 * np.pi * f * ratio * time) * np.exp(-time * ratio / 0.13)
               for ratio, level in ((1.0, 0.5), (2.0, 1.0), (3.01, 0.8), (4.02, 0.4), (5.0, 0.2)))  # fmt: skip
    return _peak(np.asarray(ring) + 0.3 * rng.standard_normal(len(time)) * np.exp(-time / 0.004))


def tabla_ge(f: float, _seconds: float, rng: Rng) -> Wave:
    """The bass drum, pressed so that its pitch rises."""
    time = _time(0.45)
    bend = f * 0.36 * (1 + 0.4 * (1 - np.exp(-time / 0.07)))
    boom = np.sin(2 * np.pi * np.cumsum(bend) / RATE) * np.exp(-time / 0.16)
    return _peak(boom + 0.12 * rng.standard_normal(len(time)) * np.exp(-time / 0.005))


def tabla_te(_f: float, _seconds: float, rng: Rng) -> Wave:
    time = _time(0.08)
    slap = lfilter(*butter(1, [500, 2500], "bandpass", fs=RATE), rng.standard_normal(len(time)))
    return _peak(slap * np.exp(-time / 0.012))


INSTRUMENTS: Final[dict[str, Instrument]] = {
    play.__name__: play
    for play in (
        *(guitar, banjo, dotara, ektara, sitar, tanpura, power, bass, sub, epiano),
        *(harmonium, organ, pad, esraj, flute),
        *(kick, snare, hat, clap, shaker, tabla_na, tabla_ge, tabla_te),
    )
}
