"""Protocol: how often such verdicts are wrong, and what other corpora of the generator say."""

from collections.abc import Sequence

from markupsafe import Markup

from pipeline.core import corpus
from pipeline.html import rank
from pipeline.html.html import (
    Cell,
    Line,
    Table,
    chip,
    code,
    count_cell,
    head,
    number_cell,
    p_cell,
    table,
    tabs,
    text_cell,
)
from pipeline.html.outputs import MADE_BY, Missing, Outputs, Part, made
from pipeline.html.templates import part

WHAT = {
    "false verdicts": "Corpora on which methods that are equally good were called better or worse.",
    "coverage": "Corpora whose interval held the true difference.",
    "coverage, single scores": "Corpora whose interval over their artists held the mean over all corpora. Corpora"
    " differ in more than their artists, so such an interval is of one corpus, and promises nothing about others.",
    "power": "Corpora on which a true difference of the size that is called detectable was detected.",
}
OVER = (
    "Each claim as a paired t-test over corpora that the generator made from other seeds, after Holm's correction. The"
    " chance of singing, training and clustering is in these intervals."
)
NAMES = {"compare": "Models", "representations": "Representations", "lyrics": "Lyrics", "language": "Language"}
NAMES |= {"stability": "Stability"}


def calibration(out: Outputs) -> Markup:
    """What is promised, and what came out; a tab per property."""
    rows = _rows(out, "calibration.csv")
    return tabs("calibration", {what.capitalize(): _calibrated(what, same) for what, same in _by(rows, "what").items()})


def _calibrated(what: str, rows: Sequence[Part]) -> Markup:
    lines = []
    for row in rows:
        rate = Cell(part("rate", row), row["rate"].number, "score")
        cells = [text_cell(row["setting"].text), rate, number_cell(row["nominal"]), count_cell(row["corpora"])]
        lines.append(Line(text_cell(row["kind"].text), cells))
    heads = ["what is judged", "setting", "share of corpora", "promised", "corpora"]
    return table(Table(what.capitalize(), heads, lines, [WHAT[what]] if what in WHAT else []))


def replicates(out: Outputs) -> Markup:
    """The verdicts over corpora; a tab per question, the claims of the models first."""
    rows = [row for row in _rows(out, "replicated.csv") if row["family"].text == "primary"]
    return tabs("replicates", {NAMES.get(name, name): _replicated(same) for name, same in _by(rows, "source").items()})


def over_corpora(out: Outputs, source: str) -> list[Part]:
    """The primary claims of a question over corpora, under the first clusterer; none if people made the songs."""
    try:
        rows = _rows(out, "replicated.csv") if made(corpus.read).synthetic else []
    except Missing:
        return []
    first: dict[tuple[str, ...], Part] = {}
    for row in rows:
        if row["source"].text == source and row["family"].text == "primary":
            first.setdefault(tuple(row[name].text for name in ("model", "against", "label", "score")), row)
    return list(first.values())


def _replicated(rows: Sequence[Part]) -> Markup:
    lines = []
    for row in rows:
        score = rank.WORDS.get(row["score"].text, row["score"].text)
        named = f"{row['model'].text} − {row['against'].text}"
        verdict = Cell(part("with_note", chip(row["verdict"].text), row["note"].text), row["verdict"].text)
        difference = Cell(part("difference", row, 3), row["difference"].number, "score")
        cells = [verdict, text_cell(row["label"].text), text_cell(score), text_cell(row["clusterer"].text), difference]
        lines.append(Line(Cell(code(named), named), [*cells, p_cell(row["holm"]), count_cell(row["corpora"])]))
    heads = ["claim", "verdict", "label", "score", "clusterer", "difference", head("p", "Holm"), "corpora"]
    return table(Table("Verdicts over corpora", heads, lines, [OVER]))


def _rows(out: Outputs, name: str) -> list[Part]:
    rows = list(out(name))
    if not rows:
        raise Missing(f"`reports/{name}` has no row yet: run `{MADE_BY[name]}`")
    return rows


def _by(rows: Sequence[Part], column: str) -> dict[str, list[Part]]:
    parts: dict[str, list[Part]] = {}
    for row in rows:
        parts.setdefault(row[column].text, []).append(row)
    return parts
