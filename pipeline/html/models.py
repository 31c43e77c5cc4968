"""Models: every representation under every clusterer and score, and their active units."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from markupsafe import Markup

from pipeline.html import charts, encoders, rank, tuned
from pipeline.html.findings import COLLAPSED, LEAKY
from pipeline.html.html import UNKNOWN, Cell, Line, Table, code, count_cell, head, number_cell, table, tabs
from pipeline.html.outputs import Empty, Outputs, Part
from pipeline.html.templates import part, render, rounded

TITLES = {
    "kmeans": "KMeans",
    "agglomerative": "Agglomerative",
    "gmm": "Gaussian mixture",
    "dbscan": "DBSCAN",
    "hdbscan": "HDBSCAN",
    "dbscan_assigned": "DBSCAN, noise assigned",
    "hdbscan_assigned": "HDBSCAN, noise assigned",
    "consensus": "Consensus",
    "product": "Pairs of facets",
    "oracle": "Oracle k",
}
AGREEMENT = {"ari": "ARI", "nmi": "NMI", "purity": "purity"}
HELD_OUT, FITTED = "held out", "fitted"
SCORES = {
    "silhouette": "silhouette",
    "calinski_harabasz": "Calinski-Harabasz",
    "davies_bouldin": "Davies-Bouldin",
    "probe": "linear probe",
    "knn": "kNN",
    "ami_curve": "AMI averaged over k",
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
SHAPES = {
    "Own space": "own_",
    "Common space: sound": "reference_",
    "Common space: words": "words_",
}  # how the names of their scores begin
BESIDE = {  # scores that need no clusters, each held out and fitted
    "kNN": ("knn",),
    "Linear probe": ("probe",),
    "Mixing": ("ilisi", "kbet"),
    "Artist retrieval (secondary)": ("artist_hit",),
}
GROUPS = {
    "Disentanglement": ("mig", "sap", "dci_disentanglement", "dci_completeness", "dci_informativeness"),
    "Stability": ("stability_seeds", "stability_subsamples"),
}
APART = ("mig", "sap", "dci_disentanglement", "dci_completeness")  # whether each cause has a unit of its own
HELD_OUT_NOTE = (
    "Held out: no fit has met the artist of the song. Fitted: the fit has met the song itself, which flatters what can"
    " remember it. Intervals of held-out scores are over artists."
)
MIXED = "5 % line: of shuffled labels, 95 % are mixed better than that. A score below it is mixed worse than by chance."
NOTHING = (
    "Nothing disentangles here: under no score is a VAE above the 95 % line, below which 95 % of shuffled causes lie."
)
LINES = {  # score -> what of shuffled labels stands beside it, and its column
    **dict.fromkeys(("nmi", "purity", "knn", "probe", "artist_hit"), ("chance", "null_mean")),
    **dict.fromkeys(BESIDE["Mixing"], ("5 % line", "null_low")),
    **dict.fromkeys(GROUPS["Disentanglement"], ("95 % line", "null_high")),
}
NOTES = {"leaky": LEAKY, "collapsed": COLLAPSED}  # flag -> note under the table
FREE = ("dbscan", "hdbscan", "product")  # they choose the number of clusters, and may leave tracks out
STRONG = 6  # curves with a colour
CURVES = "KMeans, means over the seeds. Coloured: the best models and the best baseline. Grey: all others."

Columns = Mapping[str, Mapping[str, Part]]  # head -> representation -> row of results.csv


def by_clusterer(out: Outputs) -> Markup:
    """AMI with every label, a tab per clusterer."""
    results = out.rows("results.csv")
    rows = [row for row in results if row["score"].text == "ami"]
    clusterers = {row["clusterer"].text for row in rows}
    sheets = {}
    for clusterer in [*TITLES, *sorted(clusterers - set(TITLES))]:
        if clusterer in clusterers:
            columns = _by_label(out, [row for row in rows if row["clusterer"].text == clusterer], "AMI")
            free = _free(results, clusterer) if clusterer in FREE else {}
            sheets[TITLES.get(clusterer, clusterer)] = _scores(out, f"AMI under {clusterer}", columns, free)
    if not sheets:
        raise Empty
    return tabs("by-clusterer", sheets)


def _free(results: list[Part], clusterer: str) -> Columns:
    """The number of clusters and the share of tracks in them."""
    columns = {"clusters": "clusters", "tracks in a cluster": "coverage"}
    rows = [row for row in results if row["clusterer"].text == clusterer]
    return {title: _by_name(row for row in rows if row["score"].text == score) for title, score in columns.items()}


def _by_name(rows: Iterable[Part]) -> dict[str, Part]:
    return {row["representation"].text: row for row in rows}


def _by_label(out: Outputs, rows: list[Part], title: str) -> Columns:
    """A column per label."""
    columns = {label: _by_name(row for row in rows if row["label"].text == label) for label in out.labels}
    return {head(label, title): by_name for label, by_name in columns.items() if by_name}


def _by_kind(rows: list[Part], start: str = "") -> Columns:
    """A column per score and label."""
    columns: dict[str, dict[str, Part]] = {}
    for row in rows:
        score = row["score"].text.removeprefix(start)
        title = head(SCORES.get(score, score.replace("_", " ")), row["label"].text)
        columns.setdefault(title, {})[row["representation"].text] = row
    return columns


def _scores(
    out: Outputs, caption: str, columns: Columns, plain: Columns | None = None, notes: Sequence[str] = ()
) -> Markup:
    """A table of scores with their intervals; the columns of `plain` are numbers alone."""
    plain = plain or {}
    rows = [row for by_name in columns.values() for row in by_name.values()]
    flagged = {flag: {row["representation"].text for row in rows if row["flag"].text == flag} for flag in NOTES}
    lines = []
    for name in rank.ordered(out, _by_name(rows)):
        collapsed = name in flagged["collapsed"]
        cells = [*_cells(name, columns, _score), *_cells(name, plain, lambda row: number_cell(row["mean"]))]
        lines.append(Line(_name(out, name, collapsed=collapsed), cells, "collapsed" if collapsed else ""))
    about, names = out.representations(), list(_by_name(rows))
    below = [*notes, *(NOTES[flag] for flag, names in flagged.items() if names)]
    below += [*encoders.notes(about[name] for name in names), *_averaged(rows)]
    return table(Table(caption, ["representation", *columns, *plain], lines, below))


def _averaged(rows: list[Part]) -> list[str]:
    """Over how many values of a label each score is a mean, how to read it, and why it is undefined."""
    scores: dict[str, list[Part]] = {}
    for row in rows:
        if "classes" in row or "note" in row:
            scores.setdefault(_title(row), []).append(row)
    titles: dict[str, list[str]] = {}  # by note, as many scores share one
    for title, same in scores.items():
        defined = [row for row in same if row["mean"].number is not None]
        most = max(defined, key=lambda row: row["counted"].number or 0, default=None)
        if most and "classes" in most:
            text = f"mean over {most['classes'].text} values, of {most['counted'].text} tracks at most"
            titles.setdefault(text, []).append(title)
        for note in sorted({row["note"].text for row in defined} - {""}):
            titles.setdefault(note, []).append(title)
        for note in sorted({row["note"].text for row in same if row["mean"].number is None} - {""}):
            titles.setdefault(note, []).append(f"{title}, {UNKNOWN}")
    return [f"{'; '.join(same)}: {note}." for note, same in titles.items()]


def _title(row: Part) -> str:
    """The score of a row in words."""
    score, label = row["score"].text, row["label"].text
    name = score.removesuffix(f"_{FITTED}")
    return SCORES.get(name, name) + f" of {label}" * bool(label) + f", {FITTED}" * (name != score)


def _cells(name: str, columns: Columns, cell: Callable[[Part], Cell]) -> list[Cell]:
    return [cell(by_name[name]) if name in by_name else Cell(UNKNOWN) for by_name in columns.values()]


def _name(out: Outputs, name: str, *, collapsed: bool) -> Cell:
    marks = ("‡" if collapsed else "") + encoders.mark(out.representations()[name]) + tuned.mark(name)
    return Cell(code(name) + marks, name)


def _score(row: Part) -> Cell:
    """The mean with its interval, and what shuffled labels reach where that is not 0."""
    mark = "†" if row["flag"].text == "leaky" else ""
    word, column = LINES.get(row["score"].text.removesuffix(f"_{FITTED}"), ("", ""))
    line = row[column] if row[column].number is not None else None
    return Cell(part("mean", row, mark, word, line), row["mean"].number, "score")


def by_score(out: Outputs) -> Markup:
    """The other scores of the headline clusterer, a tab per kind."""
    results = out.rows("results.csv")
    headline = [row for row in results if row["clusterer"].text == out.headline]
    sheets = {}
    for score, title in AGREEMENT.items():
        if rows := [row for row in headline if row["score"].text == score]:
            sheets[title] = _scores(out, f"{title} under {out.headline}", _by_label(out, rows, title))
    for title, start in SHAPES.items():
        if rows := [row for row in headline if row["score"].text.startswith(start)]:
            sheets[title] = _scores(out, f"Shape of the clusters, {title.lower()}", _by_kind(rows, start))
    for title, scores in BESIDE.items():
        if columns := _beside(results, scores):
            sheets[title] = _scores(out, title, columns, notes=_about(title))
    for title, scores in GROUPS.items():
        if rows := [row for row in results if row["score"].text in scores]:
            notes = _disentangled(out, rows) if title == "Disentanglement" else []
            sheets[title] = _scores(out, title, _by_kind(rows), notes=notes)
    return tabs("by-score", sheets)


def _beside(results: list[Part], scores: Sequence[str]) -> Columns:
    """For each score and label a column of held-out values, and one of fitted values."""
    columns: dict[str, dict[str, Part]] = {}
    labels = dict.fromkeys(row["label"].text for row in results if row["score"].text in scores)
    for score in scores:
        for label in labels:
            for name, how in ((score, HELD_OUT), (f"{score}_{FITTED}", FITTED)):
                rows = [row for row in results if row["score"].text == name and row["label"].text == label]
                if rows:
                    columns[head(f"{SCORES[score]} {label}".strip(), how)] = _by_name(rows)
    return columns


def _about(title: str) -> list[str]:
    """What a reader has to know of these scores."""
    return [HELD_OUT_NOTE, *([MIXED] if title == "Mixing" else [])]


def _disentangled(out: Outputs, rows: list[Part]) -> list[str]:
    """That nothing disentangles, where no VAE is above what shuffled causes reach; and what baselines reach."""
    about, notes, compared = out.representations(), list[str](), list[bool]()
    for score in APART:
        same = [row for row in rows if row["score"].text == score and row["mean"].number is not None]
        models = [row for row in same if rank.is_model(about[row["representation"].text])]
        compared += [(row["mean"].number or 0) > (row["null_high"].number or 0) for row in models]
        best = [
            max(group, key=lambda row: row["mean"].number or 0) for group in (models, _without(same, models)) if group
        ]
        ends = [f"{rounded(row['mean'].number or 0, 2)} ({row['representation'].text})" for row in best]
        notes += (
            [f"Highest {SCORES[score]}: {ends[0]} of the VAEs, {ends[1]} of the baselines."] if len(ends) > 1 else []
        )
    return ([NOTHING] if compared and not any(compared) else []) + notes


def _without(rows: Sequence[Part], left: Sequence[Part]) -> list[Part]:
    return [row for row in rows if row not in left]


def k_curve(out: Outputs) -> Markup:
    """AMI over the number of clusters, a tab per label."""
    rows = out.rows("kcurve.csv")
    series = {label: _k_series([row for row in rows if row["label"].text == label]) for label in out.labels}
    if not any(series.values()):
        raise Empty
    return tabs("k-curve", {label: _k_chart(out, label, lines) for label, lines in series.items() if lines})


def _k_series(rows: list[Part]) -> dict[str, list[tuple[float, float]]]:
    series: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        k, ami = row["k"].number, row["ami"].number
        if k is not None and ami is not None:
            series.setdefault(row["representation"].text, []).append((k, ami))
    return series


def _k_chart(out: Outputs, label: str, series: charts.Series) -> Markup:
    models, baselines = rank.leaders(out, label)
    strong = [name for name in rank.ordered(out, models[: STRONG - 1]) + baselines[:1] if name in series]
    summary = f"AMI with {label} over the number of clusters of KMeans; the numbers are in reports/kcurve.csv"
    chart = charts.curves(series, strong, summary, "number of clusters (k)", f"AMI with {label}")
    return part("captioned", chart, CURVES)


def reading(out: Outputs) -> Markup:
    """How to read the tables: what of them there is."""
    about = out.representations().values()
    known, collapsed = any(map(encoders.knows, about)), any("flag" in scores for scores in about)
    leaky = any("leaky" in scores[label] for scores in about for label in out.labels)
    marked = any(map(tuned.mark, out.representations()))
    return render("tables", labels=out.shown(), leaky=leaky, collapsed=collapsed, known=known, tuned=marked)


def families(out: Outputs) -> Markup:
    """A sentence on each model that there is."""
    about = out.representations()
    has_lyrics = bool(out("metrics.json")["data"]["with_lyrics"].number)
    medium = {
        "conv1d": "a convolutional VAE on MFCC frames",
        "conv2d": "a convolutional VAE on log-mel pictures",
        "fusion": f"a VAE on {'sound and words' if has_lyrics else 'the sound'}",
    }
    given = about["hard"]["condition"].text if "hard" in about else ""
    present = {name: words for name, words in medium.items() if name in about}
    return render("families", names=set(about), medium=present, has_lyrics=has_lyrics, given=given)


def units(out: Outputs) -> Markup:
    """Active units of each model."""
    about = out.representations()
    lines = []
    for name in rank.ordered(out, [name for name in about if rank.is_model(about[name])]):
        scores, flag = about[name], about[name]["flag"].text
        cells = [Cell(scores["family"].text), count_cell(scores["active_units"]), count_cell(scores["latent"])]
        lines.append(Line(_name(out, name, collapsed=flag == "collapsed"), cells, flag))
    return table(Table("Active units", ["model", "family", "active units", "latent units"], lines))
