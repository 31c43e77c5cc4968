"""What is heard in one file is what the stages hear in it, by the real encoder."""

import importlib
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.core import params, store
from pipeline.library import Library
from pipeline.library.hearing import heard
from pipeline.library.placement import Settings
from tests.sound.test_musicnn import needs_package


def run(*stages: str) -> None:
    for stage in stages:
        importlib.import_module(f"pipeline.{stage}").main()


@needs_package
@pytest.mark.parametrize("hears", ["encoder", "both", "stats"])
def test_a_file_has_the_numbers_that_stage_ears_gives_it(
    tiny_corpus: Path, set_param: Callable[[str, object], None], hears: str
) -> None:
    set_param("audio.encoder", "musicnn")
    set_param("audio.hears", hears)
    run("tracks", "audio", "ears")
    shutil.copy(tiny_corpus / "data/audio/bn/bn_004.ogg", tiny_corpus / "new.ogg")
    sound = heard(Path("new.ogg"), params.load(Settings).audio, torch.device("cpu"), 1)
    ears = store.read_rows(store.BUILD / "ears", "sound", "valid", "tags").at(["bn_004"])
    assert (sound.values == ears["sound"][0]).all()
    assert (sound.valid == ears["valid"][0]).all()
    assert np.array(list(sound.tags.values())) == pytest.approx(ears["tags"][0], abs=1e-6)
    assert list(sound.tags) == store.read_json(store.BUILD / "ears" / "tags.json")["tags"]


@pytest.mark.xdist_group("library")
def test_without_the_cross_view_model_the_sound_facet_places(project: Path) -> None:
    (project / "build/crossview/cross.npy").unlink()
    songs = Library.open()
    assert songs.space("sound").embedding == "hard_sound"
    placed = songs.assign(project / "data/audio/bn/bn_004.ogg", language="bn").placements["sound"]
    assert placed.point == pytest.approx(songs.space("sound").points[songs.find("bn_004")], abs=2e-3)
