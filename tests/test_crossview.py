"""Stage crossview: the choice among candidates reads no label, and what is kept gives the embedding again."""

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from pipeline import crossview
from pipeline.core import store
from pipeline.core.folds import track_folds
from pipeline.core.store import Array
from pipeline.crossview import Candidate
from pipeline.learn import linear
from pipeline.learn.keep import load_model
from pipeline.nets.crossview import view_songs
from pipeline.nets.fit import embed, standardised
from pipeline.nets.vae import VAE

CLUSTERS = (4, 8, 16)
IDS = ("z", "007", "a", "NA", "m", "b", "k", "c")


# --- the choice without labels ----------------------------------------------------------------------------------------


def test_cross_half_is_1_for_halves_that_agree_and_0_for_noise_and_for_nothing(rng: np.random.Generator) -> None:
    kinds = np.eye(4)[np.arange(80) % 4] * 10
    first, second = (kinds + 0.01 * rng.standard_normal((80, 4)) for _ in range(2))
    assert crossview.cross_half(first, second, CLUSTERS) > 0.6  # 4 clusters agree, and 8 and 16 cut noise
    first, second = (rng.standard_normal((80, 4)) for _ in range(2))
    assert abs(crossview.cross_half(first, second, CLUSTERS)) < 0.1
    assert crossview.cross_half(np.zeros((80, 4)), np.zeros((80, 4)), CLUSTERS) == 0.0
    assert crossview.cross_half(np.zeros((2, 4)), np.zeros((2, 4)), CLUSTERS) == 0.0


@pytest.mark.parametrize(
    ("scores", "taken"),
    [
        ([0.7278, 0.811, 0.7514, 0.7907], 1),
        ([0.1, 0.2, 0.9, 0.3], 2),
        ([0.5, 0.5, 0.4, 0.5], 0),
        ([-0.2, -0.1, -1, -1], 1),
    ],
)
def test_the_criterion_alone_chooses_and_no_order(scores: list[float], taken: int) -> None:
    """The first row is of the released sample, where the order of params.yaml took the candidate that agreed least."""
    options = [Candidate(power, share) for share in (0.5, 0) for power in (0.3, 0)]
    assert crossview.chosen(dict(zip(options, scores, strict=True))) == options[taken]


# --- the stage --------------------------------------------------------------------------------------------------------


@pytest.fixture
def built(small: Path, rng: np.random.Generator) -> Path:
    """Features of eight tracks of one to four segments, and their artists: no column with a label."""
    valid = np.ones((8, 4), np.bool_)
    valid[1, 3] = valid[4, 1:] = False
    stats = (rng.standard_normal((8, 1, 6)) + 0.3 * rng.standard_normal((8, 4, 6))).astype(np.float32)
    stats[~valid] = np.nan
    store.write_rows(Path("build/ears"), IDS, sound=stats, valid=valid)
    store.write_table(Path("build/tracks/tracks.csv"), pd.DataFrame({"id": IDS, "artist": list("aabbccde")}))
    return small


def written() -> dict[str, bytes]:
    folders = Path("build/crossview"), Path("models/cross")
    return {str(file): file.read_bytes() for folder in folders for file in folder.iterdir()}


@pytest.mark.usefixtures("built")
def test_the_stage_writes_a_representation_and_how_it_was_chosen() -> None:
    crossview.main()
    rows = store.read_rows(Path("build/crossview"), "cross")
    assert rows.ids == IDS
    assert rows["cross"].shape == (8, 2, 4)
    assert np.isfinite(rows["cross"]).all()
    about = store.read_json(Path("build/crossview/cross.json"))
    assert about["seeds"] == [0, 1]
    assert [len(kl) for kl in about["kl_per_unit"]] == [4, 4]
    choice = store.read_table(Path("build/crossview/choice.csv"))
    assert list(zip(choice["power"], choice["neighbours"], strict=True)) == [
        ("0.3", "0.5"), ("0.0", "0.5"), ("0.3", "0.0"), ("0.0", "0.0"),
    ]  # fmt: skip
    assert sorted(choice["verdict"]) == ["chosen", "not chosen", "not chosen", "not chosen"]
    assert choice["seeds"].tolist() == ["2"] * 4
    taken = choice[choice["verdict"] == "chosen"].iloc[0]
    assert taken["cross_half_ami"] == max(choice["cross_half_ami"], key=float)
    assert (float(taken["power"]), float(taken["neighbours"])) == (about["power"], about["neighbours"])
    curve = store.read_table(Path("build/crossview/cross_curve.csv"))
    assert list(curve.columns) == ["model", "seed", "epoch", "loss", "kl", "mse_audio"]
    assert len(curve) == 2 * 5


@pytest.mark.usefixtures("built")
def test_a_loaded_model_gives_the_embedding_on_disk(set_param: Callable[[str, object], None]) -> None:
    set_param("crossview.neighbours", [0])
    set_param("seeds", [4])
    crossview.main()
    vae = load_model(Path("models/cross"))
    assert isinstance(vae, VAE)
    rows = store.read_rows(Path("build/ears"), "sound", "valid")
    means = torch.from_numpy(linear.track_means(rows["sound"], np.array(rows["valid"])))
    embedding = embed(vae, standardised(vae, view_songs(means)))
    written = store.read_rows(Path("build/crossview"), "cross")["cross"]
    np.testing.assert_allclose(written[:, 0], embedding.mean, atol=1e-4)


@pytest.mark.usefixtures("built")
def test_the_same_seeds_give_the_same_bytes_on_any_number_of_processes(
    set_param: Callable[[str, object], None],
) -> None:
    set_param("crossview.powers", [0.3])
    set_param("crossview.neighbours", [0.5])
    set_param("crossview.tried", 1)  # one job, which starts no process: tests of workers hold the order of jobs
    files = []
    for workers in (1, 2):
        set_param("train.workers", workers)
        crossview.main()
        files.append(written())
    assert files[0] == files[1]


@pytest.mark.usefixtures("built")
def test_a_seed_gives_its_embedding_whatever_stands_beside_it(set_param: Callable[[str, object], None]) -> None:
    set_param("crossview.powers", [0.3])
    set_param("crossview.neighbours", [0.5])

    def embedding(*seeds: int) -> Array:
        set_param("seeds", list(seeds))
        crossview.main()
        return np.array(store.read_rows(Path("build/crossview"), "cross")["cross"])

    three = embedding(3, 8, 5)
    np.testing.assert_array_equal(embedding(5, 3)[:, ::-1], three[:, [0, 2]])
    assert not np.array_equal(three[:, 0], three[:, 1])


def test_tracks_of_one_segment_only_are_said_and_leave_no_model(
    built: Path, caplog: pytest.LogCaptureFixture, rng: np.random.Generator
) -> None:
    (built / "build" / "crossview").mkdir()
    (built / "build" / "crossview" / "cross.npy").write_bytes(b"of an earlier run")
    stats = rng.standard_normal((8, 1, 6)).astype(np.float32)
    store.write_rows(built / "build" / "ears", IDS, sound=stats, valid=np.ones((8, 1), np.bool_))
    with caplog.at_level(logging.WARNING):
        crossview.main()
    assert "0 of 8 tracks have two segments" in caplog.text
    assert set(written()) == {"build/crossview/ids.json", "models/cross/README.md"}
    assert "not trained: 0 of 8 tracks" in Path("models/cross/README.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("built")
def test_what_is_held_out_changes_nothing_in_the_fit(set_param: Callable[[str, object], None]) -> None:
    """Its metric, its neighbours and its weights are those of the tracks that it may see."""
    set_param("crossview.powers", [0.3])
    set_param("crossview.neighbours", [0.5])
    fold = track_folds(IDS, 2)
    made = []
    for _ in range(2):
        crossview.main()
        made.append(np.array(store.read_rows(Path("build/crossview"), "cross_heldout")["cross_heldout"]))
        rows = store.read_rows(Path("build/ears"), "sound", "valid")
        sound = np.array(rows["sound"])
        sound[fold == 1] = sound[fold == 1] ** 2 + 3
        store.write_rows(Path("build/ears"), IDS, sound=sound, valid=np.array(rows["valid"]))
    before, after = made
    assert before.shape == (8, 2, 4)
    assert np.isfinite(before).all()
    np.testing.assert_array_equal(before[fold == 0, 1], after[fold == 0, 1])
    assert not np.array_equal(before[fold == 1, 1], after[fold == 1, 1])
    assert not np.array_equal(before[fold == 0, 0], after[fold == 0, 0])


@pytest.mark.usefixtures("built")
def test_a_fold_that_leaves_too_few_halves_is_nan(set_param: Callable[[str, object], None]) -> None:
    set_param("crossview.powers", [0.3])
    set_param("crossview.neighbours", [0])
    store.write_table(Path("build/tracks/tracks.csv"), pd.DataFrame({"id": IDS, "artist": list("aaaaaabb")}))
    crossview.main()
    made = np.array(store.read_rows(Path("build/crossview"), "cross_heldout")["cross_heldout"])
    assert np.isnan(made[:, 0]).all()
    assert np.isfinite(made[:, 1]).all()
