"""Modes and ragas: the notes that a melody may use, and the seven of which chords are built."""

from typing import Final

MODES: Final[dict[str, tuple[int, ...]]] = {
    "ionian": (0, 2, 4, 5, 7, 9, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "aeolian": (0, 2, 3, 5, 7, 8, 10),
    "pentatonic": (0, 3, 5, 7, 10),
    "bhupali": (0, 2, 4, 7, 9),
    "khamaj": (0, 4, 5, 7, 9, 10),
    "bhairavi": (0, 1, 3, 5, 7, 8, 10),
    "bhairav": (0, 1, 4, 5, 7, 8, 11),
    "kalyan": (0, 2, 4, 6, 7, 9, 11),
}
_PARENT: Final = {"pentatonic": "aeolian", "bhupali": "ionian", "khamaj": "mixolydian"}
KEYS: Final = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


def degree(mode: str, step: int) -> int:
    """Semitones above the tonic of the `step`-th note of the mode; steps may be negative or beyond the octave."""
    scale = MODES[mode]
    octave, place = divmod(step, len(scale))
    return 12 * octave + scale[place]


def chord(mode: str, root: int) -> tuple[int, ...]:
    """Semitones above the tonic of the triad on scale degree `root` (0 to 6) of the mode, or of its parent scale."""
    parent = _PARENT.get(mode, mode)
    return tuple(degree(parent, root + third) for third in (0, 2, 4))
