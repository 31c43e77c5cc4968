"""Stage `figures`: the pictures of a run, each under the sentence that it shows.

Writes reports/figures: a PNG a figure, figures.json (section, title and caption of each); map.json and clusters.json,
of which the pages make the interactive map and the cards; previews/, a few seconds of each track as MP3;
reports/plots/curves.csv for `dvc plots`. A figure that cannot be drawn is left out, and a line says why.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from pipeline.core import command, params, store
from pipeline.core.params import Within
from pipeline.core.settings import Evaluate
from pipeline.draw import (
    agreement,
    cards,
    composition,
    crossmodal,
    learning,
    map_data,
    maps,
    reconstructions,
    run,
    style,
    traversals,
)
from pipeline.draw.run import Run
from pipeline.draw.style import Drawn, LeftOut
from pipeline.sound import previews

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Previews:
    seconds: Annotated[float, Within(1, 30)]
    tracks: Annotated[int, Within(0)]


@dataclass(frozen=True)
class Figures:
    maps: tuple[Literal["tsne", "umap"], ...]
    map_models: tuple[str, ...]
    previews: Previews
    colours: Annotated[int, Within(2, 7)]
    max_points: Annotated[int, Within(10)]
    seed: Annotated[int, Within(0)]


@dataclass(frozen=True)
class Params:
    evaluate: Evaluate
    figures: Figures


Plan = tuple[str, str, Callable[[], Drawn]]  # section, name of the file, how to draw it


def plan(known: Run, p: Figures) -> Iterator[Plan]:
    """Every figure, in the order of the report."""
    yield "Spread over the seeds", "scores", partial(agreement.bars, known)
    models = [kind.name for kind in run.models(known)]
    for name in run.mapped(known) if p.maps else ():
        draw = partial(maps.sheet, known, name, p.maps, p.colours, p.max_points, p.seed)
        yield "Maps", f"map_{name}", draw
    for name in run.mapped(known):
        yield (
            "What the clusters are made of",
            f"clusters_{name}",
            partial(composition.panels, known, name, p.colours),
        )
    for name in (kind.name for kind in run.models(known) if len(kind.about.get("shapes", {}).get("audio", ())) > 1):
        yield "Reconstructions", f"reconstruction_{name}", partial(reconstructions.pictures, known, name)
    yield "Reconstructions", "reconstruction_envelopes", partial(reconstructions.envelopes, known)
    for name in models:
        yield "Along the latent units", f"traversal_{name}", partial(traversals.panels, known, name)
    if "hard" in models:
        yield "Audio against lyrics", "crossmodal_matrix", partial(crossmodal.matrix, known, p.max_points, p.seed)
        yield "Audio against lyrics", "crossmodal_retrieval", partial(crossmodal.retrieval, known, p.max_points, p.seed)
    yield "Learning", "curves", partial(learning.training, known)
    yield "Learning", "units", partial(learning.units, known)


def texts(known: Run) -> list[str]:
    """All words of the corpus that may be drawn: fonts are looked for once."""
    named = [column for column in (*known.columns, "title") if column in known.tracks]
    return [*known.columns, *known.ids, *(value for column in named for value in set(known.values(column)))]


def interactive(known: Run, p: Figures, folder: Path) -> None:
    """Writes what the map and the cards of the clusters are made of, and the previews that they play."""
    drawn = map_data.atlas(known, p.map_models, p.maps, p.max_points, p.seed)
    told = {name: cards.cards(known, name) for name in drawn["models"]}
    examples = [track["id"] for found in told.values() for card in found for track in card["exemplars"]]
    wanted = list(dict.fromkeys([*examples, *(track["id"] for track in drawn["tracks"])]))[: p.previews.tracks]
    heard = set(_previewed(known, wanted, p.previews.seconds, folder / "previews"))
    for track in drawn["tracks"]:
        track["heard"] = track["id"] in heard
    store.write_json(folder / "map.json", drawn | {"preview_seconds": p.previews.seconds})
    store.write_json(folder / "clusters.json", {"clusterer": known.headline, "heard": sorted(heard), "models": told})
    log.info("previews: %d of %d tracks", len(heard), len(known.ids))


def _previewed(known: Run, ids: list[str], seconds: float, folder: Path) -> Iterator[str]:
    """The ids whose preview could be written, as <id>.mp3."""
    store.fresh_folder(folder)
    for id_ in command.progress(ids, "previews"):
        if previews.write(store.DATA / str(known.tracks.loc[id_, "audio"]), folder / f"{id_}.mp3", seconds):
            yield id_


def main() -> None:
    p = params.load(Params)
    known = run.read_run(p.evaluate.labels, p.evaluate.headline)
    folder = store.REPORTS / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    say = style.letters(texts(known))
    told = []
    with style.use_style(say):
        for section, name, draw in command.progress(list(plan(known, p.figures)), "figures"):
            try:
                drawn = draw()
            except LeftOut as reason:
                log.info("%s.png is left out: %s", name, reason)
                continue
            style.save(drawn, folder / f"{name}.png", say)
            told.append({"file": f"{name}.png", "section": section, "title": drawn.title, "caption": drawn.caption})
    store.write_json(folder / "figures.json", told)
    interactive(known, p.figures, folder)
    store.write_table(store.REPORTS / "plots" / "curves.csv", learning.mean_curves(learning.curves(known)))
    log.info("figures: %d in %s; letters by %s", len(told), folder, ", ".join(say.families))


if __name__ == "__main__":
    command.run(main, __doc__, Params)
