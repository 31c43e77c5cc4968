"""Writes reports/_site/index.html: the result of a run as one plain page, which needs no script and no other host.

Numbers come from reports/metrics.json, figures and their captions from reports/figures. What is missing is said on the
page, with the command that makes it. Not a stage: run it as `python -m pipeline.report`.
"""

import shutil
import struct
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from pipeline import stage, store

BASELINES = ("ae", "pca", "raw", "spectral", "text")
OWN = {"silhouette": "silhouette", "calinski_harabasz": "Calinski-Harabasz", "davies_bouldin": "Davies-Bouldin"}
AGREEMENT = {"ami": "AMI", "ari": "ARI", "nmi": "NMI", "purity": "purity"}
DAGGER = "<sup>†</sup>"

Metrics = Mapping[str, Any]
Row = Sequence[str]  # cells, as HTML


# --- the parts of the page --------------------------------------------------------------------------------------------


def page(
    metrics: Metrics | None, scored: Metrics | None, figures: Sequence[Metrics] | None, folder: Path, card: str = ""
) -> str:
    """The whole page; None stands for an output that is missing."""
    body = [*_numbers(metrics, scored), *_pictures(figures, folder), *_card(card)]
    sections = [] if figures is None else list(dict.fromkeys(figure["section"] for figure in figures))
    links = ["Headline", "What the numbers mean", "All scores", *sections, *(["Data"] if card else [])]
    nav = " ".join(f'<a href="#{_anchor(link)}">{escape(link)}</a>' for link in links)
    return PAGE.format(style=STYLE, nav=nav, body="\n".join(body))


def _numbers(metrics: Metrics | None, scored: Metrics | None) -> Iterator[str]:
    yield _heading("Headline")
    if metrics is None:
        yield _missing("reports/metrics.json", "dvc repro evaluate")
        return
    models = {name: about for name, about in metrics.items() if name != "data"}
    yield f"<p>{_counts(metrics.get('data', {}), scored)}</p>"
    yield headline(models)
    yield _heading("What the numbers mean")
    yield MEANING
    yield _heading("All scores")
    yield from (details(f"Agreement with {label}", *agreement(models, label)) for label in _labels(models))
    yield details("How the clusters lie in each model's own space", *own_space(models))


def _counts(data: Metrics, scored: Metrics | None) -> str:
    told = f"{data.get('tracks', 'Unknown')} tracks, {data.get('with_lyrics', 'unknown')} of them with lyrics."
    if scored is None:
        return f"{told} Means over the seeds. {_missing('reports/scores.csv', 'dvc repro evaluate', 'span')}"
    return f"{told} Means over {scored['seeds']} seed{'s' * (scored['seeds'] != 1)}."


def headline(models: Mapping[str, Metrics]) -> str:
    """AMI with every label and active units, baselines beside models; leaky cells are marked, the best ones bold."""
    labels = _labels(models)
    fair = {label: _best(models, label) for label in labels}
    groups: dict[str, list[Row]] = {"baselines": [], "models": []}
    for name, about in models.items():
        cells = [_ami(about, label, best=fair[label] == name) for label in labels]
        called = f"{escape(name)} <small>{escape(about['family'])}</small>"
        groups["baselines" if name in BASELINES else "models"].append([called, *cells, _units(about)])
    heads = ["", *(f"{escape(label)}<br><small>AMI</small>" for label in labels), "active<br><small>units</small>"]
    leaks = any(about.get("condition") in labels for about in models.values())
    note = f"{LEAKY if leaks else ''} Bold: the highest mean of a column; no test stands behind it."
    return _table(heads, groups) + f"<p class=note>{note.strip()}</p>"


def _best(models: Mapping[str, Metrics], label: str) -> str | None:
    fair = {
        name: about[label]["ami"]
        for name, about in models.items()
        if about.get(label, {}).get("ami") is not None and about.get("condition") != label
    }
    return max(fair, key=lambda name: float(fair[name])) if fair else None


def _ami(about: Metrics, label: str, *, best: bool) -> str:
    value = number(about.get(label, {}).get("ami"))
    if about.get("condition") == label:
        return f"<s>{value}</s>{DAGGER}"
    return f"<strong>{value}</strong>" if best else value


def _units(about: Metrics) -> str:
    if "active_units" not in about:
        return "–"
    return f"{about['active_units']:g} of {about['latent']}"


def agreement(models: Mapping[str, Metrics], label: str) -> tuple[Row, list[Row]]:
    """Every agreement score with one label."""
    rows: list[Row] = []
    for name, about in models.items():
        if label in about:
            mark = DAGGER if about.get("condition") == label else ""
            rows.append([escape(name) + mark, *(number(about[label].get(score)) for score in AGREEMENT)])
    return ["", *AGREEMENT.values()], rows


def own_space(models: Mapping[str, Metrics]) -> tuple[Row, list[Row]]:
    """Shape scores, and what DBSCAN found."""
    rows: list[Row] = []
    for name, about in models.items():
        own, found = about.get("own_space", {}), about.get("dbscan", {})
        cells = [number(own.get(score)) for score in OWN]
        rows.append([escape(name), *cells, number(found.get("clusters")), number(found.get("coverage"))])
    return ["", *OWN.values(), "DBSCAN clusters", "DBSCAN coverage"], rows


def _pictures(figures: Sequence[Metrics] | None, folder: Path) -> Iterator[str]:
    if figures is None:
        yield _heading("Figures")
        yield _missing("reports/figures/figures.json", "dvc repro figures")
        return
    for section, some in groupby(figures, key=lambda figure: figure["section"]):
        yield _heading(str(section))
        yield from (_picture(figure, folder) for figure in some)


def _picture(figure: Metrics, folder: Path) -> str:
    file, title = str(figure["file"]), escape(figure["title"])
    if not (folder / file).is_file():
        return _missing(f"reports/figures/{file}", "dvc repro figures")
    wide, high = png_size(folder / file)
    source = escape(f"figures/{file}")
    alt = f"{escape(figure['section'])}: {title}"
    image = f'<img src="{source}" alt="{alt}" width="{wide}" height="{high}" loading="lazy">'
    caption = f"<figcaption><b>{title}.</b> {escape(figure['caption'])}</figcaption>"
    return f'<figure><a href="{source}">{image}</a>{caption}</figure>'


def _card(card: str) -> Iterator[str]:
    """The data card that came with the corpus; a corpus of one's own may have none."""
    if not card:
        return
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")  # what the card says is shown, never run
    tokens = reader.parse(card)
    for token in tokens:
        if token.type.startswith("heading"):
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"  # below the page's own headings
    yield _heading("Data")
    yield f"<details><summary>The data card</summary>{reader.renderer.render(tokens, reader.options, {})}</details>"


def png_size(file: Path) -> tuple[int, int]:
    """Width and height in pixels, so that the page does not jump while it loads."""
    with file.open("rb") as opened:
        wide, high = struct.unpack(">II", opened.read(24)[16:24])
    return wide, high


# --- small pieces -----------------------------------------------------------------------------------------------------


def number(value: object) -> str:
    """Three digits after the point, as far as they are needed; a dash for what is undefined."""
    if not isinstance(value, int | float):
        return "–"
    return f"{value:.3f}" if abs(value) < 100 else f"{value:.0f}"


def _labels(models: Mapping[str, Metrics]) -> list[str]:
    """The columns that were scored, genre first: what is hoped for comes before what leaks easily."""
    found = dict.fromkeys(
        key for about in models.values() for key, value in about.items() if isinstance(value, dict) and "ami" in value
    )
    return sorted(found, key=lambda label: label != "genre")


def _table(heads: Sequence[str], groups: Mapping[str, Sequence[Row]]) -> str:
    """Rows in named groups; a group without a name has no line of its own."""
    top = "".join(f'<th scope="col">{head}</th>' for head in heads)
    lines = []
    for group, rows in groups.items():
        if group and rows:
            lines.append(f'<tr class=group><th colspan="{len(heads)}" scope="rowgroup">{escape(group)}</th></tr>')
        for row in rows:
            cells = "".join(f"<td>{cell}</td>" for cell in row[1:])
            lines.append(f'<tr><th scope="row">{row[0]}</th>{cells}</tr>')
    return f"<div class=wide><table><thead><tr>{top}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"


def details(title: str, heads: Sequence[str], rows: Sequence[Row]) -> str:
    return f"<details><summary>{escape(title)}</summary>{_table(heads, {'': rows})}</details>"


def _anchor(title: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in title.lower())


def _heading(title: str) -> str:
    return f'<h2 id="{_anchor(title)}">{escape(title)}</h2>'


def _missing(what: str, command: str, tag: str = "p") -> str:
    return f"<{tag} class=missing>{escape(what)} is missing: run <code>{escape(command)}</code>.</{tag}>"


# --- the files --------------------------------------------------------------------------------------------------------


def main() -> None:
    reports = store.REPORTS
    site, figures = reports / "_site", reports / "figures"
    metrics, told = (_json(file) for file in (reports / "metrics.json", figures / "figures.json"))
    (site / "figures").mkdir(parents=True, exist_ok=True)
    for old in (site / "figures").glob("*.png"):
        old.unlink()
    for figure in told or ():
        if (figures / figure["file"]).is_file():
            shutil.copyfile(figures / figure["file"], site / "figures" / figure["file"])
    text = page(metrics, _scored(reports / "scores.csv"), told, figures, _with_pictures(store.DATA, site))
    (site / "index.html").write_text(text, encoding="utf-8", newline="\n")
    print(f"the report is in {site / 'index.html'}")


def _with_pictures(data: Path, site: Path) -> str:
    """The text of the data card, whose pictures are laid beside the page."""
    card = data / "README.md"
    if not card.is_file():
        return ""
    if (data / "card").is_dir():
        shutil.copytree(data / "card", site / "card", dirs_exist_ok=True)
    return card.read_text(encoding="utf-8", errors="replace")


def _json(file: Path) -> Any:
    return store.read_json(file) if file.exists() else None


def _scored(file: Path) -> Metrics | None:
    return {"seeds": store.read_table(file)["seed"].nunique()} if file.exists() else None


LEAKY = f"{DAGGER} The model was told this label, so its agreement with it says nothing about listening (leaky)."

MEANING = """<p><b>AMI</b> (adjusted mutual information) tells how much the clusters say about a label, corrected for
chance: 0 is what random clusters reach, 1 is perfect, and slightly below 0 is worse than chance. The labels were never
used for training, except the one that a model is told (its condition).</p>
<p><b>Active units</b> count the latent units whose value differs between tracks; a model with few of them has
collapsed, and its compact clusters mean nothing. <b>Silhouette</b> and the other shape scores are measured in each
model's own space: they favour few dimensions and cannot be compared between models.</p>
<p>A model earns its keep only where it beats the <b>baselines</b> by more than its seeds differ; the first figure shows
the seeds. <b>Language</b> is an easy label for words, whose script alone gives it away, so a high score there is no
merit of a model that reads lyrics.</p>"""

STYLE = """
:root { color-scheme: light dark; --ink: #1d2126; --quiet: #5c6670; --paper: #fff; --line: #dde1e6; --soft: #f4f6f8;
  --link: #0b62a4; --warn: #8a4b00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --quiet: #a3adb7; --paper: #15181c; --line: #343a41;
  --soft: #1e2328; --link: #7cc0f4; --warn: #f0b35c; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 66rem; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", "Noto Sans", "Noto Sans Bengali", sans-serif;
  overflow-wrap: break-word; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.3rem; margin: 2.8rem 0 .8rem; padding-top: .8rem; border-top: 1px solid var(--line); }
p { max-width: 46rem; margin: .7rem 0; }
a { color: var(--link); }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1rem; margin-top: 1rem; font-size: .95rem; }
.lead, .note, figcaption, small { color: var(--quiet); }
.note, figcaption { font-size: .9rem; }
.missing { color: var(--warn); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .95rem; }
th, td { padding: .4rem .9rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap;
  font-weight: 400; }
.group th { text-align: left; padding: 1rem .2rem .3rem; color: var(--quiet); font-size: .85rem; }
th[scope=row] { text-align: left; padding-left: .2rem; font-weight: 600; }
thead th { font-weight: 600; vertical-align: bottom; line-height: 1.3; }
th small { font-weight: 400; margin-left: .3rem; }
tbody tr:hover { background: var(--soft); }
s { text-decoration: none; color: var(--quiet); }
details { margin: .6rem 0; padding: .5rem .9rem; background: var(--soft); border-radius: 8px; }
summary { cursor: pointer; font-weight: 600; }
code { background: var(--soft); padding: .1rem .3rem; border-radius: 4px; }
figure { margin: 1.2rem 0 2.4rem; }
figure a { display: block; background: #fff; border: 1px solid var(--line); border-radius: 8px; padding: .5rem; }
img { display: block; max-width: 100%; height: auto; margin: 0 auto; }
figcaption { max-width: 46rem; margin-top: .6rem; }
figcaption b { color: var(--ink); font-weight: 600; }
@media (max-width: 40rem) { body { padding: 1.2rem .9rem 3rem; } th, td { padding: .35rem .45rem; }
  th small { display: block; margin: 0; white-space: normal; } figure a { overflow-x: auto; }
  img { max-width: none; width: 44rem; } }
"""

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Surbani: songs by how they sound and what they say</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>Surbani</h1>
<p class=lead>Songs of several languages, grouped by how they sound and what they say: what this run found.</p>
<nav>{nav}</nav>
</header>
<main>
{body}
</main>
</body>
</html>
"""


if __name__ == "__main__":
    stage.run(main, __doc__)
