"""The preview: the pages of the Quarto project as pandoc alone makes them.

Includes, variables and links between pages are expanded here; all else in the pages is plain Markdown and HTML. A
missing include, variable, reference, picture or page is an error that names the page.
"""

import re
import shutil
import subprocess
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pypandoc  # type: ignore[import-untyped]  # its wheel carries pandoc
import yaml

from pipeline.core.command import Problem

TEMPLATE = Path(__file__).with_name("preview.html")
STYLE = Path(__file__).with_name("preview.css")
INCLUDE = re.compile(r"^\{\{< include (\S+) >\}\}$", re.MULTILINE)
VARIABLE = re.compile(r"\{\{< var (\S+) >\}\}")
LINK = re.compile(r"\]\(([\w-]+)\.qmd(?=[#)])")
HEADER = re.compile(r"\A---\n(.*?\n)---\n", re.DOTALL)
PANDOC = ["--from=markdown", "--to=html5", "--standalone", f"--template={TEMPLATE.resolve()}", "--mathml"]
PANDOC += ["--section-divs", "--fail-if-warnings", "--citeproc", "--metadata=link-citations", "--toc-depth=2"]


def build(reports: Path, site: Path) -> None:
    """Writes the site: every page that _quarto.yml names, and what they load."""
    project = _yaml(reports / "_quarto.yml")
    variables = _yaml(reports / "_variables.yml")
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir(parents=True)
    for name in project["project"]["render"]:
        html = _page(reports, name, expanded(reports, name, variables), project)
        (site / _html(name)).write_text(html, encoding="utf-8", newline="\n")
    _copy(reports, site, project)
    for page in sorted(site.glob("*.html")):
        _check(page, site)


def _yaml(file: Path) -> dict[str, Any]:
    if not file.exists():
        raise Problem(f"{file} is missing: run `dvc repro pages`, or `git checkout {file}`")
    values: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return values


def _html(name: str) -> str:
    return f"{Path(name).stem}.html"


def expanded(reports: Path, name: str, variables: Mapping[str, Any]) -> str:
    """The text of a page with its includes, variables and links in place. Included text stays as it is."""

    def included(piece: str) -> str:
        file = reports / piece
        if not file.exists():
            raise Problem(f"{reports / name} includes {file}, which is missing: run `dvc repro pages`")
        return file.read_text(encoding="utf-8")

    def value(match: re.Match[str]) -> str:
        part: Any = variables
        for key in match[1].split("."):
            part = part.get(key) if isinstance(part, dict) else None
        if part is None:
            raise Problem(f"{reports / name} needs the variable {match[1]}, which {reports / '_variables.yml'} lacks")
        return str(part)

    text = LINK.sub(r"](\1.html", (reports / name).read_text(encoding="utf-8"))
    pieces = INCLUDE.split(text)  # every second one is the file of an include
    return "".join(included(piece) if place % 2 else VARIABLE.sub(value, piece) for place, piece in enumerate(pieces))


def _page(reports: Path, name: str, text: str, project: Mapping[str, Any]) -> str:
    """The page as HTML; a warning of pandoc is an error."""
    head = HEADER.match(text)
    about = {"toc": True, **(yaml.safe_load(head[1]) if head else {}), "site": project["website"]["title"]}
    about["links"] = [
        {"text": entry["text"], "page": _html(entry["href"]), "current": entry["href"] == name}
        for entry in project["website"]["navbar"]["left"]
    ]
    body = text[head.end() :] if head else text
    command = [pypandoc.get_pandoc_path(), *PANDOC, f"--bibliography={project['bibliography']}"]
    command += ["--toc"] if about["toc"] else []
    page = f"---\n{yaml.safe_dump(about, allow_unicode=True)}---\n{body}"
    result = subprocess.run(command, input=page, capture_output=True, cwd=reports, encoding="utf-8", check=False)
    if result.returncode:
        raise Problem(f"{reports / name} cannot be rendered: {' '.join(result.stderr.split())}: fix the page")
    return result.stdout


def _copy(reports: Path, site: Path, project: Mapping[str, Any]) -> None:
    """Copies what the pages load: the style, and what _quarto.yml lists."""
    patterns = [*project["project"]["resources"], project["format"]["html"]["css"]]
    for file in sorted(file for pattern in patterns for file in reports.glob(pattern) if file.is_file()):
        target = site / file.relative_to(reports)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    shutil.copyfile(STYLE, site / "assets" / STYLE.name)


class _Places(HTMLParser):
    """The links of a page, and the anchors in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(text)

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.links += [link for name in ("src", "href") if (link := values.get(name))]
        if name := values.get("id"):
            self.ids.add(name)


def _check(page: Path, site: Path) -> None:
    """Every link, picture and script is in the site; other hosts are only for readers to follow."""
    for link in _Places(page.read_text(encoding="utf-8")).links:
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = site / unquote(file) if file else page
        if not target.is_file():
            raise Problem(f"{page.stem}.qmd links to {link}, which is not in the site: run `dvc repro figures pages`")
        if anchor and target.suffix == ".html" and anchor not in _Places(target.read_text(encoding="utf-8")).ids:
            raise Problem(f"{page.stem}.qmd links to {link}, and that page has no such anchor: fix the link")
