"""A small corpus: in a folder of the emulated drive, in a zip, and as data."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.drive.caller import contents
from tests.drive.emulator import Call, Drive

SMALL = {
    "audio/bn/one.ogg": b"one" * 500,
    "audio/bn/two.ogg": b"two" * 700,
    "audio/en/three.mp3": b"three" * 300,
    "lyrics/bn/one.txt": "আয় বৃষ্টি ঝেঁপে\n".encode(),
}


def shared(drive: Drive, files: dict[str, bytes] = SMALL) -> str:
    """The id of a public folder with the files."""
    folder = drive.add("Corpus of ours", public=True)
    drive.add_tree(files, folder)
    return folder


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def songs(data: Path = Path("data")) -> dict[str, bytes]:
    return {name: content for name, content in contents(data).items() if name != "tracks.csv"}


def download_of(name: str, drive: Drive) -> Callable[[Call], bool]:
    id_ = next(item.id for item in drive.items.values() if item.title == name)
    return lambda call: call.downloads and call.path.endswith(id_)
