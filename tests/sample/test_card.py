"""The data card."""

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipeline.sample import card, guards
from tests.sample.corpus import SEED

pytestmark = pytest.mark.xdist_group("sample")  # one process writes the small corpus


def test_the_card_counts_and_is_the_same_each_time(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def undrawn(row: dict[str, str], *_: Any) -> str:
        return row["id"]

    monkeypatch.setattr(card, "picture", undrawn)
    text = card.card(small, SEED)
    assert text == card.card(small, SEED)
    assert "12 songs in English and 12 in Bangla" in text
    with (small / "tracks.csv").open(encoding="utf-8") as file:
        genres = Counter((row["genre"], row["language"]) for row in csv.DictReader(file))
    assert f"| rock | {genres['rock', 'en']} | {genres['rock', 'bn']} |" in text


def test_a_picture_is_small(small: Path) -> None:
    row = guards.read(small)[0]
    assert card.picture(row, small).startswith(f"![{row['id']}")
    assert (small / "card" / f"{row['id']}.png").stat().st_size < 62_000
