"""The library: the songs that stages have read and models have learnt, open to questions.

    from pipeline.library import Library
    songs = Library.open()
    songs.neighbours("en_001", language="bn")

It reads what `dvc pull && dvc repro` leaves and trains nothing. Tables come as pandas.
"""

from contextlib import chdir
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pipeline.core import catalog, languages, params, store
from pipeline.core.command import Problem
from pipeline.core.store import Array
from pipeline.library import additions
from pipeline.library.additions import Additions
from pipeline.library.comparison import Comparison, comparison
from pipeline.library.settings import Questions
from pipeline.library.spaces import FACETS, Space, available, read_space

if TYPE_CHECKING:
    from pipeline.library.groups import Groups
    from pipeline.library.placement import Assignment, Placer
    from pipeline.library.playlists import Playlist

SHOWN = ("id", "title", "artist", "language")


class Library:
    """The songs of a project folder: those of the stages, and behind them those that were added since."""

    def __init__(self, folder: Path, heard: pd.DataFrame, p: Questions, added: Additions | None = None) -> None:
        self.folder, self.p, self.added = folder, p, Additions() if added is None else added
        self.heard: tuple[str, ...] = tuple(heard.index)  # all songs of the stages, also those that were taken out
        tracks = heard[~heard.index.isin(self.added.out)]
        more = len(self.added) > 0
        self.trained: Library = Library(folder, heard, p, Additions(out=self.added.out)) if more else self
        self.tracks = pd.concat([tracks, self.added.tracks]).fillna("") if more else tracks
        self.ids: tuple[str, ...] = tuple(self.tracks.index)
        self._spaces: dict[str, Space] = {}
        self._groups: dict[str, Groups] = {}
        self._comparisons: dict[str, Comparison] = {}

    @classmethod
    def open(cls, folder: str | Path = ".") -> "Library":
        """The library of the project in `folder`."""
        place = Path(folder).resolve()
        if not (place / "params.yaml").exists():
            raise Problem(f"{folder} is no folder of this project (no params.yaml): name the one with the songs")
        with chdir(place):
            tracks = catalog.heard_tracks()
            added = additions.read(tuple(tracks.index))
            return cls(place, tracks, params.load(Questions), added)

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"<Library of {len(self)} songs in {self.folder}>"

    @cached_property
    def facets(self) -> list[str]:
        """Those of sound, words and both that have a space."""
        with chdir(self.folder):
            return available()

    @cached_property
    def languages(self) -> Array:
        """The language code of each song: that of the table, else the one of most of its lines; "" if unknown."""
        lines: dict[str, tuple[float, str]] = {}
        with chdir(self.folder):
            file = store.BUILD / "lyrics" / "languages.csv"
            rows = store.read_table(file).to_dict("records") if file.exists() else []
        for row in rows:
            if row["language"] != languages.UNSURE:
                share = float(row["share"]), row["language"]
                lines[row["id"]] = max(lines.get(row["id"], (0.0, "")), share)
        named = self.column("language")
        codes = [
            languages.code(name) or name or lines.get(id_, (0.0, ""))[1]
            for name, id_ in zip(named, self.ids, strict=True)
        ]
        return np.array(codes, dtype=object)

    def column(self, name: str) -> list[str]:
        """A column of the tracks; empty texts where there is none."""
        return [str(value) for value in self.tracks[name]] if name in self.tracks else [""] * len(self)

    def space(self, by: str) -> Space:
        """Where the songs lie by sound, by words or by both."""
        if by not in FACETS:
            raise Problem(f"{by!r} is none of {', '.join(FACETS)}")
        if by not in self._spaces:
            with chdir(self.folder):
                self._spaces[by] = self.added.in_space(read_space(by, self.trained.ids))
        return self._spaces[by]

    def comparison(self, by: str) -> Comparison:
        """In what neighbours are sought."""
        if by not in FACETS:
            raise Problem(f"{by!r} is none of {', '.join(FACETS)}")
        if by not in self._comparisons:
            self._comparisons[by] = comparison(self, by)
        return self._comparisons[by]

    def groups(self, by: str) -> "Groups":
        """The clusters of a space."""
        from pipeline.library.groups import grouped

        if by not in self._groups:
            with chdir(self.folder):  # a song that was taken out has had its say, so that none changes its cluster
                groups = grouped(read_space(by, self.heard), self.p.cluster, self.p.seeds[0])
            stay = ~np.isin(self.heard, self.added.out)
            self._groups[by] = groups.of_songs(stay, self.space(by).points[int(stay.sum()) :])
        return self._groups[by]

    @property
    def smallness(self) -> str:
        """A line where there are too few songs for the clusters that params.yaml asks for; else ""."""
        from pipeline.library.groups import sizes

        return sizes(len(self.heard), self.p.cluster)

    def find(self, song: str) -> int:
        """The row of the song with this id, or with this title."""
        if song in self.tracks.index:
            return self.ids.index(song)
        plain = song.casefold().strip()
        rows = [row for row, title in enumerate(self.column("title")) if title.casefold().strip() == plain]
        if not rows:
            raise Problem(f"no song has the id or the title {song!r}: build/tracks/tracks.csv lists them")
        if len(rows) > 1:
            raise Problem(f"{len(rows)} songs are called {song!r}: use an id ({', '.join(self.ids[r] for r in rows)})")
        return rows[0]

    def shown(self, rows: Array) -> pd.DataFrame:
        """Id, title, artist and language of these songs."""
        columns = {name: self.column(name) for name in ("title", "artist")}
        cells = {"id": [self.ids[row] for row in rows]}
        cells |= {name: [values[row] for row in rows] for name, values in columns.items()}
        return pd.DataFrame(cells | {"language": [str(self.languages[row]) for row in rows]}, columns=list(SHOWN))

    @cached_property
    def placer(self) -> "Placer":
        """What places new songs; it opens the models and encoders when it is first asked."""
        from pipeline.library.placement import Placer

        return Placer(self)

    def assign(self, song: str | Path = "", lyrics: str | Path = "", language: str = "") -> "Assignment":
        """Where a new song belongs, by its sound, by its lyrics, or by both."""
        return self.placer.assign(song, lyrics, language)

    def neighbours(
        self, song: str, by: str = "", language: str = "other", many: int = 10, *, same_artist: bool = True
    ) -> pd.DataFrame:
        """The nearest songs to one of the library (id or title) or to a file, by default in another language."""
        from pipeline.library.neighbours import neighbours

        return neighbours(self, song, by, language, many, same_artist=same_artist)

    def add(self, *places: str | Path) -> "Library":
        """The library with these songs, or the songs of these folders, beside its own; they stay until removed."""
        from pipeline.library.add import add

        add(self, [Path(place) for place in places])
        return Library.open(self.folder)

    def playlists(
        self, by: str = "sound", language: str = "mixed", size: int = 50, seed_song: str = ""
    ) -> "list[Playlist]":
        """A playlist for each cluster, or one that begins with a song."""
        from pipeline.library.playlists import playlists

        return playlists(self, by, language, size, seed_song)

    def save_playlists(
        self, folder: str | Path, by: str = "sound", language: str = "mixed", size: int = 50, seed_song: str = ""
    ) -> list[str]:
        """Writes them as M3U8 and CSV, with the names of an earlier run; lines say what was written and changed."""
        from pipeline.library.playlists import playlists, read_state, write_playlists

        state = read_state(Path(folder))
        return write_playlists(self, playlists(self, by, language, size, seed_song, state), Path(folder), state)

    def cards(self, by: str = "sound") -> pd.DataFrame:
        """One row per cluster: name, size, languages, what is heard and said in it, and the songs in its middle."""
        from pipeline.library.explain import cards

        return cards(self, by)

    def embeddings(self) -> pd.DataFrame:
        """One row per song: what it is, and for each facet its cluster and its place, a float32 column per number."""
        from pipeline.library.export import embeddings

        return embeddings(self)

    def clusters(self, by: str = "sound") -> pd.DataFrame:
        """One row per song that has a place: its cluster, and how likely that is."""
        space, groups = self.space(by), self.groups(by)
        rows = np.flatnonzero(groups.labels >= 0)
        table = self.shown(rows).assign(cluster=groups.labels[rows])
        return table.assign(probability=groups.probabilities(space.points[rows]).max(axis=1).round(4))
