"""Stage `lyrics`: what each track says, as TF-IDF, Word2Vec and BERT vectors, and in which languages.

Writes build/lyrics, a row a track: tfidf, tfidf_svd, word2vec, bert and bert_svd, and `there`, the mask of the tracks
that have lyrics; languages.csv (shares of lines), and skipped.csv (lyrics that could not be used, and why).
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from pipeline.core import catalog, command, params, store
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
    device: Literal["auto", "cpu", "cuda"]
    lyrics: Lyrics


def read(tracks: pd.DataFrame) -> tuple[dict[str, str], dict[str, str]]:
    """The clean lyrics by id, and by id why a file of lyrics gave none."""
    texts, skipped = {}, {}
    for id_, file in zip(tracks["id"], tracks["lyrics"], strict=True):
        if file:
            path = store.DATA / file
            try:
                text = clean.read(path.read_bytes())
            except clean.Unreadable as reason:
                skipped[id_] = str(reason)
                log.warning("%s is skipped: %s", path, reason)
                continue
            texts[id_] = text.words
            if text.note:
                log.warning("%s: %s", path, text.note)
    return texts, skipped


def tables(texts: list[str], p: Params) -> tuple[dict[str, Array], list[str]]:
    """The vectors of the texts by kind, and the words of TF-IDF."""
    none = np.zeros((0, 1), np.float32)
    if not texts:
        return dict.fromkeys(("tfidf", "tfidf_svd", "word2vec", "bert", "bert_svd"), none), [""]
    found: dict[str, Array] = {"bert": bert.vectors(texts, p.lyrics.bert, p.device)}  # first: it may have to refuse
    centred = found["bert"] - found["bert"].mean(axis=0)
    found["bert_svd"] = tfidf.reduced(centred, p.lyrics.bert.reduced)
    found["tfidf"], words = tfidf.vectors(texts, p.lyrics.tfidf)
    found["tfidf_svd"] = tfidf.reduced(found["tfidf"], p.lyrics.tfidf.reduced)
    found["word2vec"] = word2vec.vectors(texts, p.lyrics.word2vec)
    return found, words


def spread(rows: Array, there: Array) -> Array:
    """The rows at the places where `there` is true, zeros elsewhere."""
    table = np.zeros((len(there), rows.shape[1]), np.float32)
    table[there] = rows
    return table


def shares(texts: Mapping[str, str]) -> pd.DataFrame:
    """A row a track with lyrics: its lines that have a word, and the share of them in each language."""
    found: list[dict[str, object]] = []
    for id_, text in texts.items():
        counts = languages.of_lines(text)
        lines = counts.total()
        found.append({"id": id_, "lines": lines} | {name: counts[name] / max(1, lines) for name in languages.LANGUAGES})
    return pd.DataFrame(found, columns=["id", "lines", *languages.LANGUAGES]).round(4)


def main() -> None:
    p = params.load(Params)
    tracks = catalog.usable_tracks()
    texts, skipped = read(tracks)
    if p.lyrics.chorus == "fold":
        texts = {id_: clean.folded(text) for id_, text in texts.items()}
    there = np.array([id_ in texts for id_ in tracks["id"]], np.bool_)
    vectors, words = tables(list(texts.values()), p)
    folder = store.fresh_folder(store.BUILD / "lyrics")
    rows = {name: spread(table, there) for name, table in vectors.items()}
    store.write_rows(folder, tuple(tracks["id"]), there=there, **rows)
    store.write_json(folder / "vocabulary.json", words)
    store.write_table(folder / "languages.csv", shares(texts))
    store.write_table(folder / "skipped.csv", pd.DataFrame(list(skipped.items()), columns=["id", "reason"]))
    log.info("%d of %d tracks have lyrics; %d words in TF-IDF", there.sum(), len(there), len(words))


if __name__ == "__main__":
    command.run(main, __doc__, Params)
