"""How every figure looks: colours and sizes; and how it becomes a file whose bytes depend on nothing else."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator

from pipeline.core.store import Array
from pipeline.draw.letters import Letters, use_files

# Okabe and Ito's colours, which colour-blind eyes can distinguish; black is left to the letters.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")  # the same distinction once more, for print in grey
GREY = "#9A9A9A"
INK = "#222222"
QUIET = "#666666"
OTHER, UNKNOWN = "other", "unknown"

STYLE: Any = {  # matplotlib types the keys as a list of literals
    "figure.dpi": 130,
    "savefig.dpi": 180,
    "figure.facecolor": "white",
    "font.size": 10,
    "text.color": INK,
    "text.parse_math": False,  # a genre may be called $oul
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.labelcolor": INK,
    "axes.edgecolor": QUIET,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": False,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
}


class LeftOut(Exception):
    """A figure that cannot be drawn from these outputs: the message is the reason."""


@dataclass(frozen=True)
class Drawn:
    """A figure, the sentence over it, and how to read it."""

    figure: Figure
    title: str
    caption: str
    planes: Mapping[str, Array] = field(default_factory=dict)  # of a map, by projection: [track, 2]


def canvas(width: float, height: float, title: str) -> Figure:
    """An empty figure of this size in inches under its title."""
    figure = Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08))
    wide = int(width * 11.2)  # letters that fit on a line of this size
    figure.suptitle(_wrapped(title, wide), x=0.01, ha="left", fontsize=12)
    return figure


def _wrapped(text: str, wide: int) -> str:
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > wide:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


def hide_axes(axes: Axes) -> None:
    """No ticks: the place of a point on a map has no unit."""
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(visible=True, color="#D0D0D0")


def grouped(values: Sequence[str], most: int) -> list[str]:
    """The values, with those beyond the `most` commonest as OTHER and empty ones as UNKNOWN."""
    kept = common(values, most)
    return [UNKNOWN if value == "" else value if value in kept else OTHER for value in values]


def common(values: Sequence[str], most: int) -> list[str]:
    """The commonest values in the order of the alphabet; one fewer than `most` where OTHER needs a place."""
    counts = Counter(value for value in values if value != "")
    ranked = sorted(counts, key=lambda value: (-counts[value], value))
    return sorted(ranked if len(ranked) <= most else ranked[: most - 1])


def colours(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """A colour and a marker for each name; grey for OTHER and UNKNOWN."""
    known = [name for name in names if name not in (OTHER, UNKNOWN)]
    looks = {name: (COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)]) for i, name in enumerate(known)}
    return looks | {OTHER: (GREY, "."), UNKNOWN: (GREY, "x")}


def between(steps: int) -> list[tuple[float, ...]]:
    """Colours from blue over grey to orange."""
    ways = mpl.colors.LinearSegmentedColormap.from_list("ways", [COLOURS[0], "#B4B4B4", COLOURS[5]])
    return [tuple(ways(step / max(1, steps - 1))) for step in range(steps)]


def brief(text: str, wide: int) -> str:
    """The first words of a text; a cut inside a word could part a letter from its vowel sign."""
    if len(text) <= wide:
        return text
    words = text.split()
    while len(words) > 1 and len(" ".join(words)) > wide:
        words.pop()
    return " ".join(words) + " …"


@contextmanager
def use_style(letters: Letters) -> Iterator[None]:
    """The style with these fonts, for as long as something is drawn."""
    use_files(letters.files)
    with mpl.rc_context():
        mpl.rcParams.update(STYLE)
        mpl.rcParams["font.family"] = list(letters.families)
        yield


def needs_dark_text(colour: Sequence[float]) -> bool:
    """Whether black letters read better on it than white ones."""
    return float(np.dot(colour[:3], (0.299, 0.587, 0.114))) > 0.55


def save(drawn: Drawn, file: Path, letters: Letters) -> None:
    """Writes the figure; no date and no version go into it, so that the same picture has the same bytes."""
    for text in drawn.figure.findobj(Text):
        assert isinstance(text, Text)
        text.set_text(letters(text.get_text()))
    for axis in (axis for axes in drawn.figure.axes for axis in (axes.xaxis, axes.yaxis)):
        if isinstance(axis.get_major_locator(), FixedLocator):  # its labels are written anew when it is drawn
            labels = [axis.get_major_formatter()(x, n) for n, x in enumerate(axis.get_majorticklocs())]
            axis.set_ticklabels([letters(label) for label in labels])
    drawn.figure.savefig(file, format="png", metadata={"Software": None})
