"""The content cache: no half entries, no surprises where it is."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.core import cache
from pipeline.core.cache import Cache


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
