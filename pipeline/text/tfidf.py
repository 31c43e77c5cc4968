"""Texts as bags of words: TF-IDF over whole Bangla words, and its reduction to few numbers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from pipeline.core.params import Count
from pipeline.text.centre import ALL
from pipeline.text.clean import tokens


@dataclass(frozen=True)
class TfidfParams:
    vocabulary: Count
    min_tracks: Count
    reduced: Count


def vectors(texts: list[str], p: TfidfParams) -> tuple[NDArray[np.float32], list[str]]:
    """One row of unit length per text, over at most `p.vocabulary` words, and these words.

    Which words there are and how rare each is (idf) comes from all texts, also where some are held out of what is
    fitted on these rows: it says nothing of what any text is about.
    """
    if not texts:
        return np.zeros((0, 1), np.float32), [""]
    vectorizer = TfidfVectorizer(
        analyzer=tokens, max_features=p.vocabulary, min_df=min(p.min_tracks, len(texts)), sublinear_tf=True,
        dtype=np.float32,
    )  # fmt: skip
    try:
        table = vectorizer.fit_transform(texts).toarray()
    except ValueError:  # no word at all, or none that is common enough
        return np.zeros((len(texts), 1), np.float32), [""]
    return table, list(vectorizer.get_feature_names_out())


def reduced(vectors: NDArray[np.float32], dims: int, seen: NDArray[np.bool_] | slice = ALL) -> NDArray[np.float32]:
    """The vectors in the few directions of most variance (latent semantic analysis) of the seen ones."""
    learnt = vectors[seen]
    dims = min(dims, min(learnt.shape) - 1)
    if dims < 1:
        return np.zeros((len(vectors), 1), np.float32)
    fitted = TruncatedSVD(dims, n_iter=10, random_state=0)
    with np.errstate(invalid="ignore"):  # equal texts have no variance
        coordinates = fitted.fit_transform(vectors) if seen is ALL else fitted.fit(learnt).transform(vectors)
    return np.asarray(coordinates, dtype=np.float32)
