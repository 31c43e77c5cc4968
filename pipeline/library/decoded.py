"""Songs as WAV, for a browser that cannot decode their kind (WMA, AIFF, Apple Lossless); the last few are kept."""

import shutil
import tempfile
import threading
import wave
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any

import av

from pipeline.core.command import Problem
from pipeline.sound.waves import SAFE

KEPT = 3  # songs, of 10 MB a minute
LONGEST = 3_600  # seconds of a song
RATE, CHANNELS, BYTES = 44_100, 2, 2


class Decoded:
    """WAV files in a temporary folder, which is there until `close`."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._files: OrderedDict[Path, Path] = OrderedDict()
        self._lock = threading.Lock()
        self._made = 0

    def of(self, song: Path) -> Path:
        """The song as WAV; a Problem where it cannot be decoded."""
        with self._lock:
            if song not in self._files:
                if self._folder is None:
                    self._folder = Path(tempfile.mkdtemp(prefix="surbani-wav-"))
                self._made += 1
                target = self._folder / f"{self._made}.wav"
                try:
                    _decode(song, target)
                except BaseException:
                    target.unlink(missing_ok=True)
                    raise
                self._files[song] = target
            self._files.move_to_end(song)
            while len(self._files) > KEPT:
                with suppress(OSError):  # a system that keeps what is being read
                    self._files.popitem(last=False)[1].unlink()
            return self._files[song]

    def close(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
            self._files.clear()


def _decode(song: Path, target: Path) -> None:
    try:
        with av.open(str(song), metadata_errors="ignore", options=SAFE) as box, wave.open(str(target), "wb") as file:
            if not box.streams.audio:
                raise Problem("it holds no sound")
            file.setnchannels(CHANNELS)
            file.setsampwidth(BYTES)
            file.setframerate(RATE)
            even = av.AudioResampler(format="s16", layout="stereo", rate=RATE)
            for frame in box.decode(box.streams.audio[0]):
                _write(file, even.resample(frame))
                if file.tell() > LONGEST * RATE:
                    raise Problem(f"it is longer than {LONGEST // 60} minutes, too long to be decoded for the browser")
            _write(file, even.resample(None))
            if not file.tell():
                raise Problem("it holds no sound")
    except (av.FFmpegError, ValueError) as error:
        raise Problem(f"it cannot be decoded: {error}") from None


def _write(file: wave.Wave_write, frames: list[Any]) -> None:
    for frame in frames:
        file.writeframes(frame.to_ndarray().tobytes())
