"""Whether the sample lyrics tell what they should: the language, the theme within one, not the theme across languages.

Each is the normalised mutual information of KMeans clusters on TF-IDF rows with the planted truth, a mean over seeds.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import normalized_mutual_info_score
from sklearn.preprocessing import normalize

from pipeline.sample.plan import THEMES

WORD: Final = r"[\w\u0980-\u09ff]+"  # the default pattern breaks Bangla words at their vowel signs
SEEDS: Final = range(5)


def language_nmi(texts: Sequence[str], languages: Sequence[str], *, dimensions: int | None = None) -> float:
    """How well two clusters find the language: high, mostly by the script."""
    return _nmi(_rows(texts, dimensions), languages, len(set(languages)))


def within_language_theme_nmi(
    texts: Sequence[str], languages: Sequence[str], themes: Sequence[str], *, dimensions: int | None = None
) -> dict[str, float]:
    """For each language, how well clusters of its own songs find the theme: the text must say something."""
    scores: dict[str, float] = {}
    for language in sorted(set(languages)):
        own = [i for i, name in enumerate(languages) if name == language]
        rows = _rows([texts[i] for i in own], dimensions)
        scores[language] = _nmi(rows, [themes[i] for i in own], len(THEMES))
    return scores


def across_language_theme_nmi(texts: Sequence[str], themes: Sequence[str], *, dimensions: int | None = None) -> float:
    """How well clusters of all songs find the theme: low, which leaves room for a multilingual encoder."""
    return _nmi(_rows(texts, dimensions), themes, len(THEMES))


def _rows(texts: Sequence[str], dimensions: int | None) -> csr_matrix:
    """TF-IDF rows of unit length, reduced to `dimensions` by a truncated SVD if that is given."""
    rows = csr_matrix(TfidfVectorizer(token_pattern=WORD, sublinear_tf=True, min_df=2).fit_transform(texts))
    if dimensions is None:
        return rows
    return csr_matrix(normalize(TruncatedSVD(dimensions, random_state=0).fit_transform(rows)))


def _nmi(rows: csr_matrix, truth: Sequence[str], clusters: int) -> float:
    found = [KMeans(clusters, n_init=10, random_state=seed).fit_predict(rows) for seed in SEEDS]
    return float(np.mean([normalized_mutual_info_score(truth, labels) for labels in found]))
