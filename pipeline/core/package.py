"""Files of weights that a Python package carries: found on disk and checked; the package itself is not imported."""

import importlib.metadata
from dataclasses import dataclass
from pathlib import Path

from pipeline.core import cache
from pipeline.core.command import Problem


@dataclass(frozen=True)
class Package:
    """A package in the one release whose files are known."""

    name: str
    release: str
    install: str  # the command that installs it

    def find(self, inside: str) -> Path | None:
        """Where a file or folder of the package lies; None where the package is not installed."""
        try:
            return Path(str(importlib.metadata.distribution(self.name).locate_file(inside)))
        except importlib.metadata.PackageNotFoundError:
            return None

    def check(self, file: Path, known: str) -> None:
        """Refuses a file whose SHA-256 is not `known`."""
        try:
            total = cache.digest(file)
        except OSError as error:
            raise self.problem(f"{file} cannot be read ({error.strerror})") from None
        if total != known:
            raise self.problem(f"{file} is not that of release {self.release} (another SHA-256)")

    def problem(self, what: str) -> Problem:
        return Problem(f"the package {self.name}: {what}: run `{self.install} --force-reinstall`")
