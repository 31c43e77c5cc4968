"""The whole path, from songs to the report, on twelve of them; and what a change of one thing changes."""

import hashlib
import importlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline import questions
from pipeline.core import store
from pipeline.score.runs import Runs, read_runs

pytestmark = pytest.mark.xdist_group("pipeline")  # one process runs all stages once, for every test here

LEARNT = ("baselines", "easy", "medium", "hard", "crossview")
STAGES = ("tracks", "audio", "ears", "lyrics", "audit", *LEARNT, "cluster", "evaluate", "compare")
LYRICS_ALONE = {"tfidf", "word2vec", "bert", "bert_free"}
LADDER = {"raw", "pca", "pca_white", "pca_segments", "ppca", "pca_metric", "track_lda", "pca_mfcc", "pca_logmel"}
BOTH = {"pca_both", "pca_both_25", "pca_both_75"}
BASELINES = {"spectral", "contrastive", "ae"} | LADDER | BOTH | LYRICS_ALONE
HARD = {"hard", "hard_sound", "hard_words", "hard_audio", "hard_lyrics"}
MODELS = {"easy", "conv1d", "conv2d", "fusion", "cross"} | HARD


def run(*stages: str) -> None:
    for stage in stages:
        importlib.import_module(f"pipeline.{stage}").main()


def digests(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


_kept: list[Path] = []  # the outputs of the first run of this process: every run gives the same


@pytest.fixture
def done(tiny_corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not _kept:
        run(*STAGES)
        _kept.append(tmp_path_factory.mktemp("outputs"))
        for name in ("build", "reports"):
            shutil.copytree(tiny_corpus / name, _kept[0] / name)
    shutil.copytree(_kept[0], tiny_corpus, dirs_exist_ok=True)
    return tiny_corpus


def test_every_representation_is_clustered_scored_and_told(done: Path) -> None:
    told = json.loads((done / "reports" / "metrics.json").read_text(encoding="utf-8"))
    scores = pd.read_csv(done / "reports" / "scores.csv")
    fewer = {name for name in told if re.fullmatch(r"pca_\d+", name)}  # as many dimensions as a model has active units
    assert set(told) == BASELINES | MODELS | fewer | {"data"}
    small = "Scores of neighbours and probes need 20 songs."
    assert told["data"] == {"tracks": 12, "with_lyrics": 10, "small": small}
    assert set(scores["representation"]) == set(told) - {"data"}
    assert {"kmeans", "agglomerative", "dbscan", "gmm", "hdbscan", "consensus", "oracle"} <= set(scores["clusterer"])
    compared = pd.read_csv(done / "reports" / "comparisons.csv")
    assert set(compared["model"]) == MODELS
    assert set(compared.loc[compared["verdict"] == "leaky", "model"]) == {
        "hard_audio",
        "hard_lyrics",
    }  # which saw the other half


def test_two_genres_that_differ_to_the_ear_are_found_by_raw_statistics(done: Path) -> None:
    told = json.loads((done / "reports" / "metrics.json").read_text(encoding="utf-8"))
    assert told["raw"]["genre"]["ami"] == 1.0
    assert told["raw"]["language"]["ami"] < 0.3


def test_text_and_lyrics_leave_tracks_without_words_out(done: Path) -> None:
    without = {"en_003", "bn_008"}
    text = [("baselines", "tfidf"), ("baselines", "bert"), ("hard", "hard_words"), ("hard", "hard_lyrics")]
    for folder, name in text:
        rows = store.read_rows(done / "build" / folder, name)
        missing = {id_ for id_, row in zip(rows.ids, rows[name], strict=True) if np.isnan(row).all()}
        assert missing == without


def test_the_same_seed_gives_the_same_bytes(done: Path) -> None:
    before = {**digests(done / "build"), **digests(done / "reports")}
    run(*STAGES)
    assert {**digests(done / "build"), **digests(done / "reports")} == before


def test_beta_changes_hard_and_its_clusters_and_nothing_else(
    done: Path, set_param: Callable[[str, object], None]
) -> None:
    """The scores of a representation follow from its numbers and clusters; CI asks `dvc metrics diff`."""
    ids = store.read_rows(done / "build" / "audio").ids
    before = read_runs(ids)
    set_param("beta", 100)
    run("hard", "cluster")
    after = read_runs(ids)
    changed = {name for name in before.representations if not alike(before.of(name), after.of(name))}
    assert "hard" in changed
    own = {name for name in changed if not re.fullmatch(r"pca_\d+", name)}  # which follow the number of active units
    assert own <= HARD


def alike(one: Runs, two: Runs) -> bool:
    return one.columns == two.columns and np.array_equal(one.array, two.array)


def test_labels_are_never_trained_on(done: Path) -> None:
    """With other genres and themes in the table, every embedding stays the same; hard is told the language alone."""
    before = {name: digests(done / "build" / name) for name in LEARNT}
    file = done / "data" / "tracks.csv"
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    table["genre"], table["theme"] = table["genre"].to_numpy()[::-1], "other"
    table.to_csv(file, index=False)
    run("tracks", "audio", "ears", "lyrics", *LEARNT)
    assert {name: digests(done / "build" / name) for name in before} == before


def test_a_track_keeps_its_row_whatever_the_order_of_the_table(done: Path) -> None:
    before = {id_: row.tobytes() for id_, row in zip(*_raw(done), strict=True)}
    file = done / "data" / "tracks.csv"
    pd.read_csv(file, dtype=str, keep_default_na=False).iloc[::-1].to_csv(file, index=False)
    run("tracks", "audio", "lyrics")
    assert _raw(done)[0] == tuple(reversed(before))
    assert {id_: row.tobytes() for id_, row in zip(*_raw(done), strict=True)} == before


def _raw(root: Path) -> tuple[tuple[str, ...], list[np.ndarray]]:
    rows = store.read_rows(root / "build" / "audio", "stats")
    return rows.ids, list(rows["stats"])


def test_every_question_gets_a_verdict_from_its_own_trials(done: Path) -> None:
    questions.main()
    first = (done / "reports" / "questions.json").read_bytes()
    report = json.loads(first)
    assert (report["seeds"], report["folds"]) == (2, 2)
    *asked, stability = report["questions"]
    assert [each["id"] for each in asked] == ["representations", "lyrics", "language"]
    for each in asked:
        assert each["answer"] in {"yes", "no", "mixed", "undecided", "equivalent"}
        assert each["claims"]
        assert {row["family"] for row in each["comparisons"]} == {"primary", "secondary"}
        assert {row["seeds"] for row in each["rows"]} <= {1, 2}  # of clusters; of neighbours there is one fit per fold
    assert stability["verdict"] == "Not asked: clusters of 3 fits to other artists or more are needed: see `folds`."
    questions.main()
    assert (done / "reports" / "questions.json").read_bytes() == first
