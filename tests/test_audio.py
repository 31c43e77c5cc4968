"""Features of sound: librosa's numbers, torchaudio's numbers, segments in their places, a cache that never lies."""

import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
from numpy.typing import NDArray

from pipeline import audio
from pipeline.audio import Audio, Refused, features
from pipeline.core import cache, store, workers
from pipeline.core.cache import Cache
from pipeline.core.command import Problem
from pipeline.sound import descriptors
from pipeline.sound.npy import RowFile
from pipeline.sound.spectra import Shape, mel_filters, spectra

RATE = 22050
P = Audio(6, RATE, 3, 300, 2048, 128, 40, 3, 80, "scipy", 1)
Wave = NDArray[np.float32]


def music(seconds: float, seed: int = 0) -> Wave:
    """Struck tones over a little noise, with a silent stretch: every level that a song has."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    wave = 1e-3 * rng.normal(size=len(time))
    for start in np.arange(0, seconds, 0.25):
        pitch = 110 * 2 ** (rng.integers(0, 36) / 12)
        since = np.maximum(time - start, 0)
        wave += (time >= start) * 0.2 * np.exp(-6 * since) * np.sin(2 * np.pi * pitch * since)
    wave[RATE // 2 : RATE // 2 + 4000] = 0
    return wave.astype(np.float32)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with four tracks and parameters for clips of six seconds."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SURBANI_CACHE", str(tmp_path / "cache"))
    (tmp_path / "data").mkdir()
    for i in range(4):
        soundfile.write(tmp_path / "data" / f"{i}.wav", music(9, i), RATE)
    lines = [f"  {name}: {getattr(P, name)}" for name in P.__dataclass_fields__]
    (tmp_path / "params.yaml").write_text("\n".join(["audio:", *lines]))
    list_tracks(tmp_path)
    return tmp_path


def list_tracks(house: Path) -> None:
    files = sorted((house / "data").iterdir())
    rows = [{"id": f.stem, "audio": f.name, "seconds": "9.0", "reason": ""} for f in files]
    store.write_table(Path("build/tracks/tracks.csv"), pd.DataFrame(rows))


def outputs() -> dict[str, bytes]:
    return {f.name: f.read_bytes() for f in sorted(Path("build/audio").iterdir())}


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
    """When this fails because the features were meant to change: raise audio.KERNEL, then write these anew."""
    found = features(music(6), P)
    seen = [float(np.abs(x).mean()) for x in (found.mfcc, found.logmel, found.stats)]
    assert audio.KERNEL == 1
    assert seen == pytest.approx(GOLDEN, rel=1e-4)


GOLDEN = [23.60260, 36.73357, 10.11629]


# --- segments ---------------------------------------------------------------------------------------------------------


def test_segments_lie_where_they_should() -> None:
    found, whole = features(music(6), P), librosa_logmel(music(6))
    assert found.mfcc.shape == (2, 40, 300)
    assert found.logmel.shape == (2, 128, 100)
    for s in range(2):
        columns = whole[:, s * 300 : (s + 1) * 300].reshape(128, 100, 3).mean(axis=2)
        np.testing.assert_allclose(found.logmel[s], columns, atol=2e-3)


def test_a_click_is_in_its_own_segment_and_frame() -> None:
    wave = 1e-3 * np.random.default_rng(0).normal(size=6 * RATE).astype(np.float32)
    wave[(300 + 120) * P.hop] = 1  # frame 120 of segment 1
    loud = features(wave, P).mfcc[:, 0]
    assert loud[1].argmax() == pytest.approx(120, abs=4)
    assert loud[0].max() < loud[1].max() - 10


@pytest.mark.parametrize(("seconds", "segments"), [(6, 2), (5.9, 1), (3, 1), (2.99, 1), (0.5, 1)])
def test_only_whole_segments_count(seconds: float, segments: int) -> None:
    found = features(music(seconds), P)
    assert found.valid.tolist() == [True] * segments + [False] * (2 - segments)
    assert not found.mfcc[segments:].any()
    assert not found.stats[segments:].any()
    assert np.isfinite(found.stats).all()


def test_a_very_short_sound_is_repeated_not_padded_with_silence() -> None:
    """Otherwise its statistics would mostly describe the silence."""
    sound = music(1.5) + 0.01 * np.random.default_rng(0).normal(size=round(1.5 * RATE)).astype(np.float32)
    assert features(sound, P).logmel[0].min() > -80


def test_a_silent_segment_is_not_valid() -> None:
    wave = music(6)
    wave[: 300 * P.hop] = 0
    found = features(wave, P)
    assert found.valid.tolist() == [False, True]
    assert not found.logmel[0].any()


def test_what_a_codec_cut_off_lies_at_the_floor_and_no_deeper() -> None:
    found = features(music(6), replace(P, floor_db=40))
    assert found.logmel.min() == pytest.approx(found.logmel.max() - 40, abs=8)  # columns are means of frames
    whole = spectra(music(6), replace(P, floor_db=40).shape, 600).logmel
    assert whole.min() == pytest.approx(whole.max() - 40, abs=1e-3)


def test_a_segment_does_not_depend_on_another_as_quiet() -> None:
    one, other = music(6), music(6)
    other[320 * P.hop :] *= -1
    np.testing.assert_array_equal(features(one, P).logmel[0, :, :95], features(other, P).logmel[0, :, :95])


# --- statistics -------------------------------------------------------------------------------------------------------


def named_stats(wave: Wave) -> dict[str, float]:
    found = features(wave, P)
    names = descriptors.named(P.mels, P.mfcc)
    assert len(names) == len(set(names)) == found.stats.shape[1]
    return dict(zip(names, found.stats[0].tolist(), strict=True))


def test_statistics_are_what_their_names_say() -> None:
    found, stats = features(music(6), P), named_stats(music(6))
    assert stats["mfcc03_mean"] == pytest.approx(found.mfcc[0, 3].mean(), abs=1e-3)
    assert stats["mfcc03_std"] == pytest.approx(found.mfcc[0, 3].std(), abs=1e-3)
    assert sum(stats[f"chroma{i:02d}"] for i in range(12)) == pytest.approx(1, abs=1e-4)


def test_delta_is_librosas() -> None:
    import librosa

    found, stats = features(music(6), P), named_stats(music(6))
    inner = librosa.feature.delta(found.mfcc[0, 5], width=9)[4:-4]
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
    found = features(music(6), p)
    assert found.stats.shape == (p.segments, len(descriptors.named(p.mels, p.mfcc)))
    assert np.isfinite(found.stats).all()


# --- the stage --------------------------------------------------------------------------------------------------------


def test_the_stage_writes_rows_that_carry_ids(house: Path) -> None:
    audio.main()
    rows = store.read_rows(house / "build/audio", "mfcc", "logmel", "stats", "valid")
    assert rows.ids == ("0", "1", "2", "3")
    names = store.read_json(house / "build/audio/stats_names.json")
    assert rows["stats"].shape == (4, 2, len(names))
    for i, id_ in enumerate(rows.ids):
        alone = audio.computed(house / "data" / f"{id_}.wav", P)
        assert isinstance(alone, audio.Features)
        np.testing.assert_allclose(rows["mfcc"][i], alone.mfcc, atol=1e-3)


def test_a_bad_file_is_left_out_with_its_reason(house: Path, caplog: pytest.LogCaptureFixture) -> None:
    (house / "data" / "1.wav").write_text("not found")
    soundfile.write(house / "data" / "2.wav", np.zeros(9 * RATE), RATE)
    audio.main()
    rows = store.read_rows(house / "build/audio", "mfcc")
    assert rows.ids == ("0", "3")
    np.testing.assert_allclose(rows["mfcc"][1], features_of(house / "data" / "3.wav").mfcc, atol=1e-3)
    skipped = store.read_table(house / "build/audio/skipped.csv")
    assert skipped["id"].tolist() == ["1", "2"]
    assert skipped["reason"].tolist()[1] == "is silent"
    assert "2.wav is left out: it is silent" in caplog.text


def features_of(path: Path) -> audio.Features:
    found = audio.computed(path, P)
    assert isinstance(found, audio.Features)
    return found


def test_the_backends_fill_the_same_files(house: Path) -> None:
    audio.main()
    by_scipy = np.array(store.read_rows(house / "build/audio", "stats")["stats"])
    text = (house / "params.yaml").read_text()
    (house / "params.yaml").write_text(text.replace("backend: scipy", "backend: torchaudio"))
    audio.main()
    np.testing.assert_allclose(store.read_rows(house / "build/audio", "stats")["stats"], by_scipy, atol=5e-3)


def test_nothing_left_is_a_problem(house: Path) -> None:
    for file in (house / "data").iterdir():
        file.write_bytes(b"")
    with pytest.raises(Problem, match="none of the 4 tracks can be decoded"):
        audio.main()


def test_short_tracks_are_named(house: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    soundfile.write(house / "data" / "2.wav", music(3.1), RATE)
    list_tracks(house)
    table = store.read_table(Path("build/tracks/tracks.csv"))
    table.loc[2, "seconds"] = "3.1"
    store.write_table(Path("build/tracks/tracks.csv"), table)
    audio.main()
    assert "2.wav is 3.1 s long, audio.clip_seconds is 6" in caplog.text
    assert store.read_rows(house / "build/audio", "valid")["valid"].tolist()[2] == [True, False]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"segment_seconds": 7}, "audio.segment_seconds is 7 .* at most audio.clip_seconds"),
        ({"mel_pool": 7}, r"audio.mel_pool is 7 .* a divisor of audio.frames \(300\)"),
        ({"mfcc": 129}, r"audio.mfcc is 129 .* at most audio.mels \(128\)"),
        ({"frames": 300_000}, "audio.frames is 300000"),
    ],
)
def test_parameters_that_do_not_fit_together(change: dict[str, Any], message: str) -> None:
    with pytest.raises(Problem, match=message):
        replace(P, **change)


@pytest.mark.filterwarnings("ignore")
def test_the_number_of_workers_changes_no_byte(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audio, "FEW", 1)
    monkeypatch.setenv("SURBANI_CACHE", str(house / "one"))
    audio.main()
    alone = outputs()
    monkeypatch.setenv("SURBANI_CACHE", str(house / "two"))
    text = (house / "params.yaml").read_text()
    (house / "params.yaml").write_text(text.replace("workers: 1", "workers: 2"))
    audio.main()
    assert outputs() == alone


def test_the_scipy_path_does_not_import_torch() -> None:
    """It would cost every worker seconds and hundreds of megabytes."""
    code = "import sys, pipeline.audio as a; a.chosen('scipy'); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[1]).returncode == 0


# --- the cache --------------------------------------------------------------------------------------------------------


@pytest.fixture
def decodings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are really decoded."""
    names: list[str] = []
    real = audio.decoded

    def spy(path: Path, p: Audio) -> Any:
        names.append(path.name)
        return real(path, p)

    monkeypatch.setattr(audio, "decoded", spy)
    return names


def test_a_second_run_reads_only_the_cache(house: Path, decodings: list[str]) -> None:
    audio.main()
    assert len(decodings) == 4
    first = outputs()
    decodings.clear()
    audio.main()
    assert decodings == []
    assert outputs() == first
    assert (house / "cache").is_dir()


def test_only_what_is_new_is_computed(house: Path, decodings: list[str]) -> None:
    audio.main()
    decodings.clear()
    soundfile.write(house / "data" / "1.wav", music(9, 77), RATE)
    (house / "data" / "3.wav").rename(house / "data" / "renamed.wav")  # the same bytes
    list_tracks(house)
    audio.main()
    assert decodings == ["1.wav"]


def test_a_changed_parameter_computes_anew_and_back_again_does_not(house: Path, decodings: list[str]) -> None:
    audio.main()
    decodings.clear()
    text = (house / "params.yaml").read_text()
    (house / "params.yaml").write_text(text.replace("mfcc: 40", "mfcc: 20"))
    audio.main()
    assert len(decodings) == 4
    decodings.clear()
    (house / "params.yaml").write_text(text.replace("workers: 1", "workers: 0"))
    audio.main()
    assert decodings == []


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "text"])
def test_a_damaged_entry_heals(
    house: Path, decodings: list[str], damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    audio.main()
    first = outputs()
    decodings.clear()
    entry = sorted((house / "cache").rglob("*.safetensors"))[0]
    data = bytearray(entry.read_bytes())
    data[len(data) // 2] ^= 1
    damaged = {"cut": data[: len(data) // 2], "flip": data, "empty": b"", "text": b"x" * 999}
    entry.write_bytes(bytes(damaged[damage]))
    audio.main()
    assert len(decodings) == 1
    assert outputs() == first
    assert "1 damaged" in caplog.text
    audio.main()
    assert len(decodings) == 1


def test_a_cache_that_cannot_be_written_is_one_warning(
    house: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (house / "file").write_text("")
    monkeypatch.setenv("SURBANI_CACHE", str(house / "file"))  # a file where a folder should be; root may write anywhere
    audio.main()
    assert caplog.text.count("cannot be written") == 1
    assert store.read_rows(house / "build/audio", "mfcc").ids == ("0", "1", "2", "3")


def test_a_full_disk_leaves_no_half_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, _: bytes) -> int:
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    kept = Cache("audio", tmp_path)
    kept.put("ab", {"x": np.zeros(3)})
    assert [f for f in tmp_path.rglob("*") if f.is_file()] == []
    assert kept.get("ab") is None


def test_the_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SURBANI_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.place() == tmp_path / "surbani"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.place() == tmp_path / ".cache" / "surbani"
    monkeypatch.setenv("SURBANI_CACHE", "~/elsewhere")
    assert cache.place() == tmp_path / "elsewhere"


def test_nothing_kept_is_a_miss(tmp_path: Path) -> None:
    assert Cache("audio", tmp_path).get("ab") is None
    assert Cache("audio", None).get("ab") is None
    assert "ab" not in Cache("audio", None)


# --- rows and workers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [0, 1, 1234])
def test_a_row_file_is_an_npy_file(tmp_path: Path, rows: int) -> None:
    with RowFile(tmp_path / "a.npy", (2, 3), np.float32) as file:
        for i in range(rows):
            file.append(np.full((2, 3), i, np.float32))
    array = np.load(tmp_path / "a.npy", mmap_mode="r" if rows else None)
    assert array.shape == (rows, 2, 3)
    assert (array[:, 0, 0] == np.arange(rows)).all()


def test_a_row_of_another_shape_is_refused(tmp_path: Path) -> None:
    with RowFile(tmp_path / "a.npy", (2, 3), np.float32) as file, pytest.raises(ValueError, match="does not fit"):
        file.append(np.zeros((3, 2), np.float32))


def sleepy(job: int) -> int:
    time.sleep(0.05 * (job % 3))
    return job * job


def deadly(job: int) -> int:
    if job == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return job


def test_results_come_in_the_order_of_the_jobs() -> None:
    assert list(workers.in_order(sleepy, range(20), 2, died=sleepy)) == [i * i for i in range(20)]


def test_a_job_that_ends_its_process_does_not_end_the_others() -> None:
    assert list(workers.in_order(deadly, range(12), 2, died=lambda job: -job)) == [0, 1, 2, -3, *range(4, 12)]


def test_an_error_in_a_worker_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        list(workers.in_order(partial(divmod, 1), [1, 0, 1], 1, died=lambda _job: (0, 0)))


def test_ctrl_c_ends_at_once_with_one_line(house: Path) -> None:
    for i in range(4, 40):
        soundfile.write(house / "data" / f"{i}.wav", music(9, i), RATE)
    list_tracks(house)
    text = (house / "params.yaml").read_text()
    (house / "params.yaml").write_text(text.replace("workers: 1", "workers: 2"))
    slow = "import pipeline.audio as a, pipeline.core.command as s; s.guarded(a.main)"
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    child = subprocess.Popen([sys.executable, "-c", slow], env=env, stderr=subprocess.PIPE, start_new_session=True)
    while not list((house / "cache").rglob("*.safetensors")):
        time.sleep(0.01)
    os.killpg(child.pid, signal.SIGINT)  # as a terminal does: to the parent and to its children
    _, said = child.communicate(timeout=10)
    assert child.returncode == 130
    assert b"Traceback" not in said
    assert b"stopped" in said


def test_a_track_refused_is_not_a_feature() -> None:
    assert audio.computed(Path("none.wav"), P) == Refused("is missing")
