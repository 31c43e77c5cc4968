"""What a source names, and what a link shows."""

import pytest

from pipeline.core.command import Problem
from pipeline.fetch import links

ID = "1AbCdEfGhIjKlMnOpQrStUvWxYz012345"


@pytest.mark.parametrize(
    ("text", "source"),
    [
        (ID, links.InDrive(ID)),
        (f"gdrive://{ID}/corpus/bn", links.InDrive(ID, "corpus/bn")),
        (f"https://drive.google.com/drive/u/1/folders/{ID}?usp=sharing", links.InDrive(ID)),
        (f"https://drive.google.com/file/d/{ID}/view?resourcekey=0-a1", links.InDrive(ID, key="0-a1")),
        (f"https://drive.google.com/open?id={ID}&usp=drive_copy", links.InDrive(ID)),
        (f"https://drive.google.com/uc?export=download&id={ID}", links.InDrive(ID)),
        (f"https://drive.usercontent.google.com/download?id={ID}&confirm=t", links.InDrive(ID)),
        ("remote://team/a b/c", links.InRemote("team", "a b/c")),
        ("https://songs.example/a.zip?token=x", links.OnWeb("https://songs.example/a.zip?token=x")),
    ],
)
def test_what_was_named(text: str, source: links.Source) -> None:
    assert links.parse(text) == source


@pytest.mark.parametrize("text", ["", "https://[songs", "x" * 300 + ".zip", "https://drive.google.com/drive/folders/"])
def test_what_names_nothing_is_told(text: str) -> None:
    with pytest.raises(Problem, match=r"no link|no file or folder|names no folder"):
        links.parse(text)


def test_a_link_is_shown_without_what_may_be_secret() -> None:
    assert links.OnWeb("https://me:word@songs.example/a.zip?token=x#y").shown == "https://songs.example/a.zip"
