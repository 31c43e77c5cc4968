"""The encoder musicnn: pictures as librosa makes them, weights from the package's files, and what it hears."""

import functools
import importlib.metadata
import json
import logging
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soxr
import torch
from numpy.typing import NDArray

from pipeline.core import cache
from pipeline.core.command import Problem
from pipeline.nets.musicnn import MELS, shapes
from pipeline.sample.song import render, songs
from pipeline.sound.musicnn import FFT, HOP, INSTALL, RATE, TRAININGS, Checkpoint, Musicnn, logmel, patches
from pipeline.sound.tensorflow_checkpoint import NUMBERS
from tests.sound import checkpoints

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "musicnn.json").read_text(encoding="utf-8"))
CHECKPOINTS: tuple[Checkpoint, ...] = ("msd", "mtt")

Wave = NDArray[np.float32]


def installed() -> bool:
    try:
        importlib.metadata.distribution("musicnn")
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


needs_package = pytest.mark.skipif(not installed(), reason=f"the package musicnn is not installed: `{INSTALL}`")


def sweep() -> Wave:
    """Six seconds from 50 to 7000 Hz."""
    time = np.arange(6 * RATE) / RATE
    wave: Wave = (0.5 * np.sin(2 * np.pi * 50 * 6 / np.log(140) * (140 ** (time / 6) - 1))).astype(np.float32)
    return wave


def noise() -> Wave:
    return (0.1 * np.random.default_rng(0).standard_normal(6 * RATE)).astype(np.float32)


def song() -> Wave:
    """Six seconds of a song of the sample."""
    mix = render(next(song for song in songs(180, 7) if song.track.id == "en_001")).mix
    wave = soxr.resample(np.asarray(mix, np.float32), 22050, RATE, quality="HQ")
    return np.ascontiguousarray(wave[10 * RATE : 16 * RATE], np.float32)


SOUNDS: dict[str, Callable[[], Wave]] = {"sweep": sweep, "noise": noise, "song": song}


@functools.cache
def encoder(checkpoint: Checkpoint) -> Musicnn:
    return Musicnn(checkpoint)


# --- pictures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sound", SOUNDS)
def test_the_picture_is_librosas(sound: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import librosa

        mel = librosa.feature.melspectrogram(y=SOUNDS[sound](), sr=RATE, n_fft=FFT, hop_length=HOP, n_mels=MELS).T
    known = np.log10(10_000 * mel.astype(np.float16).astype(np.float32) + 1)
    picture = logmel(SOUNDS[sound]())
    assert picture.shape == known.shape
    np.testing.assert_allclose(picture, known, atol=1e-3)  # a step of float16 is up to .0005 of a power


def test_there_is_a_patch_for_each_whole_three_seconds() -> None:
    wave = np.tile(noise(), 6)[: 30 * RATE]
    assert patches(wave).shape == (10, 187, 96)
    assert patches(wave[:-1]).shape == (9, 187, 96)
    np.testing.assert_array_equal(patches(wave)[8], logmel(wave)[1500 : 1500 + 187])
    ninth = wave[24 * RATE : 27 * RATE]  # a patch lies where its segment does
    np.testing.assert_allclose(patches(wave)[8][1:], patches(ninth)[0][1:], atol=1e-3)


def test_a_short_wave_is_repeated_and_an_empty_one_refused() -> None:
    short = noise()[:RATE]
    np.testing.assert_array_equal(patches(short), patches(np.tile(short, 3)))
    with pytest.raises(ValueError, match="without samples"):
        patches(short[:0])


def test_a_wave_too_loud_for_float16_stays_finite() -> None:
    assert np.isfinite(logmel(1e4 * noise())).all()


# --- weights ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with random weights, whose sums are taken for the known ones, and an empty cache."""
    rng = np.random.default_rng(1)
    arrays = {name: rng.random(shape, np.float32) / 10 for name, shape in shapes().items()}
    folder = tmp_path / "musicnn" / "MSD_musicnn"
    checkpoints.write(folder, {**arrays, "beta1_power": np.ones((), np.float32)})
    use(monkeypatch, folder)

    class Distribution:
        def locate_file(self, name: str) -> Path:
            return tmp_path / name

    monkeypatch.setattr(importlib.metadata, "distribution", lambda _: Distribution())
    monkeypatch.setenv("SURBANI_CACHE", str(tmp_path / "cache"))
    return folder


def use(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Takes what lies in the folder for the release."""
    sums = {name: cache.digest(folder / name) for name in (".index", NUMBERS)}
    monkeypatch.setitem(TRAININGS, "msd", replace(TRAININGS["msd"], sums=sums))


def test_weights_are_read_once_and_kept(package: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    wave = noise()[: 3 * RATE]
    first = Musicnn("msd").vectors(wave)
    assert caplog.messages == ["MSD_musicnn: read from the package musicnn 0.1.0"]
    for file in package.iterdir():
        file.unlink()
    np.testing.assert_array_equal(Musicnn("msd").vectors(wave), first)
    assert len(caplog.messages) == 1


def test_damaged_weights_in_the_cache_are_read_again(package: Path) -> None:
    wave = noise()[: 3 * RATE]
    first = Musicnn("msd").vectors(wave)
    (kept,) = (package.parents[1] / "cache").rglob("*.safetensors")
    data = bytearray(kept.read_bytes())
    data[len(data) // 2] ^= 1
    kept.write_bytes(data)
    np.testing.assert_array_equal(Musicnn("msd").vectors(wave), first)


def test_a_changed_file_is_refused(package: Path) -> None:
    numbers = package / NUMBERS
    data = bytearray(numbers.read_bytes())
    data[1000] ^= 1
    numbers.write_bytes(data)
    with pytest.raises(Problem, match=r"is not that of release 0\.1\.0 .*: run `pip install --no-deps .*--force-reins"):
        Musicnn("msd").vectors(noise())


def test_a_missing_file_is_named(package: Path) -> None:
    (package / ".index").unlink()
    with pytest.raises(Problem, match=r"MSD_musicnn/\.index cannot be read \(No such file or directory\): run"):
        Musicnn("msd").vectors(noise())


def test_weights_of_another_network_are_refused(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoints.write(package, {"conv2d/kernel": np.ones((3, 3, 1, 8), np.float32)})
    use(monkeypatch, package)
    with pytest.raises(Problem, match="MSD_musicnn has no batch_normalization/beta of"):
        Musicnn("msd").vectors(noise())


def test_a_damaged_release_is_one_line(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (package / ".index").write_bytes(b"what")
    use(monkeypatch, package)
    with pytest.raises(Problem, match=r"is not the index of a TensorFlow checkpoint.*: run `pip"):
        Musicnn("msd").vectors(noise())


def test_without_the_package_the_command_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", absent)
    monkeypatch.setenv("SURBANI_CACHE", str(tmp_path))
    with pytest.raises(Problem, match=r"not installed: run `pip install --no-deps musicnn==0\.1\.0`"):
        Musicnn("mtt").vectors(noise())


def test_an_unknown_training_is_named() -> None:
    with pytest.raises(Problem, match="has the training 'big': musicnn has msd and mtt"):
        Musicnn("big")  # type: ignore[arg-type]


# --- what is heard ----------------------------------------------------------------------------------------------------


@needs_package
@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
@pytest.mark.parametrize("sound", SOUNDS)
def test_what_is_heard_is_what_the_packages_own_graph_makes(checkpoint: Checkpoint, sound: str) -> None:
    known, heard = GOLDEN[checkpoint][sound], encoder(checkpoint).hear(SOUNDS[sound]())
    np.testing.assert_allclose(heard.vectors[:, ::20], known["vectors"], atol=2e-3)
    np.testing.assert_allclose(np.linalg.norm(heard.vectors, axis=1), known["length"], rtol=1e-3)
    names = encoder(checkpoint).tag_names
    for tag, probability in known["tags"].items():
        assert heard.tags[:, names.index(tag)].mean() == pytest.approx(probability, abs=1e-3)


@needs_package
@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
def test_batches_and_threads_change_nothing(checkpoint: Checkpoint) -> None:
    wave = np.concatenate([song(), noise(), sweep()])
    whole = encoder(checkpoint).hear(wave)
    alone = np.concatenate([encoder(checkpoint).hear_patches(patches(wave)[n : n + 1]).vectors for n in range(6)])
    np.testing.assert_array_equal(whole.vectors, alone)
    pictures = torch.from_numpy(patches(wave))
    for batch, threads in ((6, 2), (4, 1), (1, 3)):
        torch.set_num_threads(threads)
        with torch.inference_mode():
            parts = [encoder(checkpoint)._network(part) for part in pictures.split(batch)]
        for array, name in ((whole.vectors, "penultimate"), (whole.tags, "tags"), (whole.pooled, "pooled")):
            together = torch.cat([getattr(part, name) for part in parts]).numpy()
            np.testing.assert_allclose(array, together, rtol=1e-4 if name == "pooled" else 0, atol=1e-4)


@needs_package
@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
def test_an_encoder_says_what_it_is(checkpoint: Checkpoint) -> None:
    ears, wave = encoder(checkpoint), sweep()
    assert ears.name == f"musicnn-{checkpoint}"
    assert len(set(ears.tag_names)) == 50
    assert ears.vectors(wave).shape == (2, 200)
    assert ears.tags(wave).shape == (2, 50)
    assert ears.pooled(wave).shape == (2, 1506)
    assert "Last.fm" in ears.trained_on or "MagnaTagATune" in ears.trained_on
    assert encoder("msd").identity != encoder("mtt").identity
