"""Stage `pages`: what the pages of the report place, so that they need no code of their own.

Reads the tracked outputs under reports/, the checked table of tracks and the data card. Writes reports/_generated (a
text for each table and picture), reports/_variables.yml (numbers for prose), reports/shipped (Plotly, pictures of the
card). Where an output is missing, its place holds the command that makes it.
"""

import logging
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import yaml

from pipeline.core import command, params, store
from pipeline.core.settings import Evaluate
from pipeline.html import clusters, corpus, findings, html, mapped, models, protocol, questions, trials
from pipeline.html.outputs import Missing, Outputs

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Params:
    evaluate: Evaluate


PIECES: Mapping[str, Callable[[Outputs], str]] = {
    "answer": findings.answer,
    "verdicts": findings.verdicts,
    "headline": findings.headline,
    "best_map": findings.best_map,
    "by_clusterer": models.by_clusterer,
    "by_score": models.by_score,
    "k_curve": models.k_curve,
    "units": models.units,
    "units_figure": lambda out: models.pictures(out, "units"),
    "curves": lambda out: models.pictures(out, "curves"),
    "reconstructions": lambda out: models.pictures(out, "reconstruction"),
    "traversals": lambda out: models.pictures(out, "traversal"),
    "seeds": lambda out: models.pictures(out, "scores"),
    "crossmodal": lambda out: models.pictures(out, "crossmodal"),
    "explorer": mapped.explorer,
    "trust": mapped.trust,
    "maps": lambda out: models.pictures(out, "map_"),
    "cards": clusters.cards,
    "compositions": lambda out: models.pictures(out, "clusters_"),
    "questions": questions.sections,
    "described": corpus.described,
    "health": lambda _: corpus.health(),
    "audit": corpus.audit,
    "card": lambda _: corpus.card(),
    "pressed": trials.pressed,
    "sweep": trials.sweep,
    "commands": protocol.commands,
}


def pieces(out: Outputs) -> dict[str, str]:
    """Every piece of every page, or the sentence in its place."""
    told = {}
    for name, write in PIECES.items():
        try:
            told[name] = write(out)
        except Missing as reason:
            log.info("%s: %s", name, reason)
            told[name] = html.missing(reason)
    return told


def variables(out: Outputs) -> dict[str, dict[str, str]]:
    """Numbers that stand in prose."""
    try:
        data = corpus.counts(out)
    except Missing as reason:
        data = {"tracks": f"({reason})", "with_lyrics": f"({reason})"}
    return {"data": data, "run": protocol.run(out)}


def ship(folder: Path) -> None:
    """Lays beside the pages what they load: nothing comes from another host."""
    folder = store.fresh_folder(folder)
    with resources.as_file(resources.files("plotly") / "package_data" / "plotly.min.js") as script:
        shutil.copyfile(script, folder / "plotly.min.js")
    if (store.DATA / "card").is_dir():
        shutil.copytree(store.DATA / "card", folder / "card")


def main() -> None:
    p = params.load(Params).evaluate
    out = Outputs(store.REPORTS, p.labels, p.headline)
    folder = store.fresh_folder(store.REPORTS / "_generated")
    told = pieces(out)
    for name, text in told.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8", newline="\n")
    spelt = yaml.safe_dump(variables(out), allow_unicode=True, sort_keys=True)
    (store.REPORTS / "_variables.yml").write_text(spelt, encoding="utf-8", newline="\n")
    ship(store.REPORTS / "shipped")
    log.info("pages: %d pieces in %s", len(told), folder)


if __name__ == "__main__":
    command.run(main, __doc__, Params)
