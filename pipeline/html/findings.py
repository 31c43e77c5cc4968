"""Findings: the answer in one screen, and the table behind it."""

from html import escape

from pipeline.html import rank
from pipeline.html.charts import Axis, Span, axis, strip
from pipeline.html.html import Cell, Line, Table, chip, count, interval, number, raw, table
from pipeline.html.outputs import Missing, Outputs, Part, representations
from pipeline.html.rank import Duel

READING = (
    "AMI, the adjusted mutual information of the clusters with a label: 0 is what chance reaches, 1 is perfect."
    " Beside it the 95 % interval over artists and seeds. Grey band: what shuffled labels reach. The sign tells the"
    " verdict against the strongest baseline that the model was compared with, after Holm's correction and under every"
    " clusterer of the comparison: ▲ better, ▼ worse, ○ no difference shown."
    " <strong>Bold</strong>: shown to be better than the best baseline of the column, not merely higher."
)
LEAKY = (
    "† The model was told this label, so its agreement with it says nothing about listening (leaky); it never ranks."
)
MARKDOWN = r"\`*_{}[]<>#|~^$@"
PICTURES = ("reconstruction_conv", "clusters_", "crossmodal_matrix")  # whose colours must not be turned in the dark
COLLAPSED = "‡ Few latent units carry anything (collapsed): compact clusters of it mean nothing; it never ranks first."


def answer(out: Outputs) -> str:
    """One sentence, and a tile a label."""
    duels = [found for label in out.shown() if (found := rank.best(out, label))]
    if not duels:
        return raw('<p class="answer">No model and baseline can be compared on this corpus: no label has scores.</p>')
    tiles = "".join(_tile(out, found) for found in duels)
    return raw(f'<p class="answer">{_sentence(duels)}</p>\n<div class="tiles">{tiles}</div>')


def _sentence(duels: list[Duel]) -> str:
    if not any(one.row for one in duels):
        return "The models have not been compared with the baselines yet: run <code>dvc repro compare</code>."
    parts = [
        f"on <em>{escape(one.label)}</em> <strong>{escape(one.model)}</strong> is shown to be better than the best"
        f" baseline, {escape(one.against)}, by {number(one.row['difference'], signed=True)} AMI"
        for one in duels
        if one.wins and one.row
    ]
    rest = _listed([f"<em>{escape(one.label)}</em>" for one in duels if not one.wins])
    if not parts:
        return f"No VAE is shown to group these songs better than the best baseline, on {rest}."
    text = _listed(parts)
    return f"{text[0].upper()}{text[1:]}. " + (f"On {rest} no VAE is." if rest else "")


def _listed(parts: list[str]) -> str:
    return ", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else "".join(parts)


def _tile(out: Outputs, found: Duel) -> str:
    about = representations(out("metrics.json"))
    model = about[found.model][found.label]
    return (
        f'<section class="tile" aria-label="{escape(found.label)}"><h2>{escape(found.label)}</h2>'
        f'<p class="big">{number(model["ami"])} <span class="who">{escape(found.model)}</span></p>'
        f"<p>{interval(model['ami_low'], model['ami_high'])}</p>{_judged(found, about)}</section>"
    )


def _judged(found: Duel, about: dict[str, Part]) -> str:
    """The verdict with its numbers; and a stronger baseline that nobody compared it with."""

    def rival(name: str) -> str:
        return f"<b>{escape(name)}</b> ({number(about[name][found.label]['ami'])})"

    if found.row is None:
        return f"<p>{chip('not shown')}</p><p>not compared with {rival(found.against)}</p>"
    row = found.row
    told = f"{number(row['difference'], signed=True)} against {rival(found.against)}"
    between = interval(row["low"], row["high"], signed=True)
    least = f'<p class="small">smallest difference that could be shown: {number(row["smallest"])}</p>'
    if row["note"].text:
        least += f'<p class="small">{escape(row["note"].text)}</p>'
    if found.above:
        least += f'<p class="small">stronger, and not compared: {rival(found.above)}; add it to compare.against</p>'
    return f"<p>{chip(found.verdict)}</p><p>{told}<br>{between}</p>{least}"


def verdicts(out: Outputs) -> str:
    """The four questions, a line each."""
    lines = [
        f"<li>{chip(one['answer'].text)}"
        f' <a href="questions.html#q-{escape(one["id"].text)}">{escape(one["question"].text)}</a></li>'
        for one in out("questions.json")["questions"]
    ]
    return raw(f'<ul class="verdicts">{"".join(lines)}</ul>')


def headline(out: Outputs) -> str:
    """Every representation with its AMI on each label."""
    about, labels = representations(out("metrics.json")), out.shown()
    names = rank.ordered(list(about))
    spans = {label: {name: _span(out, name, about[name][label], label) for name in names} for label in labels}
    along = {label: axis(list(spans[label].values()), (-0.05, 0.5)) for label in labels}
    lines = []
    for name in names:
        cells = [_cell(out, name, about[name], label, spans[label][name], along[label]) for label in labels]
        lines.append(Line(_name(name, about[name]), [*cells, _units(about[name])], _kind(about[name])))
    marked = [LEAKY] if any("leaky" in about[name][label] for name in names for label in labels) else []
    marked += [COLLAPSED] if any("flag" in about[name] for name in names) else []
    caption = f"Agreement of {out.headline} clusters with each label"
    heads = ["representation", *(f"{escape(label)} <small>AMI</small>" for label in labels), "active units"]
    return table(Table(caption, heads, lines, [READING, *marked], id="headline"))


def _span(out: Outputs, name: str, scores: Part, label: str) -> Span:
    null = _null(out, name, label)
    band = (min(0.0, null), null) if null is not None else None
    return Span(scores["ami"].number, scores["ami_low"].number, scores["ami_high"].number, band)


def _null(out: Outputs, name: str, label: str) -> float | None:
    """What shuffled labels reach."""
    try:
        row = out("results.csv").first(representation=name, clusterer=out.headline, label=label, score="ami")
    except Missing:
        return None
    return row["null_high"].number if row else None


def _cell(out: Outputs, name: str, about: Part, label: str, span: Span, along: Axis) -> Cell:
    scores = about[label]
    if scores["ami"].number is None:
        return Cell(number(scores["ami"]), None, "score")
    found = rank.duel(out, name, label) if rank.is_model(name) else None
    judged = "leaky" if "leaky" in scores else found.verdict if found else ""
    wins = found is not None and found.wins and "flag" not in about
    shown = f"<b>{number(scores['ami'])}</b>" if wins else number(scores["ami"])
    sign = (
        f'<span class="sign sign-{judged.replace(" ", "-")}" title="{judged}">{_sign(judged)}</span>' if judged else ""
    )
    between = interval(scores["ami_low"], scores["ami_high"])
    drawn = strip(span, along, "model" if rank.is_model(name) else "baseline")
    return Cell(f"{drawn}<span class=mean>{shown}{sign}</span> {between}", scores["ami"].number, "score")


def _sign(judged: str) -> str:
    """The sign for the eye, the word for who listens."""
    sign = {"better": "▲", "worse": "▼", "leaky": "†"}.get(judged, "○")
    return f'<span aria-hidden="true">{sign}</span><span class="unseen"> {judged}</span>'


def _name(name: str, about: Part) -> Cell:
    mark = "‡" if "flag" in about else ""
    role = "" if rank.is_model(name) else ' <span class="role">baseline</span>'
    return Cell(f"<code>{escape(name)}</code>{mark}{role}<br><small>{escape(about['family'].text)}</small>", name)


def _kind(about: Part) -> str:
    return "collapsed" if "flag" in about else ""


def _units(about: Part) -> Cell:
    if "active_units" not in about:
        return Cell("–", None)
    return Cell(f"{count(about['active_units'])} of {count(about['latent'])}", about["active_units"].number)


def best_map(out: Outputs) -> str:
    """The first map of figures.map_models: the parameter chooses it, no label does."""
    models = out("figures/map.json")["models"]
    for name in models.keys:
        for figure in out("figures/figures.json"):
            if figure["file"].text == f"map_{name}.png":
                return picture(figure, "fig-map")
    raise Missing("No map could be drawn from this corpus: see what `dvc repro figures` says")


def picture(figure: Part, id_: str) -> str:
    """A figure with its caption; the sentence over it, which is drawn in it, is its alternative text."""
    file = figure["file"].text
    caption = "".join(f"\\{letter}" if letter in MARKDOWN else letter for letter in figure["caption"].text)
    alt = " ".join(figure["title"].text.replace('"', "'").replace("\\", "/").split())
    kind = "" if file.startswith(PICTURES) else " .plot"
    return f'![{caption}](figures/{file}){{#{id_}{kind} fig-alt="{alt}"}}\n'
