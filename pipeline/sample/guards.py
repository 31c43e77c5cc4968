"""Measures on the encoded files that the language is in the voice and the words, not in the sound.

    python -m pipeline.sample.guards data --stems data

Prints every figure with its target, and exits with 1 if one fails. The figures of stems need --stems, the folder that
`python -m pipeline.sample --stems` wrote.
"""

import argparse
import csv
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.fft import dct
from scipy.signal import resample_poly
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, normalized_mutual_info_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pipeline.core.command import Problem, progress
from pipeline.sample.plan import THEMES

RATE: Final = 22_050
CLIP: Final = 30.0
WINDOW: Final = 2048
HOP: Final = 512
WORD: Final = r"[\w\u0980-\u09ff]+"  # the default pattern breaks Bangla words at their vowel signs
SEEDS: Final = 5  # of the folds and of KMeans; their mean counts

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Guard:
    """A figure and its bounds."""

    name: str
    value: float
    least: float = -np.inf
    most: float = np.inf

    @property
    def holds(self) -> bool:
        return self.least <= self.value <= self.most

    @property
    def target(self) -> str:
        if self.least == -np.inf:
            return f"<= {self.most:.2f}"
        return f">= {self.least:.2f}" if self.most == np.inf else f"{self.least:.2f} to {self.most:.2f}"


@dataclass(frozen=True)
class Sound:
    """Features of the sound, one row per track."""

    timbre: Floats  # MFCC statistics
    level: Floats  # loudness and bandwidth alone


def middle(path: Path) -> Floats:
    """The middle 30 s as one channel at 22,050 Hz."""
    wave, rate = soundfile.read(path, dtype="float64", always_2d=True)
    mono = wave.mean(1)
    spare = max(0, (len(mono) - round(CLIP * rate)) // 2)
    mono = mono[spare : spare + round(CLIP * rate)]
    return mono if rate == RATE else np.asarray(resample_poly(mono, RATE, rate), np.float64)


def powers(wave: Floats) -> Floats:
    """Power spectra, frame x bin."""
    frames = np.lib.stride_tricks.sliding_window_view(wave, WINDOW)[::HOP]
    return np.abs(np.fft.rfft(frames * np.hanning(WINDOW), axis=1)) ** 2


def mel(bands: int = 128) -> Floats:
    """Band x bin: triangles of equal width on the mel scale."""
    edges = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + RATE / 2 / 700), bands + 2) / 2595) - 1)
    f = np.fft.rfftfreq(WINDOW, 1 / RATE)
    up = (f - edges[:-2, None]) / np.diff(edges)[:-1, None]
    down = (edges[2:, None] - f) / np.diff(edges)[1:, None]
    return np.maximum(0, np.minimum(up, down))


def timbre(power: Floats) -> Floats:
    """Mean, standard deviation and standard deviation of the change of 40 MFCC."""
    loud = 10 * np.log10(np.maximum(power @ mel().T, 1e-10))
    cepstra = dct(np.maximum(loud, loud.max() - 80), norm="ortho", axis=1)[:, :40]
    return np.concatenate([cepstra.mean(0), cepstra.std(0), np.diff(cepstra, axis=0).std(0)])


def level(power: Floats) -> Floats:
    """Loudness (mean, spread, peak to mean, dB) and bandwidth (where 50, 85, 95 and 99 % of the energy end)."""
    loud = 10 * np.log10(power.sum(1) + 1e-10)
    share = np.cumsum(power.mean(0)) / power.mean(0).sum()
    ends = np.searchsorted(share, [0.5, 0.85, 0.95, 0.99])
    return np.array([loud.mean(), loud.std(), loud.max() - loud.mean(), *np.log(ends + 1.0)])


def measure(paths: Sequence[Path], what: str) -> Sound:
    rows = []
    for path in progress(paths, what, len(paths)):
        power = powers(middle(path))
        rows.append((timbre(power), level(power)))
    return Sound(np.array([row[0] for row in rows]), np.array([row[1] for row in rows]))


def probe(features: Floats, labels: Sequence[str], artists: Sequence[str]) -> float:
    """Balanced accuracy of a linear classifier on unheard artists, mean over seeds of the folds."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
    folds = min(5, len(set(artists)), *Counter(labels).values())
    return float(np.mean([
        balanced_accuracy_score(labels, cross_val_predict(
            model, features, labels, groups=artists,
            cv=StratifiedGroupKFold(folds, shuffle=True, random_state=seed)))
        for seed in range(SEEDS)
    ]))  # fmt: skip


def clustered(features: Floats, k: int, labels: Sequence[str]) -> float:
    """Agreement of K-means on 16 principal components with the labels."""
    standard = StandardScaler().fit_transform(features)
    return _nmi(PCA(min(16, *standard.shape), random_state=0).fit_transform(standard), k, labels)


def words_clustered(texts: Sequence[str], k: int, labels: Sequence[str]) -> float:
    """Agreement of K-means on TF-IDF vectors with the labels."""
    return _nmi(TfidfVectorizer(token_pattern=WORD, sublinear_tf=True, min_df=2).fit_transform(texts), k, labels)


def _nmi(features: Any, k: int, labels: Sequence[str]) -> float:
    """Normalised mutual information, mean over seeds."""
    runs = (KMeans(k, n_init=10, random_state=seed).fit_predict(features) for seed in range(SEEDS))
    return float(np.mean([normalized_mutual_info_score(labels, clusters) for clusters in runs]))


def sound_guards(data: Path, rows: Sequence[dict[str, str]], stems: Path | None) -> list[Guard]:
    """Every guard about the sound."""
    language, genre, artist = ([row[name] for row in rows] for name in ("language", "genre", "artist"))
    mixed = measure([data / row["audio"] for row in rows], "mixes")
    guards = [
        Guard("language from the mix, probe", probe(mixed.timbre, language, artist), least=0.70),
        Guard("language from loudness and bandwidth, probe", probe(mixed.level, language, artist), most=0.65),
        Guard("genre from the mix, probe", probe(mixed.timbre, genre, artist), least=0.75),
        Guard("genre in clusters, k=5, NMI", clustered(mixed.timbre, 5, genre), 0.4, 0.7),
        Guard("language in clusters, k=5, NMI", clustered(mixed.timbre, 5, language), most=0.1),
        Guard("language in clusters, k=2, NMI", clustered(mixed.timbre, 2, language), most=0.1),
    ]
    if stems is not None:
        for name, bounds in (("vocal", {"least": 0.90}), ("backing", {"most": 0.65})):
            stem = measure([stems / "stems" / name / f"{row['id']}.ogg" for row in rows], f"{name} stems")
            value = probe(stem.timbre, language, artist)
            guards.append(Guard(f"language from the {name} stem, probe", value, **bounds))
    return guards


def text_guards(data: Path, rows: Sequence[dict[str, str]]) -> list[Guard]:
    """Every guard about the words, over the tracks that have a lyrics file.

    The words show the language, mostly through the script, and the theme within a language. Across languages they do
    not show the theme, so that a multilingual encoder can do better.
    """
    songs = [row for row in rows if row["lyrics"]]
    texts = [(data / row["lyrics"]).read_text(encoding="utf-8") for row in songs]
    return lyrics_guards(texts, [row["language"] for row in songs], [row["theme"] for row in songs])


def lyrics_guards(texts: Sequence[str], languages: Sequence[str], themes: Sequence[str]) -> list[Guard]:
    within = {
        language: words_clustered(
            [text for text, name in zip(texts, languages, strict=True) if name == language],
            len(THEMES),
            [theme for theme, name in zip(themes, languages, strict=True) if name == language],
        )
        for language in sorted(set(languages))
    }
    across = words_clustered(texts, len(THEMES), themes)
    return [
        Guard("language in clusters of the words, NMI", words_clustered(texts, len(within), languages), least=0.8),
        *(Guard(f"theme in clusters of the {name} words, NMI", value, least=0.8) for name, value in within.items()),
        Guard("theme in clusters of all words, NMI", across, most=0.5),
    ]


def read(data: Path) -> list[dict[str, str]]:
    file = data / "tracks.csv"
    if not file.is_file():
        raise Problem(f"{file} is missing: run `python -m pipeline.sample --out {data}`")
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def as_table(guards: Sequence[Guard]) -> str:
    wide = max(len(guard.name) for guard in guards)
    lines = [f"{guard.name:{wide}}  {guard.value:5.3f}  {guard.target:12}  {'holds' if guard.holds else 'FAILS'}"
             for guard in guards]  # fmt: skip
    return "\n".join(lines)


def main() -> None:
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("python -m pipeline.sample.guards", description=__doc__, formatter_class=layout)
    parser.add_argument("data", type=Path)
    parser.add_argument("--stems", type=Path, metavar="DIR", help="a corpus of the same seed, written with --stems")
    arguments: Any = parser.parse_args()
    try:
        rows = read(arguments.data)
        guards = sound_guards(arguments.data, rows, arguments.stems) + text_guards(arguments.data, rows)
    except (Problem, OSError, soundfile.LibsndfileError) as problem:
        sys.exit(f"error: {problem}")
    print(as_table(guards))
    sys.exit(0 if all(guard.holds for guard in guards) else 1)


if __name__ == "__main__":
    main()
