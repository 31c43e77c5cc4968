"""The figures of stage `figures`, with their captions."""

from markupsafe import Markup

from pipeline.html import rank
from pipeline.html.html import tabs
from pipeline.html.outputs import Empty, Missing, Outputs, Part
from pipeline.html.templates import render

KEPT_COLOURS = ("reconstruction_conv", "clusters_", "crossmodal_matrix")  # not inverted on a dark page


def picture(figure: Part) -> Markup:
    """A figure with its caption. The sentence over it is drawn in it, so it is the alternative text."""
    file = figure["file"].text
    title = " ".join(figure["title"].text.split())
    return render(
        "picture", file=file, title=title, caption=figure["caption"].text, plot=not file.startswith(KEPT_COLOURS)
    )


def pictures(out: Outputs, start: str) -> Markup:
    """The figures whose file begins so, each behind a tab if there are several."""
    figures = {figure["file"].text: figure for figure in out("figures/figures.json")}
    names = {
        file.rsplit(".", 1)[0].removeprefix(start).strip("_"): figure
        for file, figure in figures.items()
        if file.startswith(start)
    }
    if not names:
        raise Empty
    for figure in names.values():
        if not (out.reports / "figures" / figure["file"].text).exists():
            raise Missing(f"`reports/figures/{figure['file'].text}` is missing: run `dvc repro figures`")
    if len(names) == 1:
        return picture(*names.values())
    return tabs(
        f"pictures-{start}",
        {name.replace("_", " ") or start: picture(names[name]) for name in rank.ordered(out, names)},
    )


def best_map(out: Outputs) -> Markup:
    """The first map of figures.map_models: the parameter chooses it, no label does."""
    figures = {figure["file"].text: figure for figure in out("figures/figures.json")}
    for name in out("figures/map.json")["models"].keys:
        if figure := figures.get(f"map_{name}.png"):
            return picture(figure)
    raise Empty
