"""Which pretrained encoders the models hear and read, what they were trained on, and what they may know already."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from pipeline.core import corpus, store
from pipeline.html.outputs import Outputs, Part, made
from pipeline.html.templates import render

MARK = "§"  # of a representation whose encoder may know the corpus


def knows(scores: Part) -> bool:
    """Whether these are the scores of a representation whose encoder may know the songs or their labels."""
    return bool(scores["may_know"].value)


def mark(scores: Part) -> str:
    return MARK if knows(scores) else ""


def notes(scores: Iterable[Part]) -> list[str]:
    """The note under a table with marked rows; none without any."""
    names = sorted({name.text for each in scores if knows(each) for name in each["reads"]})
    if not names:
        return []
    return [
        f"{MARK} It rests on a pretrained encoder ({', '.join(names)}) that may have heard these songs or seen their"
        " labels, so its scores may be too high."
    ]


@dataclass(frozen=True)
class Encoders:
    """What stages ears and lyrics say of their encoders."""

    ears: dict[str, Any]
    words: dict[str, Any]
    has_lyrics: bool

    @property
    def sound(self) -> str:
        """What the models hear, in a few words."""
        vectors, statistics = f"vectors of {self.ears['encoder']}", "statistics of the sound"
        given = {"encoder": vectors, "both": f"{statistics} and {vectors}", "external": "numbers of another program"}
        return given.get(str(self.ears["hears"]), statistics)


def read(out: Outputs) -> Encoders:
    ears = made(lambda: store.read_json(store.BUILD / "ears" / "about.json"))
    words = made(lambda: store.read_json(store.BUILD / "lyrics" / "about.json"))
    return Encoders(ears, words, bool(out("metrics.json")["data"]["with_lyrics"].number))


def described(out: Outputs) -> Markup:
    """A line per encoder: its name, what it was trained on, and what it may know."""
    return render("encoders", about=read(out), synthetic=made(corpus.read).synthetic)
