"""A trained model that places songs: what it is shown of a song, and where it puts it.

The weights are those of the first seed, the only ones that are kept.
"""

from collections.abc import Mapping, Sequence
from contextlib import chdir
from functools import cached_property
from typing import Any

import numpy as np
import torch

from pipeline.core import languages, store
from pipeline.core.store import Array
from pipeline.learn import keep
from pipeline.library.hearing import Sound
from pipeline.library.reading import Words
from pipeline.library.songs import Library
from pipeline.library.spaces import BOTH, SOUND, WORDS
from pipeline.nets import facets
from pipeline.nets.crossview import Means
from pipeline.nets.vae import VAE, Projection
from pipeline.nets.views import Segments, Viewer, embed_views

BLOCK = 2_000  # songs that are read at once
PARTS = {SOUND: "sound", WORDS: "words", BOTH: facets.JOINT}  # of a code in facets
AUDIO, LYRICS = "audio", "lyrics"  # modalities, as networks name them


class Model:
    """The model of models/NAME beside the songs that it was trained on."""

    def __init__(self, songs: Library, name: str) -> None:
        with chdir(songs.folder):
            folder = keep.MODELS / name
            self.config: dict[str, Any] = store.read_json(folder / "config.json")
            net = keep.load_model(folder)
        assert isinstance(net, VAE)
        self.net, self.songs, self.name = net, songs, name
        self.labels: Sequence[str] = self.config["labels"]

    @property
    def lyrics(self) -> str:
        """The array of stage lyrics that it reads, or none."""
        return str(self.config["lyrics"]) if LYRICS in self.config["shapes"] else "none"

    def place(self, facet: str, sound: Sound | None, words: Words | None, language: str) -> Array | None:
        """The point of a song in a facet of the code; None where what it needs is not known."""
        units, needs = self._units(facet), {SOUND: sound, WORDS: words, BOTH: sound or words}[facet]
        if needs is None:
            return None
        only = None if sound else LYRICS
        place = embed_views(self.net, self._viewer(sound, words, language), only=only).mean[:, units]
        return np.asarray(place[0].numpy())

    def _viewer(self, sound: Sound | None, words: Words | None, language: str) -> Viewer:
        numbers = self.config["shapes"][AUDIO][0]
        if sound is None:
            values, valid = torch.zeros(1, 1, numbers), torch.ones(1, 1, dtype=torch.bool)
        else:
            valid = torch.from_numpy(np.array(sound.valid))[None]
            values = torch.where(valid[..., None], self.net.scales[AUDIO](torch.from_numpy(sound.values)[None]), 0.0)
        segments = Segments(values, valid)
        if "facets" not in self.config["arguments"]:
            return Means(segments, noise=0.0)
        read = None
        if self.lyrics != "none":
            given = words.numbers if words else np.zeros(self.config["shapes"][LYRICS][0], np.float32)
            read = self.net.scales[LYRICS](torch.from_numpy(given)[None])
        return facets.Songs(segments, read, torch.tensor([words is not None]), self._condition(language), noise=0.0)

    def _condition(self, language: str) -> torch.Tensor:
        """The language as the model was given it; zeros where it is another or not known, as in the training."""
        by_language = self.config["condition"] == "language"
        code = languages.code(language) or language
        return torch.tensor(
            [[float(by_language and (languages.code(label) or label) == code) for label in self.labels]]
        ).reshape(1, len(self.labels))

    def _units(self, facet: str) -> slice:
        latent = self.config["latent"]
        if "facets" not in self.config["arguments"]:
            return slice(0, latent)
        present = facets.present(self.config["arguments"]["facets"], self.config["shapes"])
        place = present.index(PARTS[facet]) if PARTS[facet] in present else 0
        units = self.config["arguments"]["latent"]
        return slice(place * units, (place + 1) * units)

    def shown(self, sound: Sound | None, words: Words | None) -> Mapping[str, Array]:
        """What the model is shown of a song: the mean of its sound in the model's metric, and its words."""
        views = {}
        if sound is not None:
            views[AUDIO] = self._metric(sound.values[sound.valid].mean(axis=0)[None])[0]
        if words is not None and self.lyrics != "none":
            views[LYRICS] = self._scaled(words.numbers[None])[0]
        return views

    @cached_property
    def sounds(self) -> Array:
        """[song, number]: what it is shown of the sound of the library."""
        with chdir(self.songs.folder):
            rows = store.read_rows(store.BUILD / "ears", "sound", "valid").at(self.songs.ids)
        means = []
        for start in range(0, len(self.songs), BLOCK):
            block = slice(start, start + BLOCK)
            valid = np.asarray(rows["valid"][block], np.float32)[..., None]
            means.append((rows["sound"][block] * valid).sum(axis=1) / np.maximum(valid.sum(axis=1), 1))
        return self._metric(np.concatenate(means).astype(np.float32))

    @cached_property
    def words(self) -> Array:
        """[song, number]: what it is shown of the lyrics of the library; nan for a song without them."""
        with chdir(self.songs.folder):
            rows = store.read_rows(store.BUILD / "lyrics", self.lyrics, "has_lyrics").at(self.songs.ids)
        return np.where(rows["has_lyrics"][:, None], self._scaled(np.array(rows[self.lyrics])), np.nan)

    def _metric(self, values: Array) -> Array:
        scale = self.net.scales[AUDIO]
        assert isinstance(scale, Projection)
        return np.asarray(scale(torch.from_numpy(values)).numpy())

    def _scaled(self, values: Array) -> Array:
        return np.asarray(self.net.scales[LYRICS](torch.from_numpy(values)).numpy())
