"""The audit: shortcuts are found, what predicts nothing is not, and copies are named."""

import importlib
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.score.permutation import block_shuffles
from pipeline.score.shortcuts import (
    Prediction,
    Shortcut,
    ShuffledLabel,
    Shuffles,
    adjusted,
    column_shortcut,
    predicts,
    same,
    script,
    shuffled,
)

ARTISTS = np.repeat(np.arange(20), 5)
LANGUAGE = np.where(np.random.default_rng(1).random(100) < 0.5, "bn", "en")


def predicted(
    shortcut: Shortcut, label: np.ndarray = LANGUAGE, group: np.ndarray = ARTISTS, pairs: int = 1
) -> Prediction:
    target = shuffled("label", label.tolist(), group, seed=0)
    assert target is not None
    return adjusted([predicts(shortcut, target, pairs)])[0]


def test_a_length_that_equals_the_language_is_caught() -> None:
    found = predicted(column_shortcut("length", ["203.5" if language == "bn" else "187" for language in LANGUAGE]))
    assert (found.verdict, found.score) == ("strong", 1.0)
    assert found.p < 0.01


def test_near_numbers_predict_too_also_where_some_are_unknown(rng: np.random.Generator) -> None:
    rate = np.where(LANGUAGE == "bn", 0.0, 3.0) + rng.standard_normal(100)
    found = predicted(
        column_shortcut("bandwidth", [f"{value:.3f}" if row % 10 else "" for row, value in enumerate(rate)])
    )
    assert found.verdict == "strong"
    assert 0.75 < found.score < 1


def test_a_value_that_is_missing_for_one_language_is_caught(rng: np.random.Generator) -> None:
    column = ["" if language == "bn" else f"{rng.random():.4f}" for language in LANGUAGE]
    assert predicted(column_shortcut("tempo", column)).score == 1.0


def test_equal_texts_predict() -> None:
    codec = np.where(LANGUAGE == "bn", "mp3", "ogg")
    codec[:12] = "wav"
    assert predicted(column_shortcut("codec", codec)).verdict == "strong"


@pytest.mark.parametrize(
    "column", [["22050"] * 100, [str(row) for row in range(100)], [f"u{row}" for row in range(100)]]
)
def test_what_is_the_same_or_different_for_all_predicts_nothing(column: list[str]) -> None:
    found = predicted(column_shortcut("column", column))
    assert found.verdict == "none"
    assert found.score < 0.65


def test_what_identifies_artists_predicts_nothing_about_others() -> None:
    """Each artist has one genre and one folder: within an artist all is predicted, across artists nothing."""
    genre = np.random.default_rng(5).choice(["folk", "rock"], 20)[ARTISTS]
    folder = column_shortcut("folder", [f"folder {artist}" for artist in ARTISTS])
    assert predicted(folder, genre).verdict == "none"
    assert predicted(folder, genre, np.arange(100)).verdict == "strong"  # were the artists not known


def test_of_many_random_shortcuts_none_predicts(rng: np.random.Generator) -> None:
    """Fault 15. Numbers per artist, and labels per track as well as per artist; p alone lets 1 of 30 pass."""
    found = []
    for _ in range(15):
        shortcut = Shortcut("chance", rng.standard_normal(20)[ARTISTS][:, None])
        for artists in (ARTISTS, np.arange(100)):
            label = rng.choice(["folk", "rock", "art"], 100)[artists]
            target = shuffled("label", label.tolist(), ARTISTS, seed=0)
            assert target is not None
            found.append(predicts(shortcut, target, pairs=30))
    assert sum(each.p <= 0.05 for each in found) == 1
    assert [each.verdict for each in adjusted(found)] == ["none"] * 30


def test_a_true_shortcut_among_many_is_still_weak(rng: np.random.Generator) -> None:
    """Its p is small enough for Holm over a hundred pairs, which 200 shuffles could not show."""
    rate = np.where(LANGUAGE == "bn", 0.0, 1.6) + rng.standard_normal(100)
    found = predicted(Shortcut("bandwidth", rate[:, None]), pairs=100)
    assert found.skill > 0.1
    assert found.p < 0.05 / 100
    many = adjusted([found, *[Prediction("chance", "label", 100, 0.5, 0.5, 0.6, 0.7)] * 99])
    assert many[0].verdict in ("weak", "strong")
    assert many[0].holm == pytest.approx(100 * found.p)


def test_shuffles_end_when_enough_of_them_predict_as_well(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = shuffled("label", LANGUAGE.tolist(), ARTISTS, seed=0)
    assert target is not None
    drawn, batch = list[int](), ShuffledLabel.batch

    def counted(self: ShuffledLabel, number: int) -> Shuffles:
        drawn.append(number)
        return batch(self, number)

    monkeypatch.setattr(ShuffledLabel, "batch", counted)
    found = predicts(Shortcut("chance", rng.standard_normal((100, 1))), target, pairs=1000)
    assert drawn == [0]
    assert found.p > 0.05
    predicts(column_shortcut("length", np.where(LANGUAGE == "bn", "1", "2")), target, pairs=100)
    assert drawn[1:] == list(range(20))


def test_tracks_without_the_label_do_not_count() -> None:
    label = LANGUAGE.copy()
    label[::3] = ""
    assert predicted(column_shortcut("length", np.where(LANGUAGE == "bn", "1", "2")), label).tracks == np.sum(
        label != ""
    )
    assert shuffled("label", ["", "en", "en"], np.arange(3), seed=0) is None


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=30), st.integers(0, 99))
def test_a_shuffle_gives_each_artist_labels_of_one_artist(rows: list[tuple[int, int]], seed: int) -> None:
    codes, group = np.array(rows).T
    (out,) = block_shuffles(codes, group, np.random.default_rng(seed), 1)
    labels = [set(codes[group == artist]) for artist in np.unique(group)]
    assert all(any(set(out[group == artist]) <= donor for donor in labels) for artist in np.unique(group))


def test_a_shuffle_keeps_artists_of_one_label_together() -> None:
    (out,) = block_shuffles(ARTISTS % 2, ARTISTS, np.random.default_rng(0), 1)
    assert all(len(set(out[artist == ARTISTS].tolist())) == 1 for artist in range(20))
    assert (out != ARTISTS % 2).any()


def test_a_column_is_numbers_only_if_all_of_it_is() -> None:
    assert column_shortcut("x", ["1", "2.5", ""]).values.shape == (3, 1)
    assert column_shortcut("x", ["1", "b", ""]).values.tolist() == ["1", "b", ""]
    assert column_shortcut("x", ["", ""]).values.tolist() == ["", ""]
    assert column_shortcut("x", ["1", "inf"]).values.tolist() == ["1", "inf"]


def test_scripts_and_copies() -> None:
    assert [script(text) for text in ("বৃষ্টি পড়ে", "rain, rain বৃ", "", "123")] == ["BENGALI", "LATIN", "", ""]
    assert same(["x", "", "y", "x", ""], ["1", "2", "3", "4", "5"]) == [["1", "4"]]


def run(*stages: str) -> pd.DataFrame:
    for stage in stages:
        importlib.import_module(f"pipeline.{stage}").main()
    return pd.read_csv("reports/audit.csv", keep_default_na=False)


def test_the_stage_on_songs_with_copies_and_a_column_too_many(
    tiny_corpus: Path, caplog: pytest.LogCaptureFixture, set_param: Callable[[str, object], None]
) -> None:
    set_param("evaluate.labels", ["language", "genre", "nowhere"])
    data, file = tiny_corpus / "data", tiny_corpus / "data" / "tracks.csv"
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    table["length"] = table["language"].map({"bn": "200", "en": "180.5"})
    table.to_csv(file, index=False)
    shutil.copy(data / "audio/bn/bn_000.wav", data / "audio/bn/bn_002.wav")
    copied = (data / "lyrics/en_001.txt").read_text(encoding="utf-8").upper()
    (data / "lyrics/en_005.txt").write_text(copied, encoding="utf-16")
    with caplog.at_level("INFO"):
        audit = run("tracks", "audio", "audit")
    found = audit[audit["label"] == "language"].set_index("shortcut")
    assert found.loc["column length", "verdict"] == "strong"
    assert found.loc["folder", "verdict"] == "strong"
    assert float(str(found.loc["lyrics script", "score"])) > 0.7
    assert found.loc["column sample_rate", "verdict"] == "none"
    assert not {"column genre", "column language", "column title", "column id"} & set(audit["shortcut"])
    assert set(audit["label"]) == {"language", "genre", ""}
    copies = audit[audit["verdict"] == "duplicate"].set_index("shortcut")["note"].to_dict()
    assert copies == {"duplicate audio": "bn_000 bn_002", "duplicate lyrics": "en_001 en_005"}
    assert "column length predicts language: accuracy 1.00, chance 0.50" in caplog.text
    assert "duplicate audio: bn_000 bn_002" in caplog.text
    verdicts = audit["verdict"].tolist()
    assert verdicts == sorted(verdicts, key=["strong", "weak", "none", "duplicate"].index)
