"""What a representation keeps of a label against how well it mixes the languages, as in scIB's benchmark.

Each part is scaled so that 0 is what chance gives and 1 what is perfect, and cut to -.2 to 1.2:

    ami_curve    as it is: adjusted for chance, 1 for equal partitions
    knn          (score - chance) / (1 - chance), chance being 1 / values
    artist_hit   (score - chance) / (1 - chance), chance being that of a random order of the tracks
    ilisi, kbet  score / score of shuffled batches; a space in which no neighbourhood has two batches scores 0
    probe        1 - (score - chance) / (1 - chance) of the column to be mixed: 1 if no line reads it, 0 if one can

Conservation is the mean of the first three, mixing that of the others; both are undefined where a part is. Only where
no representation has an artist_hit (no artists are known) or a probe (the column is no label) do they do without it.
All but ami_curve are held out. What a model keeps of the column that it is conditioned on is undefined; that it mixes
its values counts, as it does for the methods of scIB, which are all given the batch.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from pipeline.core.embeddings import Representation
from pipeline.score.summary import Measured, TableRow, condition, mean

CONSERVATION = ("ami_curve", "knn", "artist_hit")
MIXING = ("ilisi", "kbet", "probe")
OPTIONAL = ("artist_hit", "probe")
COLUMNS = ["representation", "facet", "label", "conservation", "mixing", *CONSERVATION, *MIXING]
ENDS = (-0.2, 1.2)

Parts = dict[str, float | None]


def rows(
    scored: Sequence[tuple[Representation, Sequence[Measured]]], facets: Mapping[str, str], mixing: str
) -> list[TableRow]:
    """A row per representation and facet: the label that its sound, or its words, should keep."""
    table: list[TableRow] = []
    for facet, label in facets.items():
        every = [scaled(measured, "" if label == condition(each) else label, mixing) for each, measured in scored]
        known = {name for parts in every for name, value in parts.items() if value is not None}  # to any
        for (embedding, _), parts in zip(scored, every, strict=True):
            means = {"conservation": _mean(parts, CONSERVATION, known), "mixing": _mean(parts, MIXING, known)}
            row = {"representation": embedding.name, "facet": facet, "label": label}
            table.append({**row, **means, **parts})
    return table


def scaled(measured: Sequence[Measured], label: str, mixing: str) -> Parts:
    """Every part of one representation; None where its score is undefined."""
    scores = {(row.score, row.label): row for row in measured}
    curve = scores.get(("ami_curve", label))
    probe = _above_chance(scores.get(("probe", mixing)))
    parts = {
        "ami_curve": None if curve is None else mean(curve.values),
        "knn": _above_chance(scores.get(("knn", label))),
        "artist_hit": _above_chance(scores.get(("artist_hit", ""))),
        "ilisi": _of_shuffled(scores.get(("ilisi", mixing))),
        "kbet": _of_shuffled(scores.get(("kbet", mixing))),
        "probe": None if probe is None else 1 - probe,
    }
    return {name: None if value is None else float(np.clip(value, *ENDS)) for name, value in parts.items()}


def _above_chance(row: Measured | None) -> float | None:
    score = None if row is None else mean(row.values)
    if row is None or score is None or row.null_mean is None or row.null_mean >= 1:
        return None
    return (score - row.null_mean) / (1 - row.null_mean)


def _of_shuffled(row: Measured | None) -> float | None:
    score = None if row is None else mean(row.values)
    return score / row.null_mean if row and score is not None and row.null_mean else None


def _mean(parts: Parts, names: Sequence[str], known: set[str]) -> float | None:
    """The mean of the parts; None where any of them is."""
    values = [parts[name] for name in names if name in known or name not in OPTIONAL]
    return None if None in values else mean(values)
