"""The real, unmodified `dvc` with a Drive that answers: push, pull into an empty clone, status, import-url."""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.drive.caller import Caller, contents
from tests.drive.emulator import Call, Drive, Fault, running

ROOT = Path(__file__).parents[2]
DVC = str(Path(sys.executable).with_name("dvc"))
SONGS = {
    "audio/bn/one.ogg": b"one" * 50,
    "audio/en/two.ogg": b"two" * 60,
    "lyrics/en/two.txt": "la la বৃষ্টি\n".encode(),
}


pytestmark = pytest.mark.xdist_group("remote")  # its songs are pushed once


@contextmanager
def calling(home: Path) -> Iterator[Caller]:
    drive = Drive(page=2)
    drive.add("store")
    with running(drive):
        yield Caller(drive, home)


@pytest.fixture
def caller(tmp_path: Path) -> Iterator[Caller]:
    with calling(tmp_path / "home") as made:
        yield made


@pytest.fixture
def store(caller: Caller) -> str:
    return store_of(caller)


def store_of(caller: Caller) -> str:
    """The id of the drive's folder for DVC."""
    return next(iter(caller.drive.items))


@pytest.fixture
def project(caller: Caller, tmp_path: Path) -> Path:
    return project_of(caller, tmp_path / "project")


@pytest.fixture(scope="module")
def pushed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Caller, Path]]:
    """A project whose songs lie in the drive, too."""
    folder = tmp_path_factory.mktemp("pushed")
    with calling(folder / "home") as caller:
        project = project_of(caller, folder / "project")
        committed(caller, project)
        caller.done(DVC, "push", "-r", "gdrive", "data.dvc", cwd=project)
        yield caller, project


def project_of(caller: Caller, made: Path) -> Path:
    """A git and DVC project with our own .dvc/config, and three small files under data/."""
    for name, content in SONGS.items():
        (made / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (made / "data" / name).write_bytes(content)
    caller.done("git", "init", "--quiet", cwd=made)
    (made / ".dvc").mkdir()
    shutil.copy(ROOT / ".dvc" / "config", made / ".dvc" / "config")
    (made / ".dvc" / ".gitignore").write_text("/config.local\n/tmp\n/cache\n", encoding="utf-8")
    caller.trusted(made, store_of(caller))
    return made


def committed(caller: Caller, project: Path) -> None:
    caller.done(DVC, "add", "--quiet", "data", cwd=project)
    caller.done("git", "add", "--all", cwd=project)
    caller.done("git", "commit", "--quiet", "--message", "songs", cwd=project)


def download_of(drive: Drive, name: str) -> Callable[[Call], bool]:
    """Whether a call asks for the object of this song."""
    id_ = next(item.id for item in drive.items.values() if item.content == SONGS[name])
    return lambda call: call.downloads and call.path.endswith(id_)


def test_push_then_pull_into_an_empty_clone(pushed: tuple[Caller, Path], tmp_path: Path) -> None:
    """What is committed on the way holds no secret and no place of the key."""
    caller, project = pushed
    assert "in sync" in caller.done(DVC, "status", "-c", "-r", "gdrive", "data.dvc", cwd=project)
    clone = tmp_path / "clone"
    caller.done("git", "clone", "--quiet", str(project), str(clone), cwd=tmp_path)
    for path, content in contents(clone).items():
        for secret in (*caller.secrets(), str(caller.home)):
            assert secret.encode() not in content, path
    caller.trusted(clone, store_of(caller))
    caller.done(DVC, "pull", "-r", "gdrive", cwd=clone)
    assert contents(clone / "data") == SONGS


def test_each_fault_of_a_pull_heals_or_ends_and_the_next_pull_is_whole(pushed: tuple[Caller, Path]) -> None:
    """Three faults at a time, one a song: DVC asks again, or says that it failed and leaves nothing half-written."""
    caller, project = pushed
    drive, names = caller.drive, list(SONGS)
    heal = ["401", "403 rateLimitExceeded", "500"]
    end = ["403 downloadQuotaExceeded", "404", "429"], ["corrupt body", "short body", "quota page"]
    for kinds in (heal, *end):
        for name in ("data", ".dvc/cache"):
            shutil.rmtree(project / name, ignore_errors=True)
        faults = [Fault(kind, download_of(drive, name)) for kind, name in zip(kinds, names, strict=True)]
        drive.faults[:] = faults
        pulled = caller.sh(DVC, "pull", "-r", "gdrive", cwd=project)
        assert [fault.kind for fault in faults if fault.times] == []
        assert pulled.returncode == (kinds is not heal), pulled.stderr
        came = contents(project / "data")
        assert came == {name: SONGS[name] for name in came}
    drive.faults[:] = [Fault("401", lambda call: call.path == "/token", times=100)]
    revoked = caller.sh(DVC, "pull", "-r", "gdrive", cwd=project)
    assert revoked.returncode == 1
    drive.faults.clear()
    caller.done(DVC, "pull", "-r", "gdrive", cwd=project)
    assert contents(project / "data") == SONGS


def test_import_url_of_a_shared_folder_tells_no_secret(caller: Caller, store: str, project: Path) -> None:
    """DVC tracks the source, and what it writes down says neither where the key lies nor what is in it."""
    corpus = caller.drive.add("corpus", store)
    caller.drive.add_tree(SONGS, corpus)
    shutil.rmtree(project / "data")
    caller.done(DVC, "import-url", "remote://gdrive/corpus", "data", cwd=project)
    assert contents(project / "data") == SONGS
    caller.done("git", "add", "--all", cwd=project)
    written = caller.done("git", "diff", "--cached", cwd=project)
    assert "remote://gdrive/corpus" in written
    for secret in (*caller.secrets(), str(caller.home)):
        assert secret not in written


def test_who_has_no_credentials_is_told_so_at_once(caller: Caller, project: Path) -> None:
    (project / ".dvc" / "config.local").unlink()
    committed(caller, project)
    told = caller.sh(DVC, "push", "-r", "gdrive", "data.dvc", cwd=project)
    assert told.returncode != 0
    assert caller.drive.calls == []
    caller.done(DVC, "remote", "modify", "--local", "sample", "url", str(project.parent / "store"), cwd=project)
    caller.done(DVC, "push", cwd=project)  # the default remote asks for nobody's credentials
    caller.done(DVC, "pull", cwd=project)
