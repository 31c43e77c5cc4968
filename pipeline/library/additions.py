"""Songs that came after the training: where the models at hand put them, and what was heard and read in them.

They are kept in build/added, which no stage writes and git ignores: data/ stays as the stages saw it, so that nothing
is computed or trained again. A song that the stages have seen since is dropped here. Where a model was trained anew,
all are set aside until `add` has placed them again.
"""

import hashlib
import logging
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.core import cache, store
from pipeline.core.store import Array
from pipeline.library.spaces import EMBEDDINGS, Space

log = logging.getLogger(__name__)

FOLDER = store.BUILD / "added"
LYRICS = FOLDER / "lyrics"
MODELS = Path("models")
POINT, SCORE = "point_", "score_"  # and a facet: where a song lies, and the share of the library that is as far out
WORDS, TAGS, STATS = "words", "tags", "stats"  # what models read of lyrics; what is heard, a mean over the segments
CELLS = ("id", "audio", "lyrics", "title", "artist", "album", "year", "language", "genre", "seconds", "sha256")


@dataclass(frozen=True)
class Additions:
    """Songs beside those of the stages, and the songs of the stages that were taken out."""

    tracks: pd.DataFrame = field(default_factory=lambda: _table([]))  # one row per id, of texts
    arrays: Mapping[str, Array] = field(default_factory=dict)  # [song, number], nan where nothing is known
    out: tuple[str, ...] = ()  # ids

    def __len__(self) -> int:
        return len(self.tracks)

    def array(self, name: str, width: int) -> Array:
        return self.arrays.get(name, np.full((len(self), width), np.nan, np.float32))

    def scores(self, facet: str) -> Array:
        """The share of the library that is as far out as each song; nan where it has no place."""
        return np.asarray(self.array(f"{SCORE}{facet}", 1)[:, 0])

    def only(self, kept: Array) -> "Additions":
        """Those of the songs for which the mask holds."""
        return Additions(self.tracks[kept], {name: rows[kept] for name, rows in self.arrays.items()}, self.out)

    def without(self, ids: Iterable[str]) -> "Additions":
        return self.only(np.array(~self.tracks.index.isin(list(ids)), np.bool_))

    def beside(self, cells: Sequence[Mapping[str, str]], numbers: Sequence[Mapping[str, Array]]) -> "Additions":
        """These and more: the cells and the numbers of each new song."""
        if not cells:
            return self
        arrays = {}
        for name in sorted({*self.arrays, *(name for each in numbers for name in each)}):
            width = next((each[name].size for each in numbers if name in each), 0) or self.arrays[name].shape[1]
            new = [np.reshape(each.get(name, np.full(width, np.nan)), width) for each in numbers]
            arrays[name] = np.concatenate([self.array(name, width), np.stack(new)]).astype(np.float32)
        return Additions(pd.concat([self.tracks, _table(cells)]), arrays, self.out)

    def in_space(self, space: Space) -> Space:
        """A space of the songs of the stages with these songs behind them."""
        new = self.array(f"{POINT}{space.facet}", space.points.shape[1])
        points, present = np.concatenate([space.points, new]), np.isfinite(new).all(axis=1)
        ids = (*space.ids, *self.tracks.index)
        return replace(space, ids=ids, points=points, present=np.concatenate([space.present, present]))

    def write(self) -> None:
        """In place of what was there, which is exchanged as a whole."""
        part = FOLDER.with_name(f"{FOLDER.name}.part")
        store.write_rows(store.fresh_folder(part), tuple(self.tracks.index), **self.arrays)
        store.write_table(part / "songs.csv", self.tracks)
        store.write_json(part / "about.json", {"models": models(), "arrays": sorted(self.arrays), "out": self.out})
        if LYRICS.exists():
            shutil.copytree(LYRICS, part / LYRICS.name)
        before = FOLDER.with_name(f"{FOLDER.name}.before")
        shutil.rmtree(before, ignore_errors=True)
        if FOLDER.exists():
            FOLDER.rename(before)
        part.rename(FOLDER)
        shutil.rmtree(before, ignore_errors=True)


def read(known: Sequence[str]) -> Additions:
    """The added songs; `known` are the ids of the songs that the stages have seen."""
    if not (FOLDER / "about.json").exists():
        return Additions()
    about = store.read_json(FOLDER / "about.json")
    rows = store.read_rows(FOLDER, *about["arrays"])
    tracks = _indexed(store.read_table(FOLDER / "songs.csv"))
    kept = Additions(tracks, {name: np.array(array) for name, array in rows.arrays.items()}, tuple(about["out"]))
    seen = set(digests().values()) if len(kept) else set()
    kept = kept.only(np.array(~(tracks.index.isin(known) | tracks["sha256"].isin(seen)), np.bool_))
    if len(kept) and about["models"] != models():
        log.warning(
            "%d added songs are set aside, as models were trained since: `python -m pipeline.library add` without "
            "songs places them again",
            len(kept),
        )
        return Additions(out=kept.out)
    return kept


def waiting() -> pd.DataFrame:
    """All songs that were ever added and not removed, whichever models placed them."""
    file = FOLDER / "songs.csv"
    return _indexed(store.read_table(file)) if file.exists() else _table([])


def digests() -> dict[str, str]:
    """The SHA-256 of the file of each song that the stages have heard."""
    folder = store.BUILD / "audio"
    return dict(zip(store.read_json(folder / "ids.json"), store.read_json(folder / "sha256.json"), strict=True))


def models() -> str:
    """A digest of the models that place songs."""
    names = sorted({name for choices in EMBEDDINGS.values() for _, _, name in choices})
    files = [file for name in names for file in sorted((MODELS / name).glob("*")) if file.suffix != ".md"]
    together = "".join(f"{file.as_posix()} {cache.digest(file)}\n" for file in files)
    return hashlib.sha256(together.encode()).hexdigest()


def put_words(id_: str, words: str) -> Path | None:
    """Lyrics from a tag or a text beside the song, as a file of its own; None where there are none."""
    if not words:
        return None
    LYRICS.mkdir(parents=True, exist_ok=True)
    file = LYRICS / f"{id_}.txt"
    file.write_text(f"{words}\n", encoding="utf-8", errors="replace")
    return file


def _table(cells: Sequence[Mapping[str, str]]) -> pd.DataFrame:
    return _indexed(pd.DataFrame(list(cells), columns=list(CELLS), dtype=str).fillna(""))


def _indexed(table: pd.DataFrame) -> pd.DataFrame:
    return table.set_index("id", drop=False)
