"""The songs that `add` is given, each with what its tags, its name and the texts beside it say of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.core import cache
from pipeline.core.catalog import SOUNDS, TEXTS
from pipeline.intake import song
from pipeline.intake.arrivals import TWICE, all_arrivals, single
from pipeline.intake.file_names import shown
from pipeline.intake.ledger import Ledger
from pipeline.intake.walk import HARMLESS, Sighting, Walk, failure, walked


@dataclass(frozen=True)
class Newcomer:
    """A song that is to be placed."""

    cells: Mapping[str, str]  # as additions.CELLS
    words: str | None  # its lyrics; None: those of the file that the cells name

    @property
    def id_(self) -> str:
        return self.cells["id"]

    @property
    def name(self) -> str:
        """The name of its file, in one line."""
        return shown(Path(Path(self.cells["audio"]).name))


def newcomers(places: Sequence[Path], refused: dict[str, str]) -> list[Newcomer]:
    """The songs of these files and folders, each sound once; `refused` gets those that are none, with the reason."""
    songs: dict[str, Newcomer] = {}
    with Ledger() as ledger:
        for place in places:
            where = place.expanduser().resolve()
            walk = walked(where) if where.is_dir() else _alone(where)
            if where.is_dir() and not walk.songs:
                walk.left_out[where] = "holds no sound file"
            for each in _read(where if where.is_dir() else where.parent, walk, ledger):
                songs.setdefault(each.id_, each)
            refused |= {
                shown(path): reason
                for path, reason in walk.left_out.items()
                if not reason.startswith((*HARMLESS, TWICE)) and path.suffix.lower() not in TEXTS
            }
    return list(songs.values())


def _alone(file: Path) -> Walk:
    """A walk that meets one file, and the texts beside it."""
    walk = Walk()
    try:
        status = file.stat()
        if file.suffix.lower() in SOUNDS:
            walk.songs.append(Sighting(file, status.st_size, status.st_mtime_ns))
            walk.texts += sorted(path for path in file.parent.iterdir() if path.suffix.lower() in TEXTS)
        else:
            walk.left_out[file] = f"has a name without one of {', '.join(sorted(SOUNDS))}"
    except OSError as error:
        walk.left_out[file] = failure(error)
    return walk


def _read(root: Path, walk: Walk, ledger: Ledger) -> Iterator[Newcomer]:
    """The songs of a walk; those that cannot be read are left out of it."""
    read = single(song.read_all(walk.songs, ledger), walk, {})
    seconds = {song.digest: song.seconds for song in read.values()}
    for id_, arrival in all_arrivals(root, read, walk).items():
        try:
            sha256 = cache.digest(arrival.path)
        except OSError as error:
            walk.left_out[arrival.path] = failure(error)
            continue
        cells = {**arrival.cells, "id": id_, "audio": arrival.path.as_posix(), "lyrics": ""}
        yield Newcomer({**cells, "seconds": f"{seconds[id_]:g}", "sha256": sha256}, arrival.words)
