"""Encoders of transformers hear whole windows alike in any batch; what cannot be heard with is refused in one line.

The encoders are small and of random weights, saved as their makers would save them.
"""

import json
import pickle
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from pipeline.core import hub
from pipeline.core.command import Problem
from pipeline.sound import hub_encoder
from pipeline.sound.hub_encoder import HubEncoder, cut

RATE = 4000
SECONDS = 0.5  # of a segment
BASE: dict[str, Any] = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
CONVOLUTIONS: dict[str, Any] = {
    "conv_dim": (8, 8),
    "conv_stride": (5, 4),
    "conv_kernel": (10, 8),
    "num_conv_pos_embedding_groups": 2,
}
WAVES = {**BASE, **CONVOLUTIONS, "num_feat_extract_layers": 2}
WAVES |= {"num_conv_pos_embeddings": 4, "num_conv_pos_embedding_groups": 2}

Wave = NDArray[np.float32]


def noise(seconds: float, rate: int = RATE) -> Wave:
    wave: Wave = (0.1 * np.random.default_rng(0).standard_normal(round(seconds * rate))).astype(np.float32)
    return wave


def clap(folder: Path, *, fusion: bool = False) -> None:
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel

    reads = {**BASE, "vocab_size": 20, "max_position_embeddings": 20}
    hears: dict[str, Any] = {"window_size": 2, "num_mel_bins": 16, "spec_size": 64, "patch_size": 4, "mlp_ratio": 1.0}
    hears |= {"patch_stride": [4, 4], "hidden_size": 16, "depths": [1, 1], "num_attention_heads": [1, 2]}
    hears |= {"patch_embeds_hidden_size": 8, "num_classes": 4, "enable_fusion": fusion}
    ClapModel(ClapConfig(text_config=reads, audio_config=hears, projection_dim=8)).save_pretrained(folder)
    ClapFeatureExtractor(
        16, RATE, hop_length=40, max_length_s=1, fft_window_size=64, frequency_max=RATE // 2,
        truncation="fusion" if fusion else "rand_trunc",
    ).save_pretrained(folder)  # fmt: skip


def ast(folder: Path, labels: tuple[str, ...] = (), **more: Any) -> None:
    from transformers import ASTConfig, ASTFeatureExtractor, ASTForAudioClassification, ASTModel

    sizes = {**BASE, "max_length": 64, "num_mel_bins": 32, "frequency_stride": 16, "time_stride": 16, **more}
    named: dict[str, Any] = {"id2label": dict(enumerate(labels))} if labels else {}
    config = ASTConfig(**sizes, **named)
    (ASTForAudioClassification if labels else ASTModel)(config).save_pretrained(folder)
    ASTFeatureExtractor(sampling_rate=16_000, num_mel_bins=32, max_length=64).save_pretrained(folder)


def wav2vec2(folder: Path) -> None:
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    Wav2Vec2Model(Wav2Vec2Config(**WAVES)).save_pretrained(folder)
    of_waves(folder)


def hubert(folder: Path) -> None:
    from transformers import HubertConfig, HubertForCTC

    HubertForCTC(HubertConfig(**WAVES, vocab_size=9)).save_pretrained(folder)
    of_waves(folder)


def whisper(folder: Path) -> None:
    """An encoder with a decoder, and with windows of its own length: here two seconds."""
    from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperModel

    sizes: dict[str, Any] = {"d_model": 8, "vocab_size": 20, "num_mel_bins": 16, "max_source_positions": 100}
    for part in ("encoder", "decoder"):
        sizes |= {f"{part}_layers": 1, f"{part}_attention_heads": 2, f"{part}_ffn_dim": 8}
    sizes |= {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1}
    WhisperModel(WhisperConfig(**sizes)).save_pretrained(folder)
    WhisperFeatureExtractor(feature_size=16, chunk_length=2, sampling_rate=16_000).save_pretrained(folder)


def of_waves(folder: Path) -> None:
    from transformers import Wav2Vec2FeatureExtractor

    Wav2Vec2FeatureExtractor(sampling_rate=RATE, return_attention_mask=True).save_pretrained(folder)


MAKERS: dict[str, Callable[[Path], None]] = {
    "clap": clap,
    "clap-fused": lambda folder: clap(folder, fusion=True),
    "ast": ast,
    "ast-tags": lambda folder: ast(folder, ("sings", "drums", "plays")),
    "wav2vec2": wav2vec2,
    "hubert": hubert,
    "whisper": whisper,
}
SIZES = {"clap": 8, "clap-fused": 8, "whisper": 8}  # numbers of a vector; of the others 16
WINDOWS = {"clap": 1, "clap-fused": 1, "ast": 0.64, "ast-tags": 0.64, "whisper": 2}  # of the others a segment
RATES = {"ast": 16_000, "ast-tags": 16_000, "whisper": 16_000}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder of each kind of encoder."""
    hub.quiet_transformers()
    place = tmp_path_factory.mktemp("ears")
    for seed, (kind, make) in enumerate(MAKERS.items()):
        torch.manual_seed(seed)
        make(place / kind)
    return {kind: place / kind for kind in MAKERS}


def ears(folder: Path) -> HubEncoder:
    return HubEncoder(str(folder), "", SECONDS)


# --- what is heard ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MAKERS)
def test_each_whole_window_becomes_a_vector(kind: str, folders: dict[str, Path]) -> None:
    encoder = ears(folders[kind])
    assert encoder.rate == RATES.get(kind, RATE)
    assert encoder.seconds == WINDOWS.get(kind, SECONDS)
    heard = encoder.hear(noise(3.7 * encoder.seconds, encoder.rate))
    assert heard.vectors.shape == (3, SIZES.get(kind, 16))
    assert heard.vectors.dtype == heard.tags.dtype == np.float32
    assert heard.tags.shape == (3, len(encoder.tag_names))
    assert len(np.unique(heard.vectors, axis=0)) == 3


@pytest.mark.parametrize("kind", MAKERS)
def test_a_vector_does_not_depend_on_its_neighbours_or_on_chance(kind: str, folders: dict[str, Path]) -> None:
    encoder = ears(folders[kind])
    wave = noise(3 * encoder.seconds, encoder.rate)
    whole = encoder.hear(wave)
    for number, window in enumerate(cut(wave, len(wave) // 3)):
        np.random.seed(number)  # noqa: NPY002  # CLAP draws from it
        np.testing.assert_array_equal(encoder.hear(window).vectors[0], whole.vectors[number])
    together, tags = encoder._hear(hub_encoder._loaded(encoder._parts, encoder._device), cut(wave, len(wave) // 3))
    np.testing.assert_allclose(together, whole.vectors, atol=1e-5)
    np.testing.assert_allclose(tags, whole.tags, atol=1e-5)


@pytest.mark.parametrize("kind", ["wav2vec2", "clap", "ast"])
def test_a_short_wave_is_repeated(kind: str, folders: dict[str, Path]) -> None:
    encoder = ears(folders[kind])
    short = noise(encoder.seconds / 4, encoder.rate)
    np.testing.assert_array_equal(encoder.hear(short).vectors, encoder.hear(np.tile(short, 4)).vectors)


def test_a_wave_without_samples_is_refused(folders: dict[str, Path]) -> None:
    with pytest.raises(ValueError, match="without samples"):
        ears(folders["wav2vec2"]).hear(noise(0))


def test_a_vector_is_the_mean_over_time_of_the_last_hidden_states(folders: dict[str, Path]) -> None:
    from transformers import Wav2Vec2Model

    model = Wav2Vec2Model.from_pretrained(folders["wav2vec2"]).eval()
    wave = noise(SECONDS)
    normal = torch.from_numpy((wave - wave.mean()) / np.sqrt(wave.var() + 1e-7))[None]
    with torch.no_grad():
        frames = model(normal).last_hidden_state[0].numpy()
    assert len(frames) > 50
    np.testing.assert_allclose(ears(folders["wav2vec2"]).hear(wave).vectors[0], frames.mean(axis=0), atol=1e-6)


def test_clap_gives_what_its_model_gives(folders: dict[str, Path]) -> None:
    from transformers import ClapFeatureExtractor, ClapModel

    wave = noise(1)
    inputs = ClapFeatureExtractor.from_pretrained(folders["clap"])(wave, sampling_rate=RATE, return_tensors="pt")
    with torch.no_grad():
        known = ClapModel.from_pretrained(folders["clap"]).eval().get_audio_features(**inputs).pooler_output
    heard = ears(folders["clap"]).hear(wave).vectors
    np.testing.assert_allclose(heard, known.numpy(), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(heard, axis=1), 1, atol=1e-6)


def test_the_labels_of_a_classifier_are_tags(folders: dict[str, Path], tmp_path: Path) -> None:
    from transformers import ASTFeatureExtractor, ASTForAudioClassification

    wave, folder = noise(0.64, 16_000), folders["ast-tags"]
    inputs = ASTFeatureExtractor.from_pretrained(folder)(wave, sampling_rate=16_000, return_tensors="pt")
    with torch.no_grad():
        scores = ASTForAudioClassification.from_pretrained(folder).eval()(**inputs).logits
    encoder = ears(folder)
    assert encoder.tag_names == ("sings", "drums", "plays")
    np.testing.assert_allclose(encoder.hear(wave).tags, scores.sigmoid().numpy(), atol=1e-6)
    one = configured(folder, tmp_path / "one", problem_type="single_label_classification")
    np.testing.assert_allclose(ears(one).hear(wave).tags, scores.softmax(1).numpy(), atol=1e-6)


def test_half_precision_is_nearly_the_same(folders: dict[str, Path]) -> None:
    for kind in ("clap", "ast-tags", "wav2vec2"):
        encoder = ears(folders[kind])
        wave = noise(encoder.seconds, encoder.rate)
        full = encoder.hear(wave)
        encoder._bf16 = True  # as on a GPU
        half = encoder.hear(wave)
        assert not np.array_equal(half.vectors, full.vectors)
        np.testing.assert_allclose(half.vectors, full.vectors, atol=0.05)
        np.testing.assert_allclose(half.tags, full.tags, atol=0.05)


# --- what an encoder says of itself -----------------------------------------------------------------------------------


def configured(folder: Path, to: Path, file: str = "config.json", **changes: Any) -> Path:
    """A copy of an encoder with another config; a value of None removes a name."""
    shutil.copytree(folder, to)
    config = json.loads((to / file).read_text(encoding="utf-8")) | changes
    kept = {name: value for name, value in config.items() if value is not None}
    (to / file).write_text(json.dumps(kept), encoding="utf-8")
    return to


def test_an_encoder_says_what_it_is(folders: dict[str, Path], tmp_path: Path) -> None:
    encoder = ears(folders["wav2vec2"])
    assert (encoder.name, encoder.revision, encoder.tag_names) == ("wav2vec2", "", ())
    assert encoder.trained_on == "not stated by its files"
    copy = shutil.copytree(folders["wav2vec2"], tmp_path / "copy")
    (copy / "README.md").write_text("---\ndatasets: [songs]\n---\n", encoding="utf-8")
    assert ears(copy).trained_on == "songs"


def test_other_weights_and_other_windows_are_another_encoder(folders: dict[str, Path], tmp_path: Path) -> None:
    first = ears(folders["wav2vec2"])
    assert HubEncoder(str(folders["wav2vec2"]), "", 2 * SECONDS).identity != first.identity
    copy = shutil.copytree(folders["wav2vec2"], tmp_path / "copy")
    assert ears(copy).identity == first.identity
    other = shutil.copytree(folders["wav2vec2"], tmp_path / "other")
    weights = load_file(other / "model.safetensors")
    weights["encoder.layer_norm.bias"] += 1
    save_file(weights, other / "model.safetensors", {"format": "pt"})
    assert ears(other).identity != first.identity
    wave = noise(SECONDS)
    assert not np.array_equal(ears(other).hear(wave).vectors, first.hear(wave).vectors)


def test_an_encoder_goes_to_another_process_without_its_weights(folders: dict[str, Path]) -> None:
    encoder, wave = ears(folders["hubert"]), noise(SECONDS)
    known = encoder.hear(wave).vectors
    sent = pickle.dumps(encoder)
    assert len(sent) < (folders["hubert"] / "model.safetensors").stat().st_size
    np.testing.assert_array_equal(pickle.loads(sent).hear(wave).vectors, known)


# --- what is refused --------------------------------------------------------------------------------------------------


def weights_changed(change: Callable[[dict[str, NDArray[np.float32]]], object]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        weights = load_file(folder / "model.safetensors")
        change(weights)
        save_file(weights, folder / "model.safetensors", {"format": "pt"})

    return damage


def own_code(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    own = {"model_type": "unheard", "auto_map": {"AutoConfig": "own.Config", "AutoModel": "own.Model"}}
    (folder / "config.json").write_text(json.dumps(config | own), encoding="utf-8")
    (folder / "own.py").write_text("raise SystemExit('it ran')", encoding="utf-8")


def own_code_of_the_extractor(folder: Path) -> None:
    own = {"auto_map": {"AutoFeatureExtractor": "own.Extractor"}, "sampling_rate": RATE}
    (folder / "preprocessor_config.json").write_text(json.dumps(own), encoding="utf-8")
    (folder / "own.py").write_text("raise SystemExit('it ran')", encoding="utf-8")


def unknown_kind(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "unheard"}), encoding="utf-8")


def reads_texts(folder: Path) -> None:
    from transformers import BertConfig, BertModel

    BertModel(BertConfig(**BASE, vocab_size=20, max_position_embeddings=20)).save_pretrained(folder)


def sees_pictures(folder: Path) -> None:
    from transformers import ViTConfig

    ViTConfig().save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text('{"image_processor_type": "ViTImageProcessor"}', encoding="utf-8")


def pickled(folder: Path) -> None:
    torch.save({}, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def cut_short(folder: Path) -> None:
    raw = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(raw[: len(raw) // 2])


def broken_config(folder: Path) -> None:
    (folder / "config.json").write_text("{", encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: (folder / "config.json").unlink(), r"holds no config\.json: take a folder .* or musicnn"),
        (lambda folder: (folder / "preprocessor_config.json").unlink(), r"holds no \*processor_config\.json"),
        (pickled, r"holds no \*\.safetensors"),
        (broken_config, "cannot be loaded"),
        (unknown_kind, "cannot be loaded .*unheard"),
        (own_code, "needs Python code of its own, and no such code is run"),
        (own_code_of_the_extractor, "needs Python code of its own, and no such code is run"),
        (sees_pictures, "cannot be loaded"),
        (cut_short, "cannot be loaded"),
        (weights_changed(lambda weights: weights.pop("encoder.layer_norm.bias")), r"weights lack encoder\.layer_norm"),
        (
            weights_changed(lambda weights: weights["encoder.layer_norm.bias"].fill(np.nan)),
            "numbers that are not finite",
        ),
        (reads_texts, "hears no sound"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)  # fmt: skip
def test_what_cannot_hear_is_refused_in_one_line(
    damage: Callable[[Path], object], said: str, folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(folders["wav2vec2"], tmp_path / "broken")
    damage(folder)
    with pytest.raises(Problem, match=rf"^audio\.encoder is {folder}, .*{said}") as problem:
        ears(folder).hear(noise(SECONDS))
    assert "\n" not in str(problem.value)


def test_weights_that_no_vector_needs_may_be_missing(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(folders["wav2vec2"], tmp_path / "without")
    weights_changed(lambda weights: weights.pop("masked_spec_embed"))(folder)
    wave = noise(SECONDS)
    np.testing.assert_array_equal(ears(folder).hear(wave).vectors, ears(folders["wav2vec2"]).hear(wave).vectors)


def test_a_folder_with_a_revision_or_none_at_all_is_one_line(folders: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"audio\.revision is 'main', but .* is a folder"):
        HubEncoder(str(folders["ast"]), "main", SECONDS)
    with pytest.raises(Problem, match=r"no such folder: correct audio\.encoder, or set it to musicnn"):
        HubEncoder(str(tmp_path / "nowhere"), "", SECONDS)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("no_network")
def test_a_hub_name_that_cannot_be_had_is_one_line() -> None:
    with pytest.raises(Problem, match=r"reachable|forbids asking") as problem:
        HubEncoder("no-one/nothing-heard", "main", SECONDS)
    assert "\n" not in str(problem.value)
    assert str(problem.value).endswith("set audio.encoder to a folder with it, or to musicnn")


@pytest.mark.usefixtures("no_network")
def test_a_hub_name_is_pinned_and_asked_for_once(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"  # of no real model
    place = tmp_path / "models--someone--ears"  # as an earlier run with the hub leaves it
    shutil.copytree(folders["clap"], place / "snapshots" / commit)
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text(commit, encoding="utf-8")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    first, again = (HubEncoder("someone/ears", "", SECONDS) for _ in range(2))
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        f"someone/ears changes with its branch: audio.revision: {commit} pins this version"
    ]
    assert (first.name, first.revision, first.identity) == ("someone/ears", commit, again.identity)
    pinned = HubEncoder("someone/ears", commit, SECONDS)
    assert pinned.identity == first.identity
    assert len(caplog.records) == 1
