"""One file of a source, and bringing many to their places: in parallel, each checked before it gets its name."""

import errno
import hashlib
import shutil
import threading
import unicodedata
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from pipeline.core.command import Problem
from pipeline.fetch.web import Exhausted, Refused

PARTS = Path("build/fetch")
TRIES = 3  # for a file that comes to its end and is not what it should be
GIVE_UP = 4  # files in a row that were asked for in vain: the source is away


@dataclass(frozen=True)
class Item:
    """One file of a source: how it comes, and whether a file here is that very one."""

    path: str  # below the source, with slashes
    size: int
    version: str  # changes with the content, where the source tells
    get: Callable[[Path, Callable[[int], object]], None]
    is_it: Callable[[Path], bool]

    @property
    def part(self) -> Path:
        """Where it grows, under a name that another version of it does not have."""
        told = f"{self.path}\n{self.version}".encode(errors="surrogateescape")  # a name on disk need not be UTF-8
        return PARTS / hashlib.sha256(told).hexdigest()[:32]


@dataclass(frozen=True)
class Brought:
    """What a transfer did."""

    new: int
    failed: tuple[str, ...]


def in_one_line(name: str) -> str:
    """The name, without what would break a line of our messages or make a terminal do something."""
    return "".join("_" if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") else char for char in name)


def md5_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def bring(items: Sequence[tuple[Item, Path]], jobs: int) -> Brought:
    """Brings every item that is not yet in its place; one that does not come leaves the others alone."""
    PARTS.mkdir(parents=True, exist_ok=True)
    new, failed, in_vain = 0, list[str](), 0
    stop = threading.Event()
    size = sum(item.size for item, _ in items)
    bar = tqdm(total=size, desc="fetch", unit="B", unit_scale=True, disable=None, leave=False)

    def add(count: int) -> None:
        if stop.is_set():
            raise Refused("stopped")
        bar.update(count)

    with bar, ThreadPoolExecutor(jobs) as pool:
        try:
            for future in as_completed([pool.submit(_placed, item, target, add) for item, target in items]):
                try:
                    new += future.result()
                    in_vain = 0
                except Refused as refused:
                    failed.append(str(refused))
                    in_vain += isinstance(refused, Exhausted)
                if in_vain >= GIVE_UP:
                    raise Problem(f"{in_vain} files in a row did not come; the last: {failed[-1]}")
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return Brought(new, tuple(failed))


def _placed(item: Item, target: Path, add: Callable[[int], object]) -> bool:
    """Puts the item under its final name, whole or not at all; False where it was there already."""
    if target.is_file() and target.stat().st_size == item.size and item.is_it(target):
        add(item.size)
        return False
    for _ in range(TRIES):
        item.get(item.part, add)
        if item.is_it(item.part):
            target.parent.mkdir(parents=True, exist_ok=True)
            moved(item.part, target)
            return True
        item.part.unlink()  # not to be gone on from
    raise Refused(f"{item.path} came damaged {TRIES} times: run the same command again")


def moved(part: Path, target: Path) -> None:
    """Gives a whole file its final name in one step, also from one disk to another."""
    try:
        part.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = target.with_name(f".{part.name}.part")
        try:
            shutil.copyfile(part, beside)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
        part.unlink()
