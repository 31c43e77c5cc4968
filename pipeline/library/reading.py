"""What the lyrics of one new song say, in the numbers that stage lyrics gives the models.

The language is taken out, and few directions are kept, as the stage does it: both are fitted on the lyrics of the
library and applied to the new ones.
"""

from collections.abc import Mapping
from contextlib import chdir
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from pipeline.core import languages, store
from pipeline.core.command import Problem
from pipeline.core.settings import Device
from pipeline.core.store import Array
from pipeline.library.songs import Library
from pipeline.library.unusable import Unusable
from pipeline.text import centre, clean, encode, language
from pipeline.text.bert import BertParams
from pipeline.text.centre import Way
from pipeline.text.settled import settled, with_letters

FOLDER = store.BUILD / "lyrics"
ENOUGH = 4_000  # songs to fit a few hundred numbers to
KINDS = {"bert": "bert", "bert_svd": "bert", "bert_free": "bert_free", "bert_free_svd": "bert_free"}  # and their source


@dataclass(frozen=True)
class Lyrics:
    """The section of stage lyrics, which would import gensim; tables of words are not made for a new song."""

    chorus: Literal["keep", "fold"]
    tfidf: dict[str, Any]
    word2vec: dict[str, Any]
    bert: BertParams
    language: Way


@dataclass(frozen=True)
class Words:
    """The lyrics of a song."""

    numbers: Array
    shares: dict[str, float]  # of each language in the lines, the largest first
    language: str  # the code of most lines; "" where nothing settles it


def cleaned(file: Path) -> str:
    """The sung words of a file; Unusable with the reason."""
    try:
        return clean.read(file.read_bytes()).words
    except clean.Unreadable as error:
        raise Unusable(f"{file.name}: {error}") from None
    except OSError as error:
        raise Unusable(f"{file.name} cannot be opened: {error.strerror}") from None


class Reader:
    """Turns lyrics into `kind`, an array of stage lyrics."""

    def __init__(self, songs: Library, p: Lyrics, device: Device, kind: str) -> None:
        if kind not in KINDS:
            raise Problem(f"hard.lyrics is {kind}: lyrics of new songs are placed with {' or '.join(KINDS)}")
        self.songs, self.p, self.device, self.kind = songs, p, device, kind

    def read(self, text: str, written: str = "") -> Words:
        """The numbers of a text; `written` is the language as a person or a tag names it."""
        whole = clean.folded(text) if self.p.chorus == "fold" else text
        lines = with_letters(language.of_track(whole), written)
        known = settled(lines, written)
        vector = encode.encoded([whole], self.p.bert, self.device).vectors
        spoken = max(known.shares, key=lambda code: known.shares[code], default="")
        return Words(self._numbers(vector, known.shares), lines, spoken)

    def _numbers(self, vector: Array, shares: Mapping[str, float]) -> Array:
        if KINDS[self.kind] == "bert_free":
            weights = centre.table([*self._shares, shares])[1]
            seen = np.arange(len(weights)) < len(weights) - 1
            together = np.concatenate([self._library["bert"], vector])
            vector = centre.freed(together, weights, self.p.language, seen)[-1:]
        if not self.kind.endswith("_svd"):
            return np.asarray(vector[0], np.float32)
        middle, directions, offset = self._directions
        return np.asarray(((vector - middle) @ directions)[0] + offset, np.float32)

    @cached_property
    def _rows(self) -> Array:
        """The songs with lyrics; a random part of them in a large library."""
        with chdir(self.songs.folder):
            has_lyrics = store.read_rows(FOLDER, "has_lyrics").at(self.songs.ids)["has_lyrics"]
        rows = np.random.default_rng(0).permutation(np.flatnonzero(has_lyrics))
        return np.sort(rows[:ENOUGH])

    @cached_property
    def _library(self) -> dict[str, Array]:
        """What stage lyrics made of these songs."""
        names = {"bert", self.kind, KINDS[self.kind]}
        with chdir(self.songs.folder):
            tables = store.read_rows(FOLDER, *names).at(self.songs.ids)
        return {name: np.asarray(tables[name][self._rows]) for name in names}

    @cached_property
    def _shares(self) -> list[dict[str, float]]:
        """Of each language in the lyrics of each song that has them."""
        with chdir(self.songs.folder):
            table = store.read_table(FOLDER / "languages.csv")
        lines: dict[str, dict[str, float]] = {}
        for id_, code, share in zip(table["id"], table["language"], table["share"], strict=True):
            lines.setdefault(id_, {})[code] = float(share)
        written = self.songs.column("language")
        return [settled(lines.get(self.songs.ids[row], {}), written[row]).shares for row in self._rows]

    @cached_property
    def _directions(self) -> tuple[Array, Array, Array]:
        """The mean, directions and offset of the reduction, read off what it made of the library's lyrics."""
        given = self._library[KINDS[self.kind]].astype(np.float64)
        made = self._library[self.kind].astype(np.float64)
        middle, offset = given.mean(axis=0), made.mean(axis=0)
        return middle, np.linalg.lstsq(given - middle, made - offset)[0], offset


def name_of(codes: Mapping[str, float]) -> str:
    """Languages and their shares in words."""
    return ", ".join(f"{languages.name(code)} {share:.0%}" for code, share in codes.items()) or "unknown"
