"""Stage `audit`: whether the labels can be told by a side door, such as a file's length, rate, loudness or folder.

Writes reports/audit.csv: each door and label, worst first, and the tracks that share their words or their sound.
"""

import hashlib
import logging
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from pipeline.core import catalog, command, params, store
from pipeline.core.settings import Evaluate
from pipeline.learn import linear
from pipeline.score.shortcuts import Found, Shortcut, same, script, shortcut, shuffled, told
from pipeline.score.verdicts import groups

log = logging.getLogger(__name__)

NO_DOOR = {"id", "title", "artist", "audio", "lyrics"}  # names, not properties
AUDIO = store.BUILD / "audio"
MOST = 1000  # tracks that are looked at; drawn by lot where there are more
TOLD = 12  # lines of the log


@dataclass(frozen=True)
class Params:
    evaluate: Evaluate


def of_table(tracks: pd.DataFrame, labels: tuple[str, ...]) -> Iterator[Shortcut]:
    """What the table and the names of the files say."""
    for column in tracks.columns:
        if column not in NO_DOOR and column not in labels:
            yield shortcut(f"column {column}", tracks[column])
    paths = [PurePosixPath(path) for path in tracks["audio"]]
    yield shortcut("file suffix", [path.suffix.lower() for path in paths])
    yield shortcut("folder", [path.parent.as_posix() for path in paths])


def of_words(texts: list[str]) -> Iterator[Shortcut]:
    """What lyrics give away without being understood."""
    yield shortcut("lyrics script", map(script, texts))
    yield shortcut("lyrics lines", [str(sum(map(bool, text.splitlines()))) if text else "" for text in texts])
    yield shortcut("lyrics characters", [str(len(text)) if text else "" for text in texts])
    yield shortcut("lyrics shared", map(letters, texts))


def of_sound(ids: tuple[str, ...]) -> Iterator[Shortcut]:
    """Level and bandwidth; of features that another program made, each column."""
    if (AUDIO / "levels.npy").exists():
        names = store.read_json(AUDIO / "levels_names.json")
        table = pd.DataFrame(store.read_rows(AUDIO, "levels").at(ids)["levels"], columns=names)
        yield from (Shortcut(f"sound {name}", table[[name]].to_numpy()) for name in table)
        yield Shortcut("sound level and bandwidth", table.to_numpy())
    else:
        rows = store.read_rows(AUDIO, "stats", "valid").at(ids)
        mean = linear.track_means(rows["stats"], rows["valid"])
        names = store.read_json(AUDIO / "stats_names.json")
        yield from (Shortcut(f"feature {name}", mean[:, [place]]) for place, name in enumerate(names))


def read(path: str) -> str:
    """A lyrics file in one Unicode form; "" where there is none."""
    raw = (store.DATA / path).read_bytes() if path else b""
    wide = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    return unicodedata.normalize("NFC", raw.decode("utf-16" if wide else "utf-8-sig", errors="replace")).strip()


def letters(text: str) -> str:
    """The letters alone: what two copies of the same words share, whatever their punctuation."""
    return "".join(letter for letter in text.casefold() if letter.isalpha())


def duplicates(ids: tuple[str, ...], texts: list[str]) -> list[dict[str, object]]:
    """Tracks with the same words, and tracks whose sound gave the very same numbers."""
    stats = store.read_rows(AUDIO, "stats").at(ids)["stats"]
    sound = [hashlib.sha256(row.tobytes()).hexdigest() for row in stats]
    kinds = {"duplicate lyrics": list(map(letters, texts)), "duplicate audio": sound}
    return [
        {"door": kind, "verdict": "found", "tracks": len(alike), "note": " ".join(alike)}
        for kind, keys in kinds.items()
        for alike in same(keys, ids)
    ]


def tested(tracks: pd.DataFrame, doors: list[Shortcut], labels: tuple[str, ...]) -> list[Found]:
    """Every door against every label, worst first."""
    artists = list(tracks["artist"])
    group = groups(artists if len(set(artists)) > 1 else [""] * len(artists), len(artists), seed=0)
    asked = [shuffled(label, list(tracks[label]), group, seed=0) for label in labels if label in tracks]
    found = [told(one, label) for label in asked if label for one in command.progress(doors, "audit")]
    order = {"tells": 0, "weak": 1, "no": 2}
    return sorted(found, key=lambda one: (order[one.verdict], -one.skill))


def drawn(tracks: pd.DataFrame) -> pd.DataFrame:
    if len(tracks) <= MOST:
        return tracks
    log.info("audit: %d of %d tracks, drawn by lot", MOST, len(tracks))
    chosen = np.sort(np.random.default_rng(0).choice(len(tracks), MOST, replace=False))
    return tracks.iloc[chosen]


def say(found: list[Found], alike: list[dict[str, object]]) -> None:
    seen = [one for one in found if one.verdict != "no"]
    log.info("audit: %d of %d pairs of door and label tell something", len(seen), len(found))
    for one in seen[:TOLD]:
        much = "tells" if one.verdict == "tells" else "weakly tells"
        log.info("  %s %s %s: %.2f right, chance %.2f", one.door, much, one.label, one.score, one.chance)
    if len(seen) > TOLD:
        log.info("  and %d more, in reports/audit.csv", len(seen) - TOLD)
    for row in alike[:TOLD]:
        log.warning("  %s: %s", row["door"], row["note"])


def main() -> None:
    labels = params.load(Params).evaluate.labels
    heard = store.read_rows(AUDIO).ids
    tracks = catalog.usable_tracks().loc[list(heard)]
    every = [read(path) for path in tracks["lyrics"]]
    alike = duplicates(heard, every)
    some = drawn(tracks)
    ids, texts = tuple(some["id"]), [text for text, id_ in zip(every, heard, strict=True) if id_ in some.index]
    doors = [*of_table(some, labels), *of_words(texts), *of_sound(ids)]
    found = tested(some, doors, labels)
    rows = [{**asdict(one), "verdict": one.verdict, "note": ""} for one in found]
    columns = ["door", "label", "verdict", "tracks", "score", "chance", "null_high", "p", "note"]
    store.write_table(store.REPORTS / "audit.csv", pd.DataFrame([*rows, *alike], columns=columns).round(4))
    say(found, alike)


if __name__ == "__main__":
    command.run(main, __doc__, Params)
