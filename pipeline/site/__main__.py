"""Builds reports/_site from reports/*.qmd: with Quarto if it is on the PATH, else as a preview with pandoc."""

import shutil
import subprocess

from pipeline.core import command, store
from pipeline.core.command import Problem
from pipeline.site.preview import build

PREVIEW = "preview by pandoc, without Quarto; for the full site install Quarto 1.7 or later and run `make report` again"


def main() -> None:
    reports = store.REPORTS
    if not (reports / "_generated").is_dir():
        raise Problem(f"{reports / '_generated'} is missing: run `dvc repro pages`, or `python -m pipeline.pages`")
    if quarto := shutil.which("quarto"):
        shutil.rmtree(reports / "_site", ignore_errors=True)
        result = subprocess.run([quarto, "render", str(reports)], check=False)
        if result.returncode:
            raise Problem(f"`quarto render {reports}` returned {result.returncode}: its message above names the page")
    else:
        print(PREVIEW)
        build(reports, reports / "_site")
    print(f"the report is in {reports / '_site' / 'index.html'}")


if __name__ == "__main__":
    command.run(main, __doc__)
