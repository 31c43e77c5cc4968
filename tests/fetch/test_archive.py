"""Zips: malicious, damaged, and with names in UTF-8."""

import stat
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.core.command import Problem
from pipeline.fetch import archive
from pipeline.fetch.web import Refused


def zipped(folder: Path, fill: Callable[[zipfile.ZipFile], object]) -> Path:
    path = folder / "songs.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        fill(made)
    return path


def special(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


@pytest.mark.parametrize(
    ("fill", "word"),
    [
        (lambda z: z.writestr("../evil.ogg", b"x"), "leads out"),
        (lambda z: z.writestr("bn/../../evil.ogg", b"x"), "leads out"),
        (lambda z: z.writestr("bn\\..\\..\\evil.ogg", b"x"), "leads out"),
        (lambda z: z.writestr("/etc/evil.ogg", b"x"), "leads out"),
        (lambda z: z.writestr("C:/evil.ogg", b"x"), "leads out"),
        (lambda z: z.writestr(special("a.ogg", stat.S_IFLNK | 0o777), b"/etc/passwd"), "a link or a device"),
        (lambda z: z.writestr(special("a.ogg", stat.S_IFIFO | 0o777), b""), "a link or a device"),
        (lambda z: z.writestr("silence.ogg", bytes(20_000_000)), "times when unpacked"),
        (lambda z: [z.writestr(f"{n}.ogg", bytes(900_000)) for n in range(30)], "times when unpacked"),
    ],
)
def test_a_zip_that_means_harm_is_refused_before_anything_is_unpacked(
    fill: Callable[[zipfile.ZipFile], object], word: str, tmp_path: Path
) -> None:
    with pytest.raises(Problem, match=word):
        archive.open_checked(zipped(tmp_path, fill), "songs.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["songs.zip"]


def test_members_that_overlap_and_members_with_a_password_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "songs.zip"
    with zipfile.ZipFile(path, "w") as made:
        for number in range(2):
            made.writestr(f"{number}.ogg", bytes(range(256)) * 4)
    raw = path.read_bytes()
    start = raw.index(b"PK\x01\x02")
    entry = raw[start : raw.index(b"PK\x01\x02", start + 4)]
    end = raw.rindex(b"PK\x05\x06")
    entries = entry * 20
    closing = bytearray(raw[end:])
    closing[8:12] = (20).to_bytes(2, "little") * 2
    closing[12:16] = len(entries).to_bytes(4, "little")
    path.write_bytes(raw[:start] + entries + closing)
    with pytest.raises(Problem, match="overlap"):
        archive.open_checked(path, "songs.zip")
    locked = bytearray(raw)
    locked[start + 8] |= 1
    path.write_bytes(locked)
    with pytest.raises(Problem, match="password"):
        archive.open_checked(path, "songs.zip")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_zip_is_refused_whatever_is_damaged(method: int, rng: np.random.Generator, tmp_path: Path) -> None:
    """With a reason, as no zip or as a member that does not come; or the damage does not matter."""
    path, told = tmp_path / "songs.zip", Counter[str]()
    with zipfile.ZipFile(path, "w", method) as made:
        for name in ("bn/গান.ogg", "en/two.ogg"):
            made.writestr(name, rng.bytes(100) * 4)
    whole = path.read_bytes()
    for _ in range(300):
        raw = bytearray(whole)
        for place in rng.integers(len(raw), size=2):
            raw[place] = rng.integers(256)
        path.write_bytes(raw)
        try:
            with archive.open_checked(path, "songs.zip") as opened:
                for item in archive.members(opened, "", lambda: told.update(["damaged"])):
                    item.get(tmp_path / "part", int)
        except (Problem, Refused) as error:
            told[type(error).__name__] += 1
    assert min(told["Problem"], told["Refused"]) > 5
    assert told["damaged"] == told["Refused"]


def test_names_in_utf8_that_the_packer_did_not_announce(tmp_path: Path) -> None:
    path = tmp_path / "songs.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("গান.ogg", b"x")
    raw = bytearray(path.read_bytes())
    for start, offset in ((0, 6), (raw.index(b"PK\x01\x02"), 8)):
        raw[start + offset + 1] &= ~0x08 & 0xFF
    path.write_bytes(raw)
    with archive.open_checked(path, "songs.zip") as opened:
        assert [item.path for item in archive.members(opened, "bn/", lambda: None)] == ["bn/গান.ogg"]
