"""Names the damaged objects of the embedded store and the cure. `make` runs it when a pull fails.

DVC refuses a damaged object but does not name it. Not a stage: run it as `python -m pipeline.fetch.check_store`.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from pipeline.core import command
from pipeline.core.command import Problem

STORE = Path(".dvc/store")


def damaged(store: Path) -> Iterator[Path]:
    """The objects whose bytes do not have the hash that is their name."""
    for path in sorted((store / "files" / "md5").glob("??/*")):
        if hashlib.md5(path.read_bytes()).hexdigest() != (path.parent.name + path.name).removesuffix(".dir"):
            yield path


def names(store: Path) -> dict[str, str]:
    """The file name of each object, from the listings of folders."""
    file_names: dict[str, str] = {}
    for listing in (store / "files" / "md5").glob("??/*.dir"):
        try:
            file_names |= {entry["md5"]: entry["relpath"] for entry in json.loads(listing.read_bytes())}
        except (ValueError, KeyError, TypeError):  # a damaged listing; `damaged` reports it
            continue
    return file_names


def main() -> None:
    file_names = names(STORE)
    bad = list(damaged(STORE))
    if not bad:
        print(f"every object in {STORE} is whole; if data/ was changed, `dvc add data` keeps the change")
        return
    shown = [f"{path} ({file_names.get(path.parent.name + path.name, 'a listing or a model')})" for path in bad[:5]]
    more = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
    raise Problem(f"damaged: {', '.join(shown)}{more}: run `git checkout -- {STORE}` and `dvc pull`")


if __name__ == "__main__":
    command.run(main, __doc__)
