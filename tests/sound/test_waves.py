"""Sound files: every format, the true length, the true middle, and a short reason for each that is broken."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from pipeline.sample.song import render, songs
from pipeline.sample.write import encoded
from pipeline.sound import waves
from pipeline.sound.waves import Unreadable, middle, probe

RATE = 22050
Sound = NDArray[Any]


def chirp(seconds: float, rate: int = 44100, channels: int = 2) -> Sound:
    """A tone whose pitch says when it sounds: 200 Hz at second 0, 100 Hz more each second."""
    time = np.arange(int(seconds * rate)) / rate
    tone = 0.5 * np.sin(2 * np.pi * (200 * time + 50 * time**2))
    return np.stack([tone] * channels, axis=1).astype(np.float32)


def heard_at(wave: Sound, rate: int = RATE) -> float:
    """The second of `chirp` that sounds at the start of `wave`."""
    piece = wave[: rate // 10] * np.hanning(rate // 10)
    hertz = np.abs(np.fft.rfft(piece, 1 << 18)).argmax() * rate / (1 << 18)
    return float((hertz - 200) / 100 - 0.05)


def encode(path: Path, sound: Sound, codec: str, rate: int = 44100, **options: str) -> Path:
    """Writes `sound` by PyAV; `options` go to the container."""
    with av.open(str(path), "w", options=options) as box:
        stream: Any = box.add_stream(codec, rate=rate, options={"b": "96000"})
        stream.layout = "stereo" if sound.shape[1] == 2 else "mono"
        stream.format = stream.codec.audio_formats[0]
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound.T), format="fltp", layout=stream.layout.name)
        frame.sample_rate = rate
        fitting = av.AudioResampler(stream.format.name, stream.layout.name, rate, stream.codec_context.frame_size)
        for part in [*fitting.resample(frame), *fitting.resample(None)]:
            box.mux(stream.encode(part))
        box.mux(stream.encode(None))
    return path


def bare_vbr_mp3(path: Path, sound: Sound) -> Path:
    """A VBR MP3 without the Xing frame that would say how long it is."""
    with_xing = path.with_suffix(".xing.mp3")
    soundfile.write(with_xing, sound, 44100, format="MP3", bitrate_mode="VARIABLE", compression_level=0.5)
    data = with_xing.read_bytes()
    at = max(data.find(b"Xing"), data.find(b"Info"))
    assert 0 < at < 200
    path.write_bytes(data[data.find(data[:2], at) :])  # from the second frame on
    return path


def written(path: Path, sound: Sound, rate: int = 44100) -> Path:
    if path.suffix == ".mp3":
        soundfile.write(path, sound, rate, format="MP3")
    elif path.suffix in (".m4a", ".aac"):
        encode(path, sound, "aac", rate)
    elif path.suffix == ".opus":
        encode(path, sound, "libopus", rate)
    elif path.suffix == ".wma":
        encode(path, sound, "wmav2", rate)
    else:
        soundfile.write(path, sound, rate)
    return path


FORMATS = [("wav", 44100, 0.001), ("flac", 44100, 0.001), ("ogg", 44100, 0.005), ("mp3", 44100, 0.06),
           ("m4a", 44100, 0.06), ("aac", 44100, 0.06), ("opus", 48000, 0.06), ("wma", 44100, 0.12)]  # fmt: skip


@pytest.mark.parametrize(("suffix", "rate", "slack"), FORMATS)
def test_each_format_is_measured_and_cut_in_its_middle(tmp_path: Path, suffix: str, rate: int, slack: float) -> None:
    path = written(tmp_path / f"a.{suffix}", chirp(20, rate), rate)
    info = probe(path)
    assert info.seconds == pytest.approx(20, abs=slack)
    assert (info.sample_rate, info.channels) == (rate, 2)
    wave = middle(path, 6, RATE)
    assert wave.shape == (6 * RATE,)
    assert wave.dtype == np.float32
    assert heard_at(wave) == pytest.approx(7, abs=max(0.01, slack))
    assert np.abs(wave).max() == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("suffix", ["wav", "mp3", "m4a"])
def test_a_short_file_is_taken_whole(tmp_path: Path, suffix: str) -> None:
    wave = middle(written(tmp_path / f"a.{suffix}", chirp(2)), 30, RATE)
    assert len(wave) / RATE == pytest.approx(2, abs=0.1)


def test_the_cut_is_the_same_as_from_the_whole_file(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(size=(44100 * 4, 2)).astype(np.float32) * 0.1
    path = tmp_path / "a.wav"
    soundfile.write(path, noise, 44100, subtype="FLOAT")
    wave = middle(path, 2, 44100)  # the same rate: no resampler between
    np.testing.assert_allclose(wave, noise[44100 : 3 * 44100].mean(axis=1), atol=1e-6)


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
def test_a_seek_into_an_mp3_brings_no_garbage(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "a.mp3"
    soundfile.write(path, chirp(12), 44100, format="MP3", bitrate_mode=mode, compression_level=0.5)
    whole = soundfile.read(path, dtype="float32")[0].mean(axis=1)
    np.testing.assert_allclose(middle(path, 2, 44100), whole[5 * 44100 : 7 * 44100], atol=1e-6)


def test_mixing_down_comes_before_resampling_and_changes_nothing(tmp_path: Path) -> None:
    import soxr

    left, right = chirp(3, channels=1)[:, 0], np.random.default_rng(0).normal(size=44100 * 3).astype(np.float32) * 0.1
    path = tmp_path / "a.wav"
    soundfile.write(path, np.stack([left, right], axis=1), 44100, subtype="FLOAT")
    apart = soxr.resample(np.stack([left, right], axis=1), 44100, RATE, quality="HQ").mean(axis=1)
    np.testing.assert_allclose(middle(path, 3, RATE), apart, atol=1e-5)


def test_opposite_channels_cancel_and_count_as_silence(tmp_path: Path) -> None:
    tone = chirp(2, channels=1)
    soundfile.write(tmp_path / "a.wav", np.hstack([tone, -tone]), 44100)
    with pytest.raises(Unreadable, match="is silent"):
        middle(tmp_path / "a.wav", 1, RATE)


def test_a_vbr_mp3_without_a_length_is_counted(tmp_path: Path) -> None:
    sound = chirp(40)
    sound[: 44100 * 4] += np.random.default_rng(0).normal(size=(44100 * 4, 2)).astype(np.float32) * 0.3
    path = bare_vbr_mp3(tmp_path / "a.mp3", np.clip(sound, -1, 1))
    assert soundfile.info(path).duration < 30, "libsndfile has learnt to count: the detour may go"
    assert probe(path).seconds == pytest.approx(40, abs=0.1)
    assert heard_at(middle(path, 10, RATE)) == pytest.approx(15, abs=0.1)


@pytest.mark.parametrize("suffix", ["mp3", "flac", "ogg", "wav", "aac"])
def test_half_a_download_is_as_long_as_what_is_there(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path / f"a.{suffix}", chirp(20))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    seconds = probe(path).seconds
    assert 5 < seconds < 15
    assert heard_at(middle(path, 4, RATE)) == pytest.approx(seconds / 2 - 2, abs=0.15)


@pytest.mark.parametrize("suffix", ["mp3", "flac", "ogg", "m4a", "aac", "opus"])
def test_a_hole_of_zero_bytes_is_a_gap_or_a_reason(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path / f"a.{suffix}", chirp(20, 48000), 48000)
    data = bytearray(path.read_bytes())
    data[len(data) * 45 // 100 : len(data) * 55 // 100] = bytes(len(data) * 55 // 100 - len(data) * 45 // 100)
    path.write_bytes(data)
    try:
        wave = middle(path, 10, RATE)
    except Unreadable:
        return
    assert np.isfinite(wave).all()
    assert len(wave) > RATE


@pytest.mark.parametrize("suffix", ["wav", "mp3", "ogg", "flac", "m4a", "raw", "txt"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty: 0 bytes"),
        (b"<html><body>Sign in</body></html>" * 50, "not sound|no sound"),
        (b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n" * 9, "not sound|no sound"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "not sound|no sound"),
        (bytes(5000), "not sound|no sound"),
        (b"\xff\xfb", "not sound|no sound"),
        (b"RIFF\xff\xff\xff\xffWAVEfmt \x10\x00\x00\x00", "not sound|no sound"),
    ],
)
def test_what_only_pretends_to_be_sound(tmp_path: Path, suffix: str, content: bytes, reason: str) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(content)
    for call in (lambda: probe(path), lambda: middle(path, 3, RATE)):
        with pytest.raises(Unreadable, match=reason):
            call()


def test_random_bytes_never_do_more_than_refuse(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    heads = [
        b"",
        b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f",
        b"\xff\xfb\x90\x64",
        b"OggS",
        b"fLaC",
        b"\x00\x00\x00\x20ftypM4A ",
    ]
    for i in range(60):
        path = tmp_path / f"{i}.mp3"
        path.write_bytes(heads[i % len(heads)] + rng.bytes(int(rng.integers(1, 20_000))))
        try:
            wave = middle(path, 1, RATE)
        except Unreadable:
            continue
        assert np.isfinite(wave).all()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(np.nan, "not numbers"), (np.inf, "not numbers"), (0.0, "is silent")],
)
def test_samples_that_are_no_sound(tmp_path: Path, fault: float, reason: str) -> None:
    sound = np.full((44100, 2), fault, np.float32) if fault == 0 else chirp(1)
    sound[20_000] = fault
    soundfile.write(tmp_path / "a.wav", sound, 44100, subtype="FLOAT")
    with pytest.raises(Unreadable, match=reason):
        middle(tmp_path / "a.wav", 1, RATE)


def test_a_header_without_samples(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((0, 2)), 44100)
    with pytest.raises(Unreadable, match="no sound"):
        probe(tmp_path / "a.wav")


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="is missing"):
        probe(tmp_path / "none.wav")
    with pytest.raises(Unreadable, match="is not a file"):
        probe(tmp_path)


def test_the_suffix_does_not_decide(tmp_path: Path) -> None:
    path = written(tmp_path / "a.m4a", chirp(4)).rename(tmp_path / "a.mp3")
    assert probe(path).seconds == pytest.approx(4, abs=0.1)


def test_names_in_any_script(tmp_path: Path) -> None:
    for suffix in ("wav", "m4a"):
        path = written(tmp_path / f"এরে ভিখারি.{suffix}", chirp(2))
        assert len(middle(path, 1, RATE)) == RATE


def test_an_absurd_sample_rate_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", chirp(1)[:500], 1)
    with pytest.raises(Unreadable, match="1 samples a second"):
        probe(tmp_path / "a.wav")


def test_a_tag_before_the_first_frame_is_passed_over(tmp_path: Path) -> None:
    plain = written(tmp_path / "plain.mp3", chirp(5)).read_bytes()
    tagged = tmp_path / "tagged.mp3"
    tagged.write_bytes(b"ID3\x04\x00\x00" + bytes([0, 0, 0x4E, 0x10]) + bytes(0x4E * 128 + 0x10) + plain)
    assert waves._mp3_states_length(tagged)
    assert probe(tagged).seconds == pytest.approx(5, abs=0.06)


def test_nothing_is_printed_behind_our_back(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """libmpg123 complains after a seek into this very song; eight threads at once leave stderr as it was."""
    song = next(song for song in songs(180, 7) if song.track.id == "en_072")
    path = tmp_path / "a.mp3"
    path.write_bytes(encoded(render(song).mix, "mp3", 0))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: middle(path, 30, 22050), range(16)))
    os.write(2, b"still open")
    assert capfd.readouterr().err == "still open"
