"""Stage `lyrics`: what each track says, as TF-IDF, Word2Vec and BERT vectors, and in which languages.

Writes build/lyrics, one row per track: tfidf (sparse), tfidf_svd, word2vec, bert and bert_svd, and `has_lyrics`, the
mask of the tracks with lyrics; languages.csv (shares of lines), and skipped.csv (lyrics that cannot be used, and why).
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from pipeline.core import catalog, command, params, store
from pipeline.core.settings import Device
from pipeline.core.store import Array
from pipeline.text import bert, clean, languages, tfidf, word2vec

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lyrics:
    chorus: Literal["keep", "fold"]
    tfidf: tfidf.TfidfParams
    word2vec: word2vec.Word2VecParams
    bert: bert.BertParams


@dataclass(frozen=True)
class Params:
    device: Device
    lyrics: Lyrics


def read(tracks: pd.DataFrame) -> tuple[dict[str, str], dict[str, str]]:
    """The clean lyrics by id, and by id why a file of lyrics gave none."""
    texts, reasons = {}, {}
    for id_, file in zip(tracks["id"], tracks["lyrics"], strict=True):
        if file:
            path = store.DATA / file
            try:
                text = clean.read(path.read_bytes())
            except clean.Unreadable as error:
                reasons[id_] = str(error)
                continue
            texts[id_] = text.words
            if text.note:
                log.warning("%s: %s", path, text.note)
    return texts, reasons


def tables(texts: list[str], p: Params) -> tuple[dict[str, Array], list[str]]:
    """The vectors of the texts by kind, and the words of TF-IDF."""
    if not texts:
        return dict.fromkeys(("tfidf", "tfidf_svd", "word2vec", "bert", "bert_svd"), np.zeros((0, 1))), [""]
    whole = bert.vectors(texts, p.lyrics.bert, p.device)  # first: it may have to refuse
    counts, words = tfidf.vectors(texts, p.lyrics.tfidf)
    vectors = {
        "bert": whole,
        "bert_svd": tfidf.reduced(whole - whole.mean(axis=0), p.lyrics.bert.reduced),
        "tfidf": counts,
        "tfidf_svd": tfidf.reduced(counts, p.lyrics.tfidf.reduced),
        "word2vec": word2vec.vectors(texts, p.lyrics.word2vec),
    }
    return vectors, words


def spread(vectors: Array, mask: Array) -> Array:
    """The vectors in the rows where `mask` is true, zeros elsewhere."""
    table = np.zeros((len(mask), vectors.shape[1]), np.float32)
    table[mask] = vectors
    return table


def shares(texts: Mapping[str, str]) -> pd.DataFrame:
    """One row per track with lyrics: its lines that have a word, and the share of them in each language."""
    rows: list[dict[str, object]] = []
    for id_, text in texts.items():
        counts = languages.of_lines(text)
        lines = counts.total()
        rows.append({"id": id_, "lines": lines} | {name: counts[name] / max(1, lines) for name in languages.LANGUAGES})
    return pd.DataFrame(rows, columns=["id", "lines", *languages.LANGUAGES]).round(4)


def main() -> None:
    p = params.load(Params)
    tracks = catalog.usable_tracks()
    texts, reasons = read(tracks)
    if p.lyrics.chorus == "fold":
        texts = {id_: clean.folded(text) for id_, text in texts.items()}
    has_lyrics = np.array([id_ in texts for id_ in tracks["id"]], np.bool_)
    vectors, words = tables(list(texts.values()), p)
    folder = store.fresh_folder(store.BUILD / "lyrics")
    rows = {name: spread(table, has_lyrics) for name, table in vectors.items()}
    store.write_sparse(folder, "tfidf", rows.pop("tfidf"))
    store.write_rows(folder, tuple(tracks["id"]), has_lyrics=has_lyrics, **rows)
    store.write_json(folder / "vocabulary.json", words)
    store.write_table(folder / "languages.csv", shares(texts))
    catalog.write_skipped("lyrics", tracks["lyrics"], reasons)
    log.info("%d of %d tracks have lyrics; %d words in TF-IDF", has_lyrics.sum(), len(has_lyrics), len(words))


if __name__ == "__main__":
    command.run(main, __doc__, Params)
