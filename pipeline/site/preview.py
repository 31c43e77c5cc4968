"""The pages of the Quarto project as pandoc alone can make them: what Quarto would say of them holds here too.

Includes and variables are expanded here; callouts, tabs, cross references and links between pages by preview.lua.
A missing include, variable, reference, picture or page ends it with the name of the page.
"""

import re
import shutil
import subprocess
from collections.abc import Mapping
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pypandoc  # type: ignore[import-untyped]  # its wheel carries pandoc
import yaml

from pipeline.core.command import Problem

HERE = Path(__file__).parent
INCLUDE = re.compile(r"^\{\{< include (\S+) >\}\}$", re.MULTILINE)
VARIABLE = re.compile(r"\{\{< var (\S+) >\}\}")
HEADER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


def build(reports: Path, site: Path) -> None:
    """Writes the site: every page that _quarto.yml names, and what they load."""
    project = _yaml(reports / "_quarto.yml")
    variables = _yaml(reports / "_variables.yml")
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir(parents=True)
    template = site / "template.html"
    template.write_text(_template(project), encoding="utf-8")
    for name in project["project"]["render"]:
        text = expanded(reports, name, variables)
        (site / name).with_suffix(".html").write_text(
            _page(reports, name, text, template), encoding="utf-8", newline="\n"
        )
    template.unlink()
    _lay(reports, site, project)
    for page in sorted(site.glob("*.html")):
        _check(page, site)


def _yaml(file: Path) -> dict[str, Any]:
    if not file.exists():
        raise Problem(f"{file} is missing: run `dvc repro pages`, or `git checkout {file}`")
    found: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return found


def expanded(reports: Path, name: str, variables: Mapping[str, Any]) -> str:
    """The text of a page with its includes and variables in place."""

    def included(found: re.Match[str]) -> str:
        file = reports / found[1]
        if not file.exists():
            raise Problem(f"{reports / name} includes {file}, which is missing: run `dvc repro pages`")
        return file.read_text(encoding="utf-8")

    def told(found: re.Match[str]) -> str:
        value: Any = variables
        for key in found[1].split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if value is None:
            raise Problem(
                f"{reports / name} asks for the variable {found[1]}, which is not in {reports / '_variables.yml'}"
            )
        return str(value)

    page = (reports / name).read_text(encoding="utf-8")
    text = INCLUDE.sub(lambda found: f"\0{found[0]}\0", VARIABLE.sub(told, page))  # what is included is left as it is
    return re.sub(r"\0(.*?)\0", lambda part: INCLUDE.sub(included, part[1]), text)


def _page(reports: Path, name: str, text: str, template: Path) -> str:
    """The page as HTML; pandoc's warnings are errors."""
    head = HEADER.match(text)
    toc = yaml.safe_load(head[0].strip("-\n")).get("toc", True) if head else True
    command = [
        pypandoc.get_pandoc_path(),
        "--from=markdown",
        "--to=html5",
        "--standalone",
        f"--template={template.resolve()}",
    ]
    command += [
        "--mathml",
        "--section-divs",
        "--fail-if-warnings",
        f"--lua-filter={HERE / 'preview.lua'}",
        "--citeproc",
    ]
    command += ["--bibliography=references.bib", "--metadata=link-citations", f"--variable=page-{Path(name).stem}"]
    command += ["--toc", "--toc-depth=2"] if toc else []
    made = subprocess.run(command, input=text, capture_output=True, cwd=reports, encoding="utf-8", check=False)
    if made.returncode:
        raise Problem(f"{reports / name} cannot be rendered: {' '.join(made.stderr.split())}: mend the page")
    return made.stdout


def _template(project: Mapping[str, Any]) -> str:
    website = project["website"]
    links = []
    for entry in website["navbar"]["left"]:
        stem = Path(entry["href"]).stem
        here = f'$if(page-{stem})$ aria-current="page"$endif$'
        links.append(f'<a href="{stem}.html"{here}>{escape(entry["text"])}</a>')
    text = (HERE / "preview.html").read_text(encoding="utf-8")
    return text.replace("@title@", escape(website["title"])).replace("@links@", "\n".join(links))


def _lay(reports: Path, site: Path, project: Mapping[str, Any]) -> None:
    """Copies what the pages load: their pictures, the style and what _quarto.yml lists."""
    patterns = [*project["project"]["resources"], project["format"]["html"]["css"], "figures/*.png"]
    for file in sorted(file for pattern in patterns for file in reports.glob(pattern) if file.is_file()):
        place = site / file.relative_to(reports)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)
    shutil.copyfile(HERE / "preview.css", site / "assets" / "preview.css")
    shutil.copyfile(HERE / "preview.js", site / "assets" / "preview.js")


class _Places(HTMLParser):
    """Where a page leads, and the places in it that may be led to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.leads: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.leads += [place for name in ("src", "href") if (place := told.get(name))]
        if name := told.get("id"):
            self.ids.add(name)


def _check(page: Path, site: Path) -> None:
    """Every link, picture and script is in the site; a link to another host is only for readers to follow."""
    places = _Places(page.read_text(encoding="utf-8"))
    for lead in places.leads:
        if re.match(r"[a-z]+:", lead):
            continue
        file, _, anchor = lead.partition("#")
        target = site / unquote(file) if file else page
        if not target.is_file():
            raise Problem(f"{page.stem}.qmd leads to {lead}, which is not in the site: run `dvc repro figures pages`")
        if anchor and target.suffix == ".html" and anchor not in _Places(target.read_text(encoding="utf-8")).ids:
            raise Problem(f"{page.stem}.qmd leads to {lead}, and that page has no such place: mend the link")
