"""Stage crossview: the choice among candidates reads no label, and what is kept gives the embedding again."""

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline import crossview
from pipeline.core import store
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
    [([0.7, 0.8, 0.9], 1), ([0.75, 0.8, 0.9], 0), ([0.1, 0.2, 0.9], 2), ([0.0, 0.0, 0.0], 0), ([-0.2, -0.1, -0.3], 1)],
)
def test_the_first_that_is_not_rejected_is_taken(scores: list[float], taken: int) -> None:
    options = [Candidate(0.3, 0.5), Candidate(0, 0.5), Candidate(0.3, 0)]
    assert crossview.chosen(dict(zip(options, scores, strict=True)), reject=0.8) == options[taken]


# --- the stage --------------------------------------------------------------------------------------------------------


@pytest.fixture
def built(small: Path, rng: np.random.Generator) -> Path:
    """Features of eight tracks of one to four segments, and nothing else: no table of tracks, so no label."""
    valid = np.ones((8, 4), np.bool_)
    valid[1, 3] = valid[4, 1:] = False
    stats = (rng.standard_normal((8, 1, 6)) + 0.3 * rng.standard_normal((8, 4, 6))).astype(np.float32)
    stats[~valid] = np.nan
    store.write_rows(Path("build/ears"), IDS, sound=stats, valid=valid)
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
    taken = choice[choice["verdict"] == "chosen"].iloc[0]
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
