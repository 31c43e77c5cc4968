"""Section `audio` of params.yaml: how sound is cut and measured. Stages read it that must not import torch."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pipeline.core.params import Count, Number, Rule, Within
from pipeline.sound.spectra import Shape


@dataclass(frozen=True)
class Audio:
    clip_seconds: Annotated[Number, Within(0.1, 3600)]
    sample_rate: Annotated[int, Within(4000, 192_000)]
    segment_seconds: Annotated[
        Number,
        Within(0.1, 3600),
        Rule(lambda seconds, audio: seconds <= audio["clip_seconds"], "at most audio.clip_seconds"),
    ]
    frames: Annotated[
        Count,
        Rule(
            lambda frames, audio: frames <= audio["sample_rate"] * audio["segment_seconds"],
            "at most the samples of a segment",
        ),
    ]
    fft: Annotated[int, Within(64, 65_536)]
    mels: Annotated[int, Within(2, 1024)]
    mfcc: Annotated[Count, Rule(lambda mfcc, audio: mfcc <= audio["mels"], "at most audio.mels ({mels})")]
    mel_pool: Annotated[
        Count, Rule(lambda pool, audio: audio["frames"] % pool == 0, "a divisor of audio.frames ({frames})")
    ]
    floor_db: Annotated[Number, Within(10, 200)]
    backend: Literal["auto", "scipy", "torchaudio"]
    workers: Annotated[int, Within(0, 1024)]
    external: str = "none"
    encoder: str = "none"  # musicnn, none, a name on the hub or a folder
    musicnn: Literal["msd", "mtt"] = "msd"
    revision: str = ""
    hears: Annotated[
        Literal["encoder", "stats", "both"],
        Rule(lambda hears, audio: hears == "stats" or audio["encoder"] != "none", "stats where audio.encoder is none"),
    ] = "stats"

    @property
    def hop(self) -> int:
        """Samples from a frame to the next."""
        return int(self.sample_rate * self.segment_seconds / self.frames)

    @property
    def segments(self) -> int:
        """Segments of a whole clip."""
        return max(1, int(self.clip_seconds * self.sample_rate) // (self.hop * self.frames))

    @property
    def shape(self) -> Shape:
        return Shape(self.sample_rate, self.hop, self.fft, self.mels, self.mfcc, self.floor_db)
