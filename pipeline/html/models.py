"""Models: every representation under every clusterer and score, and the pictures of how they learnt."""

from html import escape

from pipeline.html import charts, rank
from pipeline.html.findings import COLLAPSED, LEAKY, picture
from pipeline.html.html import Cell, Line, Table, counted, interval, number, raw, table, valued
from pipeline.html.outputs import Missing, Outputs, Part, representations

TITLES = {
    "kmeans": "KMeans",
    "agglomerative": "Agglomerative",
    "gmm": "Gaussian mixture",
    "dbscan": "DBSCAN",
    "hdbscan": "HDBSCAN",
    "dbscan_assigned": "DBSCAN, noise assigned",
    "hdbscan_assigned": "HDBSCAN, noise assigned",
    "consensus": "Consensus",
    "oracle": "Oracle k",
}
SCORES = {
    "ami": "AMI",
    "ari": "ARI",
    "nmi": "NMI",
    "v_measure": "V-measure",
    "purity": "purity",
    "silhouette": "silhouette",
    "calinski_harabasz": "Calinski-Harabasz",
    "davies_bouldin": "Davies-Bouldin",
    "probe": "linear probe",
    "knn": "kNN",
    "artist_hit": "artist retrieval",
    "ilisi": "iLISI",
    "kbet": "kBET",
    "mig": "MIG",
    "sap": "SAP",
    "dci_disentanglement": "DCI disentanglement",
    "dci_completeness": "DCI completeness",
    "dci_informativeness": "DCI informativeness",
    "stability_seeds": "between seeds",
    "stability_subsamples": "between subsamples",
}
WITH_NULL = ("nmi", "purity", "v_measure")  # whose chance is not 0
FREE = ("dbscan", "hdbscan")  # choose the number of clusters and leave tracks out
STRONG = 6  # curves with a colour
CURVES = "KMeans, means over the seeds. Colour: the best models and the best baseline. Grey: all others."


def tabs(sheets: dict[str, str]) -> str:
    """Tables behind tabs."""
    inner = "\n".join(f"## {title}\n\n{sheet}\n" for title, sheet in sheets.items())
    return f"::: {{.panel-tabset}}\n{inner}\n:::\n"


def _names(rows: list[Part]) -> list[str]:
    return rank.ordered(list({row["representation"].text: None for row in rows}))


def _label(name: str, flag: str = "") -> Cell:
    return Cell(f"<code>{escape(name)}</code>{'‡' if flag == 'collapsed' else ''}", name)


def _scored(row: Part | None) -> Cell:
    """The mean with its interval, and the null where chance is not 0."""
    if row is None:
        return Cell("–", None)
    mark = '<span class="sign sign-leaky" title="told this label">†</span>' if row["flag"].text == "leaky" else ""
    chance = ""
    if row["score"].text in WITH_NULL and row["null_mean"].number is not None:
        chance = f' <span class="null">chance {number(row["null_mean"])}</span>'
    return Cell(f"{number(row['mean'])}{mark} {interval(row['low'], row['high'])}{chance}", row["mean"].number, "score")


def by_clusterer(out: Outputs) -> str:
    """AMI with every label, a tab a clusterer."""
    results = out("results.csv")
    found = results.where(score="ami")
    order = [*TITLES, *sorted({row["clusterer"].text for row in found} - set(TITLES))]
    sheets = {}
    for clusterer in order:
        rows = [row for row in found if row["clusterer"].text == clusterer]
        if rows:
            sheets[TITLES.get(clusterer, clusterer)] = _agreement(out, results, clusterer, rows)
    return tabs(sheets)


def _agreement(out: Outputs, results: Part, clusterer: str, rows: list[Part]) -> str:
    labels = [label for label in out.labels if any(row["label"].text == label for row in rows)]
    at = {(row["representation"].text, row["label"].text): row for row in rows}
    extra = {
        score: {row["representation"].text: row for row in results.where(clusterer=clusterer, score=score)}
        for score in ("clusters", "coverage")
        if clusterer in FREE
    }
    lines = []
    for name in _names(rows):
        own = [at.get((name, label)) for label in labels]
        flag = next((row["flag"].text for row in own if row and row["flag"].text == "collapsed"), "")
        more = [
            Cell("–") if row is None else valued(row["mean"]) for row in (extra[score].get(name) for score in extra)
        ]
        lines.append(Line(_label(name, flag), [*map(_scored, own), *more], flag))
    heads = ["representation", *(f"{escape(label)} <small>AMI</small>" for label in labels)]
    heads += ["clusters", "tracks in a cluster"] if extra else []
    return table(Table(f"AMI under {clusterer}", heads, lines, _marks(rows)))


def _marks(rows: list[Part]) -> list[str]:
    flags = {row["flag"].text for row in rows}
    return [note for flag, note in (("leaky", LEAKY), ("collapsed", COLLAPSED)) if flag in flags]


def by_score(out: Outputs) -> str:
    """The other scores of the headline clusterer, a tab a kind."""
    results = out("results.csv")
    sheets = {}
    for score in ("ari", "nmi", "purity", "v_measure"):
        rows = results.where(score=score, clusterer=out.headline)
        if rows:
            sheets[SCORES[score]] = _agreement_of(out, rows, SCORES[score])
    for start, title in (("own_", "Own space"), ("reference_", "Common space")):
        rows = [row for row in results if row["score"].text.startswith(start) and row["clusterer"].text == out.headline]
        if rows:
            sheets[title] = _side_by_side(rows, start, f"Shape of the clusters, {title.lower()}")
    for scores, title in (
        (("probe", "knn", "artist_hit", "ilisi", "kbet"), "Beside clusters"),
        (("mig", "sap", "dci_disentanglement", "dci_completeness", "dci_informativeness"), "Disentanglement"),
        (("stability_seeds", "stability_subsamples"), "Stability"),
    ):
        rows = [row for row in results if row["score"].text in scores]
        if rows:
            sheets[title] = _side_by_side(rows, "", title)
    return tabs(sheets)


def _agreement_of(out: Outputs, rows: list[Part], title: str) -> str:
    labels = [label for label in out.labels if any(row["label"].text == label for row in rows)]
    at = {(row["representation"].text, row["label"].text): row for row in rows}
    lines = [Line(_label(name), [_scored(at.get((name, label))) for label in labels]) for name in _names(rows)]
    heads = ["representation", *(f"{escape(label)} <small>{title}</small>" for label in labels)]
    return table(Table(f"{title} under {out.headline}", heads, lines, _marks(rows)))


def _side_by_side(rows: list[Part], start: str, caption: str) -> str:
    """A column for each score and label."""
    kinds = list({(row["score"].text, row["label"].text): None for row in rows})
    at = {(row["representation"].text, row["score"].text, row["label"].text): row for row in rows}
    heads = ["representation"]
    for score, label in kinds:
        title = SCORES.get(score.removeprefix(start), score.removeprefix(start).replace("_", " "))
        heads.append(escape(title) + (f" <small>{escape(label)}</small>" if label else ""))
    lines = [Line(_label(name), [_scored(at.get((name, *kind))) for kind in kinds]) for name in _names(rows)]
    return table(Table(caption, heads, lines, _marks(rows)))


def k_curve(out: Outputs) -> str:
    """AMI over the number of clusters, a tab a label."""
    rows, about = out("kcurve.csv"), representations(out("metrics.json"))
    sheets = {}
    for label in out.labels:
        series: dict[str, list[tuple[float, float]]] = {}
        for row in rows.where(label=label):
            k, ami = row["k"].number, row["ami"].number
            if k is not None and ami is not None:
                series.setdefault(row["representation"].text, []).append((k, ami))
        models, baselines = rank.leaders(about, label)
        strong = [name for name in rank.ordered(models[: STRONG - 1]) + baselines[:1] if name in series]
        if series:
            told = f"AMI with {label} over the number of clusters of KMeans; the numbers are in reports/kcurve.csv"
            drawn = charts.curves(series, strong, told, "k, clusters asked for", f"AMI with {label}")
            sheets[label] = raw(f"<figure>{drawn}<figcaption>{CURVES}</figcaption></figure>")
    return tabs(sheets)


def pictures(out: Outputs, start: str) -> str:
    """The figures whose file begins so, each behind a tab if there are several."""
    told = [figure for figure in out("figures/figures.json") if figure["file"].text.startswith(start)]
    there = [figure for figure in told if (out.reports / "figures" / figure["file"].text).exists()]
    if not there:
        raise Missing(f"`reports/figures/{start}*.png` is missing: run `dvc repro figures`")
    drawn = {figure["file"].text: picture(figure, f"fig-{_slug(figure['file'].text)}") for figure in there}
    if len(drawn) == 1:
        return next(iter(drawn.values()))
    named = {file.rsplit(".", 1)[0].removeprefix(start).strip("_"): text for file, text in drawn.items()}
    return tabs({name.replace("_", " ") or start: named[name] for name in rank.ordered(list(named))})


def _slug(file: str) -> str:
    return file.rsplit(".", 1)[0].replace("_", "-")


def units(out: Outputs) -> str:
    """Active units of each model."""
    about = representations(out("metrics.json"))
    lines = []
    for name in rank.ordered([name for name in about if "active_units" in about[name]]):
        one, flag = about[name], about[name]["flag"].text
        cells = [Cell(escape(one["family"].text)), counted(one["active_units"]), counted(one["latent"])]
        lines.append(Line(_label(name, flag), cells, flag))
    return table(Table("Active units", ["model", "family", "active units", "latent units"], lines))
