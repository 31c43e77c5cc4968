"""What the tests share: shapes are enforced, chance is seeded, nothing outside a temporary folder is touched."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
import yaml
from hypothesis import settings
from jaxtyping import install_import_hook
from numpy.typing import NDArray

from pipeline import workers

install_import_hook("models", "beartype.beartype")  # before any test imports them
torch.set_num_threads(1)
os.environ["OMP_NUM_THREADS"] = "1"  # for the commands that tests start

settings.register_profile("surbani", database=None, deadline=None, derandomize=True, max_examples=40)
settings.load_profile("surbani")

ROOT = Path(__file__).parents[1]
RATE = 16_000

# What makes the whole pipeline small enough for a test; every other parameter is the real one.
SMALL = {
    "seeds": [0, 1],
    "device": "cpu",
    "audio.clip_seconds": 6,
    "audio.sample_rate": 8000,
    "audio.frames": 60,
    "audio.fft": 1024,
    "audio.mels": 32,
    "audio.mfcc": 13,
    "audio.workers": 1,
    "lyrics.tfidf.min_tracks": 1,
    "train.batch": 8,
    "train.workers": 1,
    "baselines.latent": 4,
    "baselines.hidden": [16, 8],
    "baselines.epochs": 5,
    "easy.latent": 4,
    "easy.hidden": [16, 8],
    "easy.epochs": 5,
    "medium.latent": 4,
    "medium.hidden": [16, 8],
    "medium.channels": 2,
    "medium.epochs": 2,
    "hard.latent": 4,
    "hard.hidden": [16, 8],
    "hard.epochs": 5,
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
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A feature cache of the session's own: the user's is never read or written."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SURBANI_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)  # a stage may have taken more


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
        raw = inner = yaml.safe_load(file.read_text(encoding="utf-8"))
        *sections, last = name.split(".")
        for section in sections:
            inner = inner[section]
        assert last in inner, f"{name} is not in params.yaml"
        inner[last] = value
        file.write_text(yaml.safe_dump(raw), encoding="utf-8")

    return change


@pytest.fixture
def small(set_param: Callable[[str, object], None], workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The workspace with parameters that make every stage quick, as on a machine with one core."""
    monkeypatch.setattr(workers, "cores", lambda: 1)  # two threads on tiny networks wait for each other, not work
    for name, value in SMALL.items():
        set_param(name, value)
    return workspace


@pytest.fixture(scope="session")
def _songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("songs") / "data"
    _write_corpus(data, np.random.default_rng(7))
    return data


@pytest.fixture
def tiny_corpus(small: Path, _songs: Path) -> Path:
    """The small workspace with 12 songs of 7 s: two languages, two genres, most of them with lyrics."""
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
