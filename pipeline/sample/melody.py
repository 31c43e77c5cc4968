"""Sets lyrics to music: which line is sung when, and every syllable of it on a note."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.sample.lyrics import Line, Lyrics
from pipeline.sample.modes import KEYS, degree
from pipeline.sample.plan import CLIP, Track
from pipeline.sample.singer import Manner, Note
from pipeline.sample.voices import BY_NAME

MIN_LINES: Final = 3  # in the clip

# syllables a second that a genre is at ease with
PACE: Final = {"pop": 3.4, "rock": 3.6, "folk": 3.4, "hiphop": 4.9, "art": 2.7}
MANNER: Final = {
    "pop": Manner(), "rock": Manner(vibrato=0.6, slide=0.8), "folk": Manner(slide=1.2),
    "hiphop": Manner(vibrato=0.1, slide=0.9, speech=1.3), "art": Manner(vibrato=1.3, slide=1.7),
}  # fmt: skip
CONTOURS: Final = (
    (0, 2, 4, 3, 2), (4, 5, 4, 2, 0), (2, 4, 5, 4, 2), (0, 0, 2, 4, 4), (5, 4, 2, 3, 1), (-1, 2, 1, 3, 0),
)  # fmt: skip


@dataclass(frozen=True)
class Clock:
    """The bars of a track."""

    eighth: float  # seconds
    eighths: int  # in a bar
    seconds: float  # of the track

    @property
    def bar(self) -> float:
        return self.eighth * self.eighths

    @property
    def bars(self) -> int:
        """Bars that begin within the track."""
        return int(np.ceil(self.seconds / self.bar))


@dataclass(frozen=True)
class SungLine:
    """A line of the lyrics as it is sung."""

    index: int  # in the lyrics
    section: str
    notes: tuple[Note, ...]

    @property
    def start(self) -> float:
        return self.notes[0].start

    @property
    def end(self) -> float:
        return self.notes[-1].end


@dataclass(frozen=True)
class Score:
    clock: Clock
    lines: tuple[SungLine, ...]

    @property
    def in_clip(self) -> int:
        """Lines that are sung from beginning to end within the middle 30 seconds."""
        spare = (self.clock.seconds - CLIP) / 2
        return sum(line.start >= spare and line.end <= spare + CLIP for line in self.lines)


def clock(track: Track) -> Clock:
    return Clock(30 / track.tempo, 8 if track.meter == "4/4" else 6, track.seconds)


def compose(track: Track, lyrics: Lyrics, rng: np.random.Generator) -> Score:
    """The lyrics from their first line on, as far as the track lasts, with at least three lines in the middle 30 s."""
    time = clock(track)
    seed = rng.integers(2**63)
    for haste in (1.0, 1.15, 1.35, 1.6, 1.9, 2.3):
        score = Score(time, _lines(track, lyrics, time, PACE[track.genre] * haste, np.random.default_rng(seed)))
        if score.in_clip >= MIN_LINES:
            break
    return score


def _lines(track: Track, lyrics: Lyrics, time: Clock, pace: float, rng: np.random.Generator) -> tuple[SungLine, ...]:
    first = (time.seconds - CLIP) / 2 + 0.3
    bar = int(np.ceil(first / time.bar))
    contours = [CONTOURS[i] for i in rng.permutation(len(CONTOURS))[:2]]
    sung: list[SungLine] = []
    named = [(section.name, line) for section in lyrics.sections for line in section.lines]
    for index, (section, line) in enumerate(named):
        count = sum(len(word.syllables) for word in line.words)
        bars = max(1, round((count / pace + 0.5) / time.bar))
        if (bar + bars) * time.bar > time.seconds - 0.7:
            break
        start, end = bar * time.bar, (bar + bars) * time.bar
        lift = 2 if section.startswith("chorus") else 0
        contour = tuple(step + lift for step in contours[index % 4 in {1, 3}])
        notes = _notes(track, line, _rhythm(count, start, end, time, rng), contour, index % 2 == 1, rng)
        sung.append(SungLine(index, section, notes))
        bar += bars + (index % 4 == 3 and time.bar < 2.2)
    return tuple(sung)


def _rhythm(count: int, start: float, end: float, time: Clock, rng: np.random.Generator) -> list[tuple[float, float]]:
    """(start, end) of each syllable: on the eighths where they suffice, else on sixteenths; a breath at the end."""
    cell = time.eighth
    cells = round((end - start) / cell)
    breath = max(1, round(0.45 / cell))
    if count > 0.9 * (cells - breath):
        cell, cells, breath = cell / 2, cells * 2, max(1, round(0.3 / cell * 2))
    used = max(cells - breath, 1)
    ideal = np.arange(count) * max(used - 1, 1) / count
    if count > used:  # more syllables than cells: evenly, off the grid
        at: NDArray[np.float64] = ideal
    else:
        at = np.round(ideal + rng.uniform(-0.3, 0.3, count) * (np.arange(count) > 0))
        for i in range(1, count):
            at[i] = max(at[i], at[i - 1] + 1)
        at = np.minimum(at, used - count + np.arange(count))
    begins = start + at * cell
    ends = [*begins[1:], start + used * cell]
    return list(zip(begins.tolist(), ends, strict=True))


def _notes(
    track: Track, line: Line, rhythm: list[tuple[float, float]], contour: tuple[int, ...], close: bool,
    rng: np.random.Generator,
) -> tuple[Note, ...]:  # fmt: skip
    """Every syllable of the line on a note of the mode, along the contour, ending on the tonic when it closes."""
    middle = BY_NAME[track.singer].middle
    tonic = middle - 4 + (KEYS.index(track.key) - (middle - 4)) % 12 - (6 if track.genre == "hiphop" else 4)
    if tonic > middle:
        tonic -= 12
    count = len(rhythm)
    along = np.interp(np.linspace(0, 1, count), np.linspace(0, 1, len(contour)), contour)
    if track.genre == "hiphop":
        along = 1 + 0.4 * along
    steps = np.round(along + rng.choice([-1, 0, 0, 0, 1], count)).astype(int)
    steps[-1] = 0 if close else contour[-1] // 2 * 2
    sung = [(syllable, word.language) for word in line.words for syllable in word.syllables]
    return tuple(
        Note(start, end, tonic + degree(track.mode, int(step)), tuple(phones), language)
        for (start, end), step, (phones, language) in zip(rhythm, steps, sung, strict=True)
    )
