"""Tables of tracks as spreadsheets write them: read where they can mean one thing only, else refused with the cure."""

from pathlib import Path

import pytest

from pipeline.core.catalog import COLUMNS
from pipeline.core.command import Problem
from pipeline.core.sheet import read_sheet

ROWS = [["a", "audio/a.wav", "Über, uns"], ["007", "audio/b.wav", ""]]
PLAIN = 'id,audio,title\na,audio/a.wav,"Über, uns"\n007,audio/b.wav,\n'

READABLE = {
    "our form": (PLAIN.encode(), ""),
    "a mark before UTF-8": (PLAIN.encode("utf-8-sig"), ""),
    "semicolons": (b"id;audio;title\na;audio/a.wav;\xc3\x9cber, uns\n007;audio/b.wav;\n", "semicolons"),
    "Excel's first line": (
        b"sep=;\r\nid;audio;title\r\na;audio/a.wav;\xc3\x9cber, uns\r\n007;audio/b.wav",
        "semicolons",
    ),
    "tabs": (b"id\taudio\ttitle\na\taudio/a.wav\t\xc3\x9cber, uns\n007\taudio/b.wav\n", "tabs"),
    "cp1252": (PLAIN.encode("cp1252"), "Windows-1252"),
    "UTF-16 with its mark": (PLAIN.encode("utf-16"), "UTF-16"),
    "UTF-16 without": (PLAIN.encode("utf-16-be"), "UTF-16"),
    "capitals": (PLAIN.replace("id,audio,title", "ID,Audio,Title").encode(), "'ID' as 'id', 'Audio' as 'audio'"),
    "a space after the comma": (PLAIN.replace(",", ", ").replace("Über,  ", "Über, ").encode(), "spaces"),
    "a space after the comma of rows": (PLAIN.replace(",audio/", ", audio/").encode(), "spaces"),
    "a doubled column": (
        b'id,audio,title,audio,title\na,audio/a.wav,,audio/a.wav,"\xc3\x9cber, uns"\n007,audio/b.wav,,,\n',
        "the 2 columns 'audio' as one; the 2 columns 'title' as one",
    ),
    "commas at the end": (b'id,audio,title,,\na,audio/a.wav,"\xc3\x9cber, uns",,\n007,audio/b.wav,,,\n', "columns ''"),
}


@pytest.mark.parametrize(("raw", "note"), READABLE.values(), ids=READABLE)
def test_what_can_mean_one_thing_only_is_read(
    raw: bytes, note: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    (tmp_path / "tracks.csv").write_bytes(raw)
    table = read_sheet(tmp_path / "tracks.csv", COLUMNS)
    assert table.columns.tolist() == ["id", "audio", "title"]
    assert table.to_numpy().tolist() == ROWS
    assert (note in caplog.text) if note else not caplog.text


REFUSED = {
    "two texts in a doubled column": (
        b"id,audio,title,title\na,x.wav,A,B\n",
        r"2 columns 'title', and row 1 has 'A' and 'B'",
    ),
    "one broken line of UTF-8": (
        "id,audio\nগান,x.wav\n".encode() + b"\xe9t\xe9,y.wav\n",
        r"line 3 is not UTF-8, other lines are",
    ),
    "an old encoding of Cyrillic": (
        "id,audio,title\na,x.wav,Песня\n".encode("cp1251"),
        r"line 2 .*several old encodings: save it as",
    ),
    "no encoding": (b"id,audio\n\x81\x8d,x.wav\n", r"neither UTF-8 nor CP1252: save it as 'CSV UTF-8'"),
    "half a quote": (b'id,audio\na,"x.wav\n', r"cannot be read .*: close every quote"),
    "too many cells": (
        b"id,audio\na,x.wav,y\n",
        r"row 1 has more cells than the 2 columns: put texts with commas in quotes",
    ),
    "nothing": (b"\n", r"is empty: its first line must name the columns"),
}


@pytest.mark.parametrize(("raw", "message"), REFUSED.values(), ids=REFUSED)
def test_what_could_mean_two_things_is_refused_with_the_cure(raw: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "tracks.csv").write_bytes(raw)
    with pytest.raises(Problem, match=message) as caught:
        read_sheet(tmp_path / "tracks.csv", COLUMNS)
    assert "\n" not in str(caught.value)


def test_a_column_id_of_its_own_beside_ID_stays(tmp_path: Path) -> None:
    (tmp_path / "tracks.csv").write_text("id,audio,ID,Mood\na,x.wav,1,2\n", encoding="utf-8")
    assert read_sheet(tmp_path / "tracks.csv", COLUMNS).columns.tolist() == ["id", "audio", "ID", "Mood"]
