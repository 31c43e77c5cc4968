"""Experiments: the runs of `dvc exp`, side by side."""

from html import escape

from pipeline.html import charts
from pipeline.html.html import Cell, Line, Table, raw, table, valued
from pipeline.html.outputs import Missing, Outputs, Part

FILE = "experiments.csv"
MAKE = (
    "`reports/experiments.csv` is missing: run `dvc exp run --queue -S beta=1,2,4,8`, then `dvc queue start`, then"
    " `dvc exp show --csv --drop '.*' --keep 'Experiment|rev|beta|hard\\.' > reports/experiments.csv`"
)
MODEL = "hard"  # the only reader of beta


def sweep(out: Outputs) -> str:
    """Curves over beta, and the table of the runs."""
    if not (out.reports / FILE).exists():
        raise Missing(MAKE)
    rows = [row for row in out(FILE) if _at(row, "beta").number is not None]
    if not rows:
        raise Missing(MAKE.replace("is missing", "holds no run with a beta"))
    wanted = [f"{MODEL}.{label}.ami" for label in out.labels]
    wanted += [f"{MODEL}.active_units", f"{MODEL}.mse_audio", f"{MODEL}.own_space.silhouette"]
    kept = [name for name in wanted if any(_at(row, name).number is not None for row in rows)]
    rows.sort(key=lambda row: (_at(row, "beta").number or 0, row["Experiment"].text))
    return "\n".join([*_curves(rows, kept), _table(rows, kept)])


def pressed(out: Outputs) -> str:
    """What pressing harder does to the small models of the last question: each score over beta."""
    rows = [
        (beta, row)
        for question in out("questions.json")["questions"]
        for row in question["rows"]
        if (beta := _beta(row["name"].text)) is not None
    ]
    first = {row["score"].text: row["clusterer"].text for _, row in reversed(rows)}
    kept = [(beta, row) for beta, row in rows if first[row["score"].text] == row["clusterer"].text]
    if len({beta for beta, _ in kept}) < 2:
        raise Missing("`reports/questions.json` holds no sweep over beta: give `questions.betas` two values or more")
    curves: dict[str, dict[float, float | None]] = {}
    for beta, row in kept:
        curves.setdefault(row["score"].text, {})[beta] = row["mean"].number
        curves.setdefault("active units", {})[beta] = row["active_units"].number
    return raw(f'<div class="small-multiples">{"".join(_curve(name, points) for name, points in curves.items())}</div>')


def _beta(name: str) -> float | None:
    """Of a trial of the questions, whose plain VAE has a beta of 1."""
    if name == "vae":
        return 1.0
    start, _, value = name.partition(" ")
    return float(value) if start == "beta" and value.replace(".", "", 1).isdigit() else None


def _at(row: Part, name: str) -> Part:
    """The cell of a metric or parameter; `dvc exp show` puts the file before the name where it is not alone."""
    for key in row.keys:
        if key == name or key.endswith(f":{name}"):
            return row[key]
    return row[name]


def _curves(rows: list[Part], kept: list[str]) -> list[str]:
    by_beta = {name: {(_at(row, "beta").number or 0.0): _at(row, name).number for row in rows} for name in kept}
    found = "".join(_curve(_said(name), points) for name, points in by_beta.items())
    return [raw(f'<div class="small-multiples">{found}</div>')] if found else []


def _curve(name: str, points: dict[float, float | None]) -> str:
    line = [(beta, value) for beta, value in sorted(points.items()) if value is not None]
    if len(line) < 2:
        return ""
    told = f"{name} over beta: " + ", ".join(f"{value:.3g} at {beta:g}" for beta, value in line)
    return f"<figure>{charts.curves({name: line}, [name], told, 'beta', name)}</figure>"


def _said(name: str) -> str:
    return name.removeprefix(f"{MODEL}.").removesuffix(".ami").replace("_", " ").replace(".", " ")


def _table(rows: list[Part], kept: list[str]) -> str:
    lines = [
        Line(
            Cell(escape(row["Experiment"].text or row["rev"].text or "workspace")),
            [valued(_at(row, "beta")), *(valued(_at(row, name), 3) for name in kept)],
        )
        for row in rows
    ]
    return table(Table("Runs with their beta", ["run", "beta", *(escape(_said(name)) for name in kept)], lines))
