"""Stage `audit`: whether a shortcut predicts the labels, such as a file's length, rate, loudness or folder.

Writes reports/audit.csv: each shortcut and label, strongest first, with its p before and after Holm's correction over
all of them, and the tracks that share words or sound.
"""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from pipeline.core import catalog, command, params, store
from pipeline.core.settings import Evaluate
from pipeline.learn import linear
from pipeline.score.labels import sizeable
from pipeline.score.shortcuts import Prediction, Shortcut, adjusted, column_shortcut, predicts, same, script, shuffled
from pipeline.score.verdicts import groups
from pipeline.text import clean

log = logging.getLogger(__name__)

NAMES = {"id", "title", "artist", "audio", "lyrics"}  # columns that are names, not properties
AUDIO = store.BUILD / "audio"
MAX_TRACKS = 1000  # a random sample where there are more
MAX_LINES = 12  # of the log
COLUMNS = ["shortcut", "label", "verdict", "tracks", "score", "chance", "null_high", "p", "holm", "note"]


@dataclass(frozen=True)
class Params:
    evaluate: Evaluate


def table_shortcuts(tracks: pd.DataFrame, labels: tuple[str, ...]) -> Iterator[Shortcut]:
    """The columns of the table, and the names of the files."""
    for column in tracks.columns:
        if column not in NAMES and column not in labels:
            yield column_shortcut(f"column {column}", tracks[column])
    paths = [PurePosixPath(path) for path in tracks["audio"]]
    yield column_shortcut("file suffix", [path.suffix.lower() for path in paths])
    yield column_shortcut("folder", [path.parent.as_posix() for path in paths])


def text_shortcuts(texts: list[str]) -> Iterator[Shortcut]:
    """What lyrics give away without being understood."""
    yield column_shortcut("lyrics script", map(script, texts))
    yield column_shortcut("lyrics lines", [str(sum(map(bool, text.splitlines()))) if text else "" for text in texts])
    yield column_shortcut("lyrics characters", [str(len(text)) if text else "" for text in texts])
    yield column_shortcut("lyrics shared", map(letters, texts))


def sound_shortcuts(ids: tuple[str, ...]) -> Iterator[Shortcut]:
    """Level and bandwidth; each column of features that another program made."""
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


def read_text(path: str) -> str:
    """The text of a lyrics file; "" where a track has none."""
    return clean.plain((store.DATA / path).read_bytes()) if path else ""


def letters(text: str) -> str:
    """The letters alone: what two copies of the same words share, whatever their punctuation."""
    return "".join(letter for letter in text.casefold() if letter.isalpha())


def duplicates(ids: tuple[str, ...], texts: list[str]) -> list[dict[str, object]]:
    """Tracks with the same words, and tracks whose sound gave the very same numbers."""
    stats = store.read_rows(AUDIO, "stats").at(ids)["stats"]
    keys = {
        "duplicate lyrics": list(map(letters, texts)),
        "duplicate audio": [hashlib.sha256(row.tobytes()).hexdigest() for row in stats],
    }
    return [
        {"shortcut": name, "verdict": "duplicate", "tracks": len(alike), "note": " ".join(alike)}
        for name, each in keys.items()
        for alike in same(each, ids)
    ]


def tested(tracks: pd.DataFrame, shortcuts: list[Shortcut], labels: tuple[str, ...], smallest: int) -> list[Prediction]:
    """Every shortcut against every label, strongest first; a mean over the values that `smallest` tracks have."""
    artists = list(tracks["artist"])
    group = groups(artists if len(set(artists)) > 1 else [""] * len(artists), len(artists), seed=0)
    columns = {label: sizeable(tracks[label].to_numpy(), smallest) for label in labels if label in tracks}
    targets = [shuffled(label, list(column), group, seed=0) for label, column in columns.items()]
    known = [label for label in targets if label]
    pairs = len(known) * len(shortcuts)
    predictions = adjusted(
        [predicts(shortcut, label, pairs) for label in known for shortcut in command.progress(shortcuts, "audit")]
    )
    order = {"strong": 0, "weak": 1, "none": 2}
    return sorted(predictions, key=lambda prediction: (order[prediction.verdict], -prediction.skill))


def sampled(tracks: pd.DataFrame) -> pd.DataFrame:
    if len(tracks) <= MAX_TRACKS:
        return tracks
    log.info("audit: a random sample of %d of %d tracks", MAX_TRACKS, len(tracks))
    chosen = np.sort(np.random.default_rng(0).choice(len(tracks), MAX_TRACKS, replace=False))
    return tracks.iloc[chosen]


def log_results(predictions: list[Prediction], alike: list[dict[str, object]]) -> None:
    better = [prediction for prediction in predictions if prediction.verdict != "none"]
    log.info("audit: %d of %d pairs of shortcut and label are better than chance", len(better), len(predictions))
    for each in better[:MAX_LINES]:
        weakly = "weakly " if each.verdict == "weak" else ""
        numbers = each.score, each.chance
        log.info("  %s %spredicts %s: accuracy %.2f, chance %.2f", each.shortcut, weakly, each.label, *numbers)
    if len(better) > MAX_LINES:
        log.info("  and %d more, in reports/audit.csv", len(better) - MAX_LINES)
    for row in alike[:MAX_LINES]:
        log.warning("  %s: %s", row["shortcut"], row["note"])


def main() -> None:
    evaluate = params.load(Params).evaluate
    labels = evaluate.label_columns()
    tracks = catalog.heard_tracks()
    texts = tracks["lyrics"].map(read_text)
    alike = duplicates(tuple(tracks.index), list(texts))
    sample = sampled(tracks)
    ids = tuple(sample.index)
    shortcuts = [*table_shortcuts(sample, labels), *text_shortcuts(list(texts.loc[list(ids)])), *sound_shortcuts(ids)]
    predictions = tested(sample, shortcuts, labels, evaluate.smallest)
    rows = [{**asdict(each), "verdict": each.verdict, "note": ""} for each in predictions]
    store.write_table(store.REPORTS / "audit.csv", pd.DataFrame([*rows, *alike], columns=COLUMNS).round(5))
    log_results(predictions, alike)


if __name__ == "__main__":
    command.run(main, __doc__, Params)
