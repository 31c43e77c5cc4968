"""The second question: lyrics count beyond shuffled ones, by score and direction; missing lyrics have intervals."""

import re
from dataclasses import replace

import numpy as np
import pytest

from pipeline.trials.answers import Answer, QuestionData
from pipeline.trials.lyrics import influence_of_lyrics
from pipeline.trials.trials import Trial
from tests.trials.planted import GENRE, THEME, data, places, seeds, trial


def lyrical(rng: np.random.Generator, *, bert: bool = True, shuffled: bool = False, half: float = 0.8) -> QuestionData:
    """Sound that shows the genre; with lyrics the theme takes its place, where they are told to help."""

    def fused(name: str, *, helps: bool, noise: float = 0.2) -> Trial:
        column = THEME if helps else GENRE
        return trial(name, seeds(column, 0.1, rng), 4.0, places(column, noise, rng))

    made = [
        fused("audio", helps=False),
        fused("audio + bert", helps=bert),
        fused("audio + bert shuffled", helps=shuffled),
        replace(fused("audio + bert, 50% missing", helps=bert, noise=half), labels={}, curves={}),
    ]
    return data(made)


def verdicts(answer: Answer) -> dict[tuple[object, object], object]:
    return {(claim["score"], claim["column"]): claim["verdict"] for claim in answer.claims}


def test_lyrics_are_judged_by_score_and_direction(rng: np.random.Generator) -> None:
    """Fault 6: they bring the theme and cost the genre, and each is a claim of its own."""
    found = influence_of_lyrics(lyrical(rng))
    assert verdicts(found) == {
        ("ami", "genre"): "worse", ("knn", "genre"): "worse", ("ami", "theme"): "better", ("knn", "theme"): "better",
    }  # fmt: skip
    assert found.answer == "mixed"
    sentences = [str(claim["sentence"]) for claim in found.claims]
    assert sentences[0].startswith("Lyrics make the genre harder to find (AMI): -0.")
    assert sentences[3].startswith("Lyrics help to find the theme (kNN): +0.")


def test_a_gain_that_shuffled_lyrics_give_too_is_not_one_of_the_lyrics(rng: np.random.Generator) -> None:
    found = influence_of_lyrics(lyrical(rng, shuffled=True))
    assert verdicts(found)["ami", "theme"] == verdicts(found)["knn", "theme"] == "undecided"
    assert "the gain" not in found.verdict


def test_no_claim_is_zero_by_construction(rng: np.random.Generator) -> None:
    """Fault 6: all lyrics missing is the sound alone."""
    found = influence_of_lyrics(lyrical(rng))
    assert not [row for row in found.comparisons if row["difference"] == row["low"] == row["high"]]
    primary = [row for row in found.comparisons if row["family"] == "primary"]
    assert len({(row["model"], row["score"], row["column"]) for row in primary}) == 4


def test_missing_lyrics_have_an_interval_and_no_bare_ratio(rng: np.random.Generator) -> None:
    """Fault 11."""
    found = influence_of_lyrics(lyrical(rng))
    assert "audio + bert, 50% missing: kNN of theme over sound alone +" in found.verdict
    words = r"songs that keep theirs keep (-?\d+)% of the gain in kNN of theme \((-?\d+)% to (-?\d+)%\)"
    said = re.search(words, found.verdict)
    assert said is not None
    share, low, high = map(int, said.groups())
    assert low < share < high
    (row,) = [row for row in found.rows if row["score"] == "share of the gain in kNN"]
    assert row["low"] < row["mean"] < row["high"]  # type: ignore[operator]


def test_without_a_gain_there_is_no_share_of_it(rng: np.random.Generator) -> None:
    assert "the gain" not in influence_of_lyrics(lyrical(rng, bert=False)).verdict


def test_without_lyrics_that_is_why_it_is_not_asked(rng: np.random.Generator) -> None:
    found = influence_of_lyrics(data([trial("audio", seeds(GENRE, 0.1, rng), 4.0)]))
    assert (found.answer, found.verdict) == ("not asked", "Not asked: no track has lyrics.")


def test_without_columns_it_is_not_asked(rng: np.random.Generator) -> None:
    known = replace(lyrical(rng), truths={})
    assert influence_of_lyrics(known).verdict == "Not asked: too few tracks have a 'theme'."


@pytest.mark.parametrize("column", ["genre", "theme"])
def test_one_column_is_enough(column: str, rng: np.random.Generator) -> None:
    known = lyrical(rng)
    found = influence_of_lyrics(replace(known, truths={column: known.truths[column]}))
    assert {claim["column"] for claim in found.claims} == {column}
