"""Stage evaluate: headlines are means by hand, what a model was told is marked, and what is undefined is null."""

import json
from collections.abc import Callable
from pathlib import Path
from statistics import fmean

import numpy as np
import pandas as pd
import pytest

from pipeline import evaluate, store
from pipeline.evaluate import headlines, labelled, scored
from pipeline.scores import ABSENT, AGREEMENT, NOISE, SHAPE, agreement
from pipeline.stage import Problem
from pipeline.store import Representation

IDS = tuple(f"t{number}" for number in range(8))
LANGUAGE = ["bn", "bn", "bn", "bn", "en", "en", "en", "en"]
GENRE = ["folk", "pop", "folk", "pop", "folk", "pop", "folk", ""]


def kind(name: str, **about: object) -> Representation:
    return Representation(Path("nowhere"), name, {"family": "toy", **about})


def long(*rows: tuple[str, str, int, str, str, float | None]) -> pd.DataFrame:
    columns = ["representation", "clusterer", "seed", "label", "score", "value"]
    return pd.DataFrame(rows, columns=columns).assign(leaky="")


def test_headlines_are_means_over_the_seeds() -> None:
    table = long(
        ("easy", "kmeans", 0, "genre", "ami", 0.1),
        ("easy", "kmeans", 1, "genre", "ami", 0.2),
        ("easy", "kmeans", 2, "genre", "ami", 0.6),
        ("easy", "kmeans", 0, "language", "ami", 1.0),
        ("easy", "gmm", 0, "genre", "ami", 9.0),
        ("pca", "kmeans", 0, "genre", "ami", 7.0),
    )
    told = headlines(table, [kind("easy"), kind("pca")], "kmeans")
    assert told == {
        "easy": {"family": "toy", "genre": {"ami": 0.3}, "language": {"ami": 1.0}},
        "pca": {"family": "toy", "genre": {"ami": 7.0}},
    }


def test_headlines_are_rounded_means_of_what_is_defined() -> None:
    rows = [("easy", "kmeans", seed, "genre", "ami", value) for seed, value in enumerate([None, 1 / 3, 2 / 3, None])]
    rows += [("easy", "kmeans", seed, "genre", "ari", value) for seed, value in enumerate([None, None, 1 / 3])]
    rows += [("easy", "kmeans", 0, "genre", "nmi", None)]
    told = headlines(long(*rows), [kind("easy")], "kmeans")
    assert told["easy"] == {"family": "toy", "genre": {"ami": 0.5, "ari": 0.3333, "nmi": None}}


def test_headlines_tell_what_a_model_says_of_itself_and_how_dbscan_did() -> None:
    table = long(
        ("hard", "kmeans", 0, "genre", "v_measure", 0.5),
        ("hard", "dbscan", 0, "own_space", "clusters", 3),
        ("hard", "dbscan", 1, "own_space", "clusters", 4),
        ("hard", "dbscan", 0, "own_space", "coverage", 0.5),
        ("hard", "dbscan", 1, "own_space", "coverage", None),
        ("hard", "dbscan", 0, "own_space", "silhouette", 0.9),
    )
    about = {"condition": "language", "active_units": [2, 5], "kl_per_unit": [[0.1] * 7, [0.2] * 7]}
    told = headlines(table, [kind("hard", **about)], "kmeans")["hard"]
    assert told == {
        "family": "toy", "active_units": 3.5, "latent": 7, "condition": "language",
        "dbscan": {"clusters": 3.5, "coverage": 0.5},
    }  # fmt: skip


def test_a_model_without_one_active_unit_says_so() -> None:
    about = {"active_units": [0, 0], "kl_per_unit": [[0.0] * 4] * 2}
    told = headlines(long(("easy", "kmeans", 0, "genre", "ami", 0.0)), [kind("easy", **about)], "kmeans")["easy"]
    assert told == {"family": "toy", "active_units": 0, "latent": 4, "genre": {"ami": 0.0}}


@pytest.mark.parametrize(("condition", "leaky"), [("language", {"language"}), ("genre", {"genre"}), ("none", set())])
def test_a_label_that_the_model_was_told_is_marked_leaky(
    condition: str, leaky: set[str], rng: np.random.Generator
) -> None:
    truths = {"language": np.array(LANGUAGE, dtype=object), "genre": np.array(GENRE, dtype=object)}
    rows = scored(rng.standard_normal((8, 2)), np.array([0, 0, 1, 1, 0, 0, 1, 1]), truths, condition)
    assert {str(row["label"]) for row in rows if row["leaky"] == "yes"} == leaky
    assert {row["leaky"] for row in rows} <= {"yes", ""}
    assert len(rows) == 2 * len(AGREEMENT) + len(SHAPE) + 2


def test_every_score_of_a_clustering_stands_under_its_label(rng: np.random.Generator) -> None:
    found = np.array([0, 0, 1, NOISE, 1, 1, 0, ABSENT])
    truth = np.array(LANGUAGE, dtype=object)
    rows = {
        (row["label"], row["score"]): row["value"] for row in scored(rng.random((8, 2)), found, {"x": truth}, "none")
    }
    assert {name: rows["x", name] for name in AGREEMENT} == {name: agreement(name, truth, found) for name in AGREEMENT}
    assert rows["own_space", "coverage"] == pytest.approx(6 / 7)
    assert rows["own_space", "clusters"] == 2
    assert rows["own_space", "silhouette"] is not None


def checked_tracks(workspace: Path, ids: tuple[str, ...] = IDS) -> None:
    table = pd.DataFrame(
        {"id": IDS, "language": LANGUAGE, "genre": GENRE, "one": "x", "none": "", "half": ["x", ""] * 4}
    )
    table = table.assign(has_lyrics=["yes"] * 5 + ["no"] * 3, reason="").set_index("id", drop=False).loc[list(ids)]
    store.write_table(workspace / "build" / "tracks" / "tracks.csv", table)


@pytest.mark.parametrize("order", [IDS, IDS[::-1]])
def test_labels_follow_the_ids(order: tuple[str, ...], workspace: Path) -> None:
    checked_tracks(workspace, order)
    some = ("t5", "t0", "t7")
    truths = labelled(some, ("language", "genre"))
    assert {name: truth.tolist() for name, truth in truths.items()} == {
        "language": ["en", "bn", "en"], "genre": ["pop", "folk", ""],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("column", "why"),
    [
        ("mood", "data/tracks.csv has no column 'mood': left out"),
        ("one", "column 'one' has less than two values: left out"),
        ("none", "column 'none' has less than two values: left out"),
        ("half", "column 'half' has less than two values: left out"),
    ],
)
def test_a_label_that_cannot_be_scored_is_left_out_with_a_warning(
    column: str, why: str, workspace: Path, caplog: pytest.LogCaptureFixture
) -> None:
    checked_tracks(workspace)
    assert set(labelled(IDS, ("language", column))) == {"language"}
    assert why in caplog.text
    assert len(caplog.records) == 1


@pytest.fixture
def clustered(workspace: Path, set_param: Callable[[str, object], None], rng: np.random.Generator) -> Path:
    """A build in which `hard` finds the languages with seed 5 and nothing with seed 6; `text` has no place for some."""
    checked_tracks(workspace)
    set_param("seeds", [5, 6])
    set_param("evaluate.labels", ["language", "genre", "mood"])
    build = workspace / "build"
    store.write_rows(build / "audio", IDS)
    store.write_rows(build / "lyrics", IDS[::-1], there=np.array([False] * 3 + [True] * 5))
    store.write_rows(build / "hard", IDS[::-1], hard=rng.standard_normal((8, 2, 3)))
    about = {"family": "beta-VAE", "condition": "language", "active_units": [3, 1], "kl_per_unit": [[0.1] * 3] * 2}
    store.write_json(build / "hard" / "hard.json", about)
    store.write_rows(build / "baselines", IDS, text=np.full((8, 1, 2), np.nan))
    store.write_json(build / "baselines" / "text.json", {"family": "TF-IDF"})
    exact, nothing, absent = [0] * 4 + [1] * 4, [0] * 8, [ABSENT] * 8
    runs = [
        ("hard", "kmeans", 5),
        ("hard", "kmeans", 6),
        ("hard", "dbscan", 5),
        ("text", "kmeans", 5),
        ("text", "kmeans", 6),
    ]
    labels = np.array([exact, nothing, [0] * 4 + [NOISE] * 4, absent, absent]).T
    store.write_rows(build / "cluster", IDS[::-1], labels=labels[::-1])
    table = pd.DataFrame(runs, columns=["representation", "clusterer", "seed"]).assign(note="")
    store.write_table(build / "cluster" / "runs.csv", table)
    return workspace


def test_the_stage_writes_headlines_and_every_score(clustered: Path) -> None:
    evaluate.main()
    told = json.loads((clustered / "reports" / "metrics.json").read_text(encoding="utf-8"))
    assert told["data"] == {"tracks": 8, "with_lyrics": 5}
    assert list(told) == ["data", "text", "hard"]
    assert told["hard"]["language"] == {"ami": 0.5, "ari": 0.5, "nmi": 0.5, "purity": 0.75}
    assert told["hard"]["dbscan"] == {"clusters": 1, "coverage": 0.5}
    assert "mood" not in told["hard"]
    table = store.read_table(clustered / "reports" / "scores.csv")
    assert len(table) == 5 * (2 * len(AGREEMENT) + len(SHAPE) + 2)
    leaky = table[table["leaky"] == "yes"]
    assert set(leaky["label"]) == {"language"}
    assert set(leaky["representation"]) == {"hard"}
    mine = table[
        (table["representation"] == "hard") & (table["clusterer"] == "kmeans") & (table["label"] == "language")
    ]
    by_hand = fmean(float(value) for value in mine.loc[mine["score"] == "ari", "value"])
    assert told["hard"]["language"]["ari"] == by_hand


def test_what_is_undefined_is_null_in_json_and_empty_in_the_table(clustered: Path) -> None:
    evaluate.main()
    raw = (clustered / "reports" / "metrics.json").read_text(encoding="utf-8")
    assert "NaN" not in raw
    text = json.loads(raw)["text"]
    assert text["language"] == {"ami": None, "ari": None, "nmi": None, "purity": None}
    assert text["own_space"] == {
        "silhouette": None, "calinski_harabasz": None, "davies_bouldin": None, "coverage": None, "clusters": 0.0,
    }  # fmt: skip
    table = store.read_table(clustered / "reports" / "scores.csv")
    assert set(table.loc[(table["representation"] == "text") & (table["score"] == "ami"), "value"]) == {""}


@pytest.mark.usefixtures("clustered")
def test_a_headline_that_nobody_ran_is_refused(set_param: Callable[[str, object], None]) -> None:
    set_param("evaluate.headline", "kmean")
    with pytest.raises(Problem, match=r"evaluate\.headline is 'kmean', which is not one of cluster\.clusterers"):
        evaluate.main()


def test_the_same_build_gives_the_same_bytes(clustered: Path) -> None:
    written = []
    for _ in range(2):
        evaluate.main()
        written.append([(clustered / "reports" / name).read_bytes() for name in ("metrics.json", "scores.csv")])
    assert written[0] == written[1]


@pytest.mark.parametrize("name", ["family", "own_space", "dbscan"])
def test_a_label_may_not_take_the_place_of_what_metrics_json_says(name: str, workspace: Path) -> None:
    table = pd.DataFrame({"id": ["a", "b"], name: ["x", "y"], "reason": ["", ""]})
    store.write_table(workspace / "build" / "tracks" / "tracks.csv", table)
    with pytest.raises(Problem, match=rf"evaluate\.labels: '{name}' is a name that metrics\.json has"):
        evaluate.labelled(("a", "b"), (name,))
