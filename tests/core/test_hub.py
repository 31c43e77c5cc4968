"""The files of an encoder: a folder that is complete, or a hub name that was fetched; all else is one line."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.core import hub
from pipeline.core.command import Problem
from pipeline.core.hub import Setting, find

ROOT = Path(__file__).parents[2]
SETTING = Setting(
    "room.model", "room.revision", ("config.json", "*.safetensors", "tokenizer*"), "model and tokenizer", "own"
)


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize(
    ("model", "revision", "said"),
    [
        ("models/mine", "", "there is no such folder: correct room.model, or set it to own"),
        ("/no/where", "", "there is no such folder"),
        ("./where", "", "there is no such folder"),
        ("models", "main", "room.revision is 'main', but models is a folder: leave the revision empty"),
        ("models", "", "room.model is models, which holds no config.json: take a folder that `save_pretrained` wrote"),
        ("params.yaml", "", "there is no such folder: correct"),
        ("two words", "", "neither a folder nor a name on the hub"),
        ("a/b/c", "", "neither a folder nor a name on the hub"),
    ],
)
def test_a_name_that_names_nothing_is_one_line(model: str, revision: str, said: str) -> None:
    Path("models").mkdir()
    with pytest.raises(Problem, match=said):
        find(model, revision, SETTING)


def test_a_folder_is_known_by_what_it_holds(tiny_encoder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny_encoder, tmp_path / "copy")
    (copy / hub.CARD).write_text("changes nothing", encoding="utf-8")
    first = find(str(tiny_encoder), "", SETTING)
    assert find(str(copy), "", SETTING).identity == first.identity
    (copy / "config.json").write_text("{}", encoding="utf-8")
    assert find(str(copy), "", SETTING).identity != first.identity


@pytest.mark.parametrize(
    ("card", "said"),
    [
        ("---\ndatasets:\n- someone/songs\n- speech\nlicense: mit\n---\n# Card", "someone/songs, speech"),
        ("---\ndatasets: songs\nbase_model: someone/base\n---\n", "songs, on top of someone/base"),
        ("---\nbase_model: [someone/base]\n---\n", "as someone/base"),
        ("---\nlicense: mit\n---\n", ""),
        ("---\n- a\n---\n", ""),
        ("---\n{\n---\n", ""),
        ("# A card without a head", ""),
        (None, ""),
    ],
)
def test_a_card_says_what_an_encoder_was_trained_on(card: str | None, said: str, tmp_path: Path) -> None:
    if card is not None:
        (tmp_path / hub.CARD).write_text(card, encoding="utf-8")
    assert hub.trained_on(tmp_path) == said


def test_a_config_that_asks_for_code_is_seen(tiny_encoder: Path, tmp_path: Path) -> None:
    assert not hub.needs_own_code(tiny_encoder)
    (tmp_path / "config.json").write_text("{", encoding="utf-8")
    assert not hub.needs_own_code(tmp_path)
    own = {"auto_map": {"AutoFeatureExtractor": "own.Extractor"}}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(own), encoding="utf-8")
    assert hub.needs_own_code(tmp_path)


COMMIT = "0123456789abcdef0123456789abcdef01234567"  # of no real model
LOOK = """
import sys
from pipeline.core.command import guarded
from pipeline.core.hub import Setting, find
setting = Setting("room.model", "room.revision", ("config.json", "*.safetensors"), "model", "own")
guarded(lambda: print(find(sys.argv[1], sys.argv[2], setting).identity))
"""


def looked_for(name: str, revision: str, home: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """`find` in a new process, where the hub's settings are read anew; the time limit is part of the promise."""
    variables = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    variables |= {"HF_HOME": str(home), "PYTHONPATH": str(ROOT), **env}
    return subprocess.run(
        [sys.executable, "-c", LOOK, name, revision],
        env=variables, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip


def kept_on_disk(home: Path, folder: Path) -> None:
    """What an earlier run with the hub leaves of a model."""
    place = home / "hub" / "models--someone--tiny"
    shutil.copytree(folder, place / "snapshots" / COMMIT)
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text(COMMIT, encoding="utf-8")


OFFLINE = {"HF_HUB_OFFLINE": "1"}
CLOSED = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "0"}  # the port of `discard`: nobody listens


@pytest.mark.parametrize(
    ("env", "why"), [(OFFLINE, "HF_HUB_OFFLINE forbids asking the hub"), (CLOSED, "the hub was not reachable")]
)
def test_a_hub_name_that_cannot_be_had_is_one_line_with_two_ways_out(
    env: dict[str, str], why: str, tmp_path: Path
) -> None:
    done = looked_for("google-bert/bert-base-multilingual-cased", "main", tmp_path, **env)
    assert done.returncode == 1
    assert done.stderr == (
        f"error: room.model is google-bert/bert-base-multilingual-cased, revision main: {why}, and no "
        "earlier run has kept it: set room.model to a folder with it, or to own\n"
    )


@pytest.mark.parametrize(("env", "revision"), [(OFFLINE, ""), (CLOSED, COMMIT)], ids=["offline", "unreachable"])
def test_a_hub_name_that_was_fetched_before_is_used(
    env: dict[str, str], revision: str, tiny_encoder: Path, tmp_path: Path
) -> None:
    kept_on_disk(tmp_path, tiny_encoder)
    done = looked_for("someone/tiny", revision, tmp_path, **env)
    assert done.stdout == f"someone/tiny@{COMMIT}\n", done.stderr
    assert ("room.revision: " in done.stderr) == (revision == "")


def test_pickled_weights_are_refused_with_where_others_may_be(tiny_encoder: Path, tmp_path: Path) -> None:
    kept_on_disk(tmp_path, tiny_encoder)
    (weights,) = tmp_path.rglob("model.safetensors")
    weights.rename(weights.with_name("pytorch_model.bin"))
    done = looked_for("someone/tiny", "main", tmp_path, **OFFLINE)
    assert done.returncode == 1
    assert done.stderr == (
        "error: room.model is someone/tiny, which holds no *.safetensors: take a revision with it (often refs/pr/ and "
        "a number), a folder that `save_pretrained` wrote (model), or own\n"
    )
