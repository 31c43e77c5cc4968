"""Stage `pages`: the tables and pictures of the report, so that its pages hold prose alone.

Reads the tracked outputs under reports/, the checked table of tracks and the data card. Writes reports/_generated (a
file per table or picture), reports/_variables.yml (numbers for prose), reports/shipped (Plotly, pictures of the
card). Where an output is missing, the page shows the command that makes it.
"""

import logging
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import yaml
from markupsafe import Markup

from pipeline.core import command, params, store
from pipeline.core.command import Problem
from pipeline.core.params import Count
from pipeline.core.settings import Evaluate
from pipeline.html import (
    calibrated,
    clusters,
    corpus,
    encoders,
    findings,
    html,
    ladder,
    languages,
    mapped,
    models,
    pictures,
    protocol,
    published,
    questions,
    trials,
)
from pipeline.html.outputs import Empty, Missing, Outputs

log = logging.getLogger(__name__)

Piece = Callable[[Outputs], str]
BY_CLUSTERER = (
    "The number of clusters is a parameter and never comes from the labels. Only *oracle k* takes it from them, as an"
    " upper reference. DBSCAN and HDBSCAN choose the number themselves and leave tracks out, so the share of tracks in"
    " a cluster stands beside their scores."
)
LADDER = (
    "A VAE is worth its trouble only where it is better than every linear method on the same input. Raw numbers, PCA,"
    " whitened PCA, PCA of segments, the linear VAE in closed form (`ppca`), and PCA in a metric that damps what varies"
    " within a song come from the same numbers that the VAE hears or reads."
)
PUBLISHED = (
    "Models as they are usually published, trained on these songs and scored as above, so that a reader can compare."
    " They are ranked nowhere, and a score on the label that a model is given is marked and left unsorted."
)
PLANE = (
    "A good representation keeps what a label says and mixes what should not matter. What is kept: AMI averaged over k,"
    " held-out kNN and retrieval. What is mixed: iLISI, kBET and a probe that fails."
)


@dataclass(frozen=True)
class Params:
    folds: Count
    evaluate: Evaluate


def section(title: str, write: Piece, prose: str = "") -> Piece:
    """A piece under its own heading, which is not shown either where the corpus has nothing for the piece."""

    def written(out: Outputs) -> str:
        text = _text(write, out)
        return "\n\n".join(filter(None, (f"## {title}", prose, text))) if text else ""

    return written


def _text(write: Piece, out: Outputs) -> str:
    """A piece as Markdown, or the sentence in its place."""
    try:
        content = write(out)
    except Empty as reason:
        return html.nothing(reason)
    except Missing as reason:
        log.info("%s", reason)
        return html.missing(reason)
    return html.raw(content) if isinstance(content, Markup) else content


PIECES: Mapping[str, Piece] = {  # Markup is HTML, other text is Markdown
    "answer": findings.answer,
    "verdicts": findings.verdicts,
    "setting": findings.setting,
    "headline": findings.headline,
    "best_map": section("Map of the songs", pictures.best_map),
    "encoders": encoders.described,
    "tables": models.reading,
    "families": models.families,
    "ladder": section("The same input, from linear to VAE", ladder.ladder, LADDER),
    "plane": section("What is kept and what is mixed", ladder.plane, PLANE),
    "by_clusterer": section("Agreement with labels, by clusterer", models.by_clusterer, BY_CLUSTERER),
    "by_score": models.by_score,
    "k_curve": section("Does the number of clusters matter?", models.k_curve),
    "published": section("Published forms", published.forms, PUBLISHED),
    "units": models.units,
    "units_figure": lambda out: pictures.pictures(out, "units"),
    "curves": lambda out: pictures.pictures(out, "curves"),
    "reconstructions": section("Reconstructions", lambda out: pictures.pictures(out, "reconstruction")),
    "traversals": section("Effect of single latent units", lambda out: pictures.pictures(out, "traversal")),
    "seeds": section("Differences between seeds", lambda out: pictures.pictures(out, "scores")),
    "crossmodal": section("Sound and lyrics of the same song", lambda out: pictures.pictures(out, "crossmodal")),
    "explorer": mapped.explorer,
    "trust": mapped.trust,
    "maps": section("Static maps", lambda out: pictures.pictures(out, "map_")),
    "reading": clusters.reading,
    "cards": clusters.cards,
    "compositions": section("What they are made of", lambda out: pictures.pictures(out, "clusters_")),
    "questions": questions.sections,
    "described": corpus.described,
    "languages": section("Languages", languages.spoken),
    "health": lambda _: corpus.health(),
    "audit": corpus.audit,
    "card": lambda _: corpus.card(),
    "sweep": trials.sweep,
    "commands": protocol.commands,
    "calibration": calibrated.calibration,
    "replicates": calibrated.replicates,
}


def pieces(out: Outputs) -> dict[str, str]:
    """Every piece of every page as Markdown."""
    return {name: _text(write, out) for name, write in PIECES.items()}


def variables(out: Outputs, folds: int) -> dict[str, dict[str, str]]:
    """Numbers in the prose."""
    try:
        data = corpus.counts(out)
    except Missing as reason:
        data = {"tracks": f"({reason})", "with_lyrics": f"({reason})"}
    return {"data": data, "run": protocol.run(out) | {"folds": str(folds)}}


def ship(folder: Path) -> None:
    """Copies what the pages load, so that nothing comes from another host."""
    folder = store.fresh_folder(folder)
    with resources.as_file(resources.files("plotly") / "package_data" / "plotly.min.js") as script:
        shutil.copyfile(script, folder / "plotly.min.js")
    if (store.DATA / "card").is_dir():
        shutil.copytree(store.DATA / "card", folder / "card")


def _labels(evaluate: Evaluate) -> tuple[str, ...]:
    """The labels; none where stage tracks has not run, so that every piece names the command that it lacks."""
    try:
        return evaluate.label_columns()
    except Problem:
        return ()


def main() -> None:
    p = params.load(Params)
    out = Outputs(store.REPORTS, _labels(p.evaluate), p.evaluate.headline)
    folder = store.fresh_folder(store.REPORTS / "_generated")
    texts = pieces(out)
    for name, text in texts.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8", newline="\n")
    numbers = yaml.safe_dump(variables(out, p.folds), allow_unicode=True, sort_keys=True)
    (store.REPORTS / "_variables.yml").write_text(numbers, encoding="utf-8", newline="\n")
    ship(store.REPORTS / "shipped")
    log.info("pages: %d pieces in %s", len(texts), folder)


if __name__ == "__main__":
    command.run(main, __doc__, Params)
