"""Page Data: what is left out, with the stage and the reason."""

import re
from html import unescape
from pathlib import Path

import pandas as pd
import pytest

from pipeline.core import catalog, store
from pipeline.html import corpus
from pipeline.html.outputs import Missing
from tests import sample_report


@pytest.fixture(autouse=True)
def project(workspace: Path) -> Path:
    sample_report.corpus(workspace)
    return workspace


def leave_out(stage: str, *rows: tuple[str, str, str]) -> None:
    table = pd.DataFrame([(id_, stage, file, reason) for id_, file, reason in rows], columns=catalog.SKIPPED)
    store.write_table(store.BUILD / stage / "skipped.csv", table)


def plain(text: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", text)).split())


def test_a_file_is_left_out_with_its_stage_and_reason() -> None:
    leave_out("tracks", ("t6", "<b>.ogg", "<b>.ogg is missing"))
    leave_out("audio", ("t5", "e.mp3", "it cannot be decoded"))
    leave_out("lyrics", ("t0", "a.txt", "it is empty"))
    text = plain(corpus.health())
    assert "5 of 7 tracks can be used" in text
    assert "t6 tracks <b>.ogg <b>.ogg is missing" in text
    assert "t5 audio e.mp3 it cannot be decoded" in text
    assert "t0 lyrics a.txt it is empty" in text


def test_without_skipped_files_it_says_so() -> None:
    for stage in ("tracks", "audio", "lyrics"):
        leave_out(stage)
    assert "No file is missing or damaged." in plain(corpus.health())


@pytest.mark.parametrize("stage", ["tracks", "audio", "lyrics"])
def test_a_missing_table_names_the_command_that_makes_it(stage: str) -> None:
    (store.BUILD / stage / "skipped.csv").unlink()
    with pytest.raises(Missing, match=f"skipped.csv is missing: run `dvc repro {stage}`"):
        corpus.health()
