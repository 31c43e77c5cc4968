"""The same recording in two files: in another codec, at another rate, louder or softer.

A fingerprint is the middle of a song as bits: whether the difference between two neighbouring bands of the spectrum
grows from one moment to the next (Haitsma and Kalker, 2002). Codecs and loudness leave most of these bits as they are.
"""

from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core import command
from pipeline.intake.ledger import Ledger
from pipeline.intake.walk import Sighting
from pipeline.sound import waves

RATE = 8_000
SECONDS = 20.0  # of the middle
WINDOW, HOP = 2_048, 256  # samples: 0.26 s and 32 ms
BANDS = np.geomspace(300, 3_000, 18)  # edges, in Hz: 16 bits a moment
LAGS = 20  # hops: how far apart encoders put the beginning, 0.6 s
LENGTHS = 1.5  # seconds: how far apart the lengths of the same recording may be
SAME = 0.3  # share of differing bits: below, two files are the same recording; independent ones differ in a half
KIND = "fingerprint-1"

Bits = NDArray[np.bool_]


def fingerprint(wave: NDArray[np.float32]) -> Bits:
    """Bits by moment and pair of bands."""
    frames = np.lib.stride_tricks.sliding_window_view(wave, WINDOW)[::HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(WINDOW).astype(np.float32))) ** 2
    edges = np.searchsorted(np.fft.rfftfreq(WINDOW, 1 / RATE), BANDS)
    bands = np.log(np.add.reduceat(power, edges, axis=1)[:, :-1] + 1e-9)
    bits: Bits = np.diff(np.diff(bands, axis=1), axis=0) > 0
    return bits


def distance(first: Bits, second: Bits) -> float:
    """The share of bits that differ where the two fit best; 1 where they hardly overlap."""
    best = 1.0
    for lag in range(-LAGS, LAGS + 1):
        left, right = (first[lag:], second) if lag >= 0 else (first, second[-lag:])
        many = min(len(left), len(right))
        if many > LAGS:
            best = min(best, float(np.count_nonzero(left[:many] ^ right[:many])) / (many * first.shape[1]))
    return best


def pairs(songs: Mapping[Sighting, float], ledger: Ledger) -> Iterator[tuple[Sighting, Sighting]]:
    """Each song that is a recording met before, behind the first file of that; `songs` are files and their lengths."""
    order = sorted(songs, key=lambda seen: songs[seen])
    held = ledger.kept_or_made(KIND, order, _packed, "taking fingerprints")
    firsts: deque[tuple[Sighting, Bits]] = deque()  # those of nearly the same length
    for seen in command.progress(order, "comparing songs"):
        if not held[seen]:
            continue  # it cannot be decoded
        bits = _unpacked(held[seen])
        while firsts and songs[seen] - songs[firsts[0][0]] > LENGTHS:
            firsts.popleft()
        met = next((first for first, known in firsts if distance(known, bits) < SAME), None)
        if met:
            yield met, seen
        else:
            firsts.append((seen, bits))


def _packed(seen: Sighting) -> list[Any] | None:
    """The fingerprint of a file as the ledger keeps it; None for a file that cannot be decoded."""
    try:
        bits = fingerprint(waves.middle(seen.path, SECONDS, RATE))
    except (waves.Unreadable, OSError, ValueError):  # ValueError: shorter than a window
        return None
    return [bits.shape[1], b64encode(np.packbits(bits).tobytes()).decode()]


def _unpacked(held: list[Any]) -> Bits:
    wide, packed = held
    flat = np.unpackbits(np.frombuffer(b64decode(packed), np.uint8)).astype(bool)
    return flat[: len(flat) // wide * wide].reshape(-1, wide)
