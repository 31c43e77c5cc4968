"""One digest over everything that a stage is made from."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import yaml

from pipeline.core.cache import digest
from pipeline.core.store import DATA


def inputs_digest(stage: str) -> str:
    """A SHA-256 over the inputs and parameters that dvc.yaml lists for `stage`.

    Pictures differ by a pixel from one machine to the next, so DVC tracks this digest in their place: it changes when
    they have to be made again, and only then. The songs themselves are left out: build/ changes when they do.
    """
    described = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))["stages"][stage]
    params = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    files = sorted(file for dep in described["deps"] if dep != DATA.name for file in _files(Path(dep)))
    made_from = {
        "params": {name: params[name] for name in described["params"]},
        "files": {file.as_posix(): digest(file) for file in files},
    }
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    else:
        yield from (file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
