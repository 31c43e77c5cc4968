"""How fast and how exact lyrics become vectors with the form of multilingual BERT, and how much memory that takes.

A script, not a test: `PYTHONPATH=. python tests/bench/bench_bert.py [rounds] [threads]`. Weights of chance in the real
form (177 million of them), saved as a folder and read as the stage reads it; against padding to 512 in fp32, as courses
teach it. The two take turns, so that a busy machine slows both.
"""

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from pipeline.core import device, hub
from pipeline.text import bert
from pipeline.text.bert import BertParams
from pipeline.text.encoders import find

PIECES, LONG = 119_547, 1_500
WORDS = " ".join(
    (Path(bert.__file__).parent / "common" / f"{name}.txt").read_text(encoding="utf-8") for name in ("en", "bn-Latn")
).split()
MEMORY = """
import sys
from pathlib import Path
from pipeline import lyrics
from pipeline.text.bert import BertParams, vectors
before = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]
vectors(Path(sys.argv[1]).read_text().split("\\n"), BertParams(sys.argv[2], "", 512, 64, sys.argv[3], 16384, 16), "cpu")
print(before, Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


def write_encoder(folder: Path) -> None:
    """The architecture of bert-base-multilingual-cased with weights of chance, and a tokenizer of as many pieces."""
    hub.quiet_transformers()
    from transformers import BertConfig, BertModel, BertTokenizer

    torch.manual_seed(0)
    BertModel(BertConfig(vocab_size=PIECES)).save_pretrained(folder)
    letters = [chr(code) for code in range(33, 127)]
    known = dict.fromkeys(
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters), *WORDS]
    )
    pieces = [*known, *(f"[unused{number}]" for number in range(PIECES - len(known)))]
    tokenizer = BertTokenizer(dict(zip(pieces, range(PIECES), strict=True)), do_lower_case=False, model_max_length=512)
    tokenizer.save_pretrained(folder)


def documents(many: int, dice: random.Random) -> list[str]:
    """Texts of 100 to 300 word pieces, as lyrics have."""
    return [
        " ".join(dice.choices([word for word in WORDS if "'" not in word], k=dice.randint(100, 300)))
        for _ in range(many)
    ]


def taught(folder: Path, texts: list[str], where: torch.device) -> Callable[[], int]:
    """Everything padded to 512, in fp32, eight at a time."""
    p = BertParams(str(folder), "", 512, 64, "fp32", 16384, 16)
    full = bert.load(find(str(folder), ""), p, where, bf16=False)

    @torch.inference_mode()
    def once() -> int:
        count = 0
        for at in range(0, len(texts), 8):
            inputs = full.tokenizer(
                texts[at : at + 8], padding="max_length", truncation=True, max_length=512, return_tensors="pt"
            ).to(where)
            hidden = full.model(**inputs).last_hidden_state
            mask = inputs["attention_mask"][..., None]
            ((hidden * mask).sum(1) / mask.sum(1)).cpu()
            count += int(mask.sum())
        return count

    return once


def ours(encoder: bert.Encoder, texts: list[str]) -> Callable[[], int]:
    def once() -> int:
        list(bert.encode(encoder, texts))
        return sum(len(ids) + 2 for ids in encoder.tokenizer(texts, add_special_tokens=False)["input_ids"])

    return once


def cosine(encoder: bert.Encoder, full: bert.Encoder, texts: list[str]) -> float:
    """The lowest cosine of a text's two vectors, each less the mean over the texts."""
    fast, exact = (np.stack(list(bert.encode(reader, texts))) for reader in (encoder, full))
    fast, exact = fast - fast.mean(0), exact - exact.mean(0)
    return float(((fast * exact).sum(1) / np.linalg.norm(fast, axis=1) / np.linalg.norm(exact, axis=1)).min())


def memory(folder: Path, texts: list[str], precision: str) -> str:
    """What a process of its own needs at most for these texts and a long one."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "texts"
        file.write_text("\n".join([*texts, " ".join(WORDS[:1] * LONG)]), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-c", MEMORY, str(file), str(folder), precision],
            env=os.environ | {"SURBANI_CACHE": place}, capture_output=True, text=True, check=True,
        )  # fmt: skip
    before, peak = (int(kilobytes) / 1024 for kilobytes in done.stdout.split())
    return f"{peak:,.0f} MiB at most, {before:,.0f} of them imports"


def main() -> None:
    rounds, threads = (int(given) for given in [*sys.argv[1:], *("3", "1")[len(sys.argv) - 1 :]])
    torch.set_num_threads(threads)
    where, why = device.choose_device("auto")
    dice = random.Random(0)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "mbert"
        write_encoder(folder)
        p = BertParams(str(folder), "", 512, 64, "auto", 16384, 16)
        bf16, precision = bert.choose_precision("auto", where, bert.weight_bytes(folder))
        print(f"{why}; {threads} threads; {precision}")
        texts = documents(8, dice)
        for asked in ("auto", "fp32"):
            print(f"memory, precision {asked}: {memory(folder, texts, asked)}")
        files = find(str(folder), "")
        encoder = bert.load(files, p, where, bf16=bf16)
        full = bert.load(files, p, where, bf16=False)
        print(f"lowest centred cosine to fp32 over 24 texts: {cosine(encoder, full, documents(24, dice)):.5f}")
        ways = {"taught": taught(folder, texts, where), "ours in fp32": ours(full, texts), "ours": ours(encoder, texts)}
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        tokens = 0
        for _ in range(rounds):
            for name, way in ways.items():
                start = time.perf_counter()
                tokens = way()
                seconds[name].append(time.perf_counter() - start)
        took = {name: statistics.median(values) for name, values in seconds.items()}
        for name, value in took.items():
            print(f"{name}: {tokens / value:,.0f} tokens/s, {took['taught'] / value:.2f} of taught")


if __name__ == "__main__":
    main()
