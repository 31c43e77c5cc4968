"""Stage `lyrics`: what each track says, as TF-IDF vectors, and a mask for the tracks that have no lyrics."""

import logging
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from pipeline import params, stage, store
from pipeline.params import Count

log = logging.getLogger(__name__)

# scikit-learn's own pattern cuts Bangla words at their vowel signs, which are marks and no \\w. The zero-width
# (non-)joiners hold conjuncts together and never stand alone.
MARKS = "".join(chr(code) for code in range(0x300, 0xFFFF) if unicodedata.category(chr(code)) in ("Mn", "Mc"))
WORD = rf"\w[\w{MARKS}\u200c\u200d']*"
SECTION_MARK = re.compile(r"^\s*(\[[^\]]{0,40}\]|\([^)]{0,40}\))\s*$", flags=re.MULTILINE)


@dataclass(frozen=True)
class Tfidf:
    vocabulary: Count
    min_tracks: Count
    reduced: Count


@dataclass(frozen=True)
class Lyrics:
    tfidf: Tfidf


@dataclass(frozen=True)
class Params:
    lyrics: Lyrics


def read(path: Path) -> str:
    """The words of a lyrics file: UTF-8, else UTF-16 where it says so, else Windows-1252 as the stated fallback."""
    raw = path.read_bytes()
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return clean(raw.decode("utf-16", errors="replace"))
    try:
        return clean(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        log.warning("%s is not UTF-8: read as Windows-1252", path)
        return clean(raw.decode("cp1252", errors="replace"))


def clean(text: str) -> str:
    """The sung words alone, in one Unicode form, so that equal words are equal strings."""
    return SECTION_MARK.sub("", unicodedata.normalize("NFC", text)).strip()


def tfidf(texts: list[str], p: Tfidf) -> tuple[NDArray[np.float32], list[str]]:
    """One unit-length row a text over at most `p.vocabulary` words, and these words."""
    vectorizer = TfidfVectorizer(
        token_pattern=WORD, max_features=p.vocabulary, min_df=min(p.min_tracks, len(texts)), sublinear_tf=True,
        dtype=np.float32,
    )  # fmt: skip
    try:
        table = vectorizer.fit_transform(texts).toarray()
    except ValueError:  # no word at all, or none that is common enough
        return np.zeros((len(texts), 1), np.float32), [""]
    return table, list(vectorizer.get_feature_names_out())


def reduced(vectors: NDArray[np.float32], dims: int) -> NDArray[np.float32]:
    """The vectors in the few directions that tell most (latent semantic analysis), for models that want few numbers."""
    dims = min(dims, min(vectors.shape) - 1)
    if dims < 1:
        return np.zeros((len(vectors), 1), np.float32)
    with np.errstate(invalid="ignore"):  # equal texts have no variance to share out
        found = TruncatedSVD(dims, n_iter=10, random_state=0).fit_transform(vectors)
    return np.asarray(found, dtype=np.float32)


def main() -> None:
    p = params.load(Params).lyrics
    tracks = store.usable_tracks()
    texts = {row["id"]: read(store.DATA / row["lyrics"]) for row in tracks.to_dict("records") if row["lyrics"]}
    texts = {id_: text for id_, text in texts.items() if re.search(WORD, text)}
    there = np.array([id_ in texts for id_ in tracks["id"]])
    vectors, words = tfidf(list(texts.values()), p.tfidf) if texts else (np.zeros((0, 1), np.float32), [""])
    tables = {"tfidf": vectors, "tfidf_svd": reduced(vectors, p.tfidf.reduced)}
    rows = {name: np.zeros((len(tracks), table.shape[1]), np.float32) for name, table in tables.items()}
    for name, table in tables.items():
        rows[name][there] = table
    store.write_rows(store.BUILD / "lyrics", tuple(tracks["id"]), there=there, **rows)
    store.write_json(store.BUILD / "lyrics" / "vocabulary.json", words)
    log.info("%d of %d tracks have lyrics; %d words in TF-IDF", there.sum(), len(there), len(words))


if __name__ == "__main__":
    stage.run(main, __doc__, Params)
