"""Stage ears: the numbers of an encoder lie on the segments of stage audio, and nothing is heard twice."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from pipeline import audio, ears
from pipeline.core import store, workers
from pipeline.core.cache import Cache
from pipeline.core.command import Problem
from pipeline.core.corpus import Corpus
from pipeline.sound import encoders, waves
from pipeline.sound.frames import sound_files_of
from pipeline.sound.musicnn import Musicnn
from tests.sound.songs import RATE, P, make_project, music, set_audio
from tests.sound.test_musicnn import needs_package

CPU = torch.device("cpu")
AUDIO = replace(P, encoder="musicnn", workers=0)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = make_project(tmp_path, monkeypatch)
    soundfile.write(folder / "data" / "1.wav", np.concatenate([music(3.2), np.zeros(6 * RATE)]), RATE)
    audio.main()
    Corpus(False, (), (), "", "", "", unseen_by=("musicnn-mtt",)).write()
    return folder


def hear(house: Path, **changes: object) -> dict[str, object]:
    set_audio(house, **({"encoder": "musicnn", "hears": "encoder"} | changes))
    ears.main()
    about: dict[str, object] = store.read_json(ears.FOLDER / "about.json")
    return about


@needs_package
def test_every_segment_has_the_numbers_that_the_encoder_hears_in_it(house: Path) -> None:
    about = hear(house)
    rows = store.read_rows(ears.FOLDER, "sound", "valid", "tags")
    assert rows.ids == store.read_rows(Path("build/audio")).ids
    np.testing.assert_array_equal(rows["valid"], store.read_rows(Path("build/audio"), "valid")["valid"])
    alone = Musicnn("msd").hear(waves.middle(house / "data" / "3.wav", P.clip_seconds, 16_000))
    np.testing.assert_allclose(rows["sound"][3], alone.vectors, atol=1e-5)
    np.testing.assert_allclose(rows["tags"][3], alone.tags.mean(axis=0), atol=1e-6)
    row = rows.ids.index("1")  # whose end is silence
    valid = rows["valid"][row]
    assert not valid.all()
    assert not rows["sound"][row][~valid].any()
    assert store.read_json(ears.FOLDER / "tags.json")["tags"][0] == "rock"
    assert about["encoder"] == about["tagger"] == "musicnn-msd"
    assert "Million Song Dataset" in str(about["trained_on"])
    assert about["may_know"] is True
    assert hear(house, musicnn="mtt")["may_know"] is False


@needs_package
def test_the_models_are_given_the_encoder_the_statistics_or_both(house: Path) -> None:
    sizes = {}
    for hears in ("encoder", "stats", "both"):
        assert hear(house, hears=hears)["hears"] == hears
        sizes[hears] = store.read_rows(ears.FOLDER, "sound")["sound"].shape[2]
        assert len(store.read_json(ears.FOLDER / "names.json")) == sizes[hears]
        assert (ears.FOLDER / "vectors.npy").exists() == (hears == "stats")
        if hears == "stats":
            vectors = np.array(store.read_rows(ears.FOLDER, "vectors")["vectors"])
    stats = store.read_rows(Path("build/audio"), "stats")["stats"]
    assert sizes == {"encoder": 200, "stats": stats.shape[2], "both": 200 + stats.shape[2]}
    both = store.read_rows(ears.FOLDER, "sound")
    np.testing.assert_array_equal(both["sound"][..., : stats.shape[2]], stats)
    np.testing.assert_array_equal(both["sound"][..., stats.shape[2] :], vectors)


@needs_package
def test_what_was_heard_once_comes_from_the_cache(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hear(house)
    first = (ears.FOLDER / "sound.npy").read_bytes()
    heard: list[Path] = []
    real = encoders._decoded

    def spy(path: Path, seconds: float, rate: int) -> object:
        heard.append(path)
        return real(path, seconds, rate)

    monkeypatch.setattr(encoders, "_decoded", spy)
    hear(house)
    assert not heard
    assert (ears.FOLDER / "sound.npy").read_bytes() == first
    damaged = sorted((house / "cache" / "ears").rglob("*.safetensors"))[0]
    damaged.write_bytes(damaged.read_bytes()[:-1])
    hear(house)
    assert len(heard) == 1
    assert (ears.FOLDER / "sound.npy").read_bytes() == first


@needs_package
@pytest.mark.usefixtures("house")
def test_processes_side_by_side_hear_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    files = sound_files_of(["0", "1", "2", "3"])
    alone = list(encoders.hear(files, encoders.choose(AUDIO, CPU), AUDIO, CPU, Cache("one", None)))
    monkeypatch.setattr(encoders, "MIN_TRACKS", 1)
    monkeypatch.setattr(workers, "cores", lambda: 2)
    for one, other in zip(
        alone, encoders.hear(files, encoders.choose(AUDIO, CPU), AUDIO, CPU, Cache("two", None)), strict=True
    ):
        np.testing.assert_array_equal(vars(one)["vectors"], vars(other)["vectors"])


@needs_package
def test_a_file_that_vanished_is_named(house: Path) -> None:
    (house / "data" / "2.wav").unlink()
    with pytest.raises(Problem, match=r"2\.wav is missing.*run `dvc repro`"):
        hear(house)


def test_without_an_encoder_the_models_are_given_the_statistics(house: Path) -> None:
    about = hear(house, encoder="none", hears="stats")
    rows = store.read_rows(ears.FOLDER, "sound", "valid")
    np.testing.assert_array_equal(rows["sound"], store.read_rows(Path("build/audio"), "stats")["stats"])
    assert about["hears"] == "stats"
    assert about["encoder"] == "none"
    assert about["may_know"] is False
    assert not (ears.FOLDER / "tags.npy").exists()
    with pytest.raises(Problem, match=r"audio\.hears .*stats where audio\.encoder is none"):
        hear(house, encoder="none", hears="both")


def test_numbers_of_another_program_are_what_the_models_are_given(house: Path) -> None:
    (house / "data" / "x.csv").write_text("id,a,b\n0,1,2\n0,3,4\n3,5,6\n")
    set_audio(house, external="data/x.csv")
    audio.main()
    assert hear(house, external="data/x.csv")["hears"] == "external"
    assert store.read_rows(ears.FOLDER, "sound")["sound"].tolist() == [[[1, 2], [3, 4]], [[5, 6], [0, 0]]]


@pytest.mark.parametrize(
    ("seconds", "windows", "expected"),
    [(3.0, 2, [0, 1]), (3.0, 1, [0, 0]), (10.0, 1, [0, 0]), (1.0, 6, [1, 4]), (4.0, 2, [0, 1])],
)
def test_a_segment_has_the_window_that_its_middle_lies_in(seconds: float, windows: int, expected: list[int]) -> None:
    assert encoders.window_of_segments(windows, seconds, P).tolist() == expected
