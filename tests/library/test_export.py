"""Embeddings leave as a table that other programs read, with where they come from."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyarrow import parquet  # type: ignore[import-untyped]

from pipeline.library import Library
from pipeline.library.__main__ import main

pytestmark = pytest.mark.xdist_group("library")


def test_the_table_has_every_song_its_clusters_and_its_places(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "data.dvc").write_text("outs:\n- md5: abc.dir\n  path: data\n", encoding="utf-8")
    main(["export"])
    assert capsys.readouterr().out == "embeddings.parquet: 12 songs; numbers by facet: sound 4, words 4, both 4\n"
    songs, table = Library.open(), pd.read_parquet("embeddings.parquet")
    pd.testing.assert_frame_equal(table, songs.embeddings())
    assert table["id"].tolist() == list(songs.ids)
    assert table["cluster_sound"].tolist() == songs.groups("sound").labels.tolist()
    places = table.filter(regex="^sound_")
    assert set(places.dtypes) == {np.dtype("float32")}
    assert (places.to_numpy() == songs.space("sound").points).all()
    silent = table.set_index("id").loc["en_003"]
    assert silent.filter(regex="words_").isna().all()
    assert silent["cluster_words"] is pd.NA
    made_of = json.loads(parquet.read_schema("embeddings.parquet").metadata[b"surbani"])
    assert made_of["facets"]["sound"] == {"embedding": "cross", "model": "cross"}
    assert made_of["data"] == "abc.dir"
    assert len(made_of["models"]["hard"]) == 64


@pytest.mark.usefixtures("project")
def test_the_same_library_gives_the_same_bytes() -> None:
    for name in ("one.parquet", "deep/two.parquet"):
        main(["export", "--out", name])
    assert Path("one.parquet").read_bytes() == Path("deep/two.parquet").read_bytes()
