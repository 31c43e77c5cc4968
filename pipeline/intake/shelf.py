"""The data folder of a library: the table of its songs, links to their files, and their lyrics.

Every file gets its name when it is whole. Nothing is deleted but links of ours that lead nowhere.
"""

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from pathlib import Path

import pandas as pd

from pipeline.core import catalog, corpus, store
from pipeline.core.command import Problem
from pipeline.fetch.check_songs import SAMPLE
from pipeline.intake.merge import COLUMNS, KEPT, LEFT, Arrival, Rows, rows_of


class Shelf:
    """The folder `into`, whose songs are called by their ids."""

    def __init__(self, into: Path, *, copy: bool) -> None:
        self.into, self.copy = into, copy
        self.table, self.ingested = into / "tracks.csv", into / "ingested.csv"
        self.copied_instead = 0  # links that could not be made

    def rows(self) -> Rows:
        """The songs of the table by id; songs that lie there without a table get their rows."""
        if self.table.exists():
            rows = rows_of(catalog.read_list(self.table))
        elif any(catalog.is_song(path) for path in (self.into / "audio").rglob("*")):
            rows = rows_of(catalog.scan_folder(self.into))
        else:
            rows = {}
        self._refuse_sample(rows)
        return rows

    def _refuse_sample(self, rows: Rows) -> None:
        """The sample is published, has planted labels, and must not be mixed with anybody's songs."""
        card = corpus.read_card(self.into / "corpus.yaml")
        if card.synthetic or any(row.get("source") == SAMPLE for row in rows.values()):
            raise Problem(
                f"{self.into}/ holds the sample corpus: empty it first with `rm -r {self.into}/*` "
                "(`git checkout data.dvc && dvc checkout` brings it back), or say `--into FOLDER`"
            )

    def before(self) -> Rows:
        """What the last run wrote, by id."""
        if not (self.ingested.exists() and self.table.exists()):
            return {}
        return rows_of(store.read_table(self.ingested))

    def put(self, id_: str, path: Path) -> None:
        """Links the song, or copies it where that was asked for or no link can be made."""
        target = self.into / audio_name(id_, path)
        if target.is_symlink():
            if not self.copy and target.readlink() == path:
                return
        elif target.exists():
            return  # a copy
        path.stat()  # raises where the song has vanished: a link to nothing could be made
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")
        with suppress(FileNotFoundError):
            part.unlink()
        if not self.copy:
            try:
                part.symlink_to(path)
            except OSError:  # a disk or a system without links
                self.copied_instead += 1
        if not part.is_symlink():
            shutil.copyfile(path, part)
        part.replace(target)

    def put_words(self, id_: str, words: str, last: str) -> str:
        """Writes the lyrics, unless a person edited them; gives the digest of what was written, now or before."""
        target = self.into / lyrics_name(id_)
        content = f"{words}\n".encode(errors="replace")
        if not words or (target.exists() and _digest(target.read_bytes()) not in (last, _digest(content))):
            return last
        _write(target, content)
        return _digest(content)

    def write(self, rows: Rows, before: Rows, arrivals: Mapping[str, Arrival], words: Mapping[str, str]) -> None:
        """Writes the table, and what it was made of; a Ctrl-C before that leaves the earlier ones whole."""
        table = pd.DataFrame(list(rows.values())).fillna("")
        first = [name for name in COLUMNS if name in table and (name != LEFT or table[name].any())]
        rest = [name for name in table if name not in COLUMNS]
        _write_table(self.table, table[[*first, *rest]])
        kept = before | {
            id_: dict(arrival.cells) | {"id": id_, "path": _text(arrival.path), "words": words.get(id_, "")}
            for id_, arrival in arrivals.items()
        }
        _write_table(self.ingested, pd.DataFrame(list(kept.values()), columns=list(KEPT)).fillna(""))

    def remove_dead_links(self, ids: Set[str]) -> None:
        """Removes our links to songs that are gone: DVC refuses a folder with links to nothing."""
        for link in (self.into / "audio").iterdir():
            with suppress(PermissionError):  # what may not be seen is not gone
                if link.stem in ids and link.is_symlink() and not link.exists():
                    link.unlink()

    def write_list(self, name: str, rows: Sequence[tuple[str, ...]], columns: tuple[str, ...]) -> None:
        """A list beside the table; an empty one is no file."""
        if rows:
            _write_table(self.into / name, pd.DataFrame(list(rows), columns=list(columns)))
        else:
            (self.into / name).unlink(missing_ok=True)


def audio_name(id_: str, path: Path) -> str:
    """The place of a song in the data folder."""
    return f"audio/{id_}{path.suffix.lower()}"


def lyrics_name(id_: str) -> str:
    return f"lyrics/{id_}.txt"


def _text(path: Path) -> str:
    """The path as text that UTF-8 can hold."""
    return os.fsencode(path).decode("utf-8", errors="backslashreplace")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _write(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    part.write_bytes(content)
    part.replace(target)


def _write_table(target: Path, table: pd.DataFrame) -> None:
    part = target.with_name(f".{target.name}.part")
    store.write_table(part, table)
    part.replace(target)
