"""Texts as vectors of a pre-trained encoder: the mean of its last hidden states over the word pieces of a text.

Any encoder of transformers' AutoModel, from a folder or from the hub. Overlapping windows read long texts, and each
piece counts once; nothing is cut off. The cache keeps vectors by text and encoder: a rerun computes only new texts.
"""

import itertools
import logging
import math
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.core import cache, hub
from pipeline.core.command import Problem, progress
from pipeline.core.device import choose_device
from pipeline.core.hub import EncoderFiles
from pipeline.core.params import Count, Rule, Within
from pipeline.core.settings import Device
from pipeline.text.encoders import find

log = logging.getLogger(__name__)

BLOCK: Final = 256  # texts tokenized at a time
MIN_BF16_BYTES: Final = 100e6  # of weights; on a CPU bf16 does not make a smaller encoder faster
CURE: Final = "take another folder or revision"
RECIPE: Final = "mean of word pieces, 1"  # change it when the numbers change: the cache then computes them anew

Vector = NDArray[np.float32]


@dataclass(frozen=True)
class BertParams:
    model: str
    revision: str
    window: Annotated[int, Within(16)]
    overlap: Annotated[
        int,
        Within(0),
        Rule(lambda overlap, bert: overlap <= bert["window"] // 2, "at most half of lyrics.bert.window ({window})"),
    ]
    precision: Literal["auto", "fp32", "bf16"]
    tokens: Count
    reduced: Count


def vectors(texts: list[str], p: BertParams, device: Device, files: EncoderFiles | None = None) -> Vector:
    """[text, dimension], from the cache where it has them; by the encoder in `files`, else by the one that p names."""
    where, why = choose_device(device)
    files = files or find(p.model, p.revision)
    bf16, precision = choose_precision(p.precision, where, weight_bytes(files.folder))
    made_from = {"encoder": files.identity, "window": p.window, "overlap": p.overlap, "bf16": bf16, "recipe": RECIPE}
    keys = {text: cache.key(text=text, **made_from) for text in texts}
    kept = cache.Cache("bert", cache.place())
    means = {text: arrays["mean"] for text, key in keys.items() if (arrays := kept.get(key)) and "mean" in arrays}
    new = [text for text in keys if text not in means]
    log.info("bert: %s; %s; %s; %d of %d texts are new", p.model, why, precision, len(new), len(keys))
    if new:
        encoder = load(files, p, where, bf16)
        for text, mean in zip(new, progress(encode(encoder, new), "bert", len(new)), strict=True):
            means[text] = mean
            kept.put(keys[text], {"mean": mean})
    return np.stack([means[text] for text in texts])


def weight_bytes(folder: Path) -> int:
    """The size of an encoder on disk."""
    return sum(file.stat().st_size for file in folder.glob("*.safetensors"))


def choose_precision(asked: str, device: torch.device, size: float) -> tuple[bool, str]:
    """Whether to compute in bf16, with the reason. On a CPU `auto` takes it only where the CPU has instructions for it.

    With them large encoders are more than twice as fast (tests/bench/bench_bert.py), without them no encoder is.
    """
    if asked != "auto":
        return asked == "bf16", f"precision {asked}: as asked"
    if device.type == "cuda":
        return (True, "precision bf16: the GPU has it") if torch.cuda.is_bf16_supported() else (False, "precision fp32")
    names = [name for name, value in torch.cpu.get_capabilities().items() if "bf16" in name and value is True]
    if not names:
        return False, "precision fp32: the CPU has no bf16"
    if size < MIN_BF16_BYTES:
        return False, "precision fp32: the encoder is small"
    return True, f"precision bf16: the CPU has {names[0]}"


@dataclass(frozen=True)
class Encoder:
    """An encoder and its tokenizer, ready to read."""

    model: Any
    tokenizer: Any
    before: list[int]  # what the tokenizer puts in front of each window, such as [CLS]
    after: list[int]
    room: int  # word pieces of the text that fit into a window
    overlap: int
    tokens: int  # in a batch, padding included; a longer window is a batch of its own


def load(files: EncoderFiles, p: BertParams, device: torch.device, bf16: bool) -> Encoder:
    """The encoder in memory; weights that do not fit its config are refused."""
    hub.quiet_transformers()
    try:
        tokenizer, model, absent = _loaded(files.folder)
    except Exception as error:  # whatever transformers raises on a broken file
        raise Problem(f"lyrics.bert.model is {p.model}, which cannot be loaded ({hub.brief(error)}): {CURE}") from None
    if absent:
        raise Problem(f"lyrics.bert.model is {p.model}, whose weights lack {absent[0]} ({len(absent)}): {CURE}")
    if len(tokenizer) > model.config.vocab_size:
        sizes = f"{len(tokenizer)} and {model.config.vocab_size} word pieces"
        raise Problem(f"lyrics.bert.model is {p.model}, whose tokenizer and model know {sizes}: {CURE}")
    if bf16:
        _halve(model)
    model.eval().to(device)
    plain, framed = (tokenizer("a", add_special_tokens=special)["input_ids"] for special in (False, True))
    at = next((at for at in range(len(framed)) if framed[at : at + len(plain)] == plain), 0) if plain else 0
    before, after = framed[:at], framed[at + len(plain) :]
    window = min(p.window, tokenizer.model_max_length, getattr(model.config, "max_position_embeddings", p.window))
    room = window - len(before) - len(after)
    weights = sum(weight.numel() for weight in model.parameters())
    log.info("bert: %.1f million weights; windows of %d word pieces", weights / 1e6, room)
    # A vector must not depend on its neighbours in a batch, and on a CPU a batch is no faster than one window.
    tokens = p.tokens if device.type == "cuda" else 1
    encoder = Encoder(model, tokenizer, before, after, room, min(p.overlap, room // 2), tokens)
    try:
        _hidden(encoder, [framed])
    except Exception as error:  # such as a model that translates, or reads pictures
        raise Problem(f"lyrics.bert.model is {p.model}, which reads no texts ({hub.brief(error)}): {CURE}") from None
    return encoder


def _loaded(folder: Path) -> tuple[Any, Any, list[str]]:
    """Tokenizer, model and the names of weights that the files lack, except for the pooler, which is not used."""
    from transformers import AutoModel, AutoTokenizer

    with warnings.catch_warnings(action="ignore"):
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        model, report = AutoModel.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=torch.float32, output_loading_info=True,
            trust_remote_code=False,  # or it would ask the person whether to run the model's own code
        )  # fmt: skip
    return tokenizer, model, sorted(name for name in report["missing_keys"] if not name.startswith("pooler."))


def _halve(model: Any) -> None:
    """Turns the weights to bf16, except for the table of word pieces, whose rows are turned when they are looked up.

    In mBERT the table is half of all weights; it stays in the file, from which torch reads only the rows it needs.
    """
    words = model.get_input_embeddings()
    for part in model.modules():
        if part is not words:
            for weight in part.parameters(recurse=False):
                weight.data = weight.data.bfloat16()
    words.register_forward_hook(lambda _module, _inputs, output: output.bfloat16())


@dataclass(frozen=True)
class Window:
    """The encoder reads word pieces `start` to `stop` of a text; `first` to `last` of them count in this window."""

    start: int
    stop: int
    first: int
    last: int


def windows(length: int, room: int, overlap: int) -> list[Window]:
    """Windows of one size, overlapping by `overlap` or more; a piece counts where it is further from an edge."""
    count = 1 if length <= room else math.ceil((length - overlap) / (room - overlap))
    size = math.ceil((length + (count - 1) * overlap) / count)
    starts = [min(number * (size - overlap), length - size) for number in range(count)]
    edges = [0, *((start + before + size) // 2 for before, start in itertools.pairwise(starts)), length]
    return [Window(start, start + size, edges[n], edges[n + 1]) for n, start in enumerate(starts)]


def encode(encoder: Encoder, texts: Sequence[str]) -> Iterator[Vector]:
    """The mean over the word pieces of each text, without [CLS] and [SEP]: they would outweigh the shortest texts."""
    for at in range(0, len(texts), BLOCK):
        pieces = encoder.tokenizer(
            list(texts[at : at + BLOCK]), add_special_tokens=False, verbose=False, return_attention_mask=False
        )["input_ids"]
        yield from _means(encoder, pieces)


def _means(encoder: Encoder, pieces: list[list[int]]) -> list[Vector]:
    room, overlap = encoder.room, encoder.overlap
    parts = [(text, part) for text, ids in enumerate(pieces) for part in windows(len(ids), room, overlap)]
    parts.sort(key=lambda item: item[1].stop - item[1].start)
    sums = np.zeros((len(pieces), encoder.model.config.hidden_size))
    frame = len(encoder.before) + len(encoder.after)
    for batch in batches([part.stop - part.start + frame for _, part in parts], encoder.tokens):
        chosen = [parts[number] for number in batch]
        ids = [encoder.before + pieces[text][part.start : part.stop] + encoder.after for text, part in chosen]
        for (text, part), hidden in zip(chosen, _hidden(encoder, ids), strict=True):
            counted = hidden[len(encoder.before) :][part.first - part.start : part.last - part.start]
            sums[text] += counted.double().sum(0).cpu().numpy()
    if not np.isfinite(sums).all():
        raise Problem("lyrics.bert.model gives numbers that are not finite: set lyrics.bert.precision to fp32")
    return [(row / max(1, len(ids))).astype(np.float32) for row, ids in zip(sums, pieces, strict=True)]


def batches(lengths: Sequence[int], tokens: int) -> Iterator[range]:
    """Runs of rising lengths that hold at most `tokens` with their padding; a longer one is a batch of its own."""
    start = 0
    for stop in range(1, len(lengths) + 1):
        if stop == len(lengths) or lengths[stop] * (stop + 1 - start) > tokens:
            yield range(start, stop)
            start = stop


@torch.inference_mode()
def _hidden(encoder: Encoder, ids: list[list[int]]) -> torch.Tensor:
    """[window, piece, dimension]; shorter windows end in padding."""
    longest = max(map(len, ids))
    padding = encoder.tokenizer.pad_token_id or 0
    where = encoder.model.device
    inputs = torch.tensor([row + [padding] * (longest - len(row)) for row in ids], device=where)
    present = torch.tensor([[place < len(row) for place in range(longest)] for row in ids], device=where)
    mask = None if bool(present.all()) else present.long()  # without a mask attention is faster
    hidden: torch.Tensor = encoder.model(input_ids=inputs, attention_mask=mask).last_hidden_state
    return hidden
