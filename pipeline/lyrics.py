"""Stage `lyrics`: what each track says, in numbers, and in which languages.

Writes build/lyrics, one row per track: tfidf (sparse), tfidf_svd and word2vec; bert, the vectors of a pretrained
encoder, and bert_free, the same with the language taken out, each reduced to few numbers as _svd; and `has_lyrics`, the
mask of the tracks with lyrics.

What is fitted on the corpus is also fitted without the artists of each fold: NAME_heldout [track, fold, number].
about.json names the encoder, vocabulary.json the words of TF-IDF, stopwords.json those of them that say little.
languages.csv has the shares of lines, scripts.csv the script of most letters, disagreements.csv the tracks that the
table gives another language, skipped.csv the lyrics that cannot be used, and why.
"""

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from pipeline.core import catalog, command, folds, languages, params, store
from pipeline.core.params import Count
from pipeline.core.settings import Device
from pipeline.core.store import Array
from pipeline.text import centre, clean, encode, language, scripts, stopwords, tfidf, word2vec
from pipeline.text.bert import BertParams
from pipeline.text.settled import Settled, settled, with_letters

log = logging.getLogger(__name__)

FITTED = ("tfidf_svd", "word2vec", "bert_svd", "bert_free_svd")  # without each fold; bert_free would be large
TABLES = ("tfidf", "tfidf_svd", "word2vec", "bert", "bert_svd", "bert_free", "bert_free_svd")
MUCH = 0.25  # of the lines of a track in a language: enough to leave out its stop words


@dataclass(frozen=True)
class Lyrics:
    chorus: Literal["keep", "fold"]
    tfidf: tfidf.TfidfParams
    word2vec: word2vec.Word2VecParams
    bert: BertParams
    language: centre.Way


@dataclass(frozen=True)
class Params:
    folds: Count
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
            except OSError as error:
                reasons[id_] = "is missing" if not path.exists() else f"cannot be opened: {error.strerror}"
                continue
            texts[id_] = text.words
            if text.note:
                log.warning("%s: %s", path, text.note)
    return texts, reasons


@dataclass(frozen=True)
class Texts:
    """What every text is, whatever the others are; but for the words of TF-IDF, which are those of all."""

    words: list[str]
    counts: Array  # TF-IDF
    encoded: Array
    shares: Array  # of languages


def tables(given: Texts, fold: Array, many: int, p: Lyrics) -> dict[str, Array]:
    """The vectors of the texts by kind; NAME_heldout [text, fold, number] as fitted without the texts of each fold."""
    if not given.words:
        return dict.fromkeys(TABLES, np.zeros((0, 1))) | {f"{name}_heldout": np.zeros((0, many, 1)) for name in FITTED}
    vectors = {"tfidf": given.counts, "bert": given.encoded, **fitted(given, p, centre.ALL)}
    for name in FITTED:
        vectors[f"{name}_heldout"] = np.zeros((len(fold), many, vectors[name].shape[1]), np.float32)
    for number in range(many):
        seen = fold != number
        refits = fitted(given, p, seen) if seen.any() else {}
        for name in FITTED if refits else ():
            refitted = refits[name]
            vectors[f"{name}_heldout"][:, number, : refitted.shape[1]] = refitted
    return vectors


def fitted(given: Texts, p: Lyrics, seen: centre.Rows) -> dict[str, Array]:
    """The kinds that depend on the corpus, which is that of the seen texts, for all texts."""
    whole = given.encoded
    free = centre.freed(whole, given.shares, p.language, seen)
    return {
        "tfidf_svd": tfidf.reduced(given.counts, p.tfidf.reduced, seen),
        "word2vec": word2vec.vectors(given.words, p.word2vec, seen),
        "bert_svd": tfidf.reduced(whole - whole[seen].mean(axis=0), p.bert.reduced, seen),
        "bert_free": free,
        "bert_free_svd": tfidf.reduced(free - free[seen].mean(axis=0), p.bert.reduced, seen),
    }


def spread(vectors: Array, mask: Array) -> Array:
    """The vectors in the rows where `mask` is true, zeros elsewhere."""
    table = np.zeros((len(mask), *vectors.shape[1:]), np.float32)
    table[mask] = vectors
    return table


def by_language(texts: Mapping[str, str], tracks: Mapping[str, Settled]) -> dict[str, list[str]]:
    """The texts of each language that has MUCH of them."""
    groups: dict[str, list[str]] = {}
    for id_, text in texts.items():
        contradiction = tracks[id_].contradiction
        shares = {contradiction.heard: 1.0} if contradiction else tracks[id_].shares
        for code, share in shares.items():
            if share >= MUCH:
                groups.setdefault(code, []).append(text)
    return groups


def write_languages(folder: Path, texts: Mapping[str, str], heard: Mapping[str, dict[str, float]]) -> None:
    """One row per track and language of its lines, and the script of most letters of each track."""
    shares = ((id_, code, share) for id_, track in heard.items() for code, share in track.items())
    rows = [(id_, code, languages.name(code), round(share, 4)) for id_, code, share in shares]
    store.write_table(folder / "languages.csv", pd.DataFrame(rows, columns=["id", "language", "name", "share"]))
    written = [(id_, scripts.of_text(text)) for id_, text in texts.items()]
    store.write_table(folder / "scripts.csv", pd.DataFrame(written, columns=["id", "script"]))


def write_disagreements(folder: Path, tracks: Mapping[str, Settled]) -> None:
    """The tracks whose lyrics are mostly in another language than the table says."""
    wrong = {id_: track.contradiction for id_, track in tracks.items() if track.contradiction}
    rows = [(id_, known.table, known.heard, round(known.share, 4)) for id_, known in wrong.items()]
    file = folder / "disagreements.csv"
    store.write_table(file, pd.DataFrame(rows, columns=["id", "table", "heard", "share"]))
    if rows:
        log.warning("%d of %d lyrics are not in the language of their track's row: %s", len(rows), len(tracks), file)


def main() -> None:
    p = params.load(Params)
    tracks = catalog.usable_tracks()
    texts, reasons = read(tracks)
    if p.lyrics.chorus == "fold":
        texts = {id_: clean.folded(text) for id_, text in texts.items()}
    encoded = encode.encoded(list(texts.values()), p.lyrics.bert, p.device)  # first: it may have to refuse
    written = tracks["language"] if "language" in tracks else pd.Series("", tracks.index)
    heard = {id_: with_letters(language.of_track(text), written[id_]) for id_, text in texts.items()}
    known = {id_: settled(shares, written[id_]) for id_, shares in heard.items()}
    _, shares = centre.table([track.shares for track in known.values()])
    counts, words = tfidf.vectors(list(texts.values()), p.lyrics.tfidf)
    given = Texts(list(texts.values()), counts, encoded.vectors, shares)
    vectors = tables(given, folds.track_folds(list(texts), p.folds), p.folds, p.lyrics)

    folder = store.fresh_folder(store.BUILD / "lyrics")
    has_lyrics = np.array([id_ in texts for id_ in tracks["id"]], np.bool_)
    rows = {name: spread(table, has_lyrics) for name, table in vectors.items()}
    store.write_sparse(folder, "tfidf", rows.pop("tfidf"))
    store.write_rows(folder, tuple(tracks["id"]), has_lyrics=has_lyrics, **rows)
    store.write_json(folder / "about.json", asdict(encoded.about) | {"language": p.lyrics.language})
    store.write_json(folder / "vocabulary.json", words)
    store.write_json(folder / "stopwords.json", stopwords.among(words, by_language(texts, known)))
    write_languages(folder, texts, heard)
    write_disagreements(folder, known)
    catalog.write_skipped("lyrics", tracks["lyrics"], reasons)
    counted = sum(map(bool, words))  # one empty word stands for none
    log.info("%d of %d tracks have lyrics; %d words in TF-IDF", has_lyrics.sum(), len(has_lyrics), counted)


if __name__ == "__main__":
    command.run(main, __doc__, Params)
