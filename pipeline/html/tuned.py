"""What was chosen with labels in view, on the sample corpus: it stands beside the rows that profit from it."""

from collections.abc import Iterable

from pipeline.core import corpus
from pipeline.html.outputs import made

MARK = "¶"
CHOICES = {  # what was chosen -> the representations that rest on it; reports/log.md has the scores that were seen
    "temperature of the contrast": ("contrastive",),
    "power of the metric": ("pca_metric", "cross", "conv1d", "conv2d", "fusion", "hard"),
    "views and crops": ("conv1d", "conv2d"),
    "number and scale of the eigenvectors": ("spectral",),
    "how the language is taken out of the lyrics": ("bert_free", "pca_both", "fusion", "hard"),
    "number of dimensions of the lyrics": ("fusion", "hard"),
}


def choices(name: str) -> list[str]:
    """What was chosen for this representation; parts and variants of a method, such as `hard_audio`, share it."""
    return [choice for choice, names in CHOICES.items() if any(f"{name}_".startswith(f"{each}_") for each in names)]


def mark(name: str) -> str:
    return MARK if choices(name) and _is_sample() else ""


def notes(names: Iterable[str]) -> list[str]:
    """The note under a table with marked rows; none without any."""
    present = list(names)
    used = {choice: [name for name in present if choice in choices(name)] for choice in CHOICES}
    parts = [f"{choice} ({', '.join(rows)})" for choice, rows in used.items() if rows]
    if not parts or not _is_sample():
        return []
    return [
        f"{MARK} Chosen on the sample corpus with its labels in view, so its scores there may be too high: "
        f"{'; '.join(parts)}."
    ]


def _is_sample() -> bool:
    """Whether a program made the songs, as it did those of the sample: on other songs these choices are blind."""
    return made(corpus.read).synthetic
