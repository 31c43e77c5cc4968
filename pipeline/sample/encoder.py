"""Pre-trains the small bilingual BERT that reads the sample's lyrics, and writes it as a folder for `from_pretrained`.

Masked words are all that it learns from: no theme, no language and no song of the sample is shown to it. The same seed
gives the same bytes on the same machine.
"""

import argparse
import math
import string
import unicodedata
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.core import torchaudio_cpu
from pipeline.core.command import progress
from pipeline.sample import command, encoder_text
from pipeline.sample.encoder_card import TEXT

torchaudio_cpu.transforms()  # transformers imports torchaudio, which fails by itself where torch has no CUDA

from transformers import BertConfig, BertForMaskedLM, BertModel, BertTokenizer  # noqa: E402
from transformers.utils import logging as transformers_logging  # noqa: E402

OWN: Final = {"README.md", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
SPECIAL: Final = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
BENGALI: Final = [chr(code) for code in range(0x0980, 0x0A00) if unicodedata.category(chr(code)) != "Cn"]
LETTERS: Final = frozenset((*string.ascii_lowercase, *string.digits, *string.punctuation, *BENGALI))
CHOSEN_TO_PREDICT: Final = 0.25  # of the tokens
KEPT: Final = 0.10  # of those are shown as they are, so that the encoder minds words that are not masked
SWAPPED: Final = 0.10  # and as many stand as another word


@dataclass(frozen=True)
class Settings:
    """What is trained on what. The defaults make the encoder of the project."""

    seed: int = 1
    documents: int = 8000
    width: int = 128
    depth: int = 2
    heads: int = 4
    inner: int = 256
    positions: int = 256
    steps: int = 1000
    batch: int = 32
    warmup: int = 60
    rate: float = 2.5e-3


@dataclass(frozen=True)
class Trained:
    bert: BertModel
    tokenizer: BertTokenizer
    loss: float  # mean of the last twentieth of the steps, nats a masked token


def pretrain(texts: list[str], p: Settings) -> Trained:
    """A BERT that predicts masked tokens of these texts."""
    tokenizer = learn_tokenizer(texts, p)
    torch.manual_seed(p.seed)
    model = BertForMaskedLM(_config(tokenizer, p))
    optimizer = torch.optim.AdamW(model.parameters(), lr=p.rate, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _share_of_rate(step, p))
    rng = np.random.default_rng(p.seed)
    losses: list[float] = []
    model.train()
    sequences = tokenizer(texts, truncation=True)["input_ids"]
    for tokens in progress(_batches(sequences, p, rng), "pre-training", p.steps):
        loss = _loss(model, tokens, tokenizer, rng)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return Trained(_without_head(model), tokenizer, float(np.mean(losses[-math.ceil(p.steps / 20) :])))


def learn_tokenizer(texts: list[str], p: Settings) -> BertTokenizer:
    """WordPiece in lower case, with each word of the texts whole and single letters for all others.

    Accents stay, for Bangla's vowel signs would go with them. The trainer of `tokenizers` is not used: it breaks ties
    by the order of a hash table, which differs from run to run.
    """
    plain = BertTokenizer(do_lower_case=True, strip_accents=False).backend_tokenizer
    words: Counter[str] = Counter()
    for text in texts:
        words.update(word for word, _ in plain.pre_tokenizer.pre_tokenize_str(plain.normalizer.normalize_str(text)))
    letters = sorted({*LETTERS, *(letter for word in words for letter in word)})
    pieces = [*SPECIAL, *letters, *(f"##{letter}" for letter in letters), *sorted(words, key=lambda w: (-words[w], w))]
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    return BertTokenizer(vocabulary, do_lower_case=True, strip_accents=False, model_max_length=p.positions)


def _config(tokenizer: BertTokenizer, p: Settings) -> BertConfig:
    return BertConfig(
        vocab_size=len(tokenizer), hidden_size=p.width, num_hidden_layers=p.depth, num_attention_heads=p.heads,
        intermediate_size=p.inner, max_position_embeddings=p.positions, pad_token_id=tokenizer.pad_token_id,
        initializer_range=p.width**-0.5,  # BERT's own 0.02 is for wide ones: a narrow one hardly starts with it
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,  # no document comes often
    )  # fmt: skip


def _share_of_rate(step: int, p: Settings) -> float:
    """Up in the warm-up, and then straight down to nearly nothing."""
    return min((step + 1) / p.warmup, 1.0) * max(1 - step / p.steps, 0.02)


def _batches(sequences: list[list[int]], p: Settings, rng: np.random.Generator) -> Iterator[list[list[int]]]:
    """A batch a step; every document comes once before one comes again."""
    order: list[int] = []
    for _ in range(p.steps):
        while len(order) < p.batch:
            order += rng.permutation(len(sequences)).tolist()
        yield [sequences[place] for place in order[: p.batch]]
        del order[: p.batch]


def _loss(
    model: BertForMaskedLM, sequences: list[list[int]], tokenizer: BertTokenizer, rng: np.random.Generator
) -> torch.Tensor:
    """The mean negative log-likelihood of the tokens that were chosen to be predicted."""
    width = max(map(len, sequences))
    tokens = np.full((len(sequences), width), tokenizer.pad_token_id)
    for row, sequence in zip(tokens, sequences, strict=True):
        row[: len(sequence)] = sequence
    shown, chosen = masked(tokens, tokenizer, rng)
    start = int(
        rng.integers(model.config.max_position_embeddings - width + 1)
    )  # or late positions would never be learnt
    hidden = model.bert(
        input_ids=torch.from_numpy(shown),
        attention_mask=torch.from_numpy(tokens != tokenizer.pad_token_id).long(),
        position_ids=torch.arange(start, start + width)[None],
    ).last_hidden_state
    where = torch.from_numpy(chosen)
    return torch.nn.functional.cross_entropy(model.cls(hidden[where]), torch.from_numpy(tokens)[where])


def masked(
    tokens: NDArray[np.int64], tokenizer: BertTokenizer, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The tokens as the encoder sees them, and which of them it has to predict: never a special one, at least one."""
    words = ~np.isin(tokens, tokenizer.all_special_ids)
    chance = np.where(words, rng.random(tokens.shape), np.inf)
    chosen = words & (chance <= max(CHOSEN_TO_PREDICT, float(chance.min())))
    fate = rng.random(tokens.shape)
    others = rng.integers(len(tokenizer.all_special_ids), len(tokenizer), tokens.shape)
    instead = np.where(fate < KEPT, tokens, np.where(fate < KEPT + SWAPPED, others, tokenizer.mask_token_id))
    return np.where(chosen, instead, tokens), chosen


def _without_head(model: BertForMaskedLM) -> BertModel:
    """The encoder as AutoModel wants it. Its pooler was never trained: all zeros, so that nobody trusts it."""
    bert = BertModel(model.config)
    bert.load_state_dict(model.bert.state_dict(), strict=False)
    for name, weight in bert.named_parameters():
        if name.startswith("pooler."):
            torch.nn.init.zeros_(weight)
    return bert


def write(trained: Trained, out: Path, p: Settings) -> None:
    """Writes all files beside `out`, and moves them there together."""
    refuse_foreign(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as beside:
        new = Path(beside) / "new"
        stored = deepcopy(trained.bert).half()
        stored.save_pretrained(new)
        (new / "model.safetensors").chmod(0o644)  # it comes as the owner's alone
        stored.config.dtype = torch.float32  # as it is to be loaded: few CPUs compute well in half precision
        stored.config.save_pretrained(new)
        trained.tokenizer.save_pretrained(new)
        (new / "README.md").write_text(card(new, trained, p), encoding="utf-8")
        if out.exists():
            out.rename(Path(beside) / "old")
        new.rename(out)


def refuse_foreign(out: Path) -> None:
    """Raises when the folder holds anything that no earlier encoder wrote."""
    command.refuse_foreign(out, OWN)


def card(folder: Path, trained: Trained, p: Settings) -> str:
    """The text of README.md."""
    words = sum(len(text.split()) for text in encoder_text.documents(p.documents, p.seed))
    size = sum(path.stat().st_size for path in folder.iterdir())
    facts = asdict(p) | {"vocabulary": len(trained.tokenizer), "loss": trained.loss, "words": words}
    return TEXT.format(
        **facts, weights=trained.bert.num_parameters() / 1e6, megabytes=size / 1e6,
        shortest=encoder_text.LINES[0], longest=encoder_text.LINES[1], main=encoder_text.MAIN,
        second=encoder_text.SECOND, woven=encoder_text.WOVEN, chosen=CHOSEN_TO_PREDICT, kept=KEPT, swapped=SWAPPED,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        "python -m pipeline.sample.encoder", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("models/sample-bert"), help="(default: %(default)s)")
    parser.add_argument("--seed", type=int, default=Settings.seed, help="(default: %(default)s)")
    wanted = parser.parse_args()
    if wanted.seed < 0:
        parser.error(f"--seed {wanted.seed}: must be at least 0")
    torch.set_num_threads(1)  # a sum in another order has other last bits, and small layers gain little from more
    transformers_logging.disable_progress_bar()
    p = Settings(seed=wanted.seed)
    with command.one_line(wanted.out, "stopped; nothing was written, run it again to begin anew"):
        refuse_foreign(wanted.out)
        print(f"BERT of {p.depth} layers, {p.width} wide; {p.steps} steps of {p.batch} documents, one CPU thread")
        write(pretrain(encoder_text.documents(p.documents, p.seed), p), wanted.out, p)
    print(f"{wanted.out}: {sum(path.stat().st_size for path in wanted.out.iterdir()) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
