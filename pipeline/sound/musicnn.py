"""The encoder musicnn: what a trained tagger hears in each three seconds of a wave, in 200 numbers and in 50 tags.

The weights come with the Python package musicnn 0.1.0 (ISC licence). It needs TensorFlow 1 and is not imported: its
files are found on disk, compared with known sums, read by pipeline.sound.tensorflow_checkpoint and kept in the cache.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

import numpy as np
import scipy.fft
import torch
from jaxtyping import Float32
from numpy.typing import NDArray

from pipeline.core import cache
from pipeline.core.command import Problem
from pipeline.core.package import Package
from pipeline.nets.musicnn import FRAMES, MELS, Network, Weights, shapes
from pipeline.sound import tensorflow_checkpoint
from pipeline.sound.spectra import F32, mel_filters
from pipeline.sound.tensorflow_checkpoint import NUMBERS, Damaged

log = logging.getLogger(__name__)

Checkpoint = Literal["msd", "mtt"]

RATE: Final = 16_000
FFT: Final = 512
HOP: Final = 256
SECONDS: Final = 3.0  # from a patch to the next, as long as a segment; FRAMES of them take .008 s less
LOUDEST: Final = 65_504.0  # the largest number that float16 has
BLOCK: Final = 256  # frames transformed at a time
ON_GPU: Final = 64  # patches at once; on a CPU one at a time is fastest, and the numbers do not depend on the others

PACKAGE: Final = "musicnn"
RELEASE: Final = "0.1.0"
INSTALL: Final = f"pip install --no-deps {PACKAGE}=={RELEASE}"
CARRIER: Final = Package(PACKAGE, RELEASE, INSTALL)
RECIPE: Final = 1  # another one makes the kept weights void


@dataclass(frozen=True)
class Training:
    """A checkpoint of the package: its files, and what it knows and from where."""

    folder: str
    sums: dict[str, str]  # SHA-256 by file
    trained_on: str
    tags: tuple[str, ...]


MSD_TAGS: Final = (
    "rock,pop,alternative,indie,electronic,female vocalists,dance,00s,alternative rock,jazz,beautiful,metal,"
    "chillout,male vocalists,classic rock,soul,indie rock,Mellow,electronica,80s,folk,90s,chill,instrumental,"
    "punk,oldies,blues,hard rock,ambient,acoustic,experimental,female vocalist,guitar,Hip-Hop,70s,party,"
    "country,easy listening,sexy,catchy,funk,electro,heavy metal,Progressive rock,60s,rnb,indie pop,sad,House,"
    "happy"
)
MTT_TAGS: Final = (
    "guitar,classical,slow,techno,strings,drums,electronic,rock,fast,piano,ambient,beat,violin,vocal,synth,"
    "female,indian,opera,male,singing,vocals,no vocals,harpsichord,loud,quiet,flute,woman,male vocal,no vocal,"
    "pop,soft,sitar,solo,man,classic,choir,voice,new age,dance,male voice,female vocal,beats,harp,cello,"
    "no voice,weird,country,metal,female voice,choral"
)

TRAININGS: Final[dict[Checkpoint, Training]] = {
    "msd": Training(
        "MSD_musicnn",
        {
            ".index": "87f3e0f3550c8d3bafc840374003e5c8af5eeb5ecf6add61af09a7822d3282c8",
            NUMBERS: "8579734ee6388f799ed0def4bbd0d1fdcbeaf213ef2a9dc860917bd76a303de6",
        },
        "the Million Song Dataset, with the 50 most frequent tags that users of Last.fm gave its songs",
        tuple(MSD_TAGS.split(",")),
    ),
    "mtt": Training(
        "MTT_musicnn",
        {
            ".index": "da2d7bb670b2b31e9bc441bb1bd75eca31b5b061f963cc1f9630c1aff3238f57",
            NUMBERS: "041f3935e981a65cea739842d30c188d3a7d2adf4410955c8668eb3de4a5acab",
        },
        "MagnaTagATune: clips of the label Magnatune, with the 50 most frequent tags of an online game",
        tuple(MTT_TAGS.split(",")),
    ),
}


@dataclass(frozen=True)
class Heard:
    """What the network makes of each patch of a wave."""

    vectors: Float32[F32, "patch 200"]  # its last layer but one
    tags: Float32[F32, "patch 50"]  # probabilities
    pooled: Float32[F32, "patch 1506"]  # maximum and mean over time of 753 channels, in turns


class Musicnn:
    """The encoder with one of its two trainings, on a device."""

    rate: Final = RATE
    seconds: Final = SECONDS
    revision: Final = ""

    def __init__(self, checkpoint: Checkpoint = "msd", device: str = "cpu") -> None:
        if checkpoint not in TRAININGS:
            raise Problem(f"audio.encoder has the training {checkpoint!r}: musicnn has {' and '.join(TRAININGS)}")
        self.checkpoint, self.device = checkpoint, torch.device(device)
        self.training = TRAININGS[checkpoint]
        self.name = f"musicnn-{checkpoint}"

    @property
    def identity(self) -> str:
        """A text that is another for other weights."""
        return _key(self.training)

    @property
    def trained_on(self) -> str:
        return self.training.trained_on

    @property
    def tag_names(self) -> tuple[str, ...]:
        return self.training.tags

    def hear(self, wave: Float32[F32, " time"]) -> Heard:
        """What is heard in each whole three seconds of a wave at 16 kHz; a shorter wave is repeated."""
        return self.hear_patches(patches(wave))

    def vectors(self, wave: Float32[F32, " time"]) -> Float32[F32, "patch 200"]:
        return self.hear(wave).vectors

    def tags(self, wave: Float32[F32, " time"]) -> Float32[F32, "patch 50"]:
        return self.hear(wave).tags

    def pooled(self, wave: Float32[F32, " time"]) -> Float32[F32, "patch 1506"]:
        return self.hear(wave).pooled

    def hear_patches(self, pictures: Float32[F32, "patch 187 96"]) -> Heard:
        """The same for pictures of any number of waves at once."""
        together = ON_GPU if self.device.type == "cuda" else 1
        with torch.inference_mode(), _whole_floats():
            heard = [self._network(part.to(self.device)) for part in torch.from_numpy(pictures).split(together)]
            return Heard(
                *(
                    torch.cat([getattr(part, name) for part in heard]).cpu().numpy()
                    for name in ("penultimate", "tags", "pooled")
                )
            )

    @cached_property
    def _network(self) -> Network:
        return Network(weights(self.training)).eval().to(self.device)


@contextmanager
def _whole_floats() -> Iterator[None]:
    """Without the rounding to ten bits that GPUs make in convolutions by default."""
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        yield


# --- a wave as pictures -----------------------------------------------------------------------------------------------


def patches(wave: Float32[F32, " time"]) -> Float32[F32, "patch 187 96"]:
    """The log-mel picture of each whole three seconds, frames before bands."""
    step = round(SECONDS * RATE)
    if not len(wave):
        raise ValueError("a wave without samples has no picture")
    if len(wave) < step:
        wave = np.resize(wave, step)  # as in the training
    picture = logmel(wave)
    starts = [round(number * step / HOP) for number in range(len(wave) // step)]
    return np.stack([picture[start : start + FRAMES] for start in starts])


def logmel(wave: Float32[F32, " time"]) -> Float32[F32, "frame 96"]:
    """log10(10000 power + 1) of 96 mel bands, as the network was trained on it: the powers went through float16."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(wave, FFT // 2), FFT)[::HOP]
    hann = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FFT) / FFT)).astype(np.float32)
    filters = mel_filters(RATE, FFT, MELS).T
    mel = np.empty((len(windows), MELS), np.float32)
    for start in range(0, len(windows), BLOCK):
        rows = slice(start, start + BLOCK)
        spectrum = scipy.fft.rfft(windows[rows] * hann, axis=1, overwrite_x=True)
        np.matmul(np.square(spectrum.real) + np.square(spectrum.imag), filters, out=mel[rows])
    # Back to float32 before the factor: 10000 times a loud band is more than float16 holds.
    rounded = np.minimum(mel, np.float32(LOUDEST)).astype(np.float16).astype(np.float32)
    picture: F32 = np.log10(np.float32(10_000) * rounded + np.float32(1))
    return picture


# --- the weights of the package ---------------------------------------------------------------------------------------


def weights(training: Training) -> Weights:
    """The weights of a checkpoint, from the cache, or read from the package and then kept there."""
    kept, key = cache.Cache("encoders", cache.place()), _key(training)
    arrays = kept.get(key)
    if arrays is None or {name: array.shape for name, array in arrays.items()} != shapes():
        arrays = _read(training)
        kept.put(key, arrays)
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def _key(training: Training) -> str:
    return cache.key(encoder=PACKAGE, sums=training.sums, recipe=RECIPE)


def _read(training: Training) -> dict[str, NDArray[np.generic]]:
    wanted = shapes()
    folder = _folder() / training.folder
    for name, known in training.sums.items():
        CARRIER.check(folder / name, known)
    try:
        arrays = tensorflow_checkpoint.tensors(folder / ".index", folder / NUMBERS, wanted.__contains__)
    except Damaged as error:
        raise CARRIER.problem(str(error)) from None
    sizes = {name: array.shape for name, array in arrays.items()}
    if sizes != wanted:
        wrong = min(name for name, shape in wanted.items() if sizes.get(name) != shape)
        raise CARRIER.problem(f"{training.folder} has no {wrong} of {wanted[wrong]}")
    log.info("%s: read from the package %s %s", training.folder, PACKAGE, RELEASE)
    return arrays


def _folder() -> Path:
    """Where the package's files lie; it is not imported."""
    folder = CARRIER.find(PACKAGE)
    if folder is None:
        raise Problem(f"audio.encoder is musicnn, whose package is not installed: run `{INSTALL}`, or set it to none")
    return folder
