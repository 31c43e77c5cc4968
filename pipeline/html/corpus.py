"""Data: what is in the corpus, what is missing or damaged, what the audit found, and the card that came with it."""

from collections import Counter
from html import escape

import pandas as pd
from markdown_it import MarkdownIt

from pipeline.core import store
from pipeline.core.command import Problem
from pipeline.html.html import Cell, Line, Table, boxed, chip, number, raw, table
from pipeline.html.outputs import Missing, Outputs, Part

MOST_VALUES = 15
PER_LANGUAGE = 4


def tracks() -> pd.DataFrame:
    """The checked table, also of tracks that cannot be used."""
    try:
        return store.read_table(store.BUILD / "tracks" / "tracks.csv")
    except Problem:
        raise Missing("`build/tracks/tracks.csv` is missing: run `dvc repro tracks`") from None


def described(out: Outputs) -> str:
    """How many tracks there are of each label, by language."""
    table_ = tracks()
    used = table_[table_["reason"] == ""]
    languages = sorted(set(used["language"]) - {""}) if "language" in used else []
    spoken = languages if len(languages) <= PER_LANGUAGE else []
    sheets = [
        _counted(used, column, spoken)
        for column in out.labels
        if column in used and (column != "language" or not spoken)
    ]
    return "\n".join(sheets) or "The corpus has none of the columns of `evaluate.labels`.\n"


def _counted(used: pd.DataFrame, column: str, languages: list[str]) -> str:
    counts = Counter(used[column])
    values = sorted(counts, key=lambda value: (value == "", -counts[value], value))
    lines = []
    for value in values[:MOST_VALUES]:
        here = used[used[column] == value]
        cells = [Cell(str(int((here["language"] == language).sum()))) for language in languages]
        lines.append(Line(Cell(escape(value or "unknown"), value), [Cell(str(len(here)), len(here)), *cells]))
    left = [f"And {len(values) - MOST_VALUES} further values."] if len(values) > MOST_VALUES else []
    heads = [escape(column), "tracks", *(escape(language) for language in languages)]
    return table(Table(f"Tracks by {column}", heads, lines, left))


def health() -> str:
    """Which files are missing or damaged, and which tracks have no lyrics."""
    table_ = tracks()
    bad = table_[table_["reason"] != ""]
    used = table_[table_["reason"] == ""]
    silent = used[used["has_lyrics"] != "yes"] if "has_lyrics" in used else used.iloc[:0]
    said = [f"{len(used)} of {len(table_)} tracks can be used; {len(silent)} of them have no lyrics."]
    parts = [raw(f"<p>{' '.join(said)}</p>")]
    if bad.empty:
        parts.append(raw("<p>No file is missing or damaged.</p>"))
    else:
        lines = [
            Line(Cell(f"<code>{escape(id_)}</code>"), [Cell(escape(audio)), Cell(escape(reason))])
            for id_, audio, reason in bad[["id", "audio", "reason"]].to_numpy()
        ]
        parts.append(table(Table("Tracks that are left out", ["track", "file", "reason"], lines)))
    if len(silent):
        named = ", ".join(f"<code>{escape(id_)}</code>" for id_ in silent["id"])
        parts.append(raw(f"<details><summary>Tracks without lyrics</summary><p>{named}</p></details>"))
    return "\n".join(parts)


def audit(out: Outputs) -> str:
    """Which shortcuts tell a label by themselves, and which tracks are there twice."""
    rows = list(out("audit.csv"))
    doors = [row for row in rows if row["label"].text]
    open_ = [row for row in doors if row["verdict"].text != "no"]
    shut = [row for row in doors if row["verdict"].text == "no"]
    parts = (
        [table(_doors("Shortcuts that tell something", open_))] if open_ else [raw("<p>No shortcut tells a label.</p>")]
    )
    if shut:
        inner = boxed(_doors("Shortcuts that tell nothing", shut))
        parts.append(raw(f"<details><summary>{len(shut)} that tell nothing</summary>\n{inner}</details>"))
    twice = [
        f"<li>{escape(row['door'].text)}: {escape(row['note'].text)}</li>" for row in rows if not row["label"].text
    ]
    parts.append(
        raw(f"<ul>{''.join(twice)}</ul>" if twice else "<p>No two tracks share their words or their sound.</p>")
    )
    return "\n".join(parts)


def _doors(caption: str, rows: list[Part]) -> Table:
    lines = []
    for row in rows:
        chance = f'<span class="null">chance {number(row["chance"])}, 95 % below {number(row["null_high"])}</span>'
        score = Cell(f"{number(row['score'])} {chance}", row["score"].number, "score")
        judged = Cell(chip(row["verdict"].text), row["verdict"].text)
        lines.append(Line(Cell(escape(row["door"].text)), [Cell(escape(row["label"].text)), score, judged]))
    return Table(caption, ["shortcut", "label", "told rightly", "verdict"], lines)


def card() -> str:
    """The data card that came with the corpus. It is shown, never run: its HTML is text."""
    file = store.DATA / "README.md"
    if not file.is_file():
        return "This corpus came without a data card (`data/README.md`).\n"
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
    html = str(reader.renderer.render(tokens, reader.options, {}))
    return raw(f'<div class="datacard">\n{html}</div>')


def counts(out: Outputs) -> dict[str, str]:
    """The variables that prose uses."""
    data = out("metrics.json")["data"]
    return {key: data[key].text for key in data.keys}
