"""A name for each cluster: how it sounds, what it sings of, and in which languages, as the report's cards say."""

from collections import Counter
from contextlib import chdir
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.core import store
from pipeline.core.command import Problem
from pipeline.core.store import Array
from pipeline.draw import cards, words
from pipeline.draw.run import Run
from pipeline.draw.tags import read_tags
from pipeline.library.additions import STATS, TAGS
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
    """What clusters are described by: the songs of the stages alone, so that an added one changes no name."""

    run: Run
    sound: cards.Descriptors  # of these and the added songs, in standard deviations of these, 0 for their mean
    words: words.Words | None
    tags: Array  # [song, tag]: probabilities, of these and the added songs

    def of_cluster(self, members: Array, spoken: Array) -> Described:
        """What sets these songs apart from the others."""
        members, spoken = members[: len(self.run.ids)], spoken[: len(self.run.ids)]
        if not members.any():
            return Described([], [], {}, {}, [])
        tags = self.run.tags.of_cluster(members) if self.run.tags else []
        means = [(pair, float(value[: len(members)][members].mean())) for pair, value in self.sound.items()]
        clear = sorted((each for each in means if abs(each[1]) >= AUDIBLE), key=lambda each: -abs(each[1]))
        heard = [(pair[mean > 0], round(mean, 2)) for pair, mean in clear]
        said = dict(words.typical(self.words, members)) if self.words else {}
        return Described([tag for tag, _, _ in tags], heard, said, _shares(spoken[members]), tags)


def material(songs: Library) -> Material:
    with chdir(songs.folder):
        run = _run(songs.trained)
        read = words.read_words(run) if (words.LYRICS / "vocabulary.json").exists() else None
        tags = run.tags.values if run.tags else np.zeros((len(run.ids), 0))
        return Material(run, _sound(run, songs), read, np.concatenate([tags, songs.added.array(TAGS, tags.shape[1])]))


def described(songs: Library, labels: Labels) -> list[Described]:
    """Each cluster of the library, by its number."""
    known = material(songs)
    return [known.of_cluster(labels == number, songs.languages) for number in range(int(labels.max()) + 1)]


def _shares(spoken: Array) -> dict[str, float]:
    counts: Counter[str] = Counter(code for code in spoken if code)
    return {code: many / max(1, counts.total()) for code, many in sorted(counts.items(), key=lambda item: -item[1])}


def _sound(run: Run, songs: Library) -> cards.Descriptors:
    try:
        known = cards.read_sound(run)
    except Problem:  # the numbers come from a table of another program, which names them differently
        return {}
    return _with_added(run, songs, known) if len(songs.added) else known


def _with_added(run: Run, songs: Library, known: cards.Descriptors) -> cards.Descriptors:
    """The descriptors with those of the added songs behind, on the same scale."""
    audio = store.read_rows(store.BUILD / "audio", "stats", "valid").at(run.ids)
    valid = np.asarray(audio["valid"], np.float64)[:, :, None]
    stats = (audio["stats"] * valid).sum(axis=1) / np.maximum(valid.sum(axis=1), 1)
    together = np.concatenate([stats, songs.added.array(STATS, stats.shape[1])])
    raw = cards.descriptors(together, store.read_json(store.BUILD / "audio" / "stats_names.json"))
    behind = {}
    for pair, value in raw.items():
        first = value[: len(stats)]
        behind[pair] = (value[len(stats) :] - first.mean()) / max(float(first.std()), 1e-9)
    return {pair: np.concatenate([value, behind[pair]]) for pair, value in known.items()}


def _run(songs: Library) -> Run:
    """What the cards are made from, without scores."""
    no_runs = Runs(songs.ids, np.zeros((len(songs), 0)), {})
    return Run(songs.ids, songs.tracks, (), "kmeans", (), no_runs, pd.DataFrame(), None, read_tags(songs.ids))
