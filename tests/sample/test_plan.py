"""The planned factors of every track."""

from collections import Counter, defaultdict
from itertools import pairwise

import pytest

from pipeline.sample import plan, song, voices


def test_half_the_tracks_are_in_each_language(songs: list[song.Song]) -> None:
    assert Counter(one.track.language for one in songs) == {"en": 90, "bn": 90}


def test_ids_are_unique_and_tell_the_language_only(songs: list[song.Song]) -> None:
    ids = [one.track.id for one in songs]
    assert len(set(ids)) == len(ids)
    assert all(one.track.id.startswith(one.track.language) for one in songs)


def test_artists_have_6_to_12_tracks_one_voice_and_both_languages_where_the_voice_has(songs: list[song.Song]) -> None:
    of: dict[str, list[plan.Track]] = defaultdict(list)
    for one in songs:
        of[one.track.artist].append(one.track)
    for tracks in of.values():
        assert 6 <= len(tracks) <= 12
        assert len({track.singer for track in tracks}) == 1
        assert {track.language for track in tracks} == set(plan.voice(tracks[0]).languages)


@pytest.mark.parametrize("count", [1, 2, 5, 24, 100, 400])
def test_any_number_of_tracks_can_be_planned(count: int) -> None:
    assert len(plan.tracks(count, 1)) == count


@pytest.mark.parametrize("factor", ["genre", "theme", "mode", "meter", "palette"])
def test_every_value_of_a_factor_occurs_in_both_languages(songs: list[song.Song], factor: str) -> None:
    by = {
        language: {getattr(one.track, factor) for one in songs if one.track.language == language}
        for language in ("en", "bn")
    }
    assert by["en"] == by["bn"]


def test_tempos_of_the_genres_overlap(songs: list[song.Song]) -> None:
    tempos = {genre: [one.track.tempo for one in songs if one.track.genre == genre] for genre in plan.TEMPOS}
    order = sorted(tempos.values(), key=min)
    assert all(max(slower) > min(faster) for slower, faster in pairwise(order))


def test_mixed_and_roman_tracks_are_as_many_as_promised(songs: list[song.Song]) -> None:
    tally = Counter((one.track.language, one.track.mixing) for one in songs)
    assert (tally["en", "mixed"], tally["bn", "mixed"], tally["bn", "roman"], tally["en", "roman"]) == (10, 10, 8, 0)


def test_about_8_percent_come_without_lyrics(songs: list[song.Song]) -> None:
    assert sum(not one.track.has_lyrics for one in songs) == 14


def test_there_are_at_least_ten_voices_most_of_them_bilingual() -> None:
    assert len(voices.VOICES) >= 10
    assert sum(len(voice.languages) == 2 for voice in voices.VOICES) > len(voices.VOICES) / 2
