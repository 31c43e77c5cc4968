"""One file of a source, and the transfer of many: in parallel, each checked before it gets its final name."""

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
TRIES = 3  # for a file that comes whole but damaged
GIVE_UP = 4  # files in a row without an answer: the source is down


@dataclass(frozen=True)
class Item:
    """One file of a source: `get` brings it, `is_it` says whether a local file equals it."""

    path: str  # below the source, with slashes
    size: int
    version: str  # changes with the content, if the source has such a mark
    get: Callable[[Path, Callable[[int], object]], None]
    is_it: Callable[[Path], bool]

    @property
    def part(self) -> Path:
        """The unfinished file; each version has a name of its own."""
        key = f"{self.path}\n{self.version}".encode(errors="surrogateescape")  # a name on disk need not be UTF-8
        return PARTS / hashlib.sha256(key).hexdigest()[:32]


@dataclass(frozen=True)
class Brought:
    """The result of a transfer."""

    new: int
    failed: tuple[str, ...]


def in_one_line(name: str) -> str:
    """The name without line breaks and control characters, for messages."""
    return "".join("_" if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") else char for char in name)


def md5_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def bring(items: Sequence[tuple[Item, Path]], jobs: int) -> Brought:
    """Brings every item that is not yet in its place; a failure does not stop the others."""
    PARTS.mkdir(parents=True, exist_ok=True)
    new, failed, unanswered = 0, list[str](), 0
    stop = threading.Event()
    size = sum(item.size for item, _ in items)
    bar = tqdm(total=size, desc="fetch", unit="B", unit_scale=True, disable=None, leave=False)

    def add(count: int) -> None:
        if stop.is_set():
            raise Refused("stopped")
        bar.update(count)

    with bar, ThreadPoolExecutor(jobs) as pool:
        try:
            for future in as_completed([pool.submit(_place, item, target, add) for item, target in items]):
                try:
                    new += future.result()
                    unanswered = 0
                except Refused as refused:
                    failed.append(str(refused))
                    unanswered += isinstance(refused, Exhausted)
                if unanswered >= GIVE_UP:
                    raise Problem(f"{unanswered} files in a row did not come; the last: {failed[-1]}")
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return Brought(new, tuple(failed))


def _place(item: Item, target: Path, add: Callable[[int], object]) -> bool:
    """Gives the whole item its final name; False if it was there already."""
    if target.is_file() and target.stat().st_size == item.size and item.is_it(target):
        add(item.size)
        return False
    for _ in range(TRIES):
        item.get(item.part, add)
        if item.is_it(item.part):
            target.parent.mkdir(parents=True, exist_ok=True)
            move(item.part, target)
            return True
        item.part.unlink()  # else the next try would continue it
    raise Refused(f"{item.path} came damaged {TRIES} times: run the same command again")


def move(part: Path, target: Path) -> None:
    """Gives a whole file its final name in one step, also across disks."""
    try:
        part.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy = target.with_name(f".{part.name}.part")
        try:
            shutil.copyfile(part, copy)
            copy.replace(target)
        finally:
            copy.unlink(missing_ok=True)
        part.unlink()
