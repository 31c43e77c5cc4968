"""Links, zips, places and tables of fetched songs, each by itself."""

import io
import stat
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core import catalog, store
from pipeline.core.command import Problem
from pipeline.fetch import archive, layout, links, table
from pipeline.fetch.web import Refused

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


def zipped(folder: Path, fill: Callable[[zipfile.ZipFile], object]) -> Path:
    path = folder / "songs.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        fill(made)
    return path


def special(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


@pytest.mark.parametrize(
    ("fill", "word"),
    [
        (lambda z: z.writestr("../evil.ogg", b"x"), "leads out"),
        (lambda z: z.writestr("bn/../../evil.ogg", b"x"), "leads out"),
        (lambda z: z.writestr("bn\\..\\..\\evil.ogg", b"x"), "leads out"),
        (lambda z: z.writestr("/etc/evil.ogg", b"x"), "leads out"),
        (lambda z: z.writestr("C:/evil.ogg", b"x"), "leads out"),
        (lambda z: z.writestr(special("a.ogg", stat.S_IFLNK | 0o777), b"/etc/passwd"), "a link or a device"),
        (lambda z: z.writestr(special("a.ogg", stat.S_IFIFO | 0o777), b""), "a link or a device"),
        (lambda z: z.writestr("silence.ogg", bytes(20_000_000)), "times when unpacked"),
        (lambda z: [z.writestr(f"{n}.ogg", bytes(900_000)) for n in range(30)], "times when unpacked"),
    ],
)
def test_a_zip_that_means_harm_is_refused_before_anything_is_unpacked(
    fill: Callable[[zipfile.ZipFile], object], word: str, tmp_path: Path
) -> None:
    with pytest.raises(Problem, match=word):
        archive.open_checked(zipped(tmp_path, fill), "songs.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["songs.zip"]


def test_members_that_overlap_and_members_with_a_password_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "songs.zip"
    with zipfile.ZipFile(path, "w") as made:
        for number in range(2):
            made.writestr(f"{number}.ogg", bytes(range(256)) * 4)
    raw = path.read_bytes()
    start = raw.index(b"PK\x01\x02")
    entry = raw[start : raw.index(b"PK\x01\x02", start + 4)]
    end = raw.rindex(b"PK\x05\x06")
    entries = entry * 20
    closing = bytearray(raw[end:])
    closing[8:12] = (20).to_bytes(2, "little") * 2
    closing[12:16] = len(entries).to_bytes(4, "little")
    path.write_bytes(raw[:start] + entries + closing)
    with pytest.raises(Problem, match="overlap"):
        archive.open_checked(path, "songs.zip")
    locked = bytearray(raw)
    locked[start + 8] |= 1
    path.write_bytes(locked)
    with pytest.raises(Problem, match="password"):
        archive.open_checked(path, "songs.zip")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_zip_is_refused_whatever_is_damaged(method: int, rng: np.random.Generator, tmp_path: Path) -> None:
    """With a reason, as no zip or as a member that does not come; or the damage does not matter."""
    path, told = tmp_path / "songs.zip", Counter[str]()
    with zipfile.ZipFile(path, "w", method) as made:
        for name in ("bn/গান.ogg", "en/two.ogg"):
            made.writestr(name, rng.bytes(100) * 4)
    whole = path.read_bytes()
    for _ in range(300):
        raw = bytearray(whole)
        for place in rng.integers(len(raw), size=2):
            raw[place] = rng.integers(256)
        path.write_bytes(raw)
        try:
            with archive.open_checked(path, "songs.zip") as opened:
                for item in archive.members(opened, "", lambda: told.update(["damaged"])):
                    item.get(tmp_path / "part", int)
        except (Problem, Refused) as error:
            told[type(error).__name__] += 1
    assert min(told["Problem"], told["Refused"]) > 5
    assert told["damaged"] == told["Refused"]


def test_names_in_utf8_that_the_packer_did_not_announce(tmp_path: Path) -> None:
    path = tmp_path / "songs.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("গান.ogg", b"x")
    raw = bytearray(path.read_bytes())
    for start, offset in ((0, 6), (raw.index(b"PK\x01\x02"), 8)):
        raw[start + offset + 1] &= ~0x08 & 0xFF
    path.write_bytes(raw)
    with archive.open_checked(path, "songs.zip") as opened:
        assert [item.path for item in archive.members(opened, "bn/", lambda: None)] == ["bn/গান.ogg"]


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


def test_columns_under_other_names_and_other_separators() -> None:
    found = table.read_rows("\ufeffTrack ID;File Name;Singer;Genres\n7;bn/a.ogg;কেউ;folk\n;;;\n".encode(), "x/meta.csv")
    assert [dict(row.cells) for row in found] == [{"id": "7", "audio": "bn/a.ogg", "artist": "কেউ", "genre": "folk"}]
    assert found[0].folder == "x"
    assert table.read_rows(b"colour,size\nred,2\n", "x.csv") == []
    assert table.read_rows(b'file,title\na.ogg,"' + b"never closed, " * 10_000, "x.csv") == []
    assert table.read_rows("title,artist\nÉtude,x\n".encode("cp1252"), "x.csv")[0].cells["title"] == "Étude"


def test_a_row_goes_to_the_song_beside_its_table_and_to_none_in_doubt() -> None:
    songs = ["bn/001.ogg", "en/001.ogg", "en/2.ogg"]
    beside = table.read_rows(b"id,title\n001,one\n", "en/meta.csv")
    assert {song: row.cells["title"] for song, row in table.match(beside, songs).items()} == {"en/001.ogg": "one"}
    above = table.read_rows(b"id,title\n001,one\n2.ogg,two\n", "meta.csv")
    assert list(table.match(above, songs)) == ["en/2.ogg"]
    by_path = table.read_rows(b"path,title\n./bn/001.ogg,one\n", "meta.csv")
    assert list(table.match(by_path, songs)) == ["bn/001.ogg"]


def test_the_table_names_the_text_or_holds_the_words() -> None:
    songs = ["a.ogg", "b.ogg"]
    told = table.match(table.read_rows(b'file,lyrics\na.ogg,first.txt\nb.ogg,"la la\nla"\n', "m.csv"), songs)
    assert table.text_of_song(told, ["texts/first.txt"]) == {"a.ogg": "texts/first.txt"}
    loud = table.match(table.read_rows(b"file,lyrics\na.ogg,../My Words.TXT\n", "m.csv"), songs)
    assert table.text_of_song(loud, ["texts/my words.txt"]) == {"a.ogg": "texts/my words.txt"}
    assert not list(table.lyrics_cells(loud))
    assert list(table.lyrics_cells(told)) == [("b.ogg", "la la\nla\n")]


def test_a_table_of_ours_is_kept_and_ids_stay_apart(tmp_path: Path) -> None:
    for name in ("audio/bn/a.ogg", "audio/bn/b.ogg", "audio/bn/c.ogg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    mine = pd.DataFrame([{"id": "b", "audio": "audio/bn/a.ogg", "title": "mine", "mood": "good"}])
    store.write_table(tmp_path / "tracks.csv", mine)
    told = table.match(
        table.read_rows(b"file,id,title\nb.ogg,b,B\nc.ogg,../c,C\na.ogg,a,A\n", "m.csv"), ["a.ogg", "b.ogg", "c.ogg"]
    )
    places = {f"audio/bn/{name}": name for name in ("a.ogg", "b.ogg", "c.ogg")}
    whole = table.write_catalog(tmp_path, places, told).set_index("audio")
    assert whole["title"].to_dict() == {"audio/bn/a.ogg": "mine", "audio/bn/b.ogg": "B", "audio/bn/c.ogg": "C"}
    assert whole["id"].is_unique
    assert not whole["id"].map(lambda id_: bool(catalog.BAD_ID.search(id_))).any()
    assert whole["mood"].tolist() == ["good", "", ""]
    assert (
        io.StringIO((tmp_path / "tracks.csv").read_text(encoding="utf-8"))
        .readline()
        .startswith("id,audio,lyrics,title")
    )
