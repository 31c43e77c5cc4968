"""Where a new song belongs: its cluster in each facet, how strange it is, and what is nearest to it."""

import json
import os
from collections.abc import Callable, Mapping
from contextlib import chdir
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.core import params
from pipeline.core.command import Problem
from pipeline.core.device import choose_device
from pipeline.core.settings import Device
from pipeline.core.store import Array
from pipeline.library import sung
from pipeline.library.distances import distances
from pipeline.library.hearing import Sound, heard
from pipeline.library.placing import AUDIO, LYRICS, Model
from pipeline.library.reading import Lyrics, Reader, Words, cleaned
from pipeline.library.songs import Library
from pipeline.library.spaces import BOTH, FACETS, SOUND, WORDS
from pipeline.library.strangeness import LEVEL, Scale, scale
from pipeline.library.unusable import Unusable
from pipeline.sound.settings import Audio
from pipeline.tracks import Tracks

NEAREST = 10  # songs that are listed
TAGS = 5  # that are listed


@dataclass(frozen=True)
class Settings:
    device: Device
    tracks: Tracks
    audio: Audio
    lyrics: Lyrics


@dataclass(frozen=True)
class Placement:
    """A song in one facet."""

    point: Array
    cluster: int
    probabilities: Array  # of each cluster
    score: float  # share of the library that is as far out
    strange: bool
    nearest: pd.DataFrame  # id, title, artist, language, distance

    @property
    def probability(self) -> float:
        return float(self.probabilities[self.cluster])

    def record(self) -> dict[str, Any]:
        return {
            "cluster": self.cluster,
            "probability": round(self.probability, 4),
            "probabilities": [round(float(share), 4) for share in self.probabilities],
            "as_far_out": round(self.score, 4),
            "unlike_anything": self.strange,
            "nearest": self.nearest.to_dict("records"),
        }


@dataclass(frozen=True)
class Assignment:
    """What is known of a new song."""

    song: str
    placements: Mapping[str, Placement]  # by facet
    language: str  # code of most of its lyrics, or what the person said; "" if unknown
    languages: Mapping[str, float]  # shares of the lines
    tags: list[tuple[str, float]]  # the likeliest, by the pretrained encoder
    notes: Mapping[str, str] = field(default_factory=dict)  # facet -> why it has no place there
    words: Array | None = None  # what models read of its lyrics
    sound: Sound | None = None

    @property
    def strange(self) -> bool:
        """Whether it is unlike anything in the library, by its sound or by its words."""
        return any(self.placements[facet].strange for facet in (SOUND, WORDS) if facet in self.placements)

    def record(self) -> dict[str, Any]:
        """As JSON knows it."""
        return {
            "song": os.fsencode(self.song).decode(errors="replace"),  # a name need not be UTF-8
            "unlike_anything": self.strange,
            "language": self.language,
            "languages": {code: round(share, 4) for code, share in self.languages.items()},
            "tags": [{"tag": tag, "probability": round(likely, 3)} for tag, likely in self.tags],
            "facets": {facet: placed.record() for facet, placed in self.placements.items()},
            "notes": dict(self.notes),
        }

    def json(self) -> str:
        return json.dumps(self.record(), ensure_ascii=False)

    def table(self) -> pd.DataFrame:
        """One row per facet."""
        rows = [
            (facet, placed.cluster, placed.probability, placed.score, placed.strange)
            for facet, placed in self.placements.items()
        ]
        return pd.DataFrame(rows, columns=["by", "cluster", "probability", "as_far_out", "unlike_anything"])

    def _repr_html_(self) -> str:
        return str(self.table().to_html(index=False))


class Placer:
    """Places new songs in the spaces of a library; models and encoders are opened once."""

    def __init__(self, songs: Library) -> None:
        self.songs, self.all_songs = songs.trained, songs  # the added ones teach nothing, but may be near
        with chdir(songs.folder):
            self.p = params.load(Settings)
        self.device = choose_device(self.p.device)[0]
        self._models: dict[str, Model] = {}
        self._scales: dict[str, Scale] = {}

    def assign(self, song: str | Path = "", lyrics: str | Path = "", language: str = "") -> Assignment:
        """Where a song belongs by its sound, its lyrics, or both; Unusable with the reason where it cannot be placed.

        Where no lyrics are named, those of a text beside the song (.txt, .lrc) or of its tags are read.
        """
        file, text = (Path(song) if song else None), (Path(lyrics) if lyrics else None)
        if file is None and text is None:
            raise Problem("there is nothing to place: name a sound file, or lyrics with --lyrics")
        sound = heard(file, self.p.audio, self.device, self.p.tracks.min_seconds) if file else None
        language = language or (sung.language(file) if file else "")
        lyrics_of = partial(cleaned, text) if text else partial(sung.words, Path(song))
        words, why = self._words(lyrics_of, language, required=file is None)
        return self._placed(str(file or text), sound, words, language or (words.language if words else ""), why)

    def _words(self, lyrics_of: Callable[[], str], language: str, *, required: bool) -> tuple[Words | None, str]:
        """The words of a song, or why there are none."""
        if WORDS not in self.songs.facets:
            return None, "no model has read lyrics"
        try:
            return self.reader.read(lyrics_of(), language), ""
        except Unusable as error:
            if required:
                raise
            return None, str(error)

    @cached_property
    def reader(self) -> Reader:
        model = self.model(self.songs.space(WORDS).model)
        return Reader(self.songs, self.p.lyrics, self.p.device, model.lyrics)

    def model(self, name: str) -> Model:
        if name not in self._models:
            self._models[name] = Model(self.songs, name)
        return self._models[name]

    def _placed(self, song: str, sound: Sound | None, words: Words | None, language: str, why: str) -> Assignment:
        placements, notes = {}, {}
        for facet in FACETS:
            if facet not in self.songs.facets:
                notes[facet] = "no model has read lyrics" if facet == WORDS else "no model has heard songs"
                continue
            point = self.model(self.songs.space(facet).model).place(facet, sound, words, language)
            if point is None:
                notes[facet] = why if facet == WORDS else "no sound is known"
                continue
            try:
                placements[facet] = self._placement(facet, point, sound, words)
            except Problem as problem:  # such as too few songs with lyrics
                notes[facet] = str(problem)
        if not placements:
            raise Unusable(next(iter({*notes.values()} - {"no sound is known"}), "nothing is known of it"))
        tags = sorted(sound.tags.items(), key=lambda item: -item[1])[:TAGS] if sound else []
        read = words.numbers if words else None
        return Assignment(song, placements, language, words.shares if words else {}, tags, notes, read, sound)

    def _placement(self, facet: str, point: Array, sound: Sound | None, words: Words | None) -> Placement:
        space, groups = self.all_songs.space(facet), self.all_songs.groups(facet)
        probabilities = groups.probabilities(point[None])[0]
        rows = np.flatnonzero(space.present)
        apart = distances(point[None], space.points[rows])[0]
        first = np.argsort(apart, kind="stable")[:NEAREST]
        nearest = self.all_songs.shown(rows[first]).assign(distance=apart[first].round(4))
        score, strange = self.strangeness(facet, sound, words)
        return Placement(point, int(probabilities.argmax()), probabilities, score, strange, nearest)

    def strangeness(self, facet: str, sound: Sound | None, words: Words | None) -> tuple[float, bool]:
        """The score of what the model of a facet is shown, and whether it is strange.

        By both it is the stranger of the two; each has half of the level then, as there are two chances.
        """
        model = self.model(self.songs.space(facet).model)
        views = model.shown(sound, words)
        wanted = {SOUND: (AUDIO,), WORDS: (LYRICS,), BOTH: (AUDIO, LYRICS)}[facet]
        scores = [self.scale(model, name).score(views[name]) for name in wanted if name in views]
        score = min(1.0, min(scores) * len(scores))
        says = all(self.scale(model, name).says for name in wanted if name in views)
        return score, says and score <= LEVEL

    def scale(self, model: Model, modality: str) -> Scale:
        """What distances are usual among the songs of the library, as a model is shown them."""
        key = f"{model.name} {modality}"
        if key not in self._scales:
            artists = np.array(self.songs.column("artist"), dtype=object)
            self._scales[key] = scale(model.sounds if modality == AUDIO else model.words, artists)
        return self._scales[key]
