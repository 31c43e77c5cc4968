"""The voices: vocal tracts and habits that no person has. The same voice sings both languages."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Voice:
    name: str
    middle: int  # of its range, as a MIDI note
    tract: float  # formants are this much higher than the table's
    tilt: float  # harmonic k of the source has the amplitude k ** -tilt
    breath: float  # noise in a held vowel
    vibrato: tuple[float, float]  # hertz, cents
    slide: float  # seconds from one note to the next
    ring: float  # sharpness of the upper formants
    languages: tuple[str, ...] = ("en", "bn")


VOICES: Final = (
    Voice("bass-1", 48, 0.96, 1.05, 0.010, (5.0, 28), 0.07, 1.0),
    Voice("baritone-1", 51, 1.00, 0.95, 0.015, (5.4, 35), 0.08, 1.2),
    Voice("baritone-2", 52, 1.02, 1.15, 0.030, (5.8, 22), 0.06, 0.9, ("en",)),
    Voice("tenor-1", 55, 1.04, 0.90, 0.010, (5.6, 40), 0.09, 1.3),
    Voice("tenor-2", 56, 1.03, 1.10, 0.020, (6.1, 30), 0.05, 1.0),
    Voice("tenor-3", 55, 1.06, 1.00, 0.040, (5.2, 18), 0.10, 0.9),
    Voice("alto-1", 60, 1.13, 1.00, 0.015, (5.5, 34), 0.07, 1.1),
    Voice("alto-2", 61, 1.15, 1.15, 0.035, (5.9, 24), 0.09, 0.9),
    Voice("alto-3", 60, 1.12, 0.92, 0.010, (5.1, 42), 0.06, 1.2, ("bn",)),
    Voice("mezzo-1", 63, 1.17, 1.05, 0.020, (6.0, 36), 0.08, 1.0),
    Voice("soprano-1", 65, 1.19, 1.10, 0.015, (6.2, 40), 0.07, 1.1),
    Voice("soprano-2", 66, 1.22, 1.00, 0.030, (5.7, 28), 0.10, 1.0),
)
BY_NAME: Final = {voice.name: voice for voice in VOICES}
