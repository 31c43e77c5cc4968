"""The measures of what the sample promises."""

from pathlib import Path

import pytest

from pipeline.core.command import Problem
from pipeline.sample import guards

pytestmark = pytest.mark.xdist_group("sample")  # one process writes the small corpus


def test_the_guards_hold_on_a_small_corpus(small: Path) -> None:
    """With 24 tracks of 3 artists only the coarse ones can be asked; the script asks all, over 180."""
    rows = guards.read(small)
    language, genre = ([row[name] for row in rows] for name in ("language", "genre"))
    vocal = guards.measure([small / "stems/vocal" / f"{row['id']}.ogg" for row in rows], "vocals").timbre
    mixed = guards.measure([small / row["audio"] for row in rows], "mixes").timbre
    folds = [row["id"][-1] for row in rows]  # three artists are too few to fold by
    assert guards.probe(vocal, language, folds) >= 0.75
    assert guards.probe(mixed, genre, folds) >= 0.6
    assert guards.clustered(mixed, 5, genre) >= 0.35
    assert guards.clustered(mixed, 2, language) <= 0.25


def test_a_guard_says_whether_it_holds() -> None:
    good, bad = guards.Guard("a", 0.9, least=0.8), guards.Guard("b", 0.9, most=0.65)
    assert (good.holds, bad.holds) == (True, False)
    assert guards.as_table([good, bad]).split() == [
        "a",
        "0.900",
        ">=",
        "0.80",
        "holds",
        "b",
        "0.900",
        "<=",
        "0.65",
        "FAILS",
    ]


def test_guards_name_a_missing_corpus(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"tracks\.csv is missing"):
        guards.read(tmp_path)
