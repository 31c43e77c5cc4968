"""From feature files to embeddings: rows stay with their ids, weights on disk are the model, beta is what was asked."""

import importlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from sklearn.cluster import KMeans, SpectralClustering
from sklearn.metrics import adjusted_mutual_info_score

from models.families import experts
from models.fit import embed, standardised
from pipeline import baselines, easy, hard, store, training
from pipeline.stage import Problem
from pipeline.store import Array
from pipeline.training import Source

IDS = ("z", "007", "a", "NA", "m", "b", "k", "c")
STATS, WORDS = 6, 5


@pytest.fixture
def built(small: Path, rng: np.random.Generator) -> Path:
    """Features of eight tracks of up to three segments; lyrics of six of them, in another order."""
    valid = np.ones((8, 3), np.bool_)
    valid[1, 2] = valid[4, 1] = valid[4, 2] = False
    centre = rng.standard_normal((8, 1, STATS))
    stats = (centre + 0.3 * rng.standard_normal((8, 3, STATS))).astype(np.float32)
    mfcc = rng.standard_normal((8, 3, 4, 16)).astype(np.float32)
    logmel = rng.standard_normal((8, 3, 16, 16)).astype(np.float32)
    for array in (stats, mfcc, logmel):
        array[~valid] = 99.0
    store.write_rows(Path("build/audio"), IDS, stats=stats, mfcc=mfcc, logmel=logmel, valid=valid)
    there = np.array([True, True, False, True, True, False, True, True])
    tfidf = np.where(there[:, None], rng.random((8, WORDS)), 0).astype(np.float32)
    store.write_rows(Path("build/lyrics"), IDS[::-1], tfidf=tfidf, tfidf_svd=tfidf[:, :3], there=there)
    table = pd.DataFrame({"id": sorted(IDS), "language": ["bn", "en", "", "bn", "en", "hi", "bn", "en"], "reason": ""})
    store.write_table(Path("build/tracks/tracks.csv"), table)
    return small


@pytest.mark.usefixtures("built")
def test_lyrics_and_condition_find_their_track_by_id() -> None:
    made = training.corpus(Source("stats", "tfidf", "language"))
    written = store.read_rows(Path("build/lyrics"), "tfidf", "there")
    languages = dict(zip(sorted(IDS), ["bn", "en", "", "bn", "en", "hi", "bn", "en"], strict=True))
    assert made.ids == IDS
    assert made.labels == ("bn", "en", "hi")
    assert made.songs.lyrics is not None
    for row, id_ in enumerate(IDS):
        other = written.ids.index(id_)
        np.testing.assert_array_equal(made.songs.lyrics[row], written["tfidf"][other])
        assert made.songs.has_lyrics[row] == written["there"][other]
        assert made.songs.condition[row].tolist() == [float(languages[id_] == label) for label in made.labels]


@pytest.mark.usefixtures("built")
def test_only_real_segments_are_learnt_each_under_its_track() -> None:
    made = training.corpus(Source("stats"))
    heard = store.read_rows(Path("build/audio"), "stats", "valid")
    assert made.songs.track.tolist() == [0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 3, 4, 5, 5, 5, 6, 6, 6, 7, 7, 7]
    assert made.songs.audio is not None
    np.testing.assert_array_equal(made.songs.audio[3:5], heard["stats"][1, :2])
    np.testing.assert_array_equal(made.songs.audio[11], heard["stats"][4, 0])
    assert made.songs.audio.max() < 99


@pytest.mark.parametrize(
    ("audio", "flat", "shape"),
    [("stats", True, (STATS,)), ("mfcc", False, (4, 16)), ("mfcc", True, (64,)), ("logmel", False, (16, 16))],
)
@pytest.mark.usefixtures("built")
def test_the_scale_standardises_what_is_learnt(audio: str, flat: bool, shape: tuple[int, ...]) -> None:
    made = training.corpus(Source(audio, flat=flat))
    assert made.shapes == {"audio": shape}
    assert made.songs.audio is not None
    values = made.scales["audio"](made.songs.audio)
    over = (0,) if values.dim() == 2 else (0, 2)
    torch.testing.assert_close(values.mean(over), torch.zeros(shape[0]), atol=1e-5, rtol=0)
    torch.testing.assert_close(values.std(over, correction=0), torch.ones(shape[0]), atol=1e-4, rtol=0)


def test_a_number_that_never_changes_is_no_division_by_zero() -> None:
    one = training._scale(torch.ones(5, 3))
    assert one(torch.ones(5, 3)).tolist() == [[0.0] * 3] * 5


@pytest.mark.parametrize("known", [0, 1, 2])
def test_lyrics_of_few_songs_can_still_be_scaled(known: int) -> None:
    words = torch.tensor([[0.6, 0.8], [1.0, 0.0], [0.0, 0.0]])
    scaled = training._text_scale(words, torch.arange(3) < known)(words)
    assert scaled.isfinite().all()


def test_one_segment_alone_can_still_be_scaled() -> None:
    assert training._scale(torch.ones(1, 3))(torch.ones(1, 3)).isfinite().all()


@pytest.mark.usefixtures("built")
def test_a_condition_that_is_no_column_is_refused_with_the_columns() -> None:
    with pytest.raises(Problem, match=r"hard\.condition is 'languag', .* it has id, language, reason"):
        training.corpus(Source("stats", None, "languag"))


def test_no_track_with_features_names_the_command(small: Path) -> None:
    store.write_rows(small / "build" / "audio", [], stats=np.zeros((0, 2, 3)), valid=np.zeros((0, 2), np.bool_))
    with pytest.raises(Problem, match="no track has audio features: run `dvc repro audio`"):
        training.corpus(Source("stats"))


@pytest.mark.usefixtures("built")
def test_the_weights_on_disk_give_exactly_the_embedding_on_disk(set_param: Callable[[str, object], None]) -> None:
    set_param("hard.lyrics", "tfidf")
    hard.main()
    made = training.corpus(Source("stats", "tfidf", "language"))
    vae = experts(made.shapes, made.scales, hidden=(16, 8), latent=4, labels=3, dropout=0.0)
    vae.load_state_dict({name: value.float() for name, value in load_file("build/hard/hard.safetensors").items()})
    written = store.read_rows(Path("build/hard"), "hard", "hard_lyrics")
    ready = standardised(vae, made.songs)
    np.testing.assert_allclose(written["hard"][:, 0], embed(vae, ready).mean, atol=1e-5)
    lyrics = np.where(made.songs.has_lyrics[:, None], embed(vae, ready, only="lyrics").mean, np.nan)
    np.testing.assert_allclose(written["hard_lyrics"][:, 0], lyrics, atol=1e-5)
    assert np.isnan(lyrics).any()


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("model", ["easy", "hard"])
def test_a_seed_gives_its_embedding_whatever_stands_beside_it(
    model: str, set_param: Callable[[str, object], None]
) -> None:
    main = {"easy": easy.main, "hard": hard.main}[model]

    def embedding(*seeds: int) -> Array:
        set_param("seeds", list(seeds))
        main()
        return np.array(store.read_rows(Path("build") / model, model)[model])

    both = embedding(3, 8)
    assert both.shape == (8, 2, 4)
    np.testing.assert_array_equal(embedding(8)[:, 0], both[:, 1])
    np.testing.assert_array_equal(embedding(8, 3)[:, ::-1], both)
    assert not np.array_equal(both[:, 0], both[:, 1])


@pytest.mark.usefixtures("built")
def test_two_processes_learn_what_one_does(set_param: Callable[[str, object], None]) -> None:
    found = []
    for workers in (1, 2):
        set_param("train.workers", workers)
        hard.main()
        found.append({file.name: file.read_bytes() for file in Path("build/hard").iterdir()})
    assert found[0] == found[1]


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(("beta", "active"), [(0, 4), (1000, 0)])
def test_hard_learns_with_the_beta_of_the_parameters(
    beta: int, active: int, set_param: Callable[[str, object], None]
) -> None:
    set_param("beta", beta)
    set_param("hard.epochs", 60)
    set_param("train.rate", 0.02)
    hard.main()
    about = store.read_json(Path("build/hard/hard.json"))
    assert about["beta"] == beta
    assert about["active_units"] == [active, active]
    curve = store.read_table(Path("build/hard/hard_curve.csv"))
    assert len(curve) == 2 * 60


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("beta", [0, 50])
def test_beta_is_of_no_concern_to_easy(beta: int, set_param: Callable[[str, object], None]) -> None:
    set_param("beta", beta)
    easy.main()
    assert store.read_json(Path("build/easy/easy.json"))["beta"] == 1


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("lyrics", ["none", "tfidf"])
@pytest.mark.parametrize("condition", ["none", "language"])
def test_hard_works_without_lyrics_and_without_a_condition(
    lyrics: str, condition: str, set_param: Callable[[str, object], None]
) -> None:
    set_param("hard.lyrics", lyrics)
    set_param("hard.condition", condition)
    hard.main()
    about = store.read_json(Path("build/hard/hard.json"))
    assert about["labels"] == ([] if condition == "none" else ["bn", "en", "hi"])
    alone = {kind.name for kind in store.representations()}
    assert alone == ({"hard"} if lyrics == "none" else {"hard", "hard_audio", "hard_lyrics"})


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
@pytest.mark.usefixtures("built")
def test_cuda_without_a_gpu_names_the_cure(set_param: Callable[[str, object], None]) -> None:
    set_param("device", "cuda")
    with pytest.raises(Problem, match="no CUDA GPU: set device to auto or cpu"):
        easy.main()


@pytest.mark.parametrize(
    ("stage", "name"),
    [
        ("easy", "seeds"), ("baselines", "seeds"), ("easy", "easy.hidden"), ("hard", "hard.hidden"),
        ("medium", "medium.hidden"), ("medium", "medium.models"), ("baselines", "baselines.hidden"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("built")
def test_an_empty_list_is_refused_by_name(stage: str, name: str, set_param: Callable[[str, object], None]) -> None:
    set_param(name, [])
    with pytest.raises(Problem, match=name):
        importlib.import_module(f"pipeline.{stage}").main()


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("seed", [-1, 2**40])
def test_a_seed_that_numpy_cannot_take_is_refused_by_name(seed: int, set_param: Callable[[str, object], None]) -> None:
    set_param("seeds", [seed])
    with pytest.raises(Problem, match="seeds"):
        baselines.main()


# --- baselines --------------------------------------------------------------------------------------------------------


def test_raw_is_the_standardised_mean_of_the_real_segments() -> None:
    stats = np.array([[[1.0], [3.0], [50.0]], [[4.0], [50.0], [50.0]], [[6.0], [6.0], [6.0]]])
    valid = np.array([[True, True, False], [True, False, False], [True, True, True]])
    mean = np.array([2.0, 4.0, 6.0])
    np.testing.assert_allclose(baselines.raw(stats, valid)[:, 0], (mean - 4) / np.sqrt(8 / 3))


def test_pca_keeps_distances_when_it_keeps_all_dimensions(rng: np.random.Generator) -> None:
    points = rng.standard_normal((20, 4))
    found = baselines.pca(points, 16, 0)
    assert found.shape == (20, 4)
    apart = np.linalg.norm(points[:, None] - points, axis=2)
    np.testing.assert_allclose(np.linalg.norm(found[:, None] - found, axis=2), apart, atol=1e-9)


def test_spectral_coordinates_part_two_groups(rng: np.random.Generator) -> None:
    points = np.concatenate([rng.normal(0, 0.1, (10, 3)), rng.normal(1, 0.1, (10, 3))])
    first = baselines.spectral(points, 2, 0)[:, 0]
    assert len(set(np.sign(first[:10]))) == len(set(np.sign(first[10:]))) == 1
    assert np.sign(first[0]) != np.sign(first[10])


def test_kmeans_on_spectral_is_spectral_clustering(rng: np.random.Generator) -> None:
    """On groups that overlap: each eigenvector to a scale of its own gave noise the same say as the groups."""
    centres = rng.normal(0, 1.1, (4, 12))
    points = np.concatenate([centre + rng.normal(0, 1, (40, 12)) for centre in centres])
    truth = np.repeat(np.arange(4), 40)
    theirs = SpectralClustering(4, gamma=1 / 12, random_state=0).fit_predict(points)
    ours = KMeans(4, n_init=10, random_state=0).fit_predict(baselines.spectral(points, 4, 0))
    assert adjusted_mutual_info_score(truth, ours) >= adjusted_mutual_info_score(truth, theirs) - 0.05


def test_two_tracks_are_too_few_in_one_line(small: Path) -> None:
    store.write_rows(small / "build" / "audio", ["a", "b"], stats=np.zeros((2, 2, 3)), valid=np.ones((2, 2), np.bool_))
    with pytest.raises(Problem, match="2 tracks can be used, and clusters need at least 3"):
        baselines.main()


@pytest.mark.usefixtures("built")
def test_a_model_that_is_no_longer_asked_for_is_gone(set_param: Callable[[str, object], None]) -> None:
    hard.main()
    assert Path("build/hard/hard_lyrics.npy").exists()
    set_param("hard.lyrics", "none")
    hard.main()
    assert not Path("build/hard/hard_lyrics.npy").exists()


def test_text_is_the_strongest_directions_and_nan_for_who_has_none() -> None:
    reduced = np.array([[3.0, 2.0, 1.0], [0.0, 0.0, 0.0], [6.0, 5.0, 4.0]])
    found = baselines.text(reduced, np.array([True, False, True]), 2)
    np.testing.assert_array_equal(found, [[3, 2], [np.nan, np.nan], [6, 5]])


@pytest.mark.usefixtures("built")
def test_every_baseline_is_written_under_the_ids() -> None:
    baselines.main()
    kinds = {kind.name: kind for kind in store.representations()}
    assert set(kinds) == {"ae", "pca", "raw", "spectral", "text"}
    heard = store.read_rows(Path("build/audio"), "stats", "valid")
    expected = baselines.raw(heard["stats"], heard["valid"])
    np.testing.assert_allclose(kinds["raw"].values(IDS)[:, 0], expected, atol=1e-5)
    np.testing.assert_allclose(kinds["raw"].values(IDS[::-1])[:, 0], expected[::-1], atol=1e-5)
    assert kinds["ae"].values(IDS).shape == (8, 2, 4)
    assert kinds["ae"].about["beta"] == 0
