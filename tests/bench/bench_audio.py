"""How long the features of one song take: librosa as it is usually called, librosa called well, and ours.

A script, not a test: `PYTHONPATH=. python tests/bench/bench_audio.py [rounds]`. The three ways take turns, so that a
busy machine slows all of them. Each decodes the middle 30 s of a stereo song of 3.5 minutes, computes log-mel and MFCC
and writes them; ours also computes the statistics.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import librosa
import numpy as np
import soundfile

from pipeline.core import workers
from pipeline.sound.features import Features, computed
from pipeline.sound.settings import Audio

SONG = 210  # seconds
CLIP = 30
P = Audio(CLIP, 22050, 3, 300, 2048, 128, 40, 3, 80, "scipy", 1)
FORMATS = ("mp3", "ogg", "wav", "flac")


def song(rate: int = 44100) -> np.ndarray:
    """Tones and noise in stereo: neither silence nor anything that compresses to nothing."""
    rng = np.random.default_rng(0)
    time = np.arange(SONG * rate) / rate
    tune = sum(0.1 * np.sin(2 * np.pi * f * time + rng.uniform(0, 6, 2)[:, None]) for f in (110, 220.5, 331, 440, 1760))
    loud = 0.6 + 0.4 * np.sin(2 * np.pi * 2 * time)
    return ((tune + 0.05 * rng.normal(size=(2, len(time)))) * loud).T.astype(np.float32)


def _librosa_features(wave: np.ndarray, out: Path) -> None:
    mel = librosa.feature.melspectrogram(y=wave, sr=22050, n_fft=2048, hop_length=220, n_mels=128)
    np.save(out / "logmel.npy", librosa.power_to_db(mel, top_db=80))
    np.save(out / "mfcc.npy", librosa.feature.mfcc(y=wave, sr=22050, n_fft=2048, hop_length=220, n_mels=128, n_mfcc=40))


def whole(path: Path, out: Path) -> None:
    wave, rate = librosa.load(path)
    start = (len(wave) - CLIP * int(rate)) // 2
    _librosa_features(wave[start : start + CLIP * int(rate)], out)


def offset(path: Path, out: Path) -> None:
    wave, _ = librosa.load(path, offset=(SONG - CLIP) / 2, duration=CLIP)
    _librosa_features(wave, out)


def ours(path: Path, out: Path) -> None:
    track = computed(path, P)
    assert isinstance(track, Features)
    for name, array in vars(track).items():
        np.save(out / f"{name}.npy", array)


def seconds(way: Callable[[Path, Path], None], path: Path, out: Path) -> float:
    begin = time.process_time()  # the processor's time: other programs do not count
    way(path, out)
    return time.process_time() - begin


def main(rounds: int) -> None:
    workers.one_thread()
    ways = (whole, offset, ours)
    print(f"processor milliseconds a song, median of {rounds} rounds")
    print(f"{'':6}{'whole':>8}{'offset':>8}{'ours':>8}{'whole/ours':>12}{'offset/ours':>12}")
    with tempfile.TemporaryDirectory() as folder:
        sound = song()
        for suffix in FORMATS:
            path = Path(folder) / f"song.{suffix}"
            with soundfile.SoundFile(path, "w", 44100, 2) as file:
                for start in range(0, len(sound), 44100):  # libsndfile overflows its stack on minutes of Vorbis at once
                    file.write(sound[start : start + 44100])
            for way in ways:
                way(path, Path(folder))  # imports, compilation, the disk's cache
            took = [[seconds(way, path, Path(folder)) * 1e3 for way in ways] for _ in range(rounds)]
            a, b, c = (statistics.median(column) for column in zip(*took, strict=True))
            print(f"{suffix:6}{a:8.0f}{b:8.0f}{c:8.0f}{a / c:12.1f}{b / c:12.1f}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
