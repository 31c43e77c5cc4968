"""Shared fixtures: array shapes are enforced, chance is seeded, only temporary folders are written."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
import yaml
from hypothesis import settings
from jaxtyping import install_import_hook
from numpy.typing import NDArray
from safetensors.numpy import save_file

from pipeline.core import workers
from pipeline.draw import style

install_import_hook("pipeline.nets", "beartype.beartype")  # before any test imports them
torch.set_num_threads(1)
os.environ["OMP_NUM_THREADS"] = "1"  # for the commands that tests start

settings.register_profile("surbani", database=None, deadline=None, derandomize=True, max_examples=40)
settings.load_profile("surbani")

ROOT = Path(__file__).parents[1]
RATE = 16_000

# What makes the whole pipeline small enough for a test; every other parameter is the real one.
SMALL = {
    "seeds": [0, 1],
    "folds": 2,
    "device": "cpu",
    "audio.clip_seconds": 6,
    "audio.sample_rate": 8000,
    "audio.frames": 60,
    "audio.fft": 1024,
    "audio.mels": 32,
    "audio.mfcc": 13,
    "audio.workers": 1,
    "audio.encoder": "none",
    "audio.hears": "stats",
    "lyrics.tfidf.min_tracks": 1,
    "lyrics.word2vec.size": 8,
    "lyrics.word2vec.min_count": 1,
    "lyrics.word2vec.epochs": 2,
    "train.batch": 8,
    "train.workers": 1,
    "train.lengths": [1],
    "baselines.latent": 4,
    "baselines.hidden": [16, 8],
    "baselines.epochs": 5,
    "baselines.contrastive.epochs": 5,
    "crossview.hidden": 16,
    "crossview.latent": 4,
    "crossview.epochs": 5,
    "easy.latent": 4,
    "easy.hidden": [16, 8],
    "easy.epochs": 5,
    "medium.latent": 4,
    "medium.hidden": 8,
    "medium.channels": {"conv1d": 2, "conv2d": 2},
    "medium.epochs": 2,
    "hard.latent": 4,
    "hard.hidden": 16,
    "hard.epochs": 5,
    "questions.seeds": 2,
    "questions.missing": [0.5, 1.0],
    "questions.betas": [1, 8],
    "questions.latent": 4,
    "questions.hidden": [16, 8],
    "questions.epochs": 2,
    "evaluate.shuffles": 20,
    "cluster.curve": 4,
    "cluster.k": 2,
    "cluster.neighbours": 3,
}
WORDS = {
    "bn": "বৃষ্টি পড়ে টাপুর টুপুর নদে এল বান আয় আয় চাঁদ মামা টিপ দিয়ে যা আমার নদী গান পাখি আকাশ",
    "en": "twinkle little star how I wonder what you are rain go away come again another day river song bird",
}


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20_261_121)


@pytest.fixture(scope="session", autouse=True)
def _session_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A feature cache of this test session: the user's cache is never read or written."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SURBANI_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)  # a stage may have changed it


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project: the real params.yaml and dvc.yaml in a temporary folder, which is the current one."""
    for name in ("params.yaml", "dvc.yaml"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def set_param(workspace: Path) -> Callable[[str, object], None]:
    """`set_param("train.batch", 8)` changes the workspace's params.yaml."""

    def change(name: str, value: object) -> None:
        file = workspace / "params.yaml"
        file.write_text(_changed(file.read_text(encoding="utf-8"), {name: value}), encoding="utf-8")

    return change


def _changed(text: str, values: Mapping[str, object]) -> str:
    """The text of params.yaml with other values; parsed by libyaml, which is ten times as fast as Python."""
    raw = yaml.load(text, yaml.CSafeLoader)
    for name, value in values.items():
        *sections, last = name.split(".")
        inner = raw
        for section in sections:
            inner = inner[section]
        assert last in inner, f"{name} is not in params.yaml"
        inner[last] = value
    return str(yaml.dump(raw, Dumper=yaml.CSafeDumper))


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a BERT of two small layers of random weights, and one word piece per letter and per word."""
    folder = tmp_path_factory.mktemp("encoders") / "tiny"
    folder.mkdir()
    texts = " ".join(WORDS.values())
    letters = sorted({*map(chr, range(33, 127)), *map(chr, range(0x980, 0xA00)), *texts} - {" "})
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    pieces += sorted(set(texts.split()) - set(pieces))
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    tokenizer = {
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": False,
        "strip_accents": False,
        "model_max_length": 64,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    size = {"hidden_size": 8, "num_attention_heads": 2, "intermediate_size": 16, "num_hidden_layers": 2}
    size |= {"vocab_size": len(pieces), "max_position_embeddings": 64, "type_vocab_size": 2}
    (folder / "config.json").write_text(json.dumps(size | {"model_type": "bert"}), encoding="utf-8")
    save_file(_weights(size, np.random.default_rng(3)), folder / "model.safetensors", {"format": "pt"})
    return folder


def _weights(size: dict[str, int], rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
    """Random weights of a BERT, under the names that transformers gives them."""
    wide, inner = size["hidden_size"], size["intermediate_size"]
    tables = {"word": "vocab_size", "position": "max_position_embeddings", "token_type": "type_vocab_size"}
    shapes: dict[str, tuple[int, ...]] = {
        f"embeddings.{name}_embeddings.weight": (size[rows], wide) for name, rows in tables.items()
    }
    parts = {f"attention.self.{name}": (wide, wide) for name in ("query", "key", "value")}
    parts |= {
        "attention.output.dense": (wide, wide),
        "intermediate.dense": (inner, wide),
        "output.dense": (wide, inner),
    }
    norms = ["embeddings.LayerNorm"]
    for layer in range(size["num_hidden_layers"]):
        norms += [f"encoder.layer.{layer}.{name}.LayerNorm" for name in ("attention.output", "output")]
        shapes |= {f"encoder.layer.{layer}.{name}.weight": shape for name, shape in parts.items()}
        shapes |= {f"encoder.layer.{layer}.{name}.bias": shape[:1] for name, shape in parts.items()}
    made = {name: rng.normal(scale=0.5, size=shape).astype(np.float32) for name, shape in shapes.items()}
    made |= {f"{name}.weight": np.ones(wide, np.float32) for name in norms}
    return made | {f"{name}.bias": np.zeros(wide, np.float32) for name in norms}


@pytest.fixture(scope="session")
def _small_params(tiny_encoder: Path) -> str:
    values = {**SMALL, "lyrics.bert.model": str(tiny_encoder)}
    return _changed((ROOT / "params.yaml").read_text(encoding="utf-8"), values)


@pytest.fixture
def small(workspace: Path, _small_params: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The workspace with parameters that make every stage quick, as on a machine with one core."""
    monkeypatch.setattr(workers, "cores", lambda: 1)  # on tiny networks two threads only wait for each other
    monkeypatch.setitem(style.STYLE, "savefig.dpi", 40)  # pictures that nobody looks at
    (workspace / "params.yaml").write_text(_small_params, encoding="utf-8")
    return workspace


@pytest.fixture(scope="session")
def _songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("songs") / "data"
    _write_corpus(data, np.random.default_rng(7))
    return data


@pytest.fixture
def tiny_corpus(small: Path, _songs: Path) -> Path:
    """The small workspace with 12 songs of 7 s: two languages, two genres, most with lyrics."""
    shutil.copytree(_songs, small / "data")
    return small


def _write_corpus(data: Path, rng: np.random.Generator) -> None:
    rows = ["id,audio,lyrics,title,artist,language,genre,license,source,theme"]
    for number in range(12):
        language, genre = ("bn", "en")[number % 2], ("drone", "beat")[number // 2 % 2]
        name, kind = f"{language}_{number:03d}", ("wav", "ogg")[number // 4 % 2]
        sound, words = data / "audio" / language / f"{name}.{kind}", data / "lyrics" / f"{name}.txt"
        for file in (sound, words):
            file.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(sound, _song(genre, rng), RATE)
        has_lyrics = number not in (3, 8)
        if has_lyrics:
            lines = [" ".join(rng.choice(WORDS[language].split(), 5)) for _ in range(6)]
            words.write_text("\n".join(lines) + "\n", encoding="utf-8")
        cells = [name, sound.relative_to(data).as_posix(), f"lyrics/{name}.txt" if has_lyrics else ""]
        cells += [f"Song {number}", f"artist {number // 3}", language, genre, "CC0-1.0", "tests"]
        rows.append(",".join([*cells, ("rain", "river", "")[number % 3]]))
    (data / "tracks.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def _song(genre: str, rng: np.random.Generator) -> NDArray[np.float64]:
    """Seven seconds: a `drone` holds bright chords, a `beat` strikes noise and a low tone three times a second."""
    time = np.arange(7 * RATE) / RATE
    if genre == "drone":
        root = rng.uniform(200, 300)
        chord = sum(np.sin(2 * np.pi * root * ratio * time) / ratio for ratio in (1, 1.25, 1.5, 2, 3, 4))
        wave = np.asarray(chord) * (1 + 0.1 * np.sin(2 * np.pi * 0.5 * time))
    else:
        since = time % rng.uniform(0.3, 0.36)
        wave = np.exp(-since * 18) * (rng.standard_normal(len(time)) + 2 * np.sin(2 * np.pi * 70 * time))
    return np.asarray(0.5 * wave / np.abs(wave).max())
