"""Music folders for tests: songs of noise and chords that differ by a number, in real formats."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

RATE = 16_000
PACKETS = {".m4a": ("ipod", "aac"), ".wma": ("asf", "wmav2")}


def wave(number: int, seconds: float = 2.0) -> NDArray[np.float32]:
    """Chords that change four times a second, other ones for each number."""
    rng = np.random.default_rng(number)
    time = np.arange(round(seconds * RATE)) / RATE
    notes = 200 * 2 ** (rng.integers(0, 36, (int(seconds * 4) + 1, 3)) / 12)
    tones = np.sin(2 * np.pi * notes[(time * 4).astype(int)] * time[:, None]).sum(axis=1)
    return np.asarray(0.2 * tones + 0.02 * rng.standard_normal(len(time)), np.float32)


def sing(path: Path, number: int = 1, seconds: float = 2.0) -> Path:
    """Writes a song in the format that its suffix says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix in PACKETS:
        _write_packets(path, wave(number, seconds), *PACKETS[path.suffix])
    elif path.suffix == ".opus":
        soundfile.write(path, wave(number, seconds), RATE, format="OGG", subtype="OPUS")
    else:
        kind = {".mp3": "MP3", ".ogg": "OGG", ".flac": "FLAC", ".wav": "WAV", ".aiff": "AIFF"}[path.suffix]
        soundfile.write(path, wave(number, seconds), RATE, format=kind)
    return path


def _write_packets(path: Path, mono: NDArray[np.float32], form: str, codec: str) -> None:
    with av.open(str(path), "w", format=form) as box:
        stream: Any = box.add_stream(codec, rate=RATE, layout="mono")
        stream.bit_rate = 48_000
        frame = av.AudioFrame.from_ndarray(mono[None], format="fltp", layout="mono")
        frame.sample_rate = RATE
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            box.mux(packet)
