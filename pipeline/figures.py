"""Stage `figures`: the pictures of a run, each under a sentence that says what it shows.

Writes reports/figures: one PNG per figure and figures.json (section, title and caption of each); map.json and
clusters.json, from which the pages make the interactive map and the cards; previews/, a few seconds of each track as
MP3; and reports/plots/curves.csv for `dvc plots`. A figure that cannot be drawn is left out, and a line says why.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Annotated, Any, Literal

from pipeline.core import command, params, store, workers
from pipeline.core.inputs import inputs_digest
from pipeline.core.params import Number, Within
from pipeline.core.settings import Evaluate
from pipeline.core.store import Array
from pipeline.draw import (
    agreement,
    cards,
    composition,
    crossmodal,
    learning,
    map_data,
    maps,
    planes,
    reconstructions,
    style,
    traversals,
)
from pipeline.draw.cards import Card
from pipeline.draw.letters import Letters, choose_letters
from pipeline.draw.run import Run, read_run
from pipeline.draw.style import Drawn, LeftOut
from pipeline.sound import previews
from pipeline.sound.settings import Audio

log = logging.getLogger(__name__)

FOLDER = store.REPORTS / "figures"


@dataclass(frozen=True)
class Previews:
    seconds: Annotated[Number, Within(1, 30)]
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
    audio: Audio
    evaluate: Evaluate
    figures: Figures


@dataclass(frozen=True)
class Picture:
    """A figure: its section in the report, the name of its file, and what draws it."""

    section: str
    name: str
    draw: Callable[[Run], Drawn]
    embedding: str = ""  # that a map shows


Result = tuple[dict[str, str], Mapping[str, Array]]  # what figures.json says about a picture, and the planes of a map


def plan(run: Run, p: Figures) -> Iterator[Picture]:
    """Every figure, in the order of the report."""
    sample: dict[str, Any] = {"max_points": p.max_points, "seed": p.seed}
    yield Picture("Spread over the seeds", "scores", agreement.bars)
    for name in run.mapped if p.maps else ():
        draw = partial(maps.sheet, name=name, projections=p.maps, most=p.colours, **sample)
        yield Picture("Maps", f"map_{name}", draw, name)
    for name in run.mapped:
        draw = partial(composition.panels, name=name, most=p.colours)
        yield Picture("What the clusters are made of", f"clusters_{name}", draw)
    models = [embedding.name for embedding in run.trained]
    for name in models:
        if len(run.embedding(name).about.get("shapes", {}).get("audio", ())) > 1:
            draw = partial(reconstructions.pictures, name=name)
            yield Picture("Reconstructions", f"reconstruction_{name}", draw)
    yield Picture("Reconstructions", "reconstruction_envelopes", reconstructions.envelopes)
    for name in models:
        yield Picture("Along the latent units", f"traversal_{name}", partial(traversals.panels, name=name))
    if "hard" in models:
        yield Picture("Audio against lyrics", "crossmodal_matrix", partial(crossmodal.matrix, **sample))
        yield Picture("Audio against lyrics", "crossmodal_retrieval", partial(crossmodal.retrieval, **sample))
    yield Picture("Learning", "curves", learning.training)
    yield Picture("Learning", "units", learning.units)


def texts(run: Run) -> list[str]:
    """All words of the corpus that may be drawn: fonts are looked for once."""
    named = [column for column in (*run.columns, "title") if column in run.tracks]
    return [*run.columns, *run.ids, *(value for column in named for value in set(run.shown(column)))]


@cache
def _run(p: Params) -> Run:
    """Read once by each process."""
    spectrum = (p.audio.mels, p.audio.frames) if p.audio.external == "none" else None
    return read_run(p.evaluate.label_columns(), p.evaluate.headline, spectrum)


def _draw(p: Params, picture: Picture, letters: Letters) -> Result | str:
    """Writes the picture; where it cannot be drawn, returns the reason."""
    try:
        with style.use_style(letters):
            drawn = picture.draw(_run(p))
            style.save(drawn, FOLDER / f"{picture.name}.png", letters)
    except LeftOut as reason:
        return str(reason)
    record = {"file": f"{picture.name}.png", "section": picture.section, "title": drawn.title, "caption": drawn.caption}
    return record, drawn.planes


def _call(job: Callable[[], Any]) -> Any:
    return job()


def _draw_all(p: Params, pictures: list[Picture], wanted: list[str]) -> tuple[list[Result | str | None], set[str]]:
    """Draws the pictures, and writes previews of the tracks `wanted`; returns the ids that have one."""
    run = _run(p)
    letters, folder = choose_letters(texts(run)), store.fresh_folder(FOLDER / "previews")
    log.info("letters by %s", ", ".join(letters.families))
    jobs: list[Callable[[], Any]] = [partial(_draw, p, picture, letters) for picture in pictures]
    for id_ in wanted:
        sound = store.DATA / str(run.tracks.loc[id_, "audio"])
        jobs.append(partial(previews.write, sound, folder / f"{id_}.mp3", p.figures.previews.seconds))
    done = workers.in_order(_call, jobs, workers.processes(len(jobs)), lambda _: None)
    results = list(command.progress(done, "figures", len(jobs)))
    previewed = zip(wanted, results[len(pictures) :], strict=True)
    return results[: len(pictures)], {id_ for id_, written in previewed if written}


def _write_map(p: Params, sheets: Mapping[str, list[Card]], laid_out: map_data.Planes, heard: set[str]) -> None:
    """Writes what the interactive map and the cards of the clusters are made of."""
    run = _run(p)
    content = map_data.map_data(run, list(sheets), laid_out, p.figures.max_points, p.figures.seed)
    examples = map_data.named_tracks(run, [run.ids.index(id_) for id_ in cards.exemplars(sheets)])
    for id_, track in [*content["tracks"].items(), *examples.items()]:
        track["preview"] = id_ in heard
    store.write_json(FOLDER / "map.json", content | {"preview_seconds": p.figures.previews.seconds})
    shared = {"clusterer": run.headline, "tagger": content["tagger"], "tracks": examples}
    store.write_json(FOLDER / "clusters.json", shared | {"models": sheets})
    log.info("previews: %d of %d tracks", len(heard), len(run.ids))


def main() -> None:
    p = params.load(Params)
    _run.cache_clear()  # what a run read before in this process, as tests do
    run, (points, seed) = _run(p), (p.figures.max_points, p.figures.seed)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    sheets = cards.cards(run, map_data.mappable(run, p.figures.map_models, points, seed))
    shown = [run.ids[row] for row in planes.sample(len(run.ids), points, seed)]
    wanted = list(dict.fromkeys([*cards.exemplars(sheets), *shown]))[: p.figures.previews.tracks]
    pictures = list(plan(run, p.figures))
    results, heard = _draw_all(p, pictures, wanted)
    records, laid_out = [], {}
    for picture, result in zip(pictures, results, strict=True):
        if isinstance(result, tuple):
            records.append(result[0])
            laid_out[picture.embedding] = result[1]
        else:
            log.info("%s.png is left out: %s", picture.name, result or "its process died")
    store.write_json(FOLDER / "figures.json", records)
    _write_map(p, sheets, laid_out, heard)
    store.write_table(store.REPORTS / "plots" / "curves.csv", learning.mean_curves(learning.curves(run)))
    made_from = {"inputs": inputs_digest("figures"), "drawn": [record["file"] for record in records]}
    store.write_json(store.BUILD / "figures" / "made_from.json", made_from)
    log.info("figures: %d in %s", len(records), FOLDER)


if __name__ == "__main__":
    command.run(main, __doc__, Params)
