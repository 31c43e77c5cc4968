"""What a model leaves on the disk: a loaded model gives the embedding in build/."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline import easy, hard, medium
from pipeline.core import embeddings, params, store
from pipeline.learn import songs, training, view_training
from pipeline.learn.keep import load_model
from pipeline.learn.songs import Source
from pipeline.nets.fit import standardised
from pipeline.nets.vae import VAE
from pipeline.nets.views import embed_views
from tests.learn.toys import STATS


def load(name: str) -> VAE:
    vae = load_model(Path("models") / name)
    assert isinstance(vae, VAE)
    return vae


@pytest.mark.usefixtures("built")
def test_a_mixture_gives_shares_beside_the_embedding(set_param: Callable[[str, object], None]) -> None:
    set_param("easy.prior", "mixture")
    set_param("easy.components", 3)
    set_param("easy.epochs", 8)
    files = []
    for _ in range(2):
        easy.main()
        files.append({file.name: file.read_bytes() for file in Path("build/easy").iterdir()})
    assert files[0] == files[1]
    shares = np.array(store.read_rows(Path("build/easy"), "easy_assignments")["easy_assignments"])
    assert shares.shape == (8, 2, 3)
    np.testing.assert_allclose(shares.sum(2), 1, atol=1e-5)
    (easy_embedding,) = embeddings.representations()
    assert easy_embedding.name == "easy"
    assert easy_embedding.is_model
    assert not easy_embedding.is_autoencoder
    assert store.read_json(Path("build/easy/easy.json"))["clusters"] == 3
    curve = store.read_table(Path("build/easy/easy_curve.csv"))
    assert curve["epoch"].tolist() == [str(number) for number in range(1, 9)] * 2

    vae = load("easy")
    again = training._assignments(vae, standardised(vae, songs.corpus(Source("sound", flat=True)).songs))
    assert again is not None
    np.testing.assert_allclose(shares[:, 0], again, atol=1e-4)


@pytest.mark.usefixtures("built")
def test_the_loaded_facets_give_the_embeddings_on_disk(set_param: Callable[[str, object], None]) -> None:
    set_param("hard.lyrics", "tfidf")
    hard.main()
    model = hard.described(params.load(hard.Params), Path("none"))
    tracks, vae = view_training.seen(model.source, None, torch.device("cpu")), load("hard")
    names = ("hard", "hard_sound", "hard_words", "hard_audio", "hard_lyrics")
    written, parts = store.read_rows(Path("build/hard"), *names), model.parts(tracks.shapes)
    shown: dict[str, tuple[slice, str | None]] = {name: (units, None) for name, units in parts.items()}
    shown |= {f"hard_{name}": (parts["hard"], name) for name in ("audio", "lyrics")}
    for name, (units, only) in shown.items():
        places = embed_views(vae, tracks.viewer, only=only).mean[:, units].numpy()
        wordless = name in ("hard_words", "hard_lyrics")
        expected = np.where(tracks.has_lyrics[:, None], places, np.nan) if wordless else places
        np.testing.assert_allclose(written[name][:, 0], expected, atol=1e-5)
        assert np.isnan(expected).any() == wordless


@pytest.mark.parametrize("name", ["conv1d", "conv2d", "fusion"])
@pytest.mark.usefixtures("built")
def test_every_model_of_medium_can_be_loaded(name: str, set_param: Callable[[str, object], None]) -> None:
    set_param("medium.models", [name])
    set_param("medium.lyrics", "tfidf")
    medium.main()
    model = medium.described(name, Path("none"), params.load(medium.Params))
    tracks = view_training.seen(model.source, None, torch.device("cpu"))
    written = store.read_rows(Path("build/medium"), name)[name]
    np.testing.assert_allclose(written[:, 0], embed_views(load(name), tracks.viewer).mean, atol=1e-4)


@pytest.mark.usefixtures("built")
def test_convolutions_read_the_sound_alone() -> None:
    """Else their gain over PCA of the same frames could be that of the words."""
    medium.main()
    for name, lyrics in (("conv1d", "none"), ("conv2d", "none"), ("fusion", "bert_free_svd")):
        assert store.read_json(Path(f"build/medium/{name}.json"))["lyrics"] == lyrics


@pytest.mark.usefixtures("built")
def test_a_card_says_what_the_model_was_trained_on_and_what_is_not_trained(
    set_param: Callable[[str, object], None],
) -> None:
    Path("models/conv1d").mkdir(parents=True)
    Path("models/conv1d/weights.safetensors").write_bytes(b"of an earlier run")
    set_param("medium.models", ["fusion"])
    hard.main()
    medium.main()
    card = Path("models/hard/README.md").read_text(encoding="utf-8")
    units = "Active units of the seeds, those of at least 0.1 nat per segment: "
    for text in ("conditional beta-VAE", "8 tracks", "column `language` as its condition", "beta 1", units):
        assert text in card
    assert "No label was used" in Path("models/fusion/README.md").read_text(encoding="utf-8")
    assert [file.name for file in Path("models/conv1d").iterdir()] == ["README.md"]
    assert "not trained: medium.models is fusion" in Path("models/conv1d/README.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("built")
def test_a_model_that_is_no_longer_asked_for_is_gone(set_param: Callable[[str, object], None]) -> None:
    hard.main()
    assert Path("build/hard/hard_lyrics.npy").exists()
    set_param("hard.lyrics", "none")
    hard.main()
    assert not Path("build/hard/hard_lyrics.npy").exists()


@pytest.mark.usefixtures("built")
def test_a_traversal_moves_one_unit_and_leaves_the_sound_of_the_middle(
    set_param: Callable[[str, object], None],
) -> None:
    set_param("medium.models", ["conv2d"])
    easy.main()
    medium.main()
    moved = np.load("build/easy/easy_traversal.npy").astype(np.float64)
    assert moved.shape == (4, 5, STATS)
    assert sorted(store.read_json(Path("build/easy/easy_units.json"))) == [0, 1, 2, 3]
    middle = moved[:, 2]
    np.testing.assert_array_equal(middle, np.repeat(middle[:1], 4, axis=0))  # where nothing moved, all rows are alike
    assert (np.abs(moved[:, 0] - middle).max(axis=1) > 0).all()
    assert np.load("build/medium/conv2d_traversal.npy").shape == (4, 5, 16, 1)  # the mean over time
    assert "easy_traversal" not in {embedding.name for embedding in embeddings.representations()}
