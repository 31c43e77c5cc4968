"""Stage `figures`: the pictures of a run, each under the sentence that it shows.

Writes reports/figures: a PNG a figure and figures.json (section, title and caption of each); reports/plots/curves.csv,
which `dvc plots` shows. A figure that cannot be drawn from this corpus is left out, and a line says why.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

from pipeline import params, stage, store
from pipeline.drawing import agreement, composition, crossmodal, learning, look, maps, reconstructions, seen
from pipeline.drawing.look import Drawn, LeftOut
from pipeline.drawing.seen import Seen
from pipeline.params import Within
from pipeline.scores import Evaluate

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Figures:
    maps: tuple[Literal["tsne", "umap"], ...]
    colours: Annotated[int, Within(2, 7)]
    max_points: Annotated[int, Within(10)]
    seed: Annotated[int, Within(0)]


@dataclass(frozen=True)
class Params:
    evaluate: Evaluate
    figures: Figures


Plan = tuple[str, str, Callable[[], Drawn]]  # section, name of the file, how to draw it


def plan(known: Seen, p: Figures) -> Iterator[Plan]:
    """Every figure, in the order of the report."""
    yield "Spread over the seeds", "scores", partial(agreement.bars, known)
    models = [kind.name for kind in seen.models(known)]
    for name in seen.mapped(known) if p.maps else ():
        draw = partial(maps.sheet, known, name, p.maps, p.colours, p.max_points, p.seed)
        yield "Maps", f"map_{name}", draw
    for name in seen.mapped(known):
        yield (
            "What the clusters are made of",
            f"clusters_{name}",
            partial(composition.panels, known, name, p.colours),
        )
    for name in (kind.name for kind in seen.models(known) if len(kind.about["shapes"].get("audio", ())) > 1):
        yield "Reconstructions", f"reconstruction_{name}", partial(reconstructions.pictures, known, name)
    yield "Reconstructions", "reconstruction_envelopes", partial(reconstructions.envelopes, known)
    if "hard" in models:
        yield "Audio against lyrics", "crossmodal_matrix", partial(crossmodal.matrix, known, p.max_points, p.seed)
        yield "Audio against lyrics", "crossmodal_retrieval", partial(crossmodal.retrieval, known, p.max_points, p.seed)
    yield "Learning", "curves", partial(learning.training, known)
    yield "Learning", "units", partial(learning.units, known)


def texts(known: Seen) -> list[str]:
    """All words of the corpus that may be drawn: fonts are looked for once."""
    named = [column for column in (*known.columns, "title") if column in known.tracks]
    return [*known.columns, *known.ids, *(value for column in named for value in set(known.values(column)))]


def main() -> None:
    p = params.load(Params)
    known = seen.look(p.evaluate.labels, p.evaluate.headline)
    folder = store.REPORTS / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    say = look.letters(texts(known))
    told = []
    with look.worn(say):
        for section, name, draw in stage.progress(list(plan(known, p.figures)), "figures"):
            try:
                drawn = draw()
            except LeftOut as reason:
                log.info("%s.png is left out: %s", name, reason)
                continue
            look.save(drawn, folder / f"{name}.png", say)
            told.append({"file": f"{name}.png", "section": section, "title": drawn.title, "caption": drawn.caption})
    store.write_json(folder / "figures.json", told)
    store.write_table(store.REPORTS / "plots" / "curves.csv", learning.mean_curves(learning.curves(known)))
    log.info("figures: %d in %s; letters by %s", len(told), folder, ", ".join(say.families))


if __name__ == "__main__":
    stage.run(main, __doc__, Params)
