"""Corpora of other seeds: each is sung, and all stages that score run on it, in a folder of its own.

A folder build/replicates/SEED is a small DVC project with a copy of the code, so that a run that stops goes on where it
stopped, and a change of the code runs what it must.
"""

import hashlib
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipeline.core import store
from pipeline.core.cache import digest
from pipeline.core.command import Problem

log = logging.getLogger(__name__)

FOLDER = store.BUILD / "replicates"
FIRST = 301  # seed of the first corpus; no choice was ever made on this one or a later one
SCORED = ("compare", "questions")  # the last stages that run
UNUSED = ("figures", "pages")
# Fewer fits than the released corpus has, since what is wanted is the spread over corpora.
FEWER: Mapping[str, Any] = {
    "seeds": [0, 1],
    "folds": 3,
    "crossview.tried": 1,
    "questions.seeds": 2,
}
FILES = Path("pipeline")


@dataclass(frozen=True)
class Replicate:
    """A corpus of the generator, by its seed."""

    seed: int
    tracks: int

    @property
    def folder(self) -> Path:
        return FOLDER / str(self.seed)

    def sing(self) -> None:
        """Writes the songs, if they are not there."""
        if not (self.folder / "data" / "tracks.csv").exists():
            size = ("--tracks", str(self.tracks), "--seed", str(self.seed))
            run(self.folder, sys.executable, "-m", "pipeline.sample", "--out", "data", *size)

    def score(self) -> None:
        """Runs every stage that has not yet run on these songs with this code."""
        if not (self.folder / ".dvc").exists():
            run(self.folder, "dvc", "init", "--no-scm", "--quiet")
        run(self.folder, "dvc", "repro", "--quiet", *SCORED)


def prepared(seed: int, tracks: int) -> Replicate:
    """The folder with code, parameters and stages as they are now; its songs and results stay."""
    replicate = Replicate(seed, tracks)
    replicate.folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(replicate.folder / "pipeline", ignore_errors=True)
    shutil.copytree(FILES, replicate.folder / "pipeline", ignore=shutil.ignore_patterns("__pycache__"))
    for name, content in {"params.yaml": parameters(), "dvc.yaml": stages()}.items():
        (replicate.folder / name).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return replicate


def parameters() -> dict[str, Any]:
    """The sections of params.yaml that the stages read, with fewer fits."""
    read = {name for stage in stages()["stages"].values() for name in stage.get("params", [])}
    whole: dict[str, Any] = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    values = {name: value for name, value in whole.items() if name in read}
    for name, value in FEWER.items():
        section, *rest = name.split(".")
        if rest:
            values[section][rest[0]] = value
        else:
            values[section] = value
    return values


def stages() -> dict[str, Any]:
    """dvc.yaml without the stages that draw and write pages."""
    described = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))["stages"]
    return {"stages": {name: stage for name, stage in described.items() if name not in UNUSED}}


def code() -> str:
    """A short digest of all code, which the tables of results carry."""
    lines = [f"{file.as_posix()} {digest(file)}" for file in sorted(FILES.rglob("*.py"))]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


def run(folder: Path, *command: str, quiet: bool = False) -> None:
    """Runs a command there with that folder's own copy of the code; quiet, it is heard only when it fails."""
    places = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": "."}
    result = subprocess.run(command, cwd=folder, env={**os.environ, **places}, check=False, capture_output=quiet)
    if result.returncode:
        sys.stderr.write((result.stderr or b"").decode(errors="replace"))
        raise Problem(
            f"`{' '.join(command)}` in {folder} returned {result.returncode}: its message is above; try again"
        )
