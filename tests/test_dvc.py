"""What a stranger does first: clone, pull. With the real dvc and git, offline, from the last commit."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pipeline.fetch import check_songs, check_store

ROOT = Path(__file__).parents[1]
DVC = Path(sys.executable).with_name("dvc")


def sh(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1", "GDRIVE_NON_INTERACTIVE": "1"}
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=environment)


def cloned(folder: Path, *options: str) -> Path:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    made = sh("git", *options, "clone", "--quiet", "--depth", "1", f"file://{ROOT}", str(folder), cwd=folder.parent)
    assert made.returncode == 0, made.stderr
    return folder


def test_a_fresh_clone_pulls_the_whole_corpus_offline(tmp_path: Path) -> None:
    """Even with autocrlf, which would corrupt the lyrics in the store, were it not for .gitattributes."""
    clone = cloned(tmp_path / "clone", "-c", "core.autocrlf=true")
    sh("git", "config", "core.autocrlf", "true", cwd=clone)
    pulled = sh(str(DVC), "pull", cwd=clone)
    assert pulled.returncode == 0, pulled.stderr
    files = [path for path in (clone / "data").rglob("*") if path.is_file()]
    assert len(files) == yaml.safe_load((clone / "data.dvc").read_text(encoding="utf-8"))["outs"][0]["nfiles"]
    assert sh("git", "status", "--porcelain", cwd=clone).stdout == ""
    assert sh(str(DVC), "data", "status", "--json", cwd=clone).stdout.strip() == "{}"


def test_a_tampered_object_is_refused_and_named(tmp_path: Path) -> None:
    clone = cloned(tmp_path / "clone")
    assert list(check_store.damaged(clone / ".dvc" / "store")) == []
    song = clone / "data" / "audio" / "en" / "en_002.ogg"
    file_names = check_store.names(clone / ".dvc" / "store")
    digest = next(digest for digest, name in file_names.items() if name == "audio/en/en_002.ogg")
    victim = clone / ".dvc" / "store" / "files" / "md5" / digest[:2] / digest[2:]
    whole = victim.read_bytes()
    victim.chmod(0o644)
    victim.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert sh(str(DVC), "pull", "data.dvc", cwd=clone).returncode == 1
    assert not song.exists()
    check = sh(sys.executable, "-m", "pipeline.fetch.check_store", cwd=clone)
    assert check.returncode == 1
    assert "audio/en/en_002.ogg" in check.stderr
    assert "git checkout -- .dvc/store" in check.stderr
    sh("git", "checkout", "--", ".dvc/store", cwd=clone)
    assert sh(str(DVC), "pull", "data.dvc", cwd=clone).returncode == 0
    assert song.read_bytes() == whole


def test_the_store_stays_small() -> None:
    total = sum(path.stat().st_size for path in check_songs.published(ROOT))
    assert total < 35e6
