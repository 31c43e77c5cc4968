"""Verdicts over corpora: a paired t-test of each claim, Holm over the family, all clusterers together."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pipeline.core import store
from pipeline.core.settings import Effects
from pipeline.replicate import results

EFFECTS = Effects(ami=0.05, knn=0.05, stability=0.1)


def rows(values: dict[tuple[str, str], list[float]], against: str = "linear") -> pd.DataFrame:
    """The differences of AMI of models [model, clusterer] on each corpus."""
    lines = [
        {"corpus": corpus, "source": "compare", "model": model, "against": against, "label": "genre", "score": "ami"}
        | {"clusterer": clusterer, "value": value, "primary": against == "linear"}
        for (model, clusterer), several in values.items()
        for corpus, value in enumerate(several)
    ]
    return pd.DataFrame(lines)


def test_a_verdict_is_the_t_test_over_corpora(rng: np.random.Generator) -> None:
    values = list(rng.normal(0.1, 0.05, 8))
    table = results.verdicts(rows({("easy", "kmeans"): values}), EFFECTS)
    reference = stats.ttest_1samp(values, 0)
    row = table.iloc[0]
    assert row["p"] == pytest.approx(reference.pvalue)
    assert (row["low"], row["high"]) == pytest.approx(tuple(reference.confidence_interval()))
    assert (row["verdict"], row["corpora"], row["family"]) == ("better", 8, "primary")


def test_a_win_under_one_clusterer_is_undecided(rng: np.random.Generator) -> None:
    won, level = list(rng.normal(0.2, 0.02, 8)), list(rng.normal(0, 0.1, 8))
    table = results.verdicts(rows({("easy", "kmeans"): won, ("easy", "consensus"): level}), EFFECTS)
    assert set(table["verdict"]) == {"undecided"}
    assert "kmeans" in table["note"].iloc[0]


def test_small_differences_are_no_relevant_ones(rng: np.random.Generator) -> None:
    table = results.verdicts(rows({("easy", "kmeans"): list(rng.normal(0, 0.01, 8))}), EFFECTS)
    assert set(table["verdict"]) == {"equivalent"}


def test_secondary_claims_do_not_weaken_primary_ones(rng: np.random.Generator) -> None:
    """Holm counts each family alone: many secondary claims cost the primary one nothing."""
    primary = rows({("easy", "kmeans"): list(rng.normal(0.1, 0.08, 8))})
    many = [rows({("easy", "kmeans"): list(rng.normal(0, 0.1, 8))}, against=f"rival {number}") for number in range(30)]
    alone, together = (results.verdicts(pd.concat(parts), EFFECTS) for parts in ([primary], [primary, *many]))
    assert alone.iloc[0]["holm"] == together[together["family"] == "primary"]["holm"].iloc[0]


def test_two_corpora_decide_nothing() -> None:
    table = results.verdicts(rows({("easy", "kmeans"): [0.3, 0.31]}), EFFECTS)
    assert table["verdict"].tolist() == ["undecided"]
    assert table["difference"].isna().all()


def test_a_corpus_gives_its_differences_and_claims(workspace: Path) -> None:
    folder = workspace / "corpus"
    reports = folder / "reports"
    reports.mkdir(parents=True)
    difference = {"model": "easy", "against": "linear", "label": "genre", "score": "ami", "clusterer": "kmeans"}
    lines = [{**difference, "difference": "0.1", "verdict": "undecided"}]
    lines += [{**difference, "label": "language", "difference": "", "verdict": "leaky"}]
    store.write_table(reports / "comparisons.csv", pd.DataFrame(lines))
    claim = {"model": "vae", "against": "linear", "score": "knn", "column": "genre", "clusterer": ""}
    question = {"id": "representations", "comparisons": [{**claim, "family": "primary", "difference": -0.02}]}
    (reports / "questions.json").write_text(json.dumps({"questions": [question]}), encoding="utf-8")
    read = pd.DataFrame(results.read(folder))
    assert read["source"].tolist() == ["compare", "representations"]
    assert read["value"].tolist() == [0.1, -0.02]
    assert read["label"].tolist() == ["genre", "genre"]
    assert read["primary"].tolist() == [True, True]
