"""The band: what a genre plays around the voice, bar by bar, in 4/4 and 6/8."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from pipeline.sample.instruments import INSTRUMENTS, RATE, Wave
from pipeline.sample.melody import Clock, Score
from pipeline.sample.modes import KEYS, chord, degree
from pipeline.sample.plan import Track

# drums of a bar: instrument -> one sign a sixteenth (4/4) or half an eighth (6/8); x loud, o soft, . nothing
Pattern = dict[str, str]
# fmt: off
BEATS: Final[dict[tuple[str, str], tuple[Pattern, ...]]] = {
    ("pop", "4/4"): (
        {"kick": "x...x...x...x...", "clap": "....x.......x...", "hat": "..x...x...x...x.",
         "shaker": "o.o.o.o.o.o.o.o."},
        {"kick": "x.....x.x.......", "clap": "....x.......x...", "hat": "x.o.x.o.x.o.x.o."},
    ),
    ("pop", "6/8"): ({"kick": "x.....x.....", "clap": "......x.....", "hat": "x.o.o.x.o.o."},),
    ("rock", "4/4"): (
        {"kick": "x.......x.x.....", "snare": "....x.......x...", "hat": "x.x.x.x.x.x.x.x."},
        {"kick": "x..x....x.x...x.", "snare": "....x.......x...", "hat": "x.o.x.o.x.o.x.o."},
    ),
    ("rock", "6/8"): ({"kick": "x.......x...", "snare": "......x.....", "hat": "x.x.x.x.x.x."},),
    ("folk", "4/4"): (
        {"tabla_ge": "x.....o.x.......", "tabla_te": "....o.......o.o.", "shaker": "..o...o...o...o."},
        {"kick": "o.......o.......", "shaker": "x.o.x.o.x.o.x.o."},
    ),
    ("folk", "6/8"): (
        {"tabla_ge": "x.....x.....", "tabla_te": "....o.....o.", "shaker": "x.o.o.x.o.o."},
        {"kick": "o.....o.....", "shaker": "..o.o...o.o."},
    ),
    ("hiphop", "4/4"): (
        {"kick": "x......x..x.....", "snare": "....x.......x...", "hat": "x.x.x.xxx.x.xxx."},
        {"kick": "x.....x...x..x..", "clap": "....x.......x...", "hat": "x.xxx.x.x.x.x.xx"},
    ),
    ("hiphop", "6/8"): ({"kick": "x....x..x...", "snare": "......x.....", "hat": "x.xxx.x.x.xx"},),
    ("art", "4/4"): (
        {"tabla_na": "x...o...x...x...", "tabla_ge": "x.......o...x...", "tabla_te": "......o.......o."},
        {"tabla_na": "x...x.......x...", "tabla_ge": "x...x.........x.", "tabla_te": "..o...o...o....."},
    ),
    ("art", "6/8"): ({"tabla_na": "x...o.....x.", "tabla_ge": "x.....x.....", "tabla_te": "..o.....o..."},),
}
# fmt: on
PROGRESSIONS: Final = ((0, 4, 5, 3), (0, 3, 4, 0), (0, 5, 3, 4), (0, 6, 3, 0), (0, 2, 3, 4), (0, 0, 3, 4))
DRUM_LEVEL: Final = {"kick": 0.9, "snare": 0.55, "hat": 0.22, "clap": 0.4, "shaker": 0.16, "tabla_na": 0.4,
                     "tabla_ge": 0.6, "tabla_te": 0.3}  # fmt: skip
DRUM_PITCH: Final = {"kick": 48.0, "snare": 185.0}
HARMONY: Final = {  # what a palette plays, besides drums: (part, instrument, level)
    "epiano-pad": (("chords", "epiano", 0.34), ("held", "pad", 0.30), ("low", "bass", 0.5)),
    "epiano-guitar": (("chords", "epiano", 0.3), ("broken", "guitar", 0.32), ("low", "bass", 0.5)),
    "epiano-harmonium": (("chords", "epiano", 0.32), ("held", "harmonium", 0.14), ("low", "bass", 0.5)),
    "two-guitars": (("driven", "power", 0.42), ("held", "power", 0.2), ("pulse", "bass", 0.5)),
    "guitar-organ": (("driven", "power", 0.42), ("held", "organ", 0.14), ("pulse", "bass", 0.5)),
    "guitar-dotara": (("driven", "power", 0.4), ("riff", "dotara", 0.3), ("pulse", "bass", 0.5)),
    "guitar-banjo": (("broken", "guitar", 0.5), ("riff", "banjo", 0.34)),
    "guitar-flute": (("broken", "guitar", 0.55), ("tune", "flute", 0.2)),
    "dotara-ektara": (("broken", "dotara", 0.46), ("tonic", "ektara", 0.34)),
    "808-epiano": (("sub", "sub", 0.8), ("loop", "epiano", 0.34)),
    "808-flute": (("sub", "sub", 0.8), ("loop", "flute", 0.2)),
    "808-sitar": (("sub", "sub", 0.8), ("loop", "sitar", 0.26)),
    "sitar-tabla": (("drone", "tanpura", 0.34), ("tune", "sitar", 0.4)),
    "esraj-tabla": (("drone", "tanpura", 0.34), ("tune", "esraj", 0.22)),
    "harmonium-flute": (("drone", "tanpura", 0.3), ("held", "harmonium", 0.12), ("tune", "flute", 0.2)),
}  # fmt: skip


@dataclass
class Band:
    """Players who share a clock, a key and one random stream, and write into one wave."""

    track: Track
    score: Score
    rng: np.random.Generator
    notes: dict[tuple[str, float, float, int], Wave] = field(default_factory=dict)
    loudness: float = 1.0  # of the part that plays now

    def __post_init__(self) -> None:
        self.clock: Clock = self.score.clock
        self.wave: Wave = np.zeros(int(self.track.seconds * RATE), np.float32)
        self.tonic = 48 + KEYS.index(self.track.key)
        self.roots: tuple[int, ...] = PROGRESSIONS[int(self.rng.integers(len(PROGRESSIONS)))]
        if self.track.genre == "art":
            self.roots = (0, 0, 0, 3) if self.rng.random() < 0.4 else (0,)
        beats = BEATS[self.track.genre, self.track.meter]
        self.beat = beats[int(self.rng.integers(len(beats)))]
        self.figure = tuple(self.rng.integers(0, 6, 8).tolist())
        self.sung = [(line.start, line.end) for line in self.score.lines]
        self.lifted = [(line.start, line.end) for line in self.score.lines if line.section.startswith("chorus")]

    def play(self) -> Wave:
        """The whole backing."""
        jitter = {name: float(2 ** self.rng.uniform(-0.5, 0.5)) for _, name, _ in HARMONY[self.track.palette]}
        opening = round(self.score.lines[0].start / self.clock.bar)
        for bar in range(self.clock.bars):
            harmony = HARMONY[self.track.palette]
            for part, name, level in harmony if bar >= opening else harmony[:1]:  # one player begins alone
                self.loudness = level * jitter[name]
                getattr(self, f"_{part}")(name, bar)
            if bar >= opening:
                self._drums(bar)
        return self.wave

    def _hit(self, name: str, midi: float, start: float, seconds: float, level: float = 1.0) -> None:
        """Adds one note; a pitch and length that came before is not synthesised again."""
        at = round((start + float(self.rng.normal(0, 0.003))) * RATE)
        take = int(self.rng.integers(2))  # two takes, so that repeats are not identical
        key = (name, midi, round(seconds, 2), take)
        if key not in self.notes:
            f = midi if name in DRUM_LEVEL else 440 * 2 ** ((midi - 69) / 12)
            self.notes[key] = INSTRUMENTS[name](f, round(seconds, 2), self.rng)
        note = self.notes[key][max(-at, 0) :]
        at = max(at, 0)
        end = min(at + len(note), len(self.wave))
        if end > at:
            self.wave[at:end] += np.float32(level * self.loudness) * note[: end - at]

    def _at(self, bar: int, eighth: float) -> float:
        return bar * self.clock.bar + eighth * self.clock.eighth

    def _chord(self, bar: int) -> list[int]:
        """MIDI notes of the bar's triad, from the octave below middle C."""
        return [self.tonic + tone for tone in chord(self.track.mode, self.roots[bar % len(self.roots)])]

    def _bass_note(self, bar: int) -> int:
        root = self._chord(bar)[0]
        return 28 + (root - 28) % 12

    def _busy(self, time: float, stretches: Sequence[tuple[float, float]]) -> bool:
        return any(start <= time < end for start, end in stretches)

    def _drums(self, bar: int) -> None:
        start = bar * self.clock.bar
        lifted = self._busy(start + 0.1, self.lifted)
        for name, signs in self.beat.items():
            step = self.clock.bar / len(signs)
            pitch = DRUM_PITCH.get(name, 440 * 2 ** ((48 + self.tonic % 12 - 69) / 12) * 2)
            for i, sign in enumerate(signs):
                if sign == ".":
                    continue
                self.loudness = DRUM_LEVEL[name] * (1.0 if sign == "x" else 0.55) * (1.15 if lifted else 1.0)
                length = 0.16 if name == "hat" and lifted and i % 8 == 6 else 0.06
                self._hit(name, pitch, start + i * step, length, float(self.rng.uniform(0.85, 1.0)))

    def _chords(self, name: str, bar: int) -> None:
        """The triad on the beats."""
        step = 2 if self.clock.eighths == 8 else 3
        for i in range(0, self.clock.eighths, step):
            for tone in self._chord(bar):
                self._hit(name, tone + 12, self._at(bar, i), 0.9 * step * self.clock.eighth, 0.75 if i == 0 else 0.65)

    def _held(self, name: str, bar: int) -> None:
        for tone in self._chord(bar):
            self._hit(name, tone + (0 if name == "power" else 12), bar * self.clock.bar, self.clock.bar, 0.7)

    def _broken(self, name: str, bar: int) -> None:
        """The triad note by note, on the eighths."""
        low, third, fifth = self._chord(bar)
        order = (low, fifth, low + 12, third + 12, fifth, low + 12, third + 12, fifth)
        for i in range(self.clock.eighths):
            tone = order[i % len(order)]
            self._hit(name, tone, self._at(bar, i), self.clock.eighth * 2, 1.0 - 0.25 * (i % 2))

    def _driven(self, name: str, bar: int) -> None:
        """Eighths on the root, let ring in the chorus."""
        root = self._bass_note(bar) + 12
        start = bar * self.clock.bar
        ring = 4 if self._busy(start + 0.1, self.lifted) else 1
        for i in range(0, self.clock.eighths, ring):
            self._hit(name, root, start + i * self.clock.eighth, self.clock.eighth * ring, 0.9 - 0.2 * (i % 2))

    def _low(self, name: str, bar: int) -> None:
        root = self._bass_note(bar)
        for i in (0, 3, 6) if self.clock.eighths == 8 else (0, 3):
            self._hit(name, root + (7 if i == 6 else 0), self._at(bar, i), self.clock.eighth * 2)

    def _pulse(self, name: str, bar: int) -> None:
        for i in range(self.clock.eighths):
            self._hit(name, self._bass_note(bar), self._at(bar, i), self.clock.eighth)

    def _sub(self, name: str, bar: int) -> None:
        for i in (0, 3, 5) if bar % 2 == 0 else (0, 4):
            if i < self.clock.eighths:
                self._hit(name, self._bass_note(bar), self._at(bar, i), self.clock.eighth * 2.5)

    def _loop(self, name: str, bar: int) -> None:
        """A sampled figure: the same few notes every bar."""
        for i, step in enumerate(self.figure):
            if i < self.clock.eighths and step % 2 == 0:
                tone = self.tonic + 12 + degree(self.track.mode, step)
                self._hit(name, tone, self._at(bar, i), self.clock.eighth * 1.8)

    def _riff(self, name: str, bar: int) -> None:
        """Quick answers where the voice rests, sparse notes under it."""
        for i in range(self.clock.eighths * 2):
            start = self._at(bar, i) / 2
            if i % 4 and self._busy(start, self.sung):
                continue
            if self.rng.random() < 0.75:
                step = self.figure[i % 8] if i % 4 else 0
                self._hit(name, self.tonic + 12 + degree(self.track.mode, step), start, self.clock.eighth)

    def _tune(self, name: str, bar: int) -> None:
        """A melody over the tonic: long notes under the voice, moving ones where it rests."""
        i = 0
        while i < self.clock.eighths:
            start = self._at(bar, i)
            sung = self._busy(start, self.sung)
            length = int(self.rng.choice([4, 4, 6] if sung else [1, 1, 2, 2]))
            moving = self.figure[(i + bar) % 8] + int(self.rng.integers(-1, 2))
            step = int(self.rng.choice([0, 2, 4, 5])) if sung else moving
            tone = self.tonic + 12 + degree(self.track.mode, step)
            self._hit(name, tone, start, length * self.clock.eighth, 0.7 if sung else 1.0)
            i += length

    def _tonic(self, name: str, bar: int) -> None:
        for i in range(0, self.clock.eighths, 2 if self.clock.eighths == 8 else 3):
            self._hit(name, self.tonic, self._at(bar, i), self.clock.eighth)

    def _drone(self, name: str, bar: int) -> None:
        """The tanpura's four strings, whatever the chord."""
        for i, tone in enumerate((-5, 0, 0, -12)):
            self._hit(name, self.tonic + tone, bar * self.clock.bar + i * self.clock.bar / 4, 2.5)


def play(track: Track, score: Score, rng: np.random.Generator) -> Wave:
    """The backing of a track."""
    return Band(track, score, rng).play()
