"""Models: the published forms, beside the models of this project."""

from collections.abc import Sequence

from markupsafe import Markup

from pipeline.core import catalog, store
from pipeline.core.cache import digest
from pipeline.html.findings import COLLAPSED, LEAKY
from pipeline.html.html import UNKNOWN, Cell, Line, Table, code, head, table, tabs, text_cell
from pipeline.html.outputs import MADE_BY, Empty, Missing, Outputs, Part, made
from pipeline.html.templates import part, rounded

FILE = "published.csv"
HEADS = {  # score, clusterer -> head of the column
    ("ami", "kmeans"): head("AMI", "KMeans"),
    ("ami", "consensus"): head("AMI", "consensus"),
    ("ami_curve", "kmeans"): head("AMI averaged over k"),
    ("nmi", "kmeans"): head("NMI", "KMeans"),
    ("nmi", "consensus"): head("NMI", "consensus"),
}
SHAPE = ("own_silhouette", "kmeans")
ALONE = "The silhouette is in each form's own space and favours few dimensions: it compares no two rows."


def forms(out: Outputs) -> Markup:
    """A tab per label, a row per form in the order of the file; nothing where the forms were not trained."""
    if not (out.reports / FILE).exists():
        raise Empty
    rows = list(out(FILE))
    made(catalog.usable_tracks)
    songs = digest(store.BUILD / "tracks" / "tracks.csv")
    if any(not songs.startswith(row["songs"].text) for row in rows):
        raise Missing(f"`reports/{FILE}` is about other songs: run `{MADE_BY[FILE]}`")
    sheets = {
        label: _sheet(out, label, rows) for label in out.labels if any(row["label"].text == label for row in rows)
    }
    if not sheets:
        raise Empty
    return tabs("published", sheets)


def _sheet(out: Outputs, label: str, rows: Sequence[Part]) -> Markup:
    by_form: dict[str, list[Part]] = {}
    for row in rows:
        if row["label"].text in (label, ""):
            by_form.setdefault(row["name"].text, []).append(row)
    flags = {row["flag"].text for same in by_form.values() for row in same}
    notes = [
        *_highest(out, label, rows),
        ALONE,
        *([LEAKY] if "leaky" in flags else []),
        *([COLLAPSED] if "collapsed" in flags else []),
    ]
    heads = ["form", "input", *HEADS.values(), head("silhouette", "own space")]
    return table(Table(f"Published forms: {label}", heads, [_line(*each) for each in by_form.items()], notes))


def _highest(out: Outputs, label: str, rows: Sequence[Part]) -> list[str]:
    """The highest mean over k of these forms and of the tables above, without what is flagged."""
    best = []
    for column, table_rows in (("name", rows), ("representation", out.rows("results.csv"))):
        same = [row for row in table_rows if (row["label"].text, row["score"].text) == (label, "ami_curve")]
        fair = [row for row in same if row["mean"].number is not None and not row["flag"].text]
        if not fair:
            return []
        first = max(fair, key=lambda row: row["mean"].number or 0)
        best.append(f"{rounded(first['mean'].number or 0, 2)} ({first[column].text})")
    return [f"Highest AMI averaged over k: {best[0]} of the published forms, {best[1]} of all in the tables above."]


def _line(name: str, rows: Sequence[Part]) -> Line:
    by_score = {(row["score"].text, row["clusterer"].text): row for row in rows}
    collapsed = any(row["flag"].text == "collapsed" for row in rows)
    cells = [_cell(by_score.get(score)) for score in (*HEADS, SHAPE)]
    title = part("with_note", Markup("{}{}").format(code(name), "‡" if collapsed else ""), rows[0]["what"].text)
    kind = "collapsed" if collapsed else ""
    return Line(Cell(title, name), [text_cell(rows[0]["input"].text), *cells], kind)


def _cell(row: Part | None) -> Cell:
    """The mean with its interval; a leaky one is marked and sorted nowhere."""
    if row is None:
        return Cell(UNKNOWN)
    leaky = row["flag"].text == "leaky"
    return Cell(part("mean", row, "†" if leaky else ""), None if leaky else row["mean"].number, "score")
