"""Vectors of an encoder: the mean of all word pieces, whatever the window or batch; kept, and refused in one line."""

import itertools
import json
import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from pipeline import lyrics
from pipeline.core import params
from pipeline.core.command import Problem
from pipeline.text import bert
from pipeline.text.bert import BertParams, batches, choose_precision, encode, load, vectors, windows
from pipeline.text.encoders import find

ROOT = Path(__file__).parents[2]
CPU = torch.device("cpu")
TEXTS = ["rain river song", "বৃষ্টি পড়ে", "twinkle little star how I wonder what you are", "rain", "🎵 rain"]


@pytest.fixture
def p(tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BertParams:
    monkeypatch.setenv("SURBANI_CACHE", str(tmp_path / "cache"))
    return BertParams(str(tiny_encoder), "", 64, 8, "fp32", 64, 4)


@pytest.fixture
def encoder(p: BertParams) -> bert.Encoder:
    return load(find(p.model, ""), p, CPU, bf16=False)


def by_hand(encoder: bert.Encoder, text: str) -> np.ndarray:
    """The mean over the real word pieces of one text that fits into one window."""
    inputs = encoder.tokenizer(text, return_tensors="pt")
    with torch.no_grad():
        hidden = encoder.model(**inputs).last_hidden_state[0]
    return np.asarray(hidden[1:-1].mean(0))


def test_a_vector_is_the_mean_of_the_real_word_pieces(encoder: bert.Encoder) -> None:
    for text, mean in zip(TEXTS, encode(encoder, TEXTS), strict=True):
        np.testing.assert_allclose(mean, by_hand(encoder, text), atol=1e-6)


@given(st.integers(0, 300), st.integers(4, 40), st.integers(0, 20))
def test_windows_count_each_piece_once_and_fit(length: int, room: int, overlap: int) -> None:
    overlap = min(overlap, room // 2)
    parts = windows(length, room, overlap)
    assert [place for part in parts for place in range(part.first, part.last)] == list(range(length))
    for part in parts:
        assert 0 <= part.start <= part.first <= part.last <= part.stop <= length
        assert part.stop - part.start <= room
    for before, after in itertools.pairwise(parts):
        assert before.stop - after.start >= overlap
        assert before.start < after.start
    assert len({part.stop - part.start for part in parts}) == 1


def test_no_word_of_a_long_text_is_cut_off(encoder: bert.Encoder) -> None:
    long = " ".join(["rain river song"] * 7000)
    plain, longer = encode(encoder, [long, f"{long} twinkle"])
    assert np.isfinite(plain).all()
    assert not np.array_equal(plain, longer)
    start, _ = encode(encoder, ["twinkle " * 40 + "rain " * 200, "twinkle " * 40])
    assert np.linalg.norm(start - by_hand(encoder, "rain rain rain rain")) < np.linalg.norm(
        start - by_hand(encoder, "twinkle twinkle twinkle twinkle")
    )


def test_a_long_text_is_the_mean_of_its_windows_by_their_pieces(encoder: bert.Encoder) -> None:
    short = replace(encoder, room=10, overlap=4)
    ids = encoder.tokenizer(TEXTS[2] + " rain river song bird day", add_special_tokens=False)["input_ids"]
    total = np.zeros(8)
    for part in windows(len(ids), 10, 4):
        read = torch.tensor([[*encoder.before, *ids[part.start : part.stop], *encoder.after]])
        with torch.no_grad():
            hidden = encoder.model(read).last_hidden_state[0]
        total += hidden[1 + part.first - part.start : 1 + part.last - part.start].sum(0).numpy()
    (mean,) = encode(short, [TEXTS[2] + " rain river song bird day"])
    np.testing.assert_allclose(mean, total / len(ids), atol=1e-6)


def test_batches_with_padding_change_nothing(encoder: bert.Encoder) -> None:
    alone, together = (np.stack(list(encode(replace(encoder, tokens=tokens), TEXTS))) for tokens in (1, 1000))
    np.testing.assert_allclose(alone, together, atol=1e-6)


def test_on_a_cpu_a_vector_does_not_depend_on_its_neighbours(encoder: bert.Encoder) -> None:
    assert encoder.tokens == 1
    together = list(encode(encoder, TEXTS))
    for text, mean in zip(TEXTS, together, strict=True):
        np.testing.assert_array_equal(next(iter(encode(encoder, [text]))), mean)


@given(st.lists(st.integers(1, 50), max_size=30).map(sorted), st.integers(1, 200))
def test_batches_keep_to_their_budget(lengths: Sequence[int], tokens: int) -> None:
    parts = list(batches(lengths, tokens))
    assert [number for batch in parts for number in batch] == list(range(len(lengths)))
    assert all(len(batch) == 1 or lengths[batch[-1]] * len(batch) <= tokens for batch in parts)


def test_bf16_is_nearly_fp32(p: BertParams) -> None:
    files = find(p.model, "")
    full, half = (np.stack(list(encode(load(files, p, CPU, bf16=bf16), TEXTS))) for bf16 in (False, True))
    assert not np.array_equal(full, half)
    np.testing.assert_allclose(half, full, atol=0.05)


@pytest.mark.parametrize(
    ("asked", "instructions", "size", "bf16", "why"),
    [
        ("fp32", {"avx512_bf16": True}, 1e9, False, "as asked"),
        ("bf16", {}, 0, True, "as asked"),
        ("auto", {"avx2": True, "amx_bf16": False}, 1e9, False, "the CPU has no bf16"),
        ("auto", {"avx512_bf16": True}, 1e6, False, "the encoder is small"),
        ("auto", {"avx2": True, "avx512_bf16": True}, 1e9, True, "the CPU has avx512_bf16"),
    ],
)
def test_bf16_is_taken_where_the_cpu_has_it(
    asked: str, instructions: dict[str, bool], size: float, bf16: bool, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: instructions)
    taken, said = choose_precision(asked, CPU, size)
    assert taken is bf16
    assert why in said


def test_a_rerun_reads_the_kept_vectors_and_computes_the_new(
    p: BertParams, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    first = vectors(TEXTS[:3], p, "cpu")
    again = vectors([TEXTS[3], *TEXTS[:3], TEXTS[3]], p, "cpu")
    assert "1 of 4 texts are new" in caplog.text
    np.testing.assert_array_equal(again[1:4], first)
    np.testing.assert_array_equal(again[0], again[4])
    monkeypatch.setattr(bert, "load", lambda *_: pytest.fail("nothing is new"))
    np.testing.assert_array_equal(vectors(TEXTS[:3], p, "cpu"), first)


def changed(folder: Path, to: Path, change: Callable[[dict[str, np.ndarray]], object]) -> Path:
    """A copy of an encoder with other weights."""
    shutil.copytree(folder, to)
    weights = load_file(to / "model.safetensors")
    change(weights)
    save_file(weights, to / "model.safetensors", {"format": "pt"})
    return to


def test_other_weights_windows_or_precision_are_not_the_kept_ones(p: BertParams, tmp_path: Path) -> None:
    text = ["rain river song " * 40]
    base = vectors(text, p, "cpu")
    folder = changed(Path(p.model), tmp_path / "other", lambda weights: weights["embeddings.LayerNorm.weight"].fill(2))
    for q in (
        replace(p, model=str(folder)),
        replace(p, window=32),
        replace(p, overlap=20),
        replace(p, precision="bf16"),
    ):
        assert not np.array_equal(vectors(text, q, "cpu"), base)
    copied = shutil.copytree(p.model, tmp_path / "elsewhere")
    assert find(str(copied), "").identity == find(p.model, "").identity


def broken_json(folder: Path) -> None:
    (folder / "config.json").write_text("{", encoding="utf-8")


def cut(folder: Path) -> None:
    raw = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(raw[: len(raw) // 2])


def other_size(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(config | {"intermediate_size": 20}), encoding="utf-8")


def more_layers(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}), encoding="utf-8")


def more_pieces(folder: Path) -> None:
    with (folder / "vocab.txt").open("a", encoding="utf-8") as file:
        file.write("new\n")


def not_finite(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["embeddings.LayerNorm.weight"][:] = np.nan
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


def code_of_its_own(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config |= {"model_type": "unheard", "auto_map": {"AutoConfig": "own.Config", "AutoModel": "own.Model"}}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "own.py").write_text("raise SystemExit('it ran')", encoding="utf-8")


def writes_too(folder: Path) -> None:
    from transformers import T5Config, T5Model

    sizes = T5Config(vocab_size=1000, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2)
    T5Model(sizes).save_pretrained(folder)


def pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (broken_json, "cannot be loaded"),
        (cut, "cannot be loaded"),
        (other_size, "cannot be loaded"),
        (more_layers, r"whose weights lack encoder\.layer\.2\."),
        (more_pieces, "whose tokenizer and model know"),
        (not_finite, "numbers that are not finite: set lyrics.bert.precision to fp32"),
        (code_of_its_own, "cannot be loaded .*custom code"),
        (writes_too, "reads no texts"),
        (pickled, r"holds no \*\.safetensors"),
        (lambda folder: (folder / "config.json").unlink(), "holds no config.json"),
        (lambda folder: (folder / "tokenizer_config.json").unlink(), r"holds no tokenizer\*"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)  # fmt: skip
def test_a_broken_folder_is_one_line(
    damage: Callable[[Path], object], said: str, p: BertParams, tmp_path: Path
) -> None:
    folder = shutil.copytree(p.model, tmp_path / "broken")
    damage(folder)
    with pytest.raises(Problem, match=said) as problem:
        vectors(["rain"], replace(p, model=str(folder)), "cpu")
    assert "\n" not in str(problem.value)


def test_an_overlap_beyond_the_window_is_refused(set_param: Callable[[str, object], None]) -> None:
    set_param("lyrics.bert.overlap", 257)
    Path("dvc.yaml").unlink()  # or an error would import every stage
    with pytest.raises(Problem, match=r"overlap is 257 .* at most half of lyrics\.bert\.window \(512\)"):
        params.load(lyrics.Params)


def test_no_gpu_where_one_is_asked_for_is_one_line(p: BertParams, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(Problem, match="set device to auto or cpu"):
        vectors(["rain"], p, "cuda")
