"""Word2Vec trained on the corpus, and each text as the mean of its words, where rare words count more."""

import logging
import zlib
from collections import Counter
from dataclasses import dataclass

import numpy as np
from gensim.models import Word2Vec
from gensim.models.word2vec import MAX_WORDS_IN_BATCH
from numpy.typing import NDArray

from pipeline.core.params import Count
from pipeline.text.centre import ALL
from pipeline.text.clean import tokens

logging.getLogger("gensim").setLevel(logging.ERROR)  # it logs every step


@dataclass(frozen=True)
class Word2VecParams:
    size: Count
    window: Count
    min_count: Count
    epochs: Count


def vectors(texts: list[str], p: Word2VecParams, seen: NDArray[np.bool_] | slice = ALL) -> NDArray[np.float32]:
    """[text, p.size]: the idf-weighted mean of the word vectors; zeros for a text without a word common enough.

    Words and their idf are learnt from the seen texts.

    The same texts always give the same numbers: one thread, and no hash that Python seeds anew in each process.
    """
    words = [tokens(text) for text in texts]
    learnt = [words[row] for row in np.arange(len(texts))[seen]]
    model = Word2Vec(
        vector_size=p.size, window=p.window, min_count=p.min_count, epochs=p.epochs,
        sg=1, seed=0, workers=1, hashfxn=_hash,
    )  # fmt: skip
    pieces = [text[at : at + MAX_WORDS_IN_BATCH] for text in learnt for at in range(0, len(text), MAX_WORDS_IN_BATCH)]
    model.build_vocab(pieces)
    table = np.zeros((len(texts), p.size), np.float32)
    if not model.wv.key_to_index:
        return table
    model.train(pieces, total_examples=len(pieces), epochs=p.epochs)
    weight = idf(learnt)
    for row, text in enumerate(words):
        counts = {word: count for word, count in Counter(text).items() if word in model.wv}
        if counts:
            weights = np.array([count * weight[word] for word, count in counts.items()])
            table[row] = np.average(model.wv[list(counts)], axis=0, weights=weights)
    return table


def idf(words: list[list[str]]) -> dict[str, float]:
    """How rare each word is over the texts, as in scikit-learn's TF-IDF: 1 for a word of every text."""
    texts = Counter(word for text in words for word in set(text))
    return {word: float(np.log((1 + len(words)) / (1 + count)) + 1) for word, count in texts.items()}


def _hash(word: str) -> int:
    return zlib.crc32(word.encode())
