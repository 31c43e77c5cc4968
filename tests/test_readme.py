"""The README tells the truth: its table is that of the committed metrics, its commands and links exist."""

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(\w+)` \|[^|]*\| (\S+) \([^)]*\) \| (\S+) \| (\S+)(?: †)? \|$", README, flags=re.MULTILINE)


def committed() -> dict[str, dict[str, dict[str, float]]]:
    """The metrics of the last commit: those of the work tree are another machine's after a `dvc repro` there."""
    command = ["git", "show", "HEAD:reports/metrics.json"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if shown.returncode:
        pytest.skip("not a git checkout")
    metrics: dict[str, dict[str, dict[str, float]]] = json.loads(shown.stdout)
    return metrics


def test_every_representation_has_its_row() -> None:
    fewer = {name for name in committed() if re.fullmatch(r"pca_\d+", name)}  # PCA at a model's active units
    assert {row[0] for row in ROWS} == set(committed()) - fewer - {"data"}


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_the_table_is_that_of_the_metrics(row: tuple[str, str, str, str]) -> None:
    name, *cells = row
    for label, cell in zip(("genre", "theme", "language"), cells, strict=True):
        assert float(cell) == pytest.approx(committed()[name][label]["ami"], abs=0.00501)


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)#]+)\)", README))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


def test_it_fits_two_screens() -> None:
    assert len(README.splitlines()) <= 130
