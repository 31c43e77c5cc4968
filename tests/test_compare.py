"""The stage `compare`, on clusterings that are planted: who is better, who must not be asked, what is not shown."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from pipeline import compare
from pipeline.core import embeddings, params, store
from pipeline.core.command import Problem
from pipeline.score.runs import Run, RunKey, write_runs

GENRE = np.random.default_rng(3).choice(["folk", "rock", "art"], 120)
LANGUAGE = np.random.default_rng(4).choice(["bn", "en"], 120)
IDS = tuple(f"t{number:03d}" for number in range(120))
MODELS = {"pca": ("baselines", 0.6), "good": ("easy", 0.0), "odd": ("medium", 0.6), "told": ("hard", 0.0)}


def noisy(lost: float, seed: int) -> np.ndarray:
    """Clusters that follow the genre but for a share of the tracks."""
    rng = np.random.default_rng(seed)
    genre = np.unique(GENRE, return_inverse=True)[1]
    return np.where(rng.random(120) < lost, rng.integers(0, 3, 120), genre)


@pytest.fixture(autouse=True)
def clustered(workspace: Path) -> Path:
    """Two seeds of four representations: `good` finds the genre, `odd` only under kmeans, `told` was told it."""
    artists = [f"artist {number // 6}" for number in range(120)]
    table = {"id": IDS, "artist": artists, "genre": GENRE, "language": LANGUAGE, "reason": ""}
    store.write_table(Path("build/tracks/tracks.csv"), pd.DataFrame(table))
    store.write_rows(Path("build/audio"), IDS)
    runs = []
    for place, (name, (stage, lost)) in enumerate(MODELS.items()):
        about = {"family": name, "dimensions": 4, "condition": "genre" if name == "told" else "none"}
        if stage != "baselines":
            about |= {"active_units": [0, 0], "kl_per_unit": [[0.0] * 4] * 2} if name == "odd" else {}
        store.write_json(Path("build") / stage / f"{name}.json", about)
        store.write_rows(Path("build") / stage, IDS, **{name: np.zeros((120, 2, 4))})
        for clusterer in ("kmeans", "consensus"):
            for seed in (0, 1):
                share = 0.0 if (name, clusterer) == ("odd", "kmeans") else lost
                runs.append(Run(RunKey(name, clusterer, 3, seed), noisy(share, 10 * place + seed)))
    write_runs(IDS, runs)
    section(workspace, against=["pca", "pca_m", "nowhere"])
    return workspace


def section(root: Path, **changed: object) -> None:
    raw = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))
    raw["evaluate"]["labels"] = ["genre", "language", "theme"]
    plain = {"against": ["pca"], "clusterers": ["kmeans", "consensus"], "groups": 100, "family": "label"}
    raw["compare"] = {**plain, **changed}
    (root / "params.yaml").write_text(yaml.safe_dump(raw), encoding="utf-8")


def run() -> dict[tuple[str, ...], dict[Any, Any]]:
    compare.main()
    rows = store.read_table(Path("reports/comparisons.csv")).to_dict("records")
    return {tuple(map(str, (row["label"], row["model"], row["clusterer"]))): row for row in rows}


def test_verdicts_on_what_was_planted(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        table = run()
    for clusterer in ("kmeans", "consensus"):
        good, odd, told = (table["genre", name, clusterer] for name in ("good", "odd", "told"))
        assert (good["verdict"], good["seen"], good["note"]) == ("better", "better", "")
        assert odd["verdict"] == "not shown"
        assert odd["note"] == "better under kmeans only; the model is collapsed"
        assert (told["verdict"], told["difference"]) == ("leaky", "")
        assert table["language", "good", clusterer]["verdict"] == "not shown"
        assert table["language", "told", clusterer]["tracks"] == "120"
    assert table["genre", "odd", "kmeans"]["seen"] == "better"
    assert table["genre", "odd", "consensus"]["seen"] == "not shown"
    assert {row["against"] for row in table.values()} == {"pca"}
    for line in (
        "there is no nowhere: left out",
        "good is better than pca: +0.",
        "told left out, since the genre is their condition",
    ):
        assert line in caplog.text


def test_numbers_of_a_row_fit_each_other() -> None:
    good = run()["genre", "good", "kmeans"]
    names = ("low", "difference", "high", "p", "holm", "smallest")
    low, difference, high, p, adjusted, smallest = (float(good[name]) for name in names)
    assert 0 < low < difference < high
    assert smallest < difference
    assert 0 < p <= adjusted <= 2.01 * p <= 0.05  # `good` and `odd` are the family: `told` is not asked


def test_only_tracks_that_both_have_are_compared() -> None:
    """Where `good` has no place for a track, what PCA makes of that track must not count."""
    rows = store.read_rows(Path("build/cluster"), "labels")
    labels = np.array(rows["labels"])
    labels[:30, 4:8] = -2  # the runs of `good`
    store.write_rows(Path("build/cluster"), IDS, labels=labels)
    before = run()["genre", "good", "kmeans"]
    labels[:30, :4] = 0  # of PCA
    store.write_rows(Path("build/cluster"), IDS, labels=labels)
    after = run()
    assert before["tracks"] == "90"
    numbers = ("difference", "low", "high", "p", "tracks")
    assert [after["genre", "good", "kmeans"][name] for name in numbers] == [before[name] for name in numbers]
    assert after["genre", "odd", "kmeans"]["tracks"] == "120"


def test_rows_are_joined_by_id() -> None:
    before = run()
    tracks = store.read_table(Path("build/tracks/tracks.csv"))
    store.write_table(Path("build/tracks/tracks.csv"), tracks.iloc[::-1])
    labels = np.array(store.read_rows(Path("build/cluster"), "labels")["labels"])
    store.write_rows(Path("build/cluster"), IDS[::-1], labels=labels[::-1])
    assert run() == before


def test_one_family_of_all_labels_is_harder_than_one_a_label(clustered: Path) -> None:
    each = run()
    section(clustered, family="all")
    both = run()
    for key, row in each.items():
        if row["holm"]:
            assert float(both[key]["holm"]) >= float(row["holm"])
            assert float(both[key]["smallest"]) > float(row["smallest"])


def test_a_clusterer_that_was_not_run_is_named(clustered: Path) -> None:
    section(clustered, clusterers=["kmeans", "ward"])
    with pytest.raises(Problem, match=r"'ward' is not one of cluster\.clusterers"):
        compare.main()


def test_tracks_without_clusters_are_why_nothing_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    """As under the consensus of too many tracks, or where there are fewer tracks than clusters."""
    labels = np.array(store.read_rows(Path("build/cluster"), "labels")["labels"])
    store.write_rows(Path("build/cluster"), IDS, labels=np.full_like(labels, -2))
    with caplog.at_level("INFO"):
        row = run()["genre", "good", "kmeans"]
    assert (row["verdict"], row["note"]) == ("not shown", "they have no track in clusters in common")
    assert "nan" not in caplog.text


def test_nothing_to_compare_is_an_empty_table(clustered: Path) -> None:
    section(clustered, against=["nowhere"])
    assert run() == {}


def test_pca_with_as_many_dimensions_as_active_units_is_found_by_name(clustered: Path) -> None:
    kinds = [
        embeddings.Representation(Path("build/baselines"), "pca_3", {"family": "PCA"}),
        embeddings.Representation(Path("build/easy"), "easy", {"active_units": [2, 3, 3], "kl_per_unit": [[1.0] * 4]}),
        embeddings.Representation(Path("build/easy"), "other", {"family": "no units"}),
    ]
    section(clustered, against=["pca_m"])
    found = compare.pairs(kinds, params.load(compare.Params), ["genre"])
    assert [(pair.model, pair.against) for pair in found] == [("easy", "pca_3")]
