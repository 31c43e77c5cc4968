"""The preview that `make report` builds without Quarto: its numbers are those of the files, its links work."""

import csv
import json
import re
import shutil
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from pipeline import pages
from pipeline.core.command import Problem
from pipeline.html.templates import rounded
from pipeline.site import __main__ as site
from pipeline.site import preview
from tests import sample_report
from tests.sample_report import ROOT

QUARTO: dict[str, Any] = yaml.safe_load((ROOT / "reports" / "_quarto.yml").read_text(encoding="utf-8"))
PAGES = [Path(name).stem for name in QUARTO["project"]["render"]]
EMPTY = {"img", "input", "link", "meta", "br", "hr", "source", "line", "circle", "rect", "polyline"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of a made-up run."""
    return sample_report.site(tmp_path_factory.mktemp("project"))


@pytest.fixture
def bare(workspace: Path) -> Path:
    """A project of one page, for what goes wrong."""
    reports = workspace / "reports"
    reports.mkdir()
    (reports / "assets").mkdir()
    (reports / "assets" / "surbani.css").write_text("", encoding="utf-8")
    (reports / "assets" / "report.js").write_text("", encoding="utf-8")
    (reports / "references.bib").write_text(
        (ROOT / "reports" / "references.bib").read_text(encoding="utf-8"), encoding="utf-8"
    )
    project = QUARTO | {"project": {"render": ["index.qmd"], "resources": ["assets/report.js", "figures/*.png"]}}
    project["website"] = {"title": "T", "navbar": {"left": [{"text": "Findings", "href": "index.qmd"}]}}
    (reports / "_quarto.yml").write_text(yaml.safe_dump(project), encoding="utf-8")
    (reports / "_variables.yml").write_text("a:\n  b: 'seven'\n", encoding="utf-8")
    (reports / "method.qmd").write_text("", encoding="utf-8")
    return reports


def one_page(reports: Path, text: str) -> str:
    """The page with this text, built; its footer leads to a page that is there."""
    (reports / "index.qmd").write_text(f'---\ntitle: "T"\n---\n\n{text}\n', encoding="utf-8")
    template = reports.parent / "preview.html"
    text = preview.TEMPLATE.read_text(encoding="utf-8").replace("method.html", "index.html")
    template.write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(preview, "PANDOC", [*preview.PANDOC, f"--template={template.resolve()}"])
        preview.build(reports, reports / "_site")
    return (reports / "_site" / "index.html").read_text(encoding="utf-8")


class Page(HTMLParser):
    """A page as its tags and its words, with the numbers that carry their place."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.numbers: list[tuple[str, str]] = []  # place, text
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(self.tags[-1])

    def handle_endtag(self, tag: str) -> None:
        if tag not in EMPTY:
            while self.open and self.open.pop()[0] != tag:
                pass

    def handle_data(self, data: str) -> None:
        within = dict(self.open)
        if place := within.get("data", {}).get("data-from"):
            self.numbers.append((place, data))
        elif not {"script", "style", "svg"} & set(within):
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def read(built: Path, page: str) -> Page:
    return Page((built / f"{page}.html").read_text(encoding="utf-8"))


def at(reports: Path, place: str) -> float:
    """The number at a place like `metrics.json#/pca/genre/ami`, found without the code that wrote the place."""
    name, _, path = place.partition("#")
    with (reports / name).open(encoding="utf-8", newline="") as file:
        value: Any = json.load(file) if name.endswith(".json") else list(csv.DictReader(file))
    for key in path.split("/")[1:]:
        plain = key.replace("~1", "/").replace("~0", "~")
        value = value[int(plain)] if isinstance(value, list) else value[plain]
    return float(value)


@pytest.mark.parametrize("page", PAGES)
def test_every_number_is_the_one_at_its_place(built: Path, page: str) -> None:
    for place, text in read(built, page).numbers:
        digits = len(text.partition(".")[2])
        value = float(text.replace("\N{MINUS SIGN}", "-"))
        assert value == pytest.approx(at(built.parent, place), abs=0.501 * 10**-digits), place


def test_every_number_of_the_findings_has_a_place(built: Path) -> None:
    content = read(built, "index")
    variables = yaml.safe_load((built.parent / "_variables.yml").read_text(encoding="utf-8"))
    known = {value for part in variables.values() for value in part.values()} | {"95"}  # % of an interval
    titles = {
        figure["title"]
        for figure in json.loads((built.parent / "figures" / "figures.json").read_text(encoding="utf-8"))
    }
    words = " ".join(word for word in content.words if word not in titles)
    loose = set(re.findall(r"(?<![\w#.])\d+(?:\.\d+)?(?![\w.]*\w)", words))
    assert loose <= known | {"0", "1", "2", "3"}  # 0 is chance, 1 is perfect; the numbers of the questions
    assert len(content.numbers) > 40


def test_the_headline_numbers_are_there(built: Path) -> None:
    shown = dict(read(built, "index").numbers)
    rows = pd.read_csv(built.parent / "results.csv")
    for name, values in sample_report.CURVE.items():
        for label, value in zip(sample_report.LABELS, values, strict=True):
            same = (rows["representation"] == name) & (rows["label"] == label) & (rows["score"] == "ami_curve")
            assert shown[f"results.csv#/{rows.index[same][0]}/mean"] == rounded(value, 2)


def test_the_same_run_gives_the_same_bytes(built: Path) -> None:
    def all_bytes() -> dict[str, bytes]:
        return {file.relative_to(built).as_posix(): file.read_bytes() for file in built.rglob("*") if file.is_file()}

    first = all_bytes()
    sample_report.again(built.parents[1])
    assert all_bytes() == first


@pytest.mark.parametrize("page", PAGES)
def test_nothing_comes_from_another_host(built: Path, page: str) -> None:
    content = read(built, page)
    places = [
        place for _, attrs in content.tags for name in ("src", "srcset", "poster", "data") if (place := attrs.get(name))
    ]
    places += [str(attrs["href"]) for attrs in content.all("link")]
    assert not [place for place in places if re.match(r"(?!data:)[a-z]+:|//|/", place)]
    assert not [attrs for attrs in content.all("a") if str(attrs.get("href")).startswith(("http", "/"))]
    for style in built.glob("assets/*.css"):
        assert not re.search(r"url\(|@import|https?:", style.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES)
def test_a_screen_reader_finds_its_way(built: Path, page: str) -> None:
    content = read(built, page)
    assert content.all("html") == [{"lang": "en"}]
    assert len(content.all("main")) == len(content.all("h1")) == len(content.all("title")) == 1
    assert all(attrs.get("aria-label") for attrs in content.all("nav"))
    assert [attrs for attrs in content.all("a") if attrs.get("aria-current") == "page"] == [
        {"href": f"{page}.html", "aria-current": "page"}
    ]
    assert all(attrs.get("alt") for attrs in content.all("img"))
    assert all(attrs.get("aria-label") or attrs.get("aria-hidden") for attrs in content.all("svg"))
    ids = [attrs["id"] for _, attrs in content.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    levels = [int(tag[1]) for tag, _ in content.tags if re.fullmatch(r"h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels)), levels
    text = (built / f"{page}.html").read_text(encoding="utf-8")
    labels = re.findall(r"<label[^>]*>.*?</label>", text, re.DOTALL)
    inside = sum(len(re.findall(r"<(?:select|input)", label)) for label in labels)
    beside = {attrs.get("for") for attrs in content.all("label")} & set(ids)
    assert inside + len(beside) == len(content.all("select") + content.all("input"))
    assert not re.search(r"\{\{<|:::|\{#|\{=html|\*\*\w", " ".join(content.words))  # no raw markup


def test_findings_weigh_little(built: Path) -> None:
    content = read(built, "index")
    loaded = [attrs["src"] for tag in ("img", "script") for attrs in content.all(tag) if attrs.get("src")]
    loaded += [attrs["href"] for attrs in content.all("link") if not str(attrs["href"]).startswith("data:")]
    weight = sum((built / str(place)).stat().st_size for place in [*loaded, "index.html"])
    assert weight < 1_500_000
    assert "plotly" not in str(loaded)


def colours(dark: bool) -> dict[str, str]:
    style = (ROOT / "reports" / "assets" / "surbani.css").read_text(encoding="utf-8")
    light, _, rest = style.partition("body.quarto-dark {")
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6}|#fff)", rest.partition("}")[0] if dark else light))


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("ink", ["ink", "quiet", "accent", "good", "bad", "warn"])
@pytest.mark.parametrize("ground", ["paper", "soft"])
def test_words_stand_out_from_their_ground(ink: str, ground: str, *, dark: bool) -> None:
    known = colours(dark)
    light, deep = sorted((luminance(known[ink]), luminance(known[ground])), reverse=True)
    assert (light + 0.05) / (deep + 0.05) >= 4.5


# --- the rules of Quarto ----------------------------------------------------------------------------------------------


def test_the_project_follows_the_rules_under_which_quarto_works_offline() -> None:
    kind = QUARTO["format"]["html"]
    assert kind["html-math-method"] == "mathml"
    assert all(theme[0] == "default" for theme in kind["theme"].values())
    assert "freeze" not in str(QUARTO)
    assert set(PAGES) == {file.stem for file in (ROOT / "reports").glob("*.qmd")}
    assert {Path(entry["href"]).stem for entry in QUARTO["website"]["navbar"]["left"]} == set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_pages_hold_no_code_and_includes_stand_alone(page: str) -> None:
    text = (ROOT / "reports" / f"{page}.qmd").read_text(encoding="utf-8")
    assert not re.search(r"^```\{\w", text, re.MULTILINE)
    for place, line in enumerate(lines := text.split("\n")):
        if "{{< include" in line:
            assert lines[place - 1] == lines[place + 1] == ""
            assert preview.INCLUDE.fullmatch(line)
    assert "../" not in text  # a picture outside of the project would not be copied


def test_what_pages_include_is_what_the_stage_writes() -> None:
    asked = {
        name
        for page in PAGES
        for name in re.findall(r"_generated/(\w+)\.md", (ROOT / "reports" / f"{page}.qmd").read_text(encoding="utf-8"))
    }
    assert asked == set(pages.PIECES)


# --- the preview ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{< include _generated/gone.md >}}", "gone.md, which is missing: run `dvc repro pages`"),
        ("{{< var a.c >}}", "variable a.c, which"),
        ("See @fig-gone.", "fig-gone"),
        ("See [@nobody1999].", "nobody1999"),
        ("![x](figures/gone.png)", "links to figures/gone.png, which is not in the site"),
        ("[x](gone.qmd)", "links to gone.html, which is not in the site"),
        ("[x](index.qmd#gone)", "no such anchor"),
    ],
)
def test_an_error_names_the_page(bare: Path, text: str, message: str) -> None:
    with pytest.raises(Problem, match=re.escape(message)) as problem:
        one_page(bare, text)
    assert "index" in str(problem.value)


def test_variables_and_includes_are_expanded_once(bare: Path) -> None:
    (bare / "piece.md").write_text("A piece of {{< var a.b >}}.\n", encoding="utf-8")
    text = one_page(bare, "It is {{< var a.b >}}.\n\n{{< include piece.md >}}\n")
    assert "It is seven." in text
    assert "A piece of {{&lt; var a.b &gt;}}." in text  # a song may be called so


def test_links_equations_and_citations_need_no_filter(bare: Path) -> None:
    text = one_page(
        bare,
        "## Heading {#here}\n\nSee [Equation 1](#e) and [there](index.qmd#here).\n\n"
        "::: {#e .equation}\n$$\nx^2\n$$\n[(1)]{.equation-number}\n:::\n\n"
        '::: {.hint role="note"}\n**Mind**\n\nthis\n:::\n\nAs in [@vinh2010].',
    )
    text = " ".join(text.split())
    assert '<div class="hint" role="note">' in text
    assert '<a href="index.html#here">there</a>' in text
    assert '<div id="e" class="equation">' in text
    assert "<math" in text
    assert "Vinh" in text


def test_the_page_of_the_site_is_marked_in_its_menu(bare: Path) -> None:
    text = one_page(bare, "words")
    assert '<a href="index.html" aria-current="page">Findings</a>' in text
    assert "<title>T · T</title>" in text


def test_tabs_need_no_script(built: Path) -> None:
    content = read(built, "models")
    buttons = [attrs for attrs in content.all("input") if attrs.get("type") == "radio"]
    groups = {attrs["name"] for attrs in buttons}
    assert len(buttons) > len(groups) > 1
    assert len([attrs for attrs in buttons if "checked" in attrs]) == len(groups)
    assert {attrs["id"] for attrs in buttons} == {attrs["for"] for attrs in content.all("label")}


def test_the_preview_has_no_script_but_the_two_of_the_report(built: Path) -> None:
    scripts = {str(attrs.get("src")) for page in PAGES for attrs in read(built, page).all("script")}
    # "None" is the data of the map
    assert scripts == {
        "assets/report.js",
        "assets/map.js",
        "shipped/plotly.min.js",
        "None",
    }
    assert not list(preview.TEMPLATE.parent.glob("*.lua")) + list(preview.TEMPLATE.parent.glob("*.js"))


def test_quarto_is_used_where_it_is(
    bare: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    tool = bare.parent / "bin" / "quarto"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho called with $@\nexit ${RC:-0}\n", encoding="utf-8")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tool.parent), prepend=":")
    (bare / "_generated").mkdir()
    site.main()
    output = capfd.readouterr().out
    assert "called with render reports" in output
    assert site.PREVIEW not in output
    monkeypatch.setenv("RC", "3")
    with pytest.raises(Problem, match="returned 3"):
        site.main()


def test_without_quarto_it_is_said_in_a_line(
    built: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(built.parents[1])
    monkeypatch.setattr(shutil, "which", lambda _: None)
    site.main()
    first, last = capsys.readouterr().out.splitlines()
    assert "preview" in first
    assert "Quarto 1.7" in first
    assert last.endswith("index.html")


@pytest.mark.usefixtures("workspace")
def test_before_the_stage_ran_it_says_which() -> None:
    with pytest.raises(Problem, match="dvc repro pages"):
        site.main()


def test_letters_of_many_scripts_have_a_font_in_the_style() -> None:
    style = (ROOT / "reports" / "assets" / "surbani.css").read_text(encoding="utf-8")
    for script in (
        "Bengali",
        "Devanagari",
        "Tamil",
        "Arabic",
        "Hebrew",
        "Thai",
        "Ethiopic",
        "CJK JP",
        "CJK KR",
        "CJK SC",
    ):
        assert f'"Noto Sans {script}"' in style
    assert "url(" not in style  # nothing is loaded
