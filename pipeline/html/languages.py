"""Data: the languages that the table of tracks names, those of the lines of the lyrics, and where the two differ."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pandas as pd
from markupsafe import Markup

from pipeline.core import catalog, languages, store
from pipeline.core.languages import UNSURE
from pipeline.html.html import Cell, Line, Table, number_of, table, text_cell
from pipeline.html.outputs import Empty, Outputs, made
from pipeline.html.templates import render

LYRICS = store.BUILD / "lyrics"
MAIN = 0.8  # of the lines whose language is sure: a track with less in each language is mixed
SURE = 0.5  # of all lines: a track with less is unsure
MIXED = "mixed"
MAX_LISTED = 20  # tracks whose tag is in doubt
ABOUT_LINES = (
    f"A track is in a language if at least {100 * MAIN:.0f} % of its lines are, counting lines whose language is clear;"
    f" it is mixed if no language has as many, and unsure if fewer than {100 * SURE:.0f} % of its lines are clear."
    " Where the table names a language, it counts."
)


def named(value: str) -> str:
    """A language as readers see it: by its name where it is known, else as the table writes it."""
    return languages.name(languages.code(value) or value)


def tag(value: str) -> str:
    """The language of a text for the attribute `lang`; empty where it is no known language."""
    return languages.code(value)


def of_track(shares: dict[str, float]) -> str:
    """The language of a track from the shares of its lines: a code, `mixed` or `unsure`."""
    sure = {code: share for code, share in shares.items() if code != UNSURE}
    total = sum(sure.values())
    if total < SURE:
        return UNSURE
    most = max(sure, key=lambda code: sure[code])
    return most if sure[most] >= MAIN * total else MIXED


def spoken(_: Outputs) -> Markup:
    """Tracks per language, by the table and by the lyrics; and the tracks where these disagree."""
    tracks, lines = made(catalog.usable_tracks), made(lambda: store.read_table(LYRICS / "languages.csv"))
    shares: dict[str, dict[str, float]] = {}
    for row in lines.to_dict("records"):
        shares.setdefault(row["id"], {})[row["language"]] = float(row["share"])
    heard = Counter(of_track(each) for each in shares.values())
    written = Counter(named(value) for value in tracks["language"] if value) if "language" in tracks else Counter()
    if not heard and not written:
        raise Empty
    by_name = Counter({languages.name(code): count for code, count in heard.items()})
    doubts = made(lambda: store.read_table(LYRICS / "disagreements.csv")).to_dict("records")
    listed = _doubts(tracks, doubts) if doubts else ""
    return render("languages", counts=_counts(written, by_name, len(tracks)), doubts=listed, number=len(doubts))


def _counts(written: Counter[str], heard: Counter[str], tracks: int) -> Markup:
    rest = (MIXED, UNSURE)
    names = sorted({*written, *heard} - {*rest}, key=lambda name: (-written[name], -heard[name], name))
    lines = [_line(name, written[name], heard[name]) for name in names]
    lines += [_line(name, None, heard[name]) for name in rest if heard[name]]
    if silent := tracks - written.total():
        lines.append(_line("not in the table", silent, None))
    if silent := tracks - heard.total():
        lines.append(_line("no lyrics", None, silent))
    notes = [ABOUT_LINES] if heard else []
    return table(Table("Tracks by language", ["language", "by the table", "by the lyrics"], lines, notes))


def _line(name: str, written: int | None, heard: int | None) -> Line:
    return Line(text_cell(name), [number_of(written), number_of(heard)])


def _doubts(tracks: pd.DataFrame, doubts: list[dict[Any, Any]]) -> Markup:
    """The tracks whose lyrics are mostly in another language than the table says, the clearest first."""
    rows = sorted(doubts, key=lambda row: (-float(row["share"]), row["id"]))
    lines = [
        Line(Cell(title, title), [*(text_cell(named(row[key])) for key in ("table", "heard")), _percent(row["share"])])
        for row, title in zip(rows[:MAX_LISTED], _titles(tracks, (row["id"] for row in rows)), strict=False)
    ]
    notes = [f"And {len(rows) - MAX_LISTED} more, in {LYRICS / 'disagreements.csv'}."] if len(rows) > MAX_LISTED else []
    heads = ["track", "language in the table", "language of the lyrics", "share of the lines"]
    return table(Table("Tracks whose lyrics are in another language than the table says", heads, lines, notes))


def _titles(tracks: pd.DataFrame, ids: Iterable[str]) -> list[str]:
    titles = tracks["title"] if "title" in tracks else pd.Series("", tracks.index)
    return [f"{title} ({id_})" if (title := str(titles.get(id_, ""))) else id_ for id_ in ids]


def _percent(share: str) -> Cell:
    return Cell(f"{100 * float(share):.0f} %", float(share))
