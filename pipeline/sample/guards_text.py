"""Whether the sample lyrics show the language, and the theme within a language but not across languages.

Each figure is the normalised mutual information of K-means clusters of TF-IDF vectors with the labels, mean over seeds.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import normalized_mutual_info_score

from pipeline.sample.plan import THEMES

WORD: Final = r"[\w\u0980-\u09ff]+"  # the default pattern breaks Bangla words at their vowel signs
SEEDS: Final = range(5)


def language_nmi(texts: Sequence[str], languages: Sequence[str]) -> float:
    """How well two clusters match the language: high, mostly through the script."""
    return _nmi(_vectors(texts), languages, len(set(languages)))


def within_language_theme_nmi(
    texts: Sequence[str], languages: Sequence[str], themes: Sequence[str]
) -> dict[str, float]:
    """For each language, how well clusters of its songs match the theme: high, or the text would say nothing."""
    scores: dict[str, float] = {}
    for language in sorted(set(languages)):
        songs = [i for i, name in enumerate(languages) if name == language]
        scores[language] = _nmi(_vectors([texts[i] for i in songs]), [themes[i] for i in songs], len(THEMES))
    return scores


def across_language_theme_nmi(texts: Sequence[str], themes: Sequence[str]) -> float:
    """How well clusters of all songs match the theme: low, so that a multilingual encoder can do better."""
    return _nmi(_vectors(texts), themes, len(THEMES))


def _vectors(texts: Sequence[str]) -> csr_matrix:
    return csr_matrix(TfidfVectorizer(token_pattern=WORD, sublinear_tf=True, min_df=2).fit_transform(texts))


def _nmi(vectors: csr_matrix, labels: Sequence[str], k: int) -> float:
    clusters = (KMeans(k, n_init=10, random_state=seed).fit_predict(vectors) for seed in SEEDS)
    return float(np.mean([normalized_mutual_info_score(labels, run) for run in clusters]))
