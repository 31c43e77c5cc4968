"""The library as the listening page needs it."""

import os
import threading
from collections.abc import Sequence
from contextlib import chdir
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.core import languages, store
from pipeline.core.catalog import SOUNDS, TEXTS
from pipeline.core.command import Problem
from pipeline.core.store import Array
from pipeline.library import m3u
from pipeline.library.decoded import Decoded
from pipeline.library.names import Material, material
from pipeline.library.plane import Plane, plane
from pipeline.library.playlists import Playlist, read_state, write_files
from pipeline.library.songs import Library
from pipeline.library.spaces import FACETS
from pipeline.library.unusable import Unusable
from pipeline.player.catalogue import Taken

NEAREST = 10


class Listening:
    """Songs to show, to play, to list and to place. Of each question, one is answered at a time."""

    def __init__(self, songs: Library, lists: Path) -> None:
        self.songs, self.lists = songs, lists
        self.data = songs.folder / store.DATA
        self.audio = songs.column("audio")
        self._decoded = Decoded()
        self.rows = {id_: row for row, id_ in enumerate(songs.ids)}
        with chdir(songs.folder):
            self.planes: dict[str, Plane] = {facet: plane(songs.space(facet)) for facet in songs.facets}
        self._asking, self._placing, self._saving = threading.Lock(), threading.Lock(), threading.Lock()

    def content(self) -> dict[str, Any]:
        songs, spoken = self.songs, [str(code) for code in self.songs.languages]
        codes, known = sorted(set(spoken) - {""}), material(songs)
        return {
            "ids": list(songs.ids),
            "titles": songs.column("title"),
            "artists": songs.column("artist"),
            "spoken": spoken,
            "languages": {code: {"name": languages.name(code), "tag": languages.code(code)} for code in codes},
            "facets": [self._facet(name, known) for name in FACETS if name in self.planes],
            "note": songs.smallness,
            "suffixes": sorted({*SOUNDS, *TEXTS}),
            "folder": self._shown(self.lists),
        }

    def _facet(self, by: str, known: Material) -> dict[str, Any]:
        """The map and the clusters by one of sound, words and both."""
        drawn = self.planes[by]
        facet = {"name": by, "projection": drawn.label, "places": [_place(xy) for xy in drawn.places]}
        try:
            groups = self.songs.groups(by)
        except Problem as problem:  # such as too few songs
            return facet | {"labels": [-1] * len(self.songs), "clusters": [], "note": str(problem)}
        inside = (groups.labels == number for number in range(len(groups.centres)))
        names = [known.of_cluster(members, self.songs.languages).name(by) for members in inside]
        return facet | {"labels": groups.labels.tolist(), "clusters": names, "note": ""}

    def file(self, id_: str) -> Path:
        """The sound of a song. It lies in the data folder, is a link that `ingest` or DVC made there, or was added."""
        if id_ not in self.rows:
            raise Problem("there is no such song")
        file = self.data / self.audio[self.rows[id_]]
        added = id_ in self.songs.added.tracks.index  # a person named it, wherever it lies
        inside = added or file.parent.resolve().is_relative_to(self.data.resolve())
        if file.suffix.lower() not in SOUNDS or not inside:
            raise Problem("its file lies outside of the library")
        if file.is_symlink() and not (added or self._ours(id_, file)):
            raise Problem("its file is a link that `ingest` did not make")
        if not file.is_file():
            raise Problem("its file is gone")
        return file

    def decoded(self, id_: str) -> Path:
        return self._decoded.of(self.file(id_))

    def close(self) -> None:
        """Removes what was decoded."""
        self._decoded.close()

    def _ours(self, id_: str, link: Path) -> bool:
        """Whether a link leads to where `ingest` found the song, or into the folder of the project (DVC's cache)."""
        target = os.fsencode(link.readlink()).decode("utf-8", errors="backslashreplace")
        return self._ingested.get(id_) == target or link.resolve().is_relative_to(self.songs.folder)

    @cached_property
    def _ingested(self) -> dict[str, str]:
        """Where `ingest` found each song."""
        file = self.data / "ingested.csv"
        table = store.read_table(file) if file.exists() else None
        return {} if table is None else dict(zip(table["id"], table["path"], strict=True))

    def near(self, id_: str, by: str, language: str) -> list[dict[str, Any]]:
        if id_ not in self.rows:
            raise Problem("there is no such song")
        with self._asking:
            table = self.songs.neighbours(id_, by, language, NEAREST)
        return [{"row": self.rows[near]} for near in table["id"]]

    def save(self, name: str, ids: Sequence[str], *, replace: bool) -> dict[str, Any]:
        """Writes the songs as M3U8 and CSV; a list that `playlists` keeps is never replaced."""
        unknown = [id_ for id_ in ids if id_ not in self.rows]
        if unknown or not ids:
            raise Problem(f"no song has the id {unknown[0]!r}" if unknown else "the queue is empty: add songs to it")
        title = m3u.one_line(name).strip() or "queue"
        stem = m3u.file_name(title)
        chosen = Playlist(f"saved {stem}", title, np.array([self.rows[id_] for id_ in ids], dtype=np.int64), 0)
        with self._saving:
            file = self.lists / f"{stem}.m3u8"
            if stem in read_state(self.lists).files.values():
                raise Problem(f"`playlists` keeps a list of this name ({file.name}): choose another name")
            if not replace and (file.exists() or file.with_suffix(".csv").exists()):
                raise Taken(f"{self._shown(file)} exists")
            try:
                self.lists.mkdir(parents=True, exist_ok=True)
                write_files(self.songs, chosen, self.lists.resolve(), stem)
            except OSError as error:
                raise Problem(f"{self._shown(file)} cannot be written: {error.strerror}") from None
        return {"file": self._shown(file), "songs": len(ids)}

    def place(self, file: Path, name: str) -> dict[str, Any]:
        """What `assign` says of a file, with its place on each map."""
        text = file.suffix.lower() in TEXTS
        with self._placing:
            try:
                placed = self.songs.assign("" if text else file, file if text else "")
            except Unusable as reason:
                raise Problem(str(reason).replace(file.name, name)) from None
        record = placed.record() | {"song": name}
        for facet, each in record["facets"].items():
            each["place"] = _place(self.planes[facet].of_point(placed.placements[facet].point))
            each["nearest"] = [{"row": self.rows[near["id"]], "distance": near["distance"]} for near in each["nearest"]]
        return record

    @property
    def busy(self) -> bool:
        """Whether a song is being placed."""
        return self._placing.locked()

    def _shown(self, path: Path) -> str:
        """A path as a person in the folder of the project writes it."""
        return str(path.relative_to(self.songs.folder)) if path.is_relative_to(self.songs.folder) else str(path)


def _place(xy: Array) -> list[float] | None:
    return [round(float(value), 3) for value in xy] if np.isfinite(xy).all() else None
