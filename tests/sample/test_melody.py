"""The score: which lines are sung, and when."""

from itertools import pairwise

from pipeline.sample import song


def test_three_lines_are_sung_in_the_middle_30_seconds(songs: list[song.Song]) -> None:
    assert min(one.score.in_clip for one in songs) >= 3


def test_what_is_sung_is_what_is_written_from_the_first_line_on(songs: list[song.Song]) -> None:
    for one in songs:
        for index, line in enumerate(one.score.lines):
            assert line.index == index
            written = [syllable for word in one.lyrics.lines[index].words for syllable in word.syllables]
            assert [note.phones for note in line.notes] == written


def test_notes_follow_one_another_within_the_track(songs: list[song.Song]) -> None:
    for one in songs:
        notes = [note for line in one.score.lines for note in line.notes]
        assert all(note.end - note.start > 0.04 for note in notes)
        assert all(before.end <= after.start + 1e-6 for before, after in pairwise(notes))
        assert notes[-1].end < one.track.seconds
