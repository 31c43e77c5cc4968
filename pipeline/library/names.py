"""A name for each cluster: how it sounds, what it sings of, and in which languages, as the report's cards say."""

from collections import Counter
from contextlib import chdir
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.core.command import Problem
from pipeline.core.store import Array
from pipeline.draw import cards, words
from pipeline.draw.run import Run
from pipeline.draw.tags import read_tags
from pipeline.library.songs import Library
from pipeline.library.spaces import SOUND, WORDS
from pipeline.score.labels import Labels
from pipeline.score.runs import Runs

PARTS = 3  # of a name
SUNG = 0.15  # of the songs: enough to name a language
AUDIBLE = cards.AUDIBLE


@dataclass(frozen=True)
class Described:
    """What sets a cluster apart, the clearest first."""

    tags: list[str]  # of the pretrained tagger
    sound: list[tuple[str, float]]  # in words, with the difference in standard deviations
    words: dict[str, list[str]]  # language -> typical words
    languages: dict[str, float]  # language -> share of the songs
    lifts: list[tuple[str, float, float]]  # tags with the difference in standard deviations and the mean probability

    def name(self, by: str) -> str:
        """Three things and the languages: what is heard where songs are grouped by sound, what is said by words."""
        said = [terms[place] for place in range(2) for terms in self.words.values() if place < len(terms)]
        heard = self.tags[: PARTS - 1] + [word for word, _ in self.sound]
        parts = {SOUND: heard + said, WORDS: said + heard}.get(by, [*heard[:1], *said, *heard])
        chosen = list(dict.fromkeys(parts))[:PARTS] or ["mixed"]
        spoken = " + ".join(code for code, share in self.languages.items() if share >= SUNG)
        return ", ".join(chosen) + (f" · {spoken}" if spoken else "")


@dataclass(frozen=True)
class Material:
    """What clusters are described by."""

    run: Run
    sound: cards.Descriptors  # in standard deviations of the songs, 0 for their mean
    words: words.Words | None

    def of_cluster(self, members: Array, spoken: Array) -> Described:
        """What sets these songs apart from the others."""
        tags = self.run.tags.of_cluster(members) if self.run.tags else []
        means = [(pair, float(value[members].mean())) for pair, value in self.sound.items()]
        clear = sorted((each for each in means if abs(each[1]) >= AUDIBLE), key=lambda each: -abs(each[1]))
        heard = [(pair[mean > 0], round(mean, 2)) for pair, mean in clear]
        said = dict(words.typical(self.words, members)) if self.words else {}
        return Described([tag for tag, _, _ in tags], heard, said, _shares(spoken[members]), tags)


def material(songs: Library) -> Material:
    with chdir(songs.folder):
        run = _run(songs)
        read = words.read_words(run) if (words.LYRICS / "vocabulary.json").exists() else None
        return Material(run, _sound(run), read)


def described(songs: Library, labels: Labels) -> list[Described]:
    """Each cluster of the library, by its number."""
    known = material(songs)
    return [known.of_cluster(labels == number, songs.languages) for number in range(int(labels.max()) + 1)]


def _shares(spoken: Array) -> dict[str, float]:
    counts: Counter[str] = Counter(code for code in spoken if code)
    return {code: many / max(1, counts.total()) for code, many in sorted(counts.items(), key=lambda item: -item[1])}


def _sound(run: Run) -> cards.Descriptors:
    try:
        return cards.read_sound(run)
    except Problem:  # the numbers come from a table of another program, which names them differently
        return {}


def _run(songs: Library) -> Run:
    """What the cards are made from, without scores."""
    no_runs = Runs(songs.ids, np.zeros((len(songs), 0)), {})
    return Run(songs.ids, songs.tracks, (), "kmeans", (), no_runs, pd.DataFrame(), None, read_tags(songs.ids))
