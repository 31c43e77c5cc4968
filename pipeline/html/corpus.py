"""Data: what is in the corpus, what is missing or damaged, what the audit found, and the corpus's own card."""

from collections import Counter

import pandas as pd
from markdown_it import MarkdownIt
from markupsafe import Markup

from pipeline.core import catalog, store
from pipeline.html.html import Cell, Line, Table, chip, code, table
from pipeline.html.languages import named
from pipeline.html.outputs import Outputs, Part, made
from pipeline.html.templates import part, render

MAX_VALUES = 15
MAX_LANGUAGES = 4  # that have a column each


def described(out: Outputs) -> Markup:
    """The number of tracks with each value of a label, by language."""
    used = made(catalog.usable_tracks)
    languages = sorted(set(used["language"]) - {""}) if "language" in used else []
    columns = languages if len(languages) <= MAX_LANGUAGES else []
    labels = [label for label in out.labels if label in used and (label != "language" or not columns)]
    return render("described", tables=[_counts(used, label, columns) for label in labels])


def _counts(used: pd.DataFrame, label: str, languages: list[str]) -> Markup:
    counts = Counter(used[label])
    values = sorted(counts, key=lambda value: (value == "", -counts[value], value))
    lines = []
    for value in values[:MAX_VALUES]:
        subset = used[used[label] == value]
        by_language = [Cell(str(int((subset["language"] == language).sum()))) for language in languages]
        name = named(value) if label == "language" else value
        lines.append(Line(Cell(name or "unknown", name), [Cell(str(len(subset)), len(subset)), *by_language]))
    rest = [f"And {len(values) - MAX_VALUES} further values."] if len(values) > MAX_VALUES else []
    return table(Table(f"Tracks by {label}", [label, "tracks", *map(named, languages)], lines, rest))


def health() -> Markup:
    """Which files are missing or damaged, and which tracks have no lyrics."""
    table_, skipped = made(catalog.usable_tracks), made(catalog.skipped)
    total = len(table_) + int((skipped["stage"] == "tracks").sum())
    used = table_.drop(skipped["id"][skipped["stage"] == "audio"], errors="ignore")
    silent = list(used["id"][used["has_lyrics"] != "yes"]) if "has_lyrics" in used else []
    lines = [Line(Cell(code(id_)), [Cell(cell) for cell in cells]) for id_, *cells in skipped.to_numpy()]
    left_out = table(Table("Files that are left out", ["track", "stage", "file", "reason"], lines)) if lines else ""
    return render("health", used=len(used), tracks=total, silent=silent, left_out=left_out)


def audit(out: Outputs) -> Markup:
    """Which shortcuts predict a label by themselves, and which tracks are duplicates."""
    rows = list(out("audit.csv"))
    shortcuts = [row for row in rows if row["label"].text]
    strong = [row for row in shortcuts if row["verdict"].text != "none"]
    weak = [row for row in shortcuts if row["verdict"].text == "none"]
    return render(
        "audit",
        strong=_shortcuts("Shortcuts with predictive power", strong) if strong else "",
        weak=_shortcuts("Shortcuts without predictive power", weak) if weak else "",
        weak_count=len(weak),
        duplicates=[row for row in rows if not row["label"].text],
    )


def _shortcuts(caption: str, rows: list[Part]) -> Markup:
    lines = []
    for row in rows:
        accuracy = Cell(part("accuracy", row), row["score"].number, "score")
        verdict = Cell(chip(row["verdict"].text), row["verdict"].text)
        lines.append(Line(Cell(row["shortcut"].text), [Cell(row["label"].text), accuracy, verdict]))
    return table(Table(caption, ["shortcut", "label", "accuracy", "verdict"], lines))


def card() -> Markup:
    """The data card of the corpus, as text: HTML in it stays inert."""
    file = store.DATA / "README.md"
    if not file.is_file():
        return render("card", html="")
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(file.read_text(encoding="utf-8", errors="replace"))
    for token in tokens:
        if token.type.startswith("heading"):
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
        for inner in token.children or ():
            if inner.type == "image":
                inner.attrs["src"] = f"shipped/{inner.attrs['src']}"
                inner.attrs["loading"] = "lazy"
        if token.type == "table_open":
            token.attrs["data-quarto-disable-processing"] = "true"
    return render("card", html=Markup(reader.renderer.render(tokens, reader.options, {})))


def counts(out: Outputs) -> dict[str, str]:
    """The numbers of the corpus, as variables of the prose."""
    data = out("metrics.json")["data"]
    return {key: data[key].text for key in data.keys}
