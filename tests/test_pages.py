"""Stage pages, on made-up outputs: numbers know their place, nothing told or collapsed leads, gaps are said."""

import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import pages
from pipeline.core import store
from pipeline.html import charts, html
from pipeline.html.charts import Span
from pipeline.html.outputs import MADE_BY, Outputs, Part
from tests import sample_report

FINITE = st.floats(-1e6, 1e6, allow_nan=False)


@pytest.fixture
def project(workspace: Path, set_param: Callable[[str, object], None]) -> Path:
    sample_report.write(workspace)
    set_param("evaluate.labels", list(sample_report.LABELS))
    return workspace


def written(name: str) -> str:
    pages.main()
    return (store.REPORTS / "_generated" / f"{name}.md").read_text(encoding="utf-8")


def change(name: str, how: Callable[[Any], Any]) -> None:
    file = store.REPORTS / name
    store.write_json(file, how(store.read_json(file)))


def plain(text: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


@pytest.mark.usefixtures("project")
def test_the_answer_names_who_is_shown_to_be_better_and_by_how_much() -> None:
    text = plain(written("answer"))
    assert "On genre easy is shown to be better than the best baseline, pca, by +0.30 AMI." in text
    assert "On language no VAE is." in text
    assert "smallest difference that could be shown: 0.07" in text


@pytest.mark.usefixtures("project")
def test_neither_a_told_label_nor_a_collapsed_model_leads() -> None:
    tiles = written("answer")
    assert "hard" not in tiles  # told the language, where it would be first
    assert "conv2d" not in tiles  # collapsed, and first on genre


@pytest.mark.usefixtures("project")
def test_only_what_is_shown_to_be_better_is_bold() -> None:
    text = written("headline")
    bold = re.findall(r"<b>(.*?)</b>", text)
    assert [plain(one) for one in bold] == ["0.81"]
    assert "†" in text
    assert "‡" in text
    change("metrics.json", lambda told: told | {"easy": told["easy"] | {"flag": "collapsed"}})
    assert "<b>" not in written("headline")


@pytest.mark.usefixtures("project")
def test_a_stronger_baseline_that_nobody_compared_forbids_the_claim() -> None:
    higher = {"ami": 0.9, "ami_low": 0.8, "ami_high": 1.0}
    change("metrics.json", lambda told: told | {"spectral": {"family": "spectral", "genre": higher}})
    text = plain(written("answer"))
    assert "No VAE is shown to group these songs better" in text
    assert "stronger, and not compared: spectral ( 0.90 ); add it to compare.against" in text
    assert "<b>" not in written("headline")


@pytest.mark.usefixtures("project")
def test_without_a_comparison_nothing_is_claimed() -> None:
    file = store.REPORTS / "comparisons.csv"
    rows = pd.read_csv(file)
    store.write_table(file, rows[rows["label"] == "language"])
    text = plain(written("answer"))
    assert "No VAE is shown to group these songs better" in text
    assert "not compared with pca" in text
    file.unlink()
    assert "dvc repro compare" in plain(written("answer"))


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("gone", MADE_BY)
def test_what_is_missing_is_said_with_the_command_that_makes_it(gone: str) -> None:
    (store.REPORTS / gone).unlink()
    pages.main()
    texts = [file.read_text(encoding="utf-8") for file in (store.REPORTS / "_generated").iterdir()]
    wanted = {
        "comparisons.csv": "dvc repro compare",
        "stability.csv": ">missing<",
    }  # without them, other words stand there
    assert any(
        wanted.get(gone, f"`reports/{gone}` is missing: run `dvc repro {MADE_BY[gone]}`") in text for text in texts
    )
    assert (store.REPORTS / "_variables.yml").exists()


def test_with_nothing_at_all_every_piece_says_what_to_run(workspace: Path) -> None:
    pages.main()
    for name in pages.PIECES:
        text = (workspace / "reports" / "_generated" / f"{name}.md").read_text(encoding="utf-8")
        assert "run `dvc" in text or "dvc repro" in text or name == "card"


@pytest.mark.usefixtures("project")
def test_the_map_carries_its_data_as_they_are_and_closes_no_script() -> None:
    text = written("explorer")
    inner = re.search(r'id="map-data">(.*?)</script>', text, re.DOTALL)
    assert inner is not None
    told = json.loads(inner[1])
    assert told == store.read_json(store.REPORTS / "figures" / "map.json")
    assert text.count("</script>") == 3


@pytest.mark.usefixtures("project")
def test_cards_link_to_previews_that_are_there_alone() -> None:
    text = written("cards")
    assert re.findall(r'href="([^"]+)"', text) == ["figures/previews/t0.mp3", "figures/previews/t1.mp3"]
    assert "&lt;folk&gt;" in text
    assert "stable" in text
    assert '<dd lang="bn">বৃষ্টি</dd>' in text


@pytest.mark.usefixtures("project")
def test_the_data_card_is_shown_and_never_run() -> None:
    text = written("card")
    assert "<h3>Songs</h3>" in text
    assert "<script>" not in text
    assert 'src="shipped/card/a.png" alt="a song"' in text
    assert (store.REPORTS / "shipped" / "card" / "a.png").read_bytes() == b"picture"
    assert (store.REPORTS / "shipped" / "plotly.min.js").stat().st_size > 1_000_000


@pytest.mark.usefixtures("project")
def test_every_table_row_has_a_cell_for_each_head() -> None:
    pages.main()
    for file in (store.REPORTS / "_generated").iterdir():
        for table in re.findall(r'<table class="scores.*?</table>', file.read_text(encoding="utf-8"), re.DOTALL):
            heads, *rows = re.findall(r"<tr.*?</tr>", table, re.DOTALL)
            assert {len(re.findall(r"<t[hd][ >]", row)) for row in rows} == {heads.count("<th ")}, file.name


@pytest.mark.usefixtures("project")
def test_runs_of_dvc_exp_are_put_side_by_side() -> None:
    head = "Experiment,rev,hard.active_units,hard.genre.ami,hard.own_space.silhouette,beta\n"  # as dvc exp show has it
    runs = ",workspace,16,.5,.1,2\nloud-song,a1,4,.6,,8\n"
    (store.REPORTS / "experiments.csv").write_text(head + runs, encoding="utf-8")
    text = written("sweep")
    assert re.findall(r'scope="row">([^<]*)<', text) == ["workspace", "loud-song"]
    assert text.count("<polyline") == 2
    assert "genre over beta: 0.5 at 2, 0.6 at 8" in text


@pytest.mark.usefixtures("project")
def test_betas_of_the_questions_are_a_curve() -> None:
    assert "AMI genre over beta: 0.612 at 1, 0.587 at 4" in written("pressed")


@pytest.mark.usefixtures("project")
def test_the_same_outputs_give_the_same_bytes() -> None:
    def all_bytes() -> dict[str, bytes]:
        pages.main()
        files = [*(store.REPORTS / "_generated").iterdir(), store.REPORTS / "_variables.yml"]
        return {file.name: file.read_bytes() for file in files}

    first = all_bytes()
    (store.REPORTS / "_generated" / "old.md").write_text("of an older run", encoding="utf-8")
    assert all_bytes() == first


@pytest.mark.usefixtures("project")
def test_a_verdict_stands_under_its_own_head() -> None:
    text = written("questions")
    heads, row = (re.findall(r"<t[hd][ >].*?</t[hd]>", part) for part in re.findall(r"<tr.*?</tr>", text)[:2])
    cells = dict(zip(map(plain, heads), map(plain, row), strict=True))
    assert cells["comparison"] == "beta 4 − vae"
    assert cells["verdict"] == "○ not shown"
    assert cells["clusterer"] == "kmeans"
    assert (cells["p"], cells["could be shown"]) == ("0.700", "0.083")


@pytest.mark.parametrize(
    ("p", "shown"), [(0.5, "0.500"), (0.0006, "0.001"), (0.0004, "< 0.001"), (0, "< 0.001"), (None, "–")]
)  # fmt: skip
def test_a_small_p_is_never_shown_as_none(p: float | None, shown: str) -> None:
    assert plain(html.chance(Part(p, "a#")).html) == shown


@given(FINITE, st.integers(0, 4))
def test_a_rounded_number_is_off_by_half_a_digit_at_most(value: float, digits: int) -> None:
    text = html.rounded(value, digits)
    shown = float(text.replace("\N{MINUS SIGN}", "-"))
    assert abs(shown - value) <= 0.5 * 10 ** -(0 if abs(value) >= 1000 else digits) + 1e-9
    assert "-" not in text
    assert text != "\N{MINUS SIGN}0" * (shown == 0)


@pytest.mark.parametrize("value", [None, "", "x", float("nan"), float("inf")])
def test_what_is_undefined_is_a_dash(value: object) -> None:
    assert html.number(Part(value, "a#")) == html.NONE


def test_a_place_leads_back_to_the_number() -> None:
    part = Part({"a/b": [{"c~d": 2}]}, "x.json#")["a/b"][0]["c~d"]
    assert (part.place, part.number) == ("x.json#/a~1b/0/c~0d", 2)
    assert part["gone"]["deeper"].number is None


@given(st.lists(st.tuples(FINITE, st.floats(0, 100), st.floats(0, 100)), min_size=1, max_size=5))
def test_intervals_stay_inside_their_picture(found: list[tuple[float, float, float]]) -> None:
    spans = {f"n{n}": (Span(mean, mean - low, mean + high), "") for n, (mean, low, high) in enumerate(found)}
    drawn = charts.forest(spans, "told")
    wide = float(drawn.split('viewBox="0 0 ')[1].split()[0])
    xs = [float(x) for x in re.findall(r' (?:x1|x2|cx)="([^"]+)"', drawn)]
    assert all(-0.1 <= x <= wide for x in xs)
    assert drawn.count("<circle") == len(found)


@given(st.tuples(FINITE, FINITE).filter(lambda ends: ends[1] - ends[0] > 1e-3))
def test_ticks_are_few_round_and_on_the_axis(ends: tuple[float, float]) -> None:
    ticks = charts._ticks(ends, 6)
    assert len(ticks) <= 7
    assert all(ends[0] - 1e-6 <= tick <= ends[1] + 1e-6 for tick in ticks)


def test_names_at_the_end_of_curves_do_not_lie_on_each_other() -> None:
    assert charts._apart({"a": 10.0, "b": 11.0, "c": 50.0}, 14) == {"a": 10.0, "b": 24.0, "c": 50.0}


def test_labels_without_scores_are_not_shown(project: Path) -> None:
    out = Outputs(project / "reports", ("theme", "genre"), "kmeans")
    assert out.shown() == ["genre"]
