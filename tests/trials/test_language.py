"""The third question has three answers: clustered, readable off the neighbours, separated by a straight boundary."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.trials.answers import Answer, QuestionData
from pipeline.trials.language import language_apart, within_one_source
from tests.trials.planted import ARTISTS, GENRE, LANGUAGE, TRACKS, data, places, seeds, trial


def tongues(rng: np.random.Generator, *, clustered: bool = False) -> QuestionData:
    """Lyrics that show the language to the neighbours, whatever is clustered; sound that shows the genre."""
    silent = places(GENRE, 0.2, rng)
    return data(
        [
            trial("audio", seeds(GENRE, 0.2, rng), 4.0, silent),
            trial("audio + bert", seeds(GENRE, 0.2, rng), 4.0, silent),
            trial("bert", seeds(LANGUAGE if clustered else GENRE, 0.1, rng), None, places(LANGUAGE, 0.2, rng)),
        ]
    )


def verdicts(answer: Answer, name: str) -> dict[object, object]:
    return {row["score"]: row["verdict"] for row in answer.comparisons if row["model"] == name}


def test_language_that_neighbours_show_is_not_undecided_since_clusters_miss_it(rng: np.random.Generator) -> None:
    """Fault 7: at k 6 the clusters may follow something else."""
    found = language_apart(tongues(rng))
    lyrics = verdicts(found, "bert")
    assert lyrics["knn"] == lyrics["probe"] == "better"
    assert lyrics["ami"] != "better"
    assert "By lyrics alone (bert): " in found.verdict


def test_clusters_of_a_language_are_above_chance(rng: np.random.Generator) -> None:
    assert verdicts(language_apart(tongues(rng, clustered=True)), "bert")["ami"] == "better"


def test_only_the_sound_answers(rng: np.random.Generator) -> None:
    found = language_apart(tongues(rng, clustered=True))
    assert {(claim["model"], claim["score"]) for claim in found.claims} == {
        ("audio", "ami"), ("audio", "knn"), ("audio", "probe"),
    }  # fmt: skip
    assert found.answer in ("undecided", "equivalent")
    knn = next(str(claim["sentence"]) for claim in found.claims if claim["score"] == "knn")
    assert knn.startswith("By sound alone, ")
    assert "chance 0.50" in knn


def test_sound_that_shows_the_language_is_an_answer(rng: np.random.Generator) -> None:
    known = tongues(rng)
    sound = trial("audio", seeds(LANGUAGE, 0.1, rng), 4.0, places(LANGUAGE, 0.2, rng))
    found = language_apart(replace(known, trials={**known.trials, "audio": sound}))
    assert found.answer == "yes"
    assert "By sound alone, clusters follow the language (AMI): +0." in str(found.claims[0]["sentence"])


def test_languages_of_whole_artists_by_chance_are_not_found() -> None:
    """A t-test of AMI against 0 forgets that an artist has one language: its p is that of shuffled artists."""
    by_artist = np.unique(ARTISTS, return_inverse=True)[1] % 6
    found = language_apart(data([trial("audio", [by_artist.astype(np.int64)] * 4, 4.0)]))
    row = next(row for row in found.comparisons if row["score"] == "ami")
    assert row["p"] >= 0.05  # type: ignore[operator]


def test_the_script_says_what_text_proves(rng: np.random.Generator) -> None:
    known = tongues(rng)
    assert "The script of the lyrics gives AMI 1.00 with no model" in language_apart(known).verdict
    one = np.where(LANGUAGE == "bn", "Bengali", "").astype(object)  # of one language with lyrics it says nothing
    mixed = np.array(["Cyrillic", "Latin"] * (TRACKS // 2), dtype=object)  # both languages are written in both
    for script in (one, mixed, np.full(TRACKS, "Latin", dtype=object)):
        assert "The script of the lyrics" not in language_apart(replace(known, script=script)).verdict


def test_language_is_asked_within_one_source() -> None:
    sources = np.array(["radio"] * 50 + ["studio"] * 70, dtype=object)  # radio is Bangla alone, studio both
    truth, basis = within_one_source(LANGUAGE, sources)
    assert set(truth[:50]) == {""}
    assert truth[50:].tolist() == LANGUAGE[50:].tolist()
    assert basis == "Based on 70 of 120 tracks, within one production source (studio)."
    truth, basis = within_one_source(LANGUAGE, LANGUAGE)
    assert truth.tolist() == LANGUAGE.tolist()
    assert "cannot be separated" in basis


@pytest.mark.parametrize(
    ("column", "reason"),
    [("language", "too few tracks have a 'language'."), ("", "no column names the languages.")],
)
def test_what_cannot_be_asked_is_said(column: str, reason: str, rng: np.random.Generator) -> None:
    known = tongues(rng)
    bare = replace(known, truths={}, params=replace(known.params, language=column))
    assert language_apart(bare).verdict == f"Not asked: {reason}"
