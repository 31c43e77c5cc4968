"""Command `export`: the embeddings of all songs as a parquet file, with their ids, for other programs.

A row per song: id, title, artist, language; whether it was added after the training; for each facet its cluster
(cluster_sound, cluster_words, cluster_both) and its place (sound_0, sound_1, ... as float32). These are a column per
number, not one of lists: `table.filter(regex="sound_")` is ready for scikit-learn, and who needs the clusters alone
reads them alone. A song without lyrics has no place by words: its cells are empty.

The file's metadata say under the key `surbani` which models and which data it was made of. The same library gives the
same bytes.
"""

import argparse
import json
import re
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.core import cache, store
from pipeline.core.command import Problem
from pipeline.library.additions import MODELS
from pipeline.library.songs import Library
from pipeline.score.labels import ABSENT

KEY = b"surbani"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=Path, default=Path("embeddings.parquet"), metavar="FILE", help="default: embeddings.parquet"
    )


def run(arguments: argparse.Namespace) -> int:
    songs = Library.open()
    table = embeddings(songs)
    write(table, provenance(songs), arguments.out)
    facets = ", ".join(f"{facet} {songs.space(facet).points.shape[1]}" for facet in songs.facets)
    print(f"{arguments.out}: {len(table)} songs; numbers by facet: {facets}")
    return 0


def embeddings(songs: Library) -> pd.DataFrame:
    """The table, one row per song in the order of the library."""
    clusters: dict[str, Any] = {}
    numbers: dict[str, Any] = {}
    for facet in songs.facets:
        space = songs.space(facet)
        try:
            labels = songs.groups(facet).labels
            clusters[f"cluster_{facet}"] = pd.array(np.where(labels == ABSENT, 0, labels), "Int16")
            clusters[f"cluster_{facet}"][labels == ABSENT] = pd.NA
        except Problem:  # too few songs to be grouped
            clusters[f"cluster_{facet}"] = pd.array([pd.NA] * len(songs), "Int16")
        places = np.asarray(space.points, np.float32)
        numbers |= {f"{facet}_{number}": places[:, number] for number in range(places.shape[1])}
    shown = songs.shown(np.arange(len(songs))).assign(added=np.arange(len(songs)) >= len(songs.trained))
    return pd.concat([shown, pd.DataFrame(clusters | numbers)], axis=1)


def provenance(songs: Library) -> dict[str, Any]:
    """What the embeddings were made of; no date, since the same library is to give the same bytes."""
    with chdir(songs.folder):
        note = Path("data.dvc")
        md5 = re.search(r"md5: (\S+)", note.read_text(encoding="utf-8")) if note.exists() else None
        facets = {facet: songs.space(facet) for facet in songs.facets}
        weights = {space.model: MODELS / space.model / "weights.safetensors" for space in facets.values()}
        return {
            "facets": {facet: {"embedding": space.embedding, "model": space.model} for facet, space in facets.items()},
            "models": {name: cache.digest(file) if file.exists() else "" for name, file in sorted(weights.items())},
            "data": md5[1] if md5 else "",  # as DVC calls the version of data/
            "sounds": cache.digest(store.BUILD / "audio" / "sha256.json"),
            "songs": len(songs),
            "added": len(songs.added),
        }


def write(table: pd.DataFrame, made_of: dict[str, Any], file: Path) -> None:
    """Writes the table; the file gets its name when it is whole."""
    import pyarrow as pa  # type: ignore[import-untyped]  # half a second, which no other command needs
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    arrow = pa.Table.from_pandas(table, preserve_index=False)
    about = json.dumps(made_of, sort_keys=True).encode()
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    pq.write_table(arrow.replace_schema_metadata({**arrow.schema.metadata, KEY: about}), part, compression="zstd")
    part.replace(file)
