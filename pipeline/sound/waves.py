"""The only opener of sound files: their length and format, and their middle as a mono wave.

soundfile decodes WAV, MP3, OGG (Vorbis and Opus) and FLAC. PyAV decodes the rest, and files whose header soundfile
misreads: it walks over the packets, so it needs neither a true header nor an exact seek.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import av
import numpy as np
import soundfile
import soxr
from jaxtyping import Float32
from numpy.typing import NDArray

QUIET = 1e-4  # a peak below it (-80 dB) is silence: dither of 16-bit sound reaches 6e-5
RATES = (1_000, 768_000)  # plausible samples per second
CHANNELS = 32

# Seconds decoded and dropped before a cut: MP3 and WMA borrow bits from earlier packets. After a bare seek into a VBR
# MP3 libsndfile gives up to 0.12 s of garbage.
RUN_UP = 0.5

# FFmpeg also reads play-lists that name other files and addresses: a track must not make us open those.
SAFE = {
    "protocol_whitelist": "file",
    "format_whitelist": "mp3,aac,mov,mp4,m4a,3gp,ogg,asf,wav,flac,matroska,webm,aiff,w64,caf,ac3,eac3,ape,wv,tta",
}

Mono = Float32[NDArray[np.float32], " time"]


class Unreadable(Exception):
    """A sound file that cannot be used; the message says what is wrong with it."""


@dataclass(frozen=True)
class Info:
    """What a sound file holds."""

    seconds: float
    sample_rate: int
    channels: int
    codec: str


def probe(path: Path) -> Info:
    """What `path` holds; decodes only what the true duration needs."""
    return _probe(path)[0]


def _probe(path: Path) -> tuple[Info, bool]:
    """What `path` holds, and whether soundfile can decode it."""
    _refuse_no_file(path)
    trusted = _soundfile_info(path)
    info = trusted or _packets_info(path)
    if not RATES[0] <= info.sample_rate <= RATES[1]:
        raise Unreadable(f"says it has {info.sample_rate} samples a second")
    if not 1 <= info.channels <= CHANNELS:
        raise Unreadable(f"says it has {info.channels} channels")
    if info.seconds <= 0:
        raise Unreadable("holds no sound: 0 s long")
    return info, trusted is not None


def middle(path: Path, seconds: float, rate: int) -> Mono:
    """The middle `seconds` of `path` (all of it if it is shorter) as one channel at `rate` samples a second."""
    info, trusted = _probe(path)
    cut = _soundfile_middle(path, seconds) if trusted else None
    mono, file_rate = (cut, info.sample_rate) if cut is not None else _packets_middle(path, seconds)
    _refuse_no_sound(mono)
    # Mixed down first: one channel to resample instead of two, and the same result, both being linear.
    wave: Mono = soxr.resample(mono, file_rate, rate, quality="HQ")[: round(seconds * rate)]
    if not len(wave):
        raise Unreadable(f"holds no sound: {len(mono)} samples")
    return np.ascontiguousarray(wave, dtype=np.float32)


def _refuse_no_file(path: Path) -> None:
    try:
        if not path.is_file():
            raise Unreadable("is not a file" if path.exists() else "is missing")
        if path.stat().st_size == 0:
            raise Unreadable("is empty: 0 bytes")
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise Unreadable(f"cannot be opened: {error.strerror}") from None


def _refuse_no_sound(mono: Mono) -> None:
    if not len(mono):
        raise Unreadable("holds no sound: 0 samples")
    if not np.isfinite(mono).all():
        raise Unreadable("holds samples that are not numbers (NaN or infinite)")
    if np.abs(mono).max() < QUIET:
        raise Unreadable("is silent")


# --- soundfile: fast, where the header is true ------------------------------------------------------------------------


def _soundfile_info(path: Path) -> Info | None:
    """What libsndfile says, or None where it cannot read the file or misreads its length."""
    try:
        with soundfile.SoundFile(path) as file:
            if file.format == "MP3" and not _mp3_states_length(path):
                return None
            if file.format in ("FLAC", "OGG") and not _last_frame_is_there(file):
                return None
            codec = f"{file.format}/{file.subtype}".lower()
            return Info(file.frames / file.samplerate, file.samplerate, file.channels, codec)
    except (soundfile.SoundFileError, TypeError, ValueError, OSError):  # TypeError: a name that ends in .raw
        return None


def _last_frame_is_there(file: soundfile.SoundFile) -> bool:
    """Whether a file is as long as its header says: a broken download is not."""
    file.seek(file.frames - 1)
    return bool(len(file.read(1)) == 1)


def _mp3_states_length(path: Path) -> bool:
    """Whether an MP3 begins with a Xing, Info or VBRI frame that counts its frames, and all its bytes are there.

    Without one libsndfile guesses the length from the first frame, and silently stops there.
    """
    with path.open("rb") as file:
        head = file.read(10)
        tag = 10 + _syncsafe(head[6:10]) if head[:3] == b"ID3" else 0
        file.seek(tag)
        frame = file.read(4096)
    at = _sync(frame)
    if at < 0 or len(frame) < at + 60:
        return False
    if frame[at + 36 : at + 40] == b"VBRI":
        size = int.from_bytes(frame[at + 46 : at + 50])
    else:
        mpeg1, single = frame[at + 1] & 0x08, frame[at + 3] >> 6 == 3
        xing = at + 4 + ((17 if single else 32) if mpeg1 else (9 if single else 17))
        flags = int.from_bytes(frame[xing + 4 : xing + 8])
        if frame[xing : xing + 4] not in (b"Xing", b"Info") or not flags & 1:
            return False
        size = int.from_bytes(frame[xing + 12 : xing + 16]) if flags & 2 else 0
    return path.stat().st_size - tag - at >= 0.99 * size


def _sync(frame: bytes) -> int:
    """Where the first MPEG frame begins, or -1."""
    at = frame.find(b"\xff")
    while 0 <= at < len(frame) - 3 and not (frame[at + 1] & 0xE0 == 0xE0 and frame[at + 1] & 0x06):
        at = frame.find(b"\xff", at + 1)
    return at


def _syncsafe(four: bytes) -> int:
    """A number of seven bits a byte, as ID3 writes it."""
    return sum((byte & 0x7F) << shift for byte, shift in zip(four, (21, 14, 7, 0), strict=True))


def _soundfile_middle(path: Path, seconds: float) -> Mono | None:
    """The middle at the file's own rate, or None where libsndfile does not give all of it."""
    try:
        with soundfile.SoundFile(path) as file:
            want = min(round(seconds * file.samplerate), file.frames)
            start = (file.frames - want) // 2
            early = min(start, round(RUN_UP * file.samplerate)) if file.format == "MP3" else 0
            with _hushed:
                file.seek(start - early)
                wave = file.read(early + want, dtype="float32", always_2d=True)[early:]
    except (soundfile.SoundFileError, ValueError, OSError):
        return None
    return _mixed(wave.T) if len(wave) == want else None


class _Hush:
    """Keeps libmpg123 quiet: after a seek it warns of frames that it cannot decode yet, which lie in the run-up.

    It writes past Python, straight to descriptor 2, which all threads share: the last thread opens it again.
    """

    def __init__(self) -> None:
        self.lock, self.inside, self.stderr = Lock(), 0, -1

    def __enter__(self) -> None:
        with self.lock:
            if not self.inside:
                nothing, self.stderr = os.open(os.devnull, os.O_WRONLY), os.dup(2)
                os.dup2(nothing, 2)
                os.close(nothing)
            self.inside += 1

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.inside -= 1
            if not self.inside:
                os.dup2(self.stderr, 2)
                os.close(self.stderr)


_hushed = _Hush()


def _mixed(channels: Float32[NDArray[np.float32], "channel time"]) -> Mono:
    """The mean of the channels; a loop of sums is several times faster than .mean() over a short axis."""
    mono: Mono = channels[0].copy()
    for channel in channels[1:]:
        mono += channel
    mono /= np.float32(len(channels))
    return mono


# --- PyAV: every other format, packet by packet -----------------------------------------------------------------------


@contextmanager
def _packets(path: Path) -> Iterator[tuple[Any, list[Any]]]:
    """The first sound stream of `path`, and all its packets, still compressed."""
    try:
        with av.open(str(path), metadata_errors="ignore", options=SAFE) as box:
            if not box.streams.audio:
                raise Unreadable("holds no sound stream")
            stream = box.streams.audio[0]
            stream.codec_context.thread_count = 1
            yield stream, _all_packets(box, stream)
    except (av.FFmpegError, ValueError, OSError) as error:
        raise Unreadable(f"is not sound that can be decoded: {getattr(error, 'strerror', None) or error}") from None


def _all_packets(box: Any, stream: Any) -> list[Any]:
    packets = []
    try:
        for packet in box.demux(stream):
            if packet.size and packet.pts is not None:
                packets.append(packet)  # noqa: PERF401  # what came before an error counts
    except av.FFmpegError:
        pass  # a broken end: the packets before it are good
    if not packets:
        raise Unreadable("holds no sound: not one packet")
    return packets


def _span(packets: list[Any]) -> tuple[float, float]:
    """The seconds at which the sound begins and ends; before zero lies the run-up of the encoder."""
    first, last = packets[0], packets[-1]
    length = last.duration or (last.pts - packets[-2].pts if len(packets) > 1 else 0)
    return max(0.0, float(first.pts * first.time_base)), float((last.pts + length) * last.time_base)


def _packets_info(path: Path) -> Info:
    with _packets(path) as (stream, packets):
        begin, end = _span(packets)
        codec = stream.codec_context
        return Info(
            end - begin, codec.sample_rate or 0, codec.channels or 0, f"{stream.container.format.name}/{codec.name}"
        )


def _packets_middle(path: Path, seconds: float) -> tuple[Mono, int]:
    """The middle at the rate of the decoded sound, and that rate."""
    with _packets(path) as (stream, packets):
        begin, end = _span(packets)
        start = begin + max(0.0, (end - begin - seconds) / 2)
        stop = min(end, start + seconds)
        tick = float(packets[0].time_base)  # a comparison of fractions would take longer than the decoder
        wanted = [p for p in packets if start - RUN_UP <= p.pts * tick < stop + RUN_UP]
        pieces = [(at, wave, rate) for at, wave, rate in _decoded(stream, wanted) if at < stop]
    if not pieces:
        raise Unreadable("holds no sound that can be decoded")
    rate = pieces[0][2]
    if any(piece[2] != rate for piece in pieces):
        raise Unreadable("changes its sample rate midway")
    wave = np.concatenate([piece[1] for piece in pieces])
    skip = max(0, round((start - pieces[0][0]) * rate))
    return wave[skip : skip + round((stop - start) * rate)], rate


def _decoded(stream: Any, packets: list[Any]) -> Iterator[tuple[float, Mono, int]]:
    """Each decoded frame: its start in seconds, its samples as one channel, its rate."""
    to_float = av.AudioResampler(format="fltp")
    for packet in [*packets, None]:
        try:
            frames = stream.codec_context.decode(packet)
        except av.FFmpegError:
            continue  # one damaged packet is a gap of some milliseconds, not the end of a song
        for frame in frames:
            at = float(frame.pts * frame.time_base) if frame.pts is not None else 0.0
            for plain in to_float.resample(frame):
                yield at, _mixed(plain.to_ndarray().astype(np.float32, copy=False)), plain.sample_rate
