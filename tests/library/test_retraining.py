"""Songs like those of the library do not speak for a training; strange ones do, and those of one artist count once."""

import numpy as np
import pytest

from pipeline.core.store import Array
from pipeline.library.retraining import verdict

MET = frozenset({"bn", "en"})


def judged(score: Array, artists: list[str] | None = None, trained: int = 1000, code: str = "en") -> list[str]:
    names = artists or [f"artist {number}" for number in range(len(score))]
    return verdict({"sound": score}, names, np.array([code] * len(score)), trained, MET).reasons


def test_songs_like_those_of_the_library_rarely_speak_for_a_training(rng: np.random.Generator) -> None:
    alarms = [bool(judged(rng.uniform(size=size))) for size in (1, 2, 3, 10, 40) for _ in range(100)]
    assert np.mean(alarms) < 0.02


def test_songs_that_lie_farther_out_do(rng: np.random.Generator) -> None:
    assert all(judged(0.6 * rng.uniform(size=40)) for _ in range(20))
    assert "too many artists are unlike anything" in judged(np.r_[np.full(5, 0.01), np.full(15, 0.6)])[0]


def test_one_artist_does_not_whatever_its_songs_are_like() -> None:
    assert judged(np.full(12, 0.03), ["same"] * 12) == []
    assert judged(np.full(12, 0.01))


def test_a_fifth_more_songs_do_and_a_new_language_does() -> None:
    assert judged(np.full(21, 0.5), trained=100)[0].startswith("there are 21 of them beside 100")
    assert not judged(np.full(20, 0.5), trained=100)
    assert judged(np.full(3, 0.5), code="fr") == ["3 are in French, which the models have not met"]
    assert not judged(np.full(2, 0.5), code="fr")
    assert not judged(np.full(9, 0.5), code="")


def test_what_has_no_place_is_no_evidence() -> None:
    nothing = np.full(9, np.nan)
    said = verdict({"sound": np.full(9, 0.5), "words": nothing}, [""] * 9, np.array(["en"] * 9), 100, MET)
    assert len(said.lines) == 1
    assert not said.worth
    assert "0 unlike anything in the library (at most 0.5 is usual); 50%" in said.lines[0]


@pytest.mark.parametrize("scores", [{}, {"sound": np.array([])}])
def test_nothing_speaks_where_nothing_was_added(scores: dict[str, Array]) -> None:
    assert not verdict(scores, [], np.array([], object), 10, MET).worth
