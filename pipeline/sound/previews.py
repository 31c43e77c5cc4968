"""Previews: the loudest few seconds of a track as a small MP3, which every browser plays."""

from pathlib import Path

import numpy as np
import soundfile

from pipeline.sound.waves import Mono, Unreadable, middle

RATE = 22_050
SEARCHED = 5  # times the length of a preview: the middle stretch of the track in which it is searched
FADE = 0.03  # seconds
STEP = 0.25  # seconds between two candidates
PEAK = 0.7
COMPRESSION = 0.8  # of MP3: 40 kbit/s at this rate


def loudest(mono: Mono, seconds: float, rate: int) -> Mono:
    """The stretch of this many seconds with the most energy; the first if several have."""
    wide, step = int(seconds * rate), int(STEP * rate)
    if len(mono) <= wide:
        return mono
    energy = np.concatenate([[0.0], np.cumsum(mono.astype(np.float64) ** 2)])
    starts = np.arange(0, len(mono) - wide + 1, step)
    best = int(starts[np.argmax(energy[starts + wide] - energy[starts])])
    return mono[best : best + wide]


def faded(mono: Mono, rate: int) -> Mono:
    """The same peak for all tracks, and silence at both ends, so that nothing clicks."""
    ramp = np.ones(len(mono), dtype=np.float32)
    edge = min(int(FADE * rate), len(mono) // 2)
    if edge:
        ramp[:edge] = np.linspace(0, 1, edge, dtype=np.float32)
        ramp[-edge:] = ramp[:edge][::-1]
    loud: Mono = (mono * ramp * (PEAK / max(float(np.abs(mono).max()), 1e-6))).astype(np.float32)
    return loud


def write(sound: Path, preview: Path, seconds: float) -> bool:
    """Writes the preview of a sound file; False where it cannot be read (stage `tracks` has said why)."""
    try:
        mono = middle(sound, SEARCHED * seconds, RATE)
    except (Unreadable, OSError):
        return False
    preview.parent.mkdir(parents=True, exist_ok=True)
    part = faded(loudest(mono, seconds, RATE), RATE)
    soundfile.write(preview, part, RATE, format="MP3", bitrate_mode="CONSTANT", compression_level=COMPRESSION)
    return True
