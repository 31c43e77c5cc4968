"""Features of sound: librosa's numbers, torchaudio's numbers, segments in their places, statistics as named."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline import audio
from pipeline.core import params
from pipeline.core.command import Problem
from pipeline.sound import descriptors
from pipeline.sound.features import KERNEL, Refused, computed, features
from pipeline.sound.settings import Audio
from pipeline.sound.spectra import Shape, mel_filters, spectra
from tests.sound.songs import RATE, P, Wave, music, set_audio

# --- the numbers ------------------------------------------------------------------------------------------------------


def librosa_logmel(wave: Wave) -> NDArray[Any]:
    import librosa

    power = librosa.feature.melspectrogram(y=wave, sr=RATE, n_fft=2048, hop_length=P.hop, n_mels=128)
    return np.asarray(librosa.power_to_db(power, ref=1.0, amin=1e-10, top_db=80))


def test_log_mel_and_mfcc_are_librosas() -> None:
    import librosa

    wave = music(6)
    ours, theirs = spectra(wave, P.shape, 600), librosa_logmel(wave)
    np.testing.assert_allclose(ours.logmel.T, theirs[:, :600], atol=1e-3)
    np.testing.assert_allclose(ours.mfcc.T, librosa.feature.mfcc(S=theirs, n_mfcc=40)[:, :600], atol=5e-3)


@pytest.mark.parametrize(("rate", "fft", "mels"), [(22050, 2048, 128), (16000, 512, 40), (44100, 4096, 64)])
def test_mel_filters_are_librosas(rate: int, fft: int, mels: int) -> None:
    import librosa

    theirs = librosa.filters.mel(sr=rate, n_fft=fft, n_mels=mels)
    np.testing.assert_allclose(mel_filters(rate, fft, mels), theirs, atol=1e-8)


@pytest.mark.parametrize("shape", [P.shape, Shape(16000, 160, 512, 40, 13, 80)])
def test_torchaudio_gives_the_same(shape: Shape) -> None:
    from pipeline.sound import torch_spectra

    ours, theirs = spectra(music(4), shape, 300), torch_spectra.spectra(music(4), shape, 300, "cpu")
    np.testing.assert_allclose(ours.logmel, theirs.logmel, atol=1e-3)
    np.testing.assert_allclose(ours.mfcc, theirs.mfcc, atol=5e-3)
    np.testing.assert_allclose(ours.chroma, theirs.chroma, rtol=1e-3, atol=1e-3)


def test_torchaudios_own_mfcc_is_the_same() -> None:
    """The whole transform, put together by torchaudio and not by us."""
    import torch

    from pipeline.core import torchaudio_cpu

    mel = {"n_fft": 2048, "hop_length": P.hop, "n_mels": 128, "pad_mode": "constant", "norm": "slaney"}
    made = torchaudio_cpu.transforms().MFCC(RATE, 40, melkwargs={**mel, "mel_scale": "slaney"})
    theirs = made(torch.from_numpy(music(4))).numpy()
    np.testing.assert_allclose(spectra(music(4), P.shape, theirs.shape[1]).mfcc.T, theirs, atol=5e-3)


def test_silence_is_minus_100_db() -> None:
    np.testing.assert_allclose(spectra(np.zeros(RATE, np.float32), P.shape, 50).logmel, -100, atol=1e-4)


def test_the_cached_numbers_are_the_kernels() -> None:
    """When this fails because the features were meant to change: raise KERNEL, then write these anew."""
    track = features(music(6), P)
    seen = [float(np.abs(x).mean()) for x in (track.mfcc, track.logmel, track.stats)]
    assert KERNEL == 1
    assert seen == pytest.approx(GOLDEN, rel=1e-4)


GOLDEN = [23.60260, 36.73357, 10.11629]


# --- segments ---------------------------------------------------------------------------------------------------------


def test_segments_lie_where_they_should() -> None:
    track, whole = features(music(6), P), librosa_logmel(music(6))
    assert track.mfcc.shape == (2, 40, 300)
    assert track.logmel.shape == (2, 128, 100)
    for s in range(2):
        columns = whole[:, s * 300 : (s + 1) * 300].reshape(128, 100, 3).mean(axis=2)
        np.testing.assert_allclose(track.logmel[s], columns, atol=2e-3)


def test_a_click_is_in_its_own_segment_and_frame() -> None:
    wave = 1e-3 * np.random.default_rng(0).normal(size=6 * RATE).astype(np.float32)
    wave[(300 + 120) * P.hop] = 1  # frame 120 of segment 1
    loud = features(wave, P).mfcc[:, 0]
    assert loud[1].argmax() == pytest.approx(120, abs=4)
    assert loud[0].max() < loud[1].max() - 10


@pytest.mark.parametrize(("seconds", "segments"), [(6, 2), (5.9, 1), (3, 1), (2.99, 1), (0.5, 1)])
def test_only_whole_segments_count(seconds: float, segments: int) -> None:
    track = features(music(seconds), P)
    assert track.valid.tolist() == [True] * segments + [False] * (2 - segments)
    assert not track.mfcc[segments:].any()
    assert not track.stats[segments:].any()
    assert np.isfinite(track.stats).all()


def test_a_very_short_sound_is_repeated_not_padded_with_silence() -> None:
    """Otherwise its statistics would mostly describe the silence."""
    sound = music(1.5) + 0.01 * np.random.default_rng(0).normal(size=round(1.5 * RATE)).astype(np.float32)
    assert features(sound, P).logmel[0].min() > -80


def test_a_silent_segment_is_not_valid() -> None:
    wave = music(6)
    wave[: 300 * P.hop] = 0
    track = features(wave, P)
    assert track.valid.tolist() == [False, True]
    assert not track.logmel[0].any()


def test_what_a_codec_cut_off_lies_at_the_floor_and_no_deeper() -> None:
    track = features(music(6), replace(P, floor_db=40))
    assert track.logmel.min() == pytest.approx(track.logmel.max() - 40, abs=8)  # columns are means of frames
    whole = spectra(music(6), replace(P, floor_db=40).shape, 600).logmel
    assert whole.min() == pytest.approx(whole.max() - 40, abs=1e-3)


def test_a_segment_does_not_depend_on_another_as_quiet() -> None:
    plain, flipped = music(6), music(6)
    flipped[320 * P.hop :] *= -1
    np.testing.assert_array_equal(features(plain, P).logmel[0, :, :95], features(flipped, P).logmel[0, :, :95])


# --- statistics -------------------------------------------------------------------------------------------------------


def named_stats(wave: Wave) -> dict[str, float]:
    track = features(wave, P)
    names = descriptors.named(P.mels, P.mfcc)
    assert len(names) == len(set(names)) == track.stats.shape[1]
    return dict(zip(names, track.stats[0].tolist(), strict=True))


def test_statistics_are_what_their_names_say() -> None:
    track, stats = features(music(6), P), named_stats(music(6))
    assert stats["mfcc03_mean"] == pytest.approx(track.mfcc[0, 3].mean(), abs=1e-3)
    assert stats["mfcc03_std"] == pytest.approx(track.mfcc[0, 3].std(), abs=1e-3)
    assert sum(stats[f"chroma{i:02d}"] for i in range(12)) == pytest.approx(1, abs=1e-4)


def test_delta_is_librosas() -> None:
    import librosa

    track, stats = features(music(6), P), named_stats(music(6))
    inner = librosa.feature.delta(track.mfcc[0, 5], width=9)[4:-4]
    assert stats["mfcc05_delta_std"] == pytest.approx(inner.std(), abs=1e-3)


def test_chroma_is_the_same_in_every_key() -> None:
    time = np.arange(6 * RATE) / RATE

    def chord(root: float) -> dict[str, float]:
        notes = [(0, 1.0), (4, 0.5), (7, 0.6)]
        tones = [a * np.sin(2 * np.pi * root * 2 ** (n / 12) * time) for n, a in notes]
        return named_stats(np.sum(tones, axis=0).astype(np.float32))

    low, high = chord(440.0), chord(440.0 * 2 ** (3 / 12))
    for step in (0, 4, 7):
        assert low[f"chroma{step:02d}"] == pytest.approx(high[f"chroma{step:02d}"], abs=0.03)
        assert low[f"chroma{step:02d}"] > 0.1


def test_noise_is_flat_and_a_tone_is_not() -> None:
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(6 * RATE) / RATE).astype(np.float32)
    noise = 0.1 * np.random.default_rng(0).normal(size=6 * RATE).astype(np.float32)
    assert named_stats(noise)["flatness_mean"] > -6
    assert named_stats(tone)["flatness_mean"] < -20
    assert named_stats(tone)["contrast0_mean"] > named_stats(noise)["contrast0_mean"] + 20


def test_pulse_finds_the_beat() -> None:
    beat = 0.01 * np.random.default_rng(0).normal(size=6 * RATE).astype(np.float32)
    for start in range(0, len(beat), round(0.6 * RATE)):  # 100 a minute
        beat[start : start + 2000] *= 50
    stats = named_stats(beat)
    pulses = {name: value for name, value in stats.items() if name.startswith("pulse")}
    assert max(pulses, key=lambda name: pulses[name]) == "pulse_0.5s"  # 0.5 to 0.7 s


@pytest.mark.parametrize(
    "p", [replace(P, mels=13, mfcc=13), replace(P, frames=6), replace(P, sample_rate=8000, fft=256)]
)
def test_unusual_shapes_work(p: Audio) -> None:
    track = features(music(6), p)
    assert track.stats.shape == (p.segments, len(descriptors.named(p.mels, p.mfcc)))
    assert np.isfinite(track.stats).all()


# --- settings and refusals --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"segment_seconds": 7}, "audio.segment_seconds is 7 .* at most audio.clip_seconds"),
        ({"mel_pool": 7}, r"audio.mel_pool is 7 .* a divisor of audio.frames \(300\)"),
        ({"mfcc": 129}, r"audio.mfcc is 129 .* at most audio.mels \(128\)"),
        ({"frames": 300_000}, "audio.frames is 300000"),
    ],
)
def test_parameters_that_do_not_fit_together(
    change: dict[str, Any], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    set_audio(tmp_path, **change)
    with pytest.raises(Problem, match=message):
        params.load(audio.Params)


def test_the_scipy_path_does_not_import_torch() -> None:
    """It would cost every worker seconds and hundreds of megabytes."""
    code = "import sys, pipeline.sound.features as f; f.choose_backend('scipy'); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2]).returncode == 0


def test_a_track_refused_is_not_a_feature() -> None:
    assert computed(Path("none.wav"), P) == Refused("is missing")
