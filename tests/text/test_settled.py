"""The language of a track from its lines and its row: the row wins, and who contradicts it is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.languages import NAMES, UNSURE
from pipeline.text.settled import Contradiction, same, settled, with_letters


@pytest.mark.parametrize(
    ("heard", "written", "shares"),
    [
        ({"de": 0.75, UNSURE: 0.25}, "German", {"de": 1.0}),
        ({"de": 0.75, "en": 0.25}, "de", {"de": 0.75, "en": 0.25}),
        ({"de": 0.5, "en": 0.5}, "en", {"de": 0.5, "en": 0.5}),
        ({"bn-Latn": 0.75, UNSURE: 0.25}, "Bangla", {"bn-Latn": 0.75, "bn": 0.25}),
        ({"bn-Latn": 0.5, "en": 0.5}, "bengali", {"bn-Latn": 0.5, "en": 0.5}),
        ({"hi-Latn": 0.75, "bn-Latn": 0.25}, "Hindi", {"hi-Latn": 1.0}),
        ({"hi-Latn": 0.5, "bn-Latn": 0.25, UNSURE: 0.25}, "Japanese", {"ja-Latn": 0.75, "ja": 0.25}),
        ({"sr": 0.6, "hr": 0.4}, "Croatian", {"hr": 1.0}),
        ({UNSURE: 1.0}, "ja", {"ja": 1.0}),
        ({}, "ja", {"ja": 1.0}),
        ({"de": 0.6, UNSURE: 0.4}, "", {"de": 1.0}),
        ({"de": 0.6, "en": 0.2, UNSURE: 0.2}, "odd", {"de": 0.75, "en": 0.25}),
        ({UNSURE: 1.0}, "", {}),
        ({}, "", {}),
    ],
)
def test_what_does_not_contradict_the_row_counts(
    heard: dict[str, float], written: str, shares: dict[str, float]
) -> None:
    made = settled(with_letters(heard, written), written)
    assert made.shares == pytest.approx(shares)
    assert made.contradiction is None


@pytest.mark.parametrize(
    ("heard", "written", "contradiction"),
    [
        ({"de": 0.75, "en": 0.25}, "en", Contradiction("en", "de", 0.75)),
        ({"en": 0.9, UNSURE: 0.1}, "Bangla", Contradiction("bn", "en", 0.9)),
        ({"bn-Latn": 0.6, "en": 0.4}, "eng", Contradiction("en", "bn-Latn", 0.6)),
    ],
)
def test_the_row_wins_over_lyrics_in_another_language(
    heard: dict[str, float], written: str, contradiction: Contradiction
) -> None:
    made = settled(heard, written)
    assert made.shares == {contradiction.table: 1.0}
    assert made.contradiction == contradiction


def test_what_is_sung_in_latin_letters_is_what_the_row_says() -> None:
    assert with_letters({"hi-Latn": 0.5, UNSURE: 0.5}, "Russian") == {"ru-Latn": 0.5, UNSURE: 0.5}
    assert with_letters({"hi-Latn": 0.5, "bn-Latn": 0.5}, "hi") == {"hi-Latn": 1.0}
    assert with_letters({"hi-Latn": 1.0}, "Italian") == with_letters({"hi-Latn": 1.0}, "") == {"hi-Latn": 1.0}


def test_letters_and_neighbours_do_not_make_another_language() -> None:
    assert same("bn-Latn", "bn")
    assert same("hi-Latn", "ur")
    assert same("no", "da")
    assert not same("de", "nl")


@given(
    st.dictionaries(st.sampled_from([*NAMES, UNSURE]), st.floats(0.01, 1), max_size=5),
    st.sampled_from(["", "odd", *NAMES.values()]),
)
def test_shares_sum_to_one_where_anything_is_known(heard: dict[str, float], written: str) -> None:
    total = sum(heard.values())
    made = settled({code: share / total for code, share in heard.items()}, written)
    assert UNSURE not in made.shares
    assert all(share > 0 for share in made.shares.values())
    known = written not in ("", "odd") or set(heard) - {UNSURE}
    assert sum(made.shares.values()) == pytest.approx(1 if known else 0)
