"""One song: its factors, lyrics and score, and the sound that follows from them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.sample import band, lyrics, melody, mix, plan, singer
from pipeline.sample.lyrics import Lyrics
from pipeline.sample.melody import Score
from pipeline.sample.mix import Stems, Wave
from pipeline.sample.plan import Track

RATE = singer.RATE


@dataclass(frozen=True)
class Song:
    seed: int
    track: Track
    lyrics: Lyrics
    score: Score

    def __str__(self) -> str:
        return self.track.id


def songs(count: int, seed: int) -> Iterator[Song]:
    """The songs of a corpus in order; only here does one depend on another, because no line may come twice."""
    used: set[str] = set()
    for track in plan.tracks(count, seed):
        words = lyrics.compose(
            language=track.language, theme=track.theme, second=track.second_theme, mixing=track.mixing,
            rng=plan.stream(seed, 1, track.number), used=used,
        )  # fmt: skip
        yield Song(seed, track, words, melody.compose(track, words, plan.stream(seed, 2, track.number)))


def render(song: Song) -> Stems:
    """The sound of a song; depends on the song and nothing else."""
    rng = plan.stream(song.seed, 3, song.track.number)
    voice = vocal(song, rng)
    backing = band.play(song.track, song.score, plan.stream(song.seed, 4, song.track.number))
    return mix.mix(voice, backing, mix.production(plan.stream(song.seed, 5, song.track.number)))


def vocal(song: Song, rng: np.random.Generator) -> Wave:
    """All sung lines, dry."""
    wave = np.zeros(int(song.track.seconds * RATE), np.float32)
    manner = melody.MANNER[song.track.genre]
    for line in song.score.lines:
        start, phrase = singer.sing(line.notes, plan.voice(song.track), manner, rng)
        at = max(round(start * RATE), 0)
        end = min(at + len(phrase), len(wave))
        wave[at:end] += phrase[: end - at]
    return wave
