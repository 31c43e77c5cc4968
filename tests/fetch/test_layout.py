"""The places of songs and their texts."""

from pathlib import PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from pipeline.fetch import layout


def placed(*paths: str) -> dict[str, str]:
    return {paths[number]: place for number, place in layout.place(paths).places.items()}


def test_the_language_comes_first_and_kinds_of_folders_go() -> None:
    assert placed("Corpus/Bangla/audio/a.ogg", "Corpus/Bangla/lyrics/a.txt", "Corpus/English/audio/a.ogg") == {
        "Corpus/Bangla/audio/a.ogg": "audio/Bangla/a.ogg",
        "Corpus/Bangla/lyrics/a.txt": "lyrics/Bangla/a.txt",
        "Corpus/English/audio/a.ogg": "audio/English/a.ogg",
    }
    assert placed("x/songs/Artist/bn/a.ogg", "x/meta.csv") == {"x/songs/Artist/bn/a.ogg": "audio/bn/Artist/a.ogg"}
    assert placed("bangla/a.ogg") == {"bangla/a.ogg": "audio/bangla/a.ogg"}  # the folder that was named is the language


def test_no_folder_has_the_name_of_a_file_and_no_file_that_of_a_device() -> None:
    assert placed("x.ogg", "x.ogg/y.ogg", "a.txt/z.ogg", "NUL.ogg", "nullo.ogg") == {
        "x.ogg": "audio/x.ogg",
        "x.ogg/y.ogg": "audio/x.ogg_/y.ogg",
        "a.txt/z.ogg": "audio/a.txt_/z.ogg",
        "NUL.ogg": "audio/_NUL.ogg",
        "nullo.ogg": "audio/nullo.ogg",
    }


def test_words_find_their_song_by_folder_then_language_then_stem() -> None:
    songs = ("bn/A/x.ogg", "bn/B/x.ogg", "en/y.mp3", "en/z.mp3")
    told = placed(*songs, "lyrics/en/all/Y.txt", "z - lyrics.txt", "x.txt", "nobody.txt")
    assert {text: place for text, place in told.items() if text.endswith(".txt")} == {
        "lyrics/en/all/Y.txt": "lyrics/en/y.txt",
        "z - lyrics.txt": "lyrics/en/z.txt",
    }
    assert placed(*songs, "lyrics/bn/B/x.txt")["lyrics/bn/B/x.txt"] == "lyrics/bn/B/x.txt"
    assert layout.place(("x.ogg", "nobody.txt")).without_song == ["nobody.txt"]
    both = layout.place(("x.ogg", "X.lrc", "x.txt"))
    assert both.places == {0: "audio/x.ogg", 2: "lyrics/x.txt"}
    assert placed("x.ogg", "x.LRC")["x.LRC"] == "lyrics/x.txt"


NAMES = st.text(min_size=1, max_size=120).map(lambda text: text.replace("/", "_"))


@given(st.lists(st.lists(NAMES, min_size=1, max_size=4).map("/".join), min_size=1, max_size=8), st.integers(0, 1))
def test_places_are_allowed_apart_and_inside(names: list[str], same: int) -> None:
    paths = [f"{name}.ogg" for name in names] * (1 + same)
    places = list(layout.place(paths).places.values())
    assert len({place.casefold() for place in places}) == len(places)
    assert len(places) == sum(layout.kind_of(path) == "audio" for path in paths)
    for place in places:
        parts = PurePosixPath(place).parts
        assert parts[0] == "audio"
        assert ".." not in parts
        assert place.isprintable()
        assert all(len(part.encode()) < 250 and not part.startswith(".") for part in parts)
