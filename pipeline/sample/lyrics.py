"""The lyrics of a sample track: verses and a chorus from the grammar, about a main and a second theme."""

from dataclasses import dataclass, field, replace
from typing import Final, Literal

import numpy as np

from pipeline.sample.frames import grammar
from pipeline.sample.lexicon import Word, romanise, words

SectionName = Literal["verse", "chorus"]

FORMS: Final = ("VCVC", "CVCVC", "VVCVC", "VCVVC", "VCVCVC")
VERSE: Final = 4  # lines
CHORUS: Final = (2, 3, 4)
HOOKS: Final = 2  # lines of a chorus that name its theme; the others are ordinary lines of the theme
MAIN: Final = 0.43  # of the distinct lines; all of the chorus is among them
SECOND: Final = 0.32
MIXED: Final = (0.25, 0.40)  # of the lines as written
WHOLLY_ROMAN: Final = 0.35  # of the roman songs; in the others the chorus stays in Bengali script
TRIES: Final = 60  # to find a line that no other song has
SMALL: Final = frozenset({"a", "an", "and", "at", "by", "for", "from", "in", "is", "of", "on", "the", "to", "with"})

# Some files mark their sections, in several ways, as real lyrics do.
MARKS: Final[dict[str, tuple[dict[str, str], ...]]] = {
    "en": ({}, {}, {"verse": "[Verse]", "chorus": "[Chorus]"}, {"verse": "", "chorus": "(chorus)"}),
    "bn": ({}, {}, {"verse": "[অন্তরা]", "chorus": "[ধুয়া]"}, {"verse": "[Verse]", "chorus": "[Chorus]"}),
}


@dataclass(frozen=True)
class Line:
    text: str
    words: tuple[Word, ...]
    theme: str  # a theme's name or "generic"
    mixed: bool  # holds words of both languages


@dataclass(frozen=True)
class Section:
    name: SectionName
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Lyrics:
    """The sections of a song in sung order, with each repeat of the chorus."""

    title: str
    sections: tuple[Section, ...]
    marks: tuple[tuple[str, str], ...] = ()  # the heading of each kind of section in the file

    @property
    def lines(self) -> tuple[Line, ...]:
        """All lines in sung order."""
        return tuple(line for section in self.sections for line in section.lines)

    @property
    def text(self) -> str:
        """The lyrics file: sections separated by an empty line, in some songs under marks like [Chorus]."""
        marks = dict(self.marks)
        blocks = [
            "\n".join([*filter(None, [marks.get(section.name)]), *(line.text for line in section.lines)])
            for section in self.sections
        ]
        return "\n\n".join(blocks) + "\n"


def compose(*, language: str, theme: str, second: str, mixing: str, rng: np.random.Generator, used: set[str]) -> Lyrics:
    """A new song; adds its lines and titles to `used`, which holds those of the earlier songs.

    `mixing` is `plain`, `mixed` (some lines with words of the other language) or `roman` (Bangla in Latin letters).
    """
    form = FORMS[int(rng.integers(len(FORMS)))]
    size = CHORUS[int(rng.integers(len(CHORUS)))]
    verses = VERSE * form.count("V")
    themes = [theme] * size + _verse_themes(theme, second, size, verses, rng)
    mixed = _mixed_places(form, size, rng) if mixing == "mixed" else frozenset[int]()
    writer = _Writer(language, rng, used)
    lines = [
        writer.line(name, "mixed" if place in mixed else "chorus" if place < min(size, HOOKS) else "")
        for place, name in enumerate(themes)
    ]
    title = _title(writer.text(f"{theme} titles"))
    sections = tuple(_sections(form, lines[:size], lines[size:]))
    marks = MARKS[language][int(rng.integers(len(MARKS[language])))]
    if mixing == "roman":
        return _roman(Lyrics(title, sections), rng)
    return Lyrics(title, sections, tuple(marks.items()))


@dataclass(frozen=True)
class _Writer:
    """Writes the lines of one song."""

    language: str
    rng: np.random.Generator
    used: set[str]
    spent: set[str] = field(default_factory=set)  # frames of this song

    def line(self, theme: str, kind: str) -> Line:
        """A line about the theme: of its verses (kind ""), its chorus, or a mixed one."""
        text = self.text(f"{theme} {kind}".strip())
        if self.language == "en":
            text = text[:1].upper() + text[1:]
        return Line(text, words(text), theme, kind == "mixed")

    def text(self, section: str) -> str:
        """A line of the section that no song has yet, unless the grammar seems exhausted."""
        rules = grammar(self.language)
        frames = [frame for frame in rules.frames[section] if frame not in self.spent] or rules.frames[section]
        for _ in range(TRIES):
            frame = frames[int(self.rng.integers(len(frames)))]
            text = rules.fill(frame, self.rng)
            if text not in self.used:
                break
        self.used.add(text)
        self.spent.add(frame)
        return text


def _verse_themes(theme: str, second: str, chorus: int, verses: int, rng: np.random.Generator) -> list[str]:
    """The theme of every verse line, which together with the chorus gives the planned shares."""
    distinct = chorus + verses
    main = max(round(MAIN * distinct) - chorus, 0)
    minor = round(SECOND * distinct)
    themes = [theme] * main + [second] * minor + ["generic"] * (verses - main - minor)
    return [themes[i] for i in rng.permutation(verses)]


def _mixed_places(form: str, chorus: int, rng: np.random.Generator) -> frozenset[int]:
    """The numbers of the mixed lines among the distinct lines (the chorus first), within the share `MIXED`."""
    verses, times = VERSE * form.count("V"), form.count("C")
    written = verses + chorus * times
    pairs = [
        (v, c) for v in range(1, verses + 1) for c in range(chorus) if MIXED[0] <= (v + c * times) / written <= MIXED[1]
    ]
    in_verses, in_chorus = pairs[int(rng.integers(len(pairs)))]
    places = [*rng.permutation(chorus)[:in_chorus], *(chorus + rng.permutation(verses)[:in_verses])]
    return frozenset(int(place) for place in places)


def _sections(form: str, chorus: list[Line], verses: list[Line]) -> list[Section]:
    sections: list[Section] = []
    for part in form:
        if part == "C":
            sections.append(Section("chorus", tuple(chorus)))
        else:
            done = VERSE * sum(section.name == "verse" for section in sections)
            sections.append(Section("verse", tuple(verses[done : done + VERSE])))
    return sections


def _roman(lyrics: Lyrics, rng: np.random.Generator) -> Lyrics:
    """The same song in Latin letters: all of it, or only the verses."""
    wholly = rng.random() < WHOLLY_ROMAN
    sections = tuple(
        replace(section, lines=tuple(replace(line, text=romanise(line.text)) for line in section.lines))
        if wholly or section.name == "verse"
        else section
        for section in lyrics.sections
    )
    return Lyrics(romanise(lyrics.title) if wholly else lyrics.title, sections)


def _title(text: str) -> str:
    """The title with English capitals."""
    parts = text.split(" ")
    return " ".join(part if i and part in SMALL else part[:1].upper() + part[1:] for i, part in enumerate(parts))
