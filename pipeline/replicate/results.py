"""What replicate corpora say together: each claim's difference on every corpus, and its verdict by a t-test over them.

Corpora are independent, so nothing has to be assumed of artists, seeds or clusterings: what a corpus adds to the spread
of a difference is in the test, the chance of training and clustering included.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.core import store
from pipeline.core.settings import Effects
from pipeline.core.store import Array
from pipeline.score.rivals import LINEAR
from pipeline.score.verdicts import Difference, Scores, judge, paired

ROWS = ("corpus", "tracks", "code", "source", "model", "against", "label", "score", "clusterer", "value")
VERDICTS = (
    "source", "family", "model", "against", "label", "score", "clusterer", "corpora", "difference", "low", "high", "p",
    "holm", "smallest", "verdict", "note",
)  # fmt: skip
CLAIM = ["source", "model", "against", "label", "score"]  # one claim, under one clusterer or more
LEAST = 3  # corpora for a test


def read(folder: Path) -> Iterator[dict[str, Any]]:
    """The rows of one corpus: differences of stage compare, and the claims of the questions."""
    for row in _records(store.read_table(folder / "reports" / "comparisons.csv")):
        if row["verdict"] != "leaky":
            claim = (row["model"], row["against"], row["label"], row["score"], row["clusterer"])
            yield _row("compare", *claim, row["difference"], primary=row["against"] == LINEAR)
    for question in store.read_json(folder / "reports" / "questions.json")["questions"]:
        for row in question["comparisons"]:
            claim = (row["model"], row["against"], row["column"], row["score"], row["clusterer"])
            yield _row(question["id"], *claim, row["difference"], primary=row["family"] == "primary")


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def _row(
    source: str, model: str, against: str, label: str, score: str, clusterer: str, value: Any, *, primary: bool = False
) -> dict[str, Any]:
    number = float(value) if value not in ("", None) else float("nan")
    named = {"source": source, "model": model, "against": against, "label": label, "score": score}
    return {**named, "clusterer": clusterer, "value": number, "primary": primary}


def verdicts(rows: pd.DataFrame, effects: Effects) -> pd.DataFrame:
    """A row per claim and clusterer; Holm counts the primary claims of a source, label and score together."""
    lines: list[dict[str, Any]] = []
    for source, several in rows.groupby("source", sort=False):
        keys = ["primary", "label", "score"] if source == "compare" else ["primary"]
        for family, members in several.groupby(keys, sort=False):
            primary = family[0] if isinstance(family, tuple) else family
            lines += _judged(members, "primary" if primary else "secondary", effects)
    return pd.DataFrame(lines, columns=list(VERDICTS))


def _judged(members: pd.DataFrame, family: str, effects: Effects) -> Iterable[dict[str, Any]]:
    by_claim = {key: _differences(part, effects) for key, part in members.groupby(CLAIM, sort=False)}
    for (key, differences), judgement in zip(by_claim.items(), judge(list(by_claim.values())), strict=True):
        named = dict(zip(CLAIM, key, strict=True))
        for clusterer, difference in differences.items():
            part = members[(members[CLAIM] == list(key)).all(axis=1) & (members["clusterer"] == clusterer)]
            row = {**named, "family": family, "clusterer": clusterer, "corpora": int(part["value"].notna().sum())}
            if difference:
                row |= {"difference": difference.mean, "low": difference.low, "high": difference.high}
                row |= {"p": difference.p, "holm": judgement.holm, "smallest": judgement.smallest}
            yield {**row, "verdict": judgement.verdict, "note": judgement.note}


def _differences(part: pd.DataFrame, effects: Effects) -> Mapping[str, Difference | None]:
    """The mean over corpora, by clusterer; None with too few corpora."""
    margin = effects.of(str(part["score"].iloc[0]))
    return {
        str(clusterer): _over_corpora(rows["value"].dropna().to_numpy(), margin)
        for clusterer, rows in part.groupby("clusterer", sort=False)
    }


def _over_corpora(values: Array, margin: float) -> Difference | None:
    """The t-test of the mean over corpora: each is what a seed is within a corpus, and no artist is left out."""
    if len(values) < LEAST:
        return None
    unmoved = np.tile(values[:, None], (1, 2))
    return paired(Scores(values, unmoved), Scores(np.zeros_like(values), np.zeros_like(unmoved)), margin)
