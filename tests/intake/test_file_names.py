"""What names of files and folders say, and what they do not."""

from pathlib import Path

import pytest

from pipeline.intake.file_names import artist_and_title, language, shown


@pytest.mark.parametrize(
    ("stem", "artist", "title"),
    [
        ("Nina Simone - Sinnerman", "Nina Simone", "Sinnerman"),
        ("03 Nina Simone - Sinnerman", "Nina Simone", "Sinnerman"),
        ("Nina Simone - Pastel Blues - 10 - Sinnerman", "Nina Simone", "Sinnerman"),
        ("12. Sinnerman", "", "Sinnerman"),
        ("1-04 Sinnerman", "", "Sinnerman"),
        ("CD 2 - 04 - Sinnerman", "", "Sinnerman"),
        ("nina_simone_-_sinnerman", "nina simone", "sinnerman"),
        ("99 Luftballons", "", "99 Luftballons"),
        ("50 Cent - 21 Questions", "50 Cent", "21 Questions"),
        ("1979", "", "1979"),
        ("A-ha", "", "A-ha"),
        ("07", "", "07"),
        ("রবি – বৃষ্টি", "রবি", "বৃষ্টি"),
    ],
)
def test_artist_and_title(stem: str, artist: str, title: str) -> None:
    assert artist_and_title(stem) == (artist, title)


@pytest.mark.parametrize(
    ("root", "inner", "code"),
    [
        ("Music", "German/x.mp3", "de"),
        ("Music", "de/x.mp3", "de"),
        ("Music", "english/Artist/Album/x.mp3", "en"),
        ("Music", "Artist/বাংলা/x.mp3", "bn"),
        ("Bangla", "Artist/x.mp3", "bn"),
        ("Music", "Artist/No/x.mp3", ""),  # an album of this name, not Norwegian
        ("Music", "Latin/x.mp3", ""),
        ("Music", "French/x.mp3", ""),  # the artist below
        ("Music", "German.mp3", ""),
    ],
)
def test_a_folder_gives_the_language_if_it_names_one(root: str, inner: str, code: str) -> None:
    assert language(Path("/") / root, Path("/") / root / inner, ("french", "")) == code


def test_a_path_is_shown_in_one_line() -> None:
    assert shown(Path("a\nb\udce9\x1b[31m.mp3")) == "a b\\xe9 [31m.mp3"
