"""Tables of a source: their columns, and the songs that their rows name."""

import io
from pathlib import Path

import pandas as pd

from pipeline.core import catalog, store
from pipeline.fetch import table


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
