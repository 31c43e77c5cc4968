"""The notebook under reports/ runs from its first cell to its last, and the report shows what it gave."""

from pathlib import Path

import pytest

from tests.library.notebook import NOTEBOOK, PAGE, executed, page, read
from tests.text.test_language import needs_model

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.xdist_group("library")


@needs_model
def test_it_runs_in_the_folder_of_a_project(project: Path) -> None:
    (project / "reports").mkdir()
    committed = read(ROOT / NOTEBOOK)
    again = executed(committed, project / "reports")
    kinds = [[set(output["data"]) for output in cell.get("outputs", [])] for cell in again["cells"]]
    assert kinds == [[set(output["data"]) for output in cell.get("outputs", [])] for cell in committed["cells"]]


def test_the_page_shows_the_outputs_of_the_notebook() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page(read(ROOT / NOTEBOOK))
