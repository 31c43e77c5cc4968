"""Stage `ears`: what the models are given of each segment: a pretrained encoder's numbers, our statistics, or both.

Reads the sound files and build/audio; writes build/ears: `sound`, the numbers of each segment, `valid` and their names;
`tags`, how likely each tag of the encoder is, a mean over the segments of a track; and about.json, which says what was
heard by whom. Where the models are not given the encoder's numbers these are `vectors`, for a baseline.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from pipeline.core import cache, command, corpus, params, store
from pipeline.core.cache import Cache
from pipeline.core.command import Problem
from pipeline.core.device import choose_device
from pipeline.core.settings import Device
from pipeline.core.store import Array, Rows
from pipeline.sound import encoders
from pipeline.sound.encoders import Encoder
from pipeline.sound.features import Refused
from pipeline.sound.frames import sound_files_of
from pipeline.sound.settings import Audio

log = logging.getLogger(__name__)

FOLDER = store.BUILD / "ears"


@dataclass(frozen=True)
class Params:
    device: Device
    audio: Audio


def main() -> None:
    p = params.load(Params)
    rows = store.read_rows(store.BUILD / "audio", "stats", "valid")
    names = store.read_json(store.BUILD / "audio" / "stats_names.json")
    store.fresh_folder(FOLDER)
    if p.audio.external != "none":
        write(rows, np.array(rows["stats"]), names, about("external", len(names)))
    elif p.audio.encoder == "none":
        write(rows, np.array(rows["stats"]), names, about("stats", len(names)))
    else:
        _with_encoder(rows, names, p)
    log.info("the models are given %s", store.read_json(FOLDER / "about.json")["hears"])


def _with_encoder(rows: Rows, names: Sequence[str], p: Params) -> None:
    device = choose_device(p.device)[0]
    encoder = encoders.choose(p.audio, device)
    vectors, tags = heard(rows, encoder, p.audio, device)
    encoded = [f"{encoder.name} {number}" for number in range(vectors.shape[2])]
    sound, sound_names = {
        "encoder": (vectors, encoded),
        "stats": (np.array(rows["stats"]), list(names)),
        "both": (np.concatenate([rows["stats"], vectors], axis=2), [*names, *encoded]),
    }[p.audio.hears]
    write(rows, sound, sound_names, about(p.audio.hears, len(sound_names), encoder))
    if p.audio.hears == "stats":
        store.write_rows(FOLDER, rows.ids, vectors=vectors)
    if encoder.tag_names:
        store.write_rows(FOLDER, rows.ids, tags=tags)
        store.write_json(FOLDER / "tags.json", {"tags": list(encoder.tag_names)})


def heard(rows: Rows, encoder: Encoder, p: Audio, device: torch.device) -> tuple[Array, Array]:
    """[track, segment, number], zeros for segments that are not valid; and [track, tag], the mean over the valid ones.

    A segment has the numbers of the window that its middle lies in.
    """
    files = sound_files_of(rows.ids)
    clips = encoders.hear(files, encoder, p, device, Cache("ears", cache.place()))
    vectors, tags = [], []
    for file, clip, valid in zip(files, command.progress(clips, "ears", len(files)), rows["valid"], strict=True):
        if isinstance(clip, Refused):
            raise Problem(f"{file.path} {clip.reason}, which stage audio could read: run `dvc repro` again")
        place = encoders.window_of_segments(len(clip.vectors), encoder.seconds, p)
        vectors.append(np.where(valid[:, None], clip.vectors[place], 0))
        tags.append(clip.tags[place][valid].mean(axis=0))
    return np.stack(vectors).astype(np.float32), np.stack(tags).astype(np.float32)


def about(hears: str, numbers: int, encoder: Encoder | None = None) -> dict[str, Any]:
    """What is given to the models, and by which encoder, and what that encoder knows."""
    return {
        "hears": hears,
        "numbers": numbers,
        "encoder": encoder.name if encoder else "none",
        "trained_on": encoder.trained_on if encoder else "",
        "tagger": encoder.name if encoder and encoder.tag_names else "",
        "may_know": encoder is not None and corpus.read().may_be_known_to(encoder.name),
    }


def write(rows: Rows, sound: Array, names: Sequence[str], about: Mapping[str, Any]) -> None:
    store.write_rows(FOLDER, rows.ids, sound=sound.astype(np.float32), valid=np.array(rows["valid"]))
    store.write_json(FOLDER / "names.json", list(names))
    store.write_json(FOLDER / "about.json", dict(about))


if __name__ == "__main__":
    command.run(main, __doc__, Params)
