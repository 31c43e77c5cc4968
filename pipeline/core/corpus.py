"""What a corpus declares of itself: the optional card data/corpus.yaml, and what it means for this table of tracks.

A corpus without a card is scored against those of `language`, `genre` and `theme` that have two values at least; no
column counts as a known cause, and it is no synthetic one.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.core import params, store
from pipeline.core.command import Problem

CARD = store.DATA / "corpus.yaml"
FILE = store.BUILD / "tracks" / "corpus.json"
USUAL = ("language", "genre", "theme")  # columns to score against where the card names none
AUTO = "auto"  # in params.yaml: what the corpus declares


class Card(BaseModel):
    """The card as a person writes it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    synthetic: bool = False  # whether a program made the songs
    labels: tuple[str, ...] | None = None  # columns of the tracks to score against
    factors: tuple[str, ...] = ()  # columns that are known causes of the sound or the words, as in planted data
    words: str = ""  # the column that the lyrics should predict
    unseen_by: tuple[str, ...] = ()  # pretrained encoders that have neither heard the songs nor seen their labels


@dataclass(frozen=True)
class Corpus:
    """The card with everything resolved: only columns that the tracks have, with two values at least."""

    synthetic: bool
    labels: tuple[str, ...]
    factors: tuple[str, ...]
    sound: str  # the column that the sound should predict; "" without one
    words: str  # the column that the lyrics should predict; "" without one
    language: str  # the column by which an embedding may fall apart; "" without one
    unseen_by: tuple[str, ...]

    def may_be_known_to(self, encoder: str) -> bool:
        """Whether a pretrained encoder may have heard the songs or seen their labels."""
        return not self.synthetic and encoder not in self.unseen_by

    def write(self, file: Path = FILE) -> None:
        store.write_json(file, asdict(self))


def read(file: Path = FILE) -> Corpus:
    """What stage tracks wrote."""
    raw: dict[str, Any] = store.read_json(file)
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in raw.items()}
    return Corpus(**values)


def read_card(file: Path = CARD) -> Card:
    """The card, checked; an empty one where there is no file."""
    if not file.exists():
        return Card()
    try:
        raw = yaml.safe_load(file.read_bytes())
        return Card.model_validate_json(json.dumps(raw or {}, default=str))
    except ValidationError as error:
        raise Problem(f"{file}: {_first(error)}") from None
    except params.UNREADABLE as error:
        raise Problem(f"{file} is not YAML: {' '.join(str(error).split())[:120]}: fix it, or remove it") from None


def _first(error: ValidationError) -> str:
    """The first thing that is wrong, with its key."""
    item = error.errors(include_url=False)[0]
    if not item["loc"]:
        return f"it must be keys and values, of {', '.join(Card.model_fields)}"
    key = str(item["loc"][0])
    if item["type"] == "extra_forbidden":
        return f"unknown key {key!r}; known are {', '.join(Card.model_fields)}"
    shown = json.dumps(item["input"], ensure_ascii=False)[: params.LONGEST]
    return f"{key} holds {shown}; it must be {params.WANTED.get(item['type'], item['msg'])}"


def resolved(card: Card, tracks: pd.DataFrame, file: Path = CARD) -> Corpus:
    """What the card means for these tracks, which it has to fit."""
    for key, named in (("labels", card.labels or ()), ("factors", card.factors), ("words", (card.words,))):
        _require(tracks, key, filter(None, named), file)
    known = {column for column in tracks if tracks[column].replace("", None).nunique() > 1}
    declared = USUAL if card.labels is None else card.labels
    labels = tuple(column for column in dict.fromkeys(declared) if column in known)
    words = next((column for column in (card.words, "theme", "genre") if column in known), "")
    others = (column for column in labels if column not in ("language", "theme", card.words))
    return Corpus(
        synthetic=card.synthetic,
        labels=labels,
        factors=tuple(column for column in dict.fromkeys(card.factors) if column in known),
        sound="genre" if "genre" in known else next(others, ""),
        words=words,
        language="language" if "language" in known else "",
        unseen_by=card.unseen_by,
    )


def _require(tracks: pd.DataFrame, key: str, columns: Iterable[str], file: Path) -> None:
    for column in columns:
        if column not in tracks:
            known = ", ".join(tracks.columns)
            cure = "correct it, or remove the card if it describes another corpus"
            raise Problem(f"{file}: {key} names {column!r}, which the tracks do not have (they have {known}): {cure}")
