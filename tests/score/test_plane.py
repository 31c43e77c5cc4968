"""The summary plane: chance is 0, the oracle is 1, and what is undefined is nowhere."""

from pathlib import Path

import pytest

from pipeline.core.embeddings import Representation
from pipeline.score.plane import COLUMNS, rows, scaled
from pipeline.score.summary import Measured

CHANCE = [
    Measured("kmeans", "genre", "ami_curve", [0.0, 0.0]),
    Measured("", "genre", "knn", [0.2], null_mean=0.2),
    Measured("", "", "artist_hit", [0.21], null_mean=0.21),
    Measured("", "language", "ilisi", [0.0], null_mean=0.6),
    Measured("", "language", "kbet", [0.0], null_mean=0.95),
    Measured("", "language", "probe", [1.0], null_mean=0.5),
]
ORACLE = [
    Measured("kmeans", "genre", "ami_curve", [1.0]),
    Measured("", "genre", "knn", [1.0], null_mean=0.2),
    Measured("", "", "artist_hit", [1.0], null_mean=0.21),
    Measured("", "language", "ilisi", [0.6], null_mean=0.6),
    Measured("", "language", "kbet", [0.95], null_mean=0.95),
    Measured("", "language", "probe", [0.5], null_mean=0.5),
]


def embedding(name: str, **about: object) -> Representation:
    return Representation(Path("nowhere"), name, {"family": "toy", **about})


@pytest.mark.parametrize(("measured", "expected"), [(CHANCE, 0.0), (ORACLE, 1.0)])
def test_chance_is_zero_and_the_oracle_one(measured: list[Measured], expected: float) -> None:
    (row,) = rows([(embedding("toy"), measured)], {"sound": "genre"}, "language")
    assert list(row) == COLUMNS
    assert {row[name] for name in COLUMNS[3:]} == {expected}


def test_parts_are_cut() -> None:
    measured = [
        Measured("kmeans", "genre", "ami_curve", [-0.5]),
        Measured("", "language", "ilisi", [0.9], null_mean=0.6),
    ]
    parts = scaled(measured, "genre", "language")
    assert (parts["ami_curve"], parts["ilisi"], parts["knn"]) == (-0.2, 1.2, None)


def test_a_point_needs_every_part_that_any_other_has() -> None:
    plain = [row for row in ORACLE if row.score != "artist_hit"]  # no track has an artist
    half = [row for row in plain if row.score != "knn"]
    scored = [(embedding("all"), plain), (embedding("half"), half), (embedding("told", condition="genre"), plain)]
    every, without, told = rows(scored, {"sound": "genre"}, "language")
    assert (every["conservation"], every["artist_hit"]) == (1.0, None)
    assert without["conservation"] is told["conservation"] is told["knn"] is None
    assert without["mixing"] == told["mixing"] == 1.0


def test_a_facet_is_a_label() -> None:
    table = rows([(embedding("toy"), ORACLE)], {"sound": "genre", "words": "theme"}, "language")
    assert [(row["facet"], row["label"], row["conservation"]) for row in table] == [
        ("sound", "genre", 1.0), ("words", "theme", None),
    ]  # fmt: skip
    assert rows([], {}, "") == []
