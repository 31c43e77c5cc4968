"""Stage pages on made-up outputs: no leaky score or collapsed model leads, and a gap names its command."""

import json
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline import pages
from pipeline.core import store
from pipeline.html import rank
from pipeline.html.outputs import MADE_BY, Outputs
from tests import sample_report


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
def test_the_answer_names_the_better_model_and_its_gain() -> None:
    text = plain(written("answer"))
    assert "On genre , easy beat the best baseline, pca, by +0.30 AMI." in text
    assert "On language , no VAE beat the best baseline beyond doubt." in text
    assert "could reliably detect only differences above 0.07 ." in text


@pytest.mark.usefixtures("project")
def test_neither_a_leaky_score_nor_a_collapsed_model_leads() -> None:
    tiles = written("answer")
    assert "hard" not in tiles  # the language is its input, where it would lead
    assert "conv2d" not in tiles  # collapsed, and highest on genre


@pytest.mark.usefixtures("project")
def test_only_a_better_model_is_bold() -> None:
    text = written("headline")
    bold = re.findall(r"<b>(.*?)</b>", text)
    assert [plain(part) for part in bold] == ["0.81"]
    assert "†" in text
    assert "‡" in text
    change("metrics.json", lambda metrics: metrics | {"easy": metrics["easy"] | {"flag": "collapsed"}})
    assert "<b>" not in written("headline")


@pytest.mark.usefixtures("project")
def test_a_stronger_baseline_without_comparison_forbids_the_claim() -> None:
    higher = {"ami": 0.9, "ami_low": 0.8, "ami_high": 1.0}
    change("metrics.json", lambda metrics: metrics | {"spectral": {"family": "spectral", "genre": higher}})
    text = plain(written("answer"))
    assert (
        "No VAE beat the best baseline beyond doubt. The closest is easy on language : −0.55 AMI" in text
    )  # on genre spectral leads
    assert "The stronger baseline spectral ( 0.90 ) was not compared: add it to compare.against" in text
    assert "<b>" not in written("headline")


@pytest.mark.usefixtures("project")
def test_without_a_comparison_nothing_is_claimed() -> None:
    file = store.REPORTS / "comparisons.csv"
    rows = pd.read_csv(file)
    store.write_table(file, rows[rows["label"] == "language"])
    text = plain(written("answer"))
    assert "No VAE beat the best baseline beyond doubt" in text
    assert "not compared with pca" in text
    file.unlink()
    assert "dvc repro compare" in plain(written("answer"))


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("gone", MADE_BY)
def test_a_missing_output_is_named_with_its_command(gone: str) -> None:
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


def test_without_any_output_every_piece_names_its_command(workspace: Path) -> None:
    pages.main()
    for name in pages.PIECES:
        text = (workspace / "reports" / "_generated" / f"{name}.md").read_text(encoding="utf-8")
        assert "run `dvc" in text or "dvc repro" in text or name == "card"


@pytest.mark.usefixtures("project")
def test_the_map_carries_its_data_unchanged_and_closes_no_script() -> None:
    text = written("explorer")
    inner = re.search(r'id="map-data">(.*?)</script>', text, re.DOTALL)
    assert inner is not None
    data = json.loads(inner[1])
    assert data == store.read_json(store.REPORTS / "figures" / "map.json")
    assert text.count("</script>") == 3


@pytest.mark.usefixtures("project")
def test_cards_link_to_existing_previews_only() -> None:
    text = written("cards")
    assert re.findall(r'href="([^"]+)"', text) == ["figures/previews/t0.mp3", "figures/previews/t1.mp3"]
    assert "&lt;folk&gt;" in text
    assert "stable" in text
    assert '<dd lang="bn">বৃষ্টি</dd>' in text


@pytest.mark.usefixtures("project")
def test_the_data_card_is_shown_as_text() -> None:
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
def test_betas_of_the_questions_are_a_curve() -> None:
    assert "AMI genre over beta: 0.612 at 1, 0.587 at 4" in written("sweep")


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
def test_a_verdict_stands_under_its_head() -> None:
    text = written("questions")
    heads, row = (re.findall(r"<t[hd][ >].*?</t[hd]>", part) for part in re.findall(r"<tr.*?</tr>", text)[:2])
    cells = dict(zip(map(plain, heads), map(plain, row), strict=True))
    assert cells["comparison"] == "beta 4 − vae"
    assert cells["verdict"] == "○ not shown"
    assert cells["clusterer"] == "kmeans"
    assert (cells["p"], cells["detectable"]) == ("0.700", "0.083")


def test_labels_without_scores_are_left_out(project: Path) -> None:
    out = Outputs(project / "reports", ("theme", "genre"), "kmeans")
    assert out.shown() == ["genre"]


def test_a_model_has_active_units_and_a_baseline_has_none(project: Path) -> None:
    out = Outputs(project / "reports", sample_report.LABELS, "kmeans")
    assert rank.ordered(out, ["tfidf", "unknown", "pca", "hard", "easy"]) == ["easy", "hard", "pca", "tfidf", "unknown"]
    about = out.representations()
    assert [name for name in about if rank.is_model(about[name])] == ["easy", "hard", "conv2d"]
