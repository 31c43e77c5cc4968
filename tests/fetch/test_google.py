"""Folders of Drive: links, shortcuts and names."""

from collections.abc import Callable

import pytest

from tests.drive.caller import Caller
from tests.drive.corpus import SMALL, download_of, shared, songs
from tests.drive.emulator import DOCUMENT, SHORTCUT, Fault


@pytest.mark.parametrize(
    "link",
    [
        "{}",
        "gdrive://{}",
        "https://drive.google.com/drive/folders/{}",
        "https://drive.google.com/open?id={}",
        "https://drive.google.com/drive/folders/{}?resourcekey=0-abc&usp=drive_link",
    ],
)
def test_every_way_to_name_a_folder(link: str, caller: Caller, output_of: Callable[..., str]) -> None:
    output_of(link.format(shared(caller.drive)))
    assert songs() == SMALL
    keyed = [call for call in caller.drive.calls if call.header("x-goog-drive-resource-keys")]
    assert len(keyed) == 2 * ("resourcekey" in link)  # what the folder is, and what is in it


def test_shortcuts_are_followed_and_rings_of_them_end(caller: Caller, output_of: Callable[..., str]) -> None:
    drive = caller.drive
    elsewhere = shared(drive)
    folder = drive.add("mine", public=True)
    drive.add("all of it", folder, mime=SHORTCUT, target=elsewhere)
    drive.add("back", elsewhere, mime=SHORTCUT, target=folder)
    drive.add("gone", folder, mime=SHORTCUT, target="nothing")
    one = next(id_ for id_, item in drive.items.items() if item.title == "one.ogg")
    for _ in range(2):
        drive.add("one.ogg", folder, mime=SHORTCUT, target=one)
    assert "skipped mine/gone: the shortcut leads to nothing" in output_of(folder)
    assert sorted(songs().values()) == sorted([*SMALL.values(), SMALL["audio/bn/one.ogg"]])


def test_a_name_of_two_lines_makes_no_line_of_its_own(caller: Caller, output_of: Callable[..., str]) -> None:
    folder = shared(caller.drive, {"bn/a\nerror: b\x1b[2J.ogg": b"one", "bn/c.ogg": b"two"})
    caller.drive.add("x\ny", folder, mime=DOCUMENT)
    caller.drive.faults.append(Fault("404", times=1, hits=download_of("a\nerror: b\x1b[2J.ogg", caller.drive)))
    assert "a_error: b_[2J.ogg" in output_of(folder, code=1)
    assert "\x1b" not in output_of(folder)
    assert sorted(songs()) == ["audio/bn/a_error_ b_[2J.ogg", "audio/bn/c.ogg"]
