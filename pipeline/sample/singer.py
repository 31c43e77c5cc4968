"""The singer: notes with syllables on them -> a wave.

Up to 60 harmonics pass through the formants of the vocal tract, frame by frame; stops and fricatives are noise that is
shaped in the same frames. A vowel begins on its note, so consonants take their time from the note before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve1d

from pipeline.sample.phonemes import BREATH_AFTER, PHONES, Part, is_vowel
from pipeline.sample.voices import Voice

RATE = 22_050
HOP = 64  # samples between two frames: 2.9 ms, short enough for the release of a stop
WINDOW = 4 * HOP
HARMONICS = 60
TOP = 9_500.0  # hertz; a harmonic above it is left out
LEAD = 0.35  # seconds that consonants may need before the first note

Floats = NDArray[np.float64]
Wave = NDArray[np.float32]


@dataclass(frozen=True)
class Note:
    """One syllable on one pitch."""

    start: float  # seconds, where the vowel begins
    end: float
    pitch: float  # MIDI note
    phones: tuple[str, ...]
    language: str


@dataclass(frozen=True)
class Manner:
    """The singing style of a genre."""

    vibrato: float = 1.0  # times that of the voice
    slide: float = 1.0
    speech: float = 0.0  # semitones of spoken melody around the note


@dataclass(frozen=True)
class Frames:
    """The state of the vocal tract, one row every HOP samples."""

    formants: Floats  # frame x 3
    voice: Floats
    breath: Floats
    hiss: Floats
    centre: Floats
    width: Floats
    nasal: Floats


def sing(notes: Sequence[Note], voice: Voice, manner: Manner, rng: np.random.Generator) -> tuple[float, Wave]:
    """The second at which the wave starts, and the wave of one phrase."""
    start = notes[0].start - LEAD
    count = int((notes[-1].end - start + 0.15) * RATE / HOP) + 1
    times = start + np.arange(count) * HOP / RATE
    frames = articulate(notes, times, voice)
    f0 = 440 * 2 ** ((pitch(notes, times, voice, manner, rng) - 69) / 12)
    wave = harmonics(f0, frames, voice) + noise(frames, voice, rng)
    return start, wave.astype(np.float32)


def timeline(notes: Sequence[Note]) -> list[tuple[float, Part]]:
    """(end in seconds, part) in order; consonants are squeezed where notes are short."""
    parts: list[tuple[float, Part]] = []
    rest = Part(0.0, (500, 1500, 2500), pull=0.0)
    vowel: Sequence[Part] = ()
    coda: list[Part] = []
    ready = notes[0].start - LEAD
    for index, note in enumerate(notes):
        onset, core, tail = _split(note)
        before = [*coda, *onset]
        room = note.start - ready if index == 0 else 0.55 * (note.start - ready)
        need = sum(part.seconds for part in before)
        squeeze = min(1.0, room / need) if need else 1.0
        begin = note.start - need * squeeze
        if index == 0:
            parts.append((begin, rest))
        else:
            parts.extend(_spread(vowel, ready, begin))
        for part in before:
            begin += part.seconds * squeeze
            parts.append((begin, part))
        vowel, coda, ready = core, tail, note.start
    need = sum(part.seconds for part in coda)
    end = max(notes[-1].end - need, ready + 0.4 * (notes[-1].end - ready))
    parts.extend(_spread(vowel, ready, end))
    for part in coda:
        end += part.seconds
        parts.append((end, part))
    return [*parts, (end + 10.0, rest)]


def _spread(vowel: Sequence[Part], start: float, end: float) -> list[tuple[float, Part]]:
    shares = np.cumsum([part.seconds for part in vowel])
    ends = start + (end - start) * shares / shares[-1]
    return list(zip(ends.tolist(), vowel, strict=True))


def _split(note: Note) -> tuple[list[Part], tuple[Part, ...], list[Part]]:
    """The parts before the vowel, of the vowel, and after it, all bent towards the vowel."""
    at = next(i for i, name in enumerate(note.phones) if is_vowel(name))
    vowel = PHONES[note.phones[at]]

    def bent(names: Sequence[str], vowel_part: Part) -> list[Part]:
        parts = []
        for name in names:
            for part in PHONES[name]:
                mixed = [part.pull * formant + (1 - part.pull) * neighbour
                         for formant, neighbour in zip(part.formants, vowel_part.formants, strict=True)]  # fmt: skip
                parts.append(replace(part, formants=(mixed[0], mixed[1], mixed[2])))
        return parts

    onset = bent(note.phones[:at], vowel[0])
    if note.language == "en" and at and note.phones[at - 1] in {"p", "t", "k"}:  # Bangla has no breath here
        onset[-1] = replace(BREATH_AFTER, formants=vowel[0].formants)
    return onset, vowel, bent(note.phones[at + 1 :], vowel[-1])


def articulate(notes: Sequence[Note], times: Floats, voice: Voice) -> Frames:
    """The timeline as smooth curves."""
    line = timeline(notes)
    ends = np.array([end for end, _ in line])
    which = np.minimum(np.searchsorted(ends, times, side="right"), len(line) - 1)
    table = np.array([[*p.formants, p.voice, p.breath, p.hiss, p.centre, p.width, p.nasal] for _, p in line])
    rows = table[which]
    formants = _smooth(rows[:, :3], 0.045) * voice.tract
    level = _smooth(rows[:, 3:6], 0.014)
    loud = _smooth(rows[:, 3:4], 0.03)[:, 0]
    return Frames(
        formants=formants,
        voice=np.minimum(level[:, 0], loud * 1.3),
        breath=level[:, 1] + voice.breath * level[:, 0],
        hiss=level[:, 2],
        centre=rows[:, 6],
        width=rows[:, 7],
        nasal=_smooth(rows[:, 8:9], 0.05)[:, 0],
    )


def _smooth(curves: Floats, seconds: float) -> Floats:
    window = np.hanning(max(3, round(seconds * RATE / HOP)) + 2)
    smooth: Floats = convolve1d(curves, window / window.sum(), axis=0, mode="nearest")
    return smooth


def pitch(notes: Sequence[Note], times: Floats, voice: Voice, manner: Manner, rng: np.random.Generator) -> Floats:
    """MIDI pitch in every frame: the notes, slides between them, vibrato on what is held, a little unrest."""
    starts = np.array([note.start for note in notes])
    slide = voice.slide * manner.slide
    which = np.clip(np.searchsorted(starts - slide / 3, times, side="right") - 1, 0, len(notes) - 1)
    line = _smooth(np.array([note.pitch for note in notes])[which][:, None], slide)[:, 0]
    held = np.clip((times - starts[which] - 0.18) / 0.25, 0, 1)
    rate, cents = voice.vibrato
    line = line + held * manner.vibrato * cents / 100 * np.sin(2 * np.pi * rate * times + rng.uniform(0, 6.28))
    if manner.speech:
        accents = rng.normal(0, manner.speech, len(notes))[which]
        fall = np.linspace(1.5, -2.5, len(times))
        line = line + _smooth((accents + fall)[:, None], 0.12)[:, 0]
    unrest: Floats = _smooth(rng.normal(0, 1, (len(times), 1)), 0.2)[:, 0]
    shaped: Floats = line + 0.4 * unrest
    return shaped


def tract(f: Floats, frames: Frames, voice: Voice) -> NDArray[np.complex128]:
    """The response of the vocal tract at the frequencies `f` (frame x any) as a cascade of resonances."""
    response = np.ones(f.shape, np.complex128)
    widths = (70.0, 90.0, 130.0)
    square = f * f
    for i in range(3):
        formant = frames.formants[:, i : i + 1]
        response /= _resonance(f, square, formant, widths[i] * (1 + (2.0 * frames.nasal[:, None] if i == 0 else 0.0)))
    for fixed, width in ((3500.0, 220.0), (4400.0, 280.0), (5600.0, 400.0), (7200.0, 600.0)):
        response /= _resonance(f, square, fixed * voice.tract, width / voice.ring)
    pole = _resonance(f, square, 270.0, 100.0)  # of the nose; pole and zero cancel while it is closed
    zero = _resonance(f, square, 270.0 + 200 * frames.nasal[:, None], 100.0)
    response *= zero / pole
    return response


def _resonance(f: Floats, square: Floats, centre: Floats | float, width: Floats | float) -> NDArray[np.complex128]:
    denominator: NDArray[np.complex128] = 1 - square / np.square(centre) + 1j * f * (width / np.square(centre))
    return denominator


def harmonics(f0: Floats, frames: Frames, voice: Voice) -> Floats:
    """The voiced part: every harmonic of f0 with the tract's response as a slowly moving complex amplitude."""
    order = np.arange(1, min(HARMONICS, int(TOP / f0.min())) + 1)
    f = f0[:, None] * order
    gain = tract(f, frames, voice) * order**-voice.tilt * np.clip((TOP - f) / 800, 0, 1)
    power = np.sqrt((np.abs(gain) ** 2).sum(1))
    gain *= (frames.voice / power**0.9)[:, None]  # a full 1 would sing i as loud as a
    amplitude = gain.T.astype(np.complex64)
    ramp = (np.arange(HOP) / HOP).astype(np.float32)
    smooth_f0 = (f0[:-1, None] + np.diff(f0)[:, None] * ramp).ravel()
    turn = np.exp(2j * np.pi * np.cumsum(smooth_f0) / RATE).astype(np.complex64)
    rotation = np.ones_like(turn)
    wave = np.zeros(len(turn), np.float32)
    for row in amplitude:
        rotation *= turn
        moving = (row[:-1, None] + np.diff(row)[:, None] * ramp).ravel()
        wave += moving.real * rotation.real - moving.imag * rotation.imag
    return wave.astype(np.float64)


def noise(frames: Frames, voice: Voice, rng: np.random.Generator) -> Floats:
    """The unvoiced part: random spectra in the colour of each frame, overlapped and added."""
    bins = np.fft.rfftfreq(WINDOW, 1 / RATE)
    count = len(frames.voice)
    colour = np.exp(-0.5 * ((bins - frames.centre[:, None]) / frames.width[:, None]) ** 2)
    colour *= (frames.hiss / np.sqrt((colour**2).mean(1)))[:, None]
    breathy = np.flatnonzero(frames.breath > 1e-3)
    if len(breathy):
        subset = replace(frames, formants=frames.formants[breathy], nasal=frames.nasal[breathy])
        shape = np.abs(tract(np.broadcast_to(bins, (len(breathy), len(bins))), subset, voice)) * (bins > 250)
        colour[breathy] += shape * (frames.breath[breathy] / np.sqrt((shape**2).mean(1)))[:, None]
    random = rng.standard_normal((count, len(bins), 2)).view(np.complex128)[..., 0]
    grains = np.fft.irfft(random * colour, axis=1) * (np.hanning(WINDOW + 1)[:-1] * np.sqrt(WINDOW / 2) / 1.22)
    wave = np.zeros((count + 3) * HOP)
    for quarter in range(WINDOW // HOP):
        wave[quarter * HOP : (quarter + count) * HOP] += grains[:, quarter * HOP : (quarter + 1) * HOP].ravel()
    middle = WINDOW // 2
    trimmed: Floats = wave[middle : middle + (count - 1) * HOP]
    return trimmed
