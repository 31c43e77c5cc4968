"""The listening page's server: it plays songs of the library and nothing else, to its own page and nobody else."""

import asyncio
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile
from starlette.requests import Request

from pipeline.core import catalog
from pipeline.core.command import Problem
from pipeline.library import Library
from pipeline.library.__main__ import main
from pipeline.library.listening import Listening
from pipeline.player import uploads
from pipeline.player.server import listening
from pipeline.player.sound_types import TYPES
from tests.library.listening import Served, served
from tests.library.music import sing

pytestmark = pytest.mark.xdist_group("library")  # its project is made once

HOSTILE = "<img src=x onerror=alert(1)>\"'</script>{{ 7 * 7 }}"


@pytest.fixture
def songs(project: Path) -> Library:
    opened = Library.open(project)
    opened.tracks.loc["bn_000", "title"] = HOSTILE
    return opened


@pytest.fixture
def page(songs: Library, project: Path) -> Iterator[Served]:
    shown = Listening(songs, project / "playlists")
    with served(shown) as running:
        yield running
    shown.close()


def test_every_kind_of_sound_file_has_a_type() -> None:
    assert set(TYPES) == catalog.SOUNDS


def test_the_page_loads_its_own_files_alone_and_titles_are_data(page: Served) -> None:
    html = page.ask("/")
    assert html.status == 200
    for link in re.findall(r'(?:src|href)="([^"#]+)"', html.body.decode()):
        loaded = page.ask(f"/{link}")
        assert loaded.status == 200, link
        assert "http" not in loaded.body.decode().replace("http://www.w3.org/2000/svg", "")
    assert HOSTILE[:10] not in html.body.decode()
    policy = html.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    content = json.loads(page.ask("/api/library").body)
    assert content["titles"][content["ids"].index("bn_000")] == HOSTILE
    assert [facet["name"] for facet in content["facets"]] == ["sound", "words", "both"]
    assert all(len(facet["places"]) == len(facet["labels"]) == 12 for facet in content["facets"])
    silent = content["ids"].index("en_003")
    assert [facet["places"][silent] is None for facet in content["facets"][:2]] == [False, True]


def test_a_song_is_sent_whole_or_in_part(page: Served, project: Path) -> None:
    whole = (project / "data" / "audio" / "bn" / "bn_000.wav").read_bytes()
    answer = page.ask("/songs/bn_000")
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, whole, "audio/wav")
    assert answer.headers["accept-ranges"] == "bytes"
    size = len(whole)
    for asked, first, last in (("0-9", 0, 9), ("100-", 100, size - 1), ("-5", size - 5, size - 1), ("7-7", 7, 7)):
        part = page.ask("/songs/bn_000", range=f"bytes={asked}")
        assert (part.status, part.body) == (206, whole[first : last + 1])
        assert part.headers["content-range"] == f"bytes {first}-{last}/{size}"
    beyond = page.ask("/songs/bn_000", range=f"bytes={size}-")
    assert (beyond.status, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    head = page.ask("/songs/bn_000", "HEAD")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(size))
    assert page.ask("/songs/en_005").headers["content-type"] == "audio/ogg"
    (project / "data" / "audio" / "en" / "en_001.wav").unlink()
    assert page.ask("/songs/en_001").status == 404
    assert b"gone" in page.ask("/songs/en_001").body


def test_what_a_browser_cannot_decode_comes_as_wav(page: Served, project: Path, tmp_path: Path) -> None:
    file = project / "data" / "audio" / "bn" / "bn_000.wav"
    file.write_bytes(sing(tmp_path / "song.wma", 1, 3.0).read_bytes())
    answer = page.ask("/songs/bn_000?as=wav")
    assert (answer.status, answer.headers["content-type"]) == (200, "audio/wav")
    decoded = soundfile.info(io.BytesIO(answer.body))
    assert (decoded.samplerate, decoded.channels) == (44_100, 2)
    assert decoded.duration == pytest.approx(3, abs=0.2)
    assert page.ask("/songs/bn_000?as=wav", range="bytes=0-3").body == b"RIFF"
    (project / "data" / "audio" / "bn" / "bn_002.wav").write_bytes(b"no sound")
    assert page.ask("/songs/bn_002?as=wav").status == 404
    assert page.ask("/songs/..%2fparams.yaml?as=wav").status == 404


STRANGERS: list[dict[str, str]] = [
    {"host": "evil.example"},
    {"host": "127.0.0.1.evil.example:8765"},
    {"host": "127.0.0.1"},
    {"host": ""},
    {"origin": "http://evil.example"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1:1"},
    {"origin": "https://127.0.0.1"},
    {"sec_fetch_site": "cross-site"},
    {"sec_fetch_site": "same-site"},
]


def test_another_host_or_origin_is_refused_on_every_path(page: Served) -> None:
    body = json.dumps({"name": "x", "ids": ["bn_000"]}).encode()
    for headers in STRANGERS:
        for path in ("/", "/songs/bn_000", "/api/library", "/static/listen.js", "/nothing"):
            assert page.ask(path, **headers).status == 403, (path, headers)
        assert page.post("/api/playlists", body, **headers).status == 403, headers
    assert not Path("playlists").exists()


def test_a_post_without_origin_is_refused_and_localhost_is_ours(page: Served) -> None:
    body = json.dumps({"name": "x", "ids": ["bn_000"]}).encode()
    assert page.ask("/api/playlists", "POST", body).status == 403
    local = f"localhost:{page.port}"
    assert page.ask("/", host=local, origin=f"http://{local}", sec_fetch_site="same-origin").status == 200


OUTSIDE = [
    "/songs/..%2f..%2fparams.yaml",
    "/songs/../../params.yaml",
    "/songs/%2e%2e/%2e%2e/params.yaml",
    "/songs/..%252f..%252fparams.yaml",
    "/songs/..%5c..%5cparams.yaml",
    "/songs//etc/passwd",
    "/songs/%2fetc%2fpasswd",
    "/songs/audio%2fbn%2fbn_000.wav",
    "/songs/bn_000%00",
    "/songs/bn_000%00.wav",
    "/songs/%ff%fe",
    "/songs/",
    "/static/..%2fapp.py",
    "/static/../app.py",
    "/static/%2e%2e%2fguard.py",
    "/static/listen.html",
    "/data/audio/bn/bn_000.wav",
    "/params.yaml",
]


def test_no_path_leads_out_of_the_library(page: Served) -> None:
    for path in OUTSIDE:
        answer = page.ask(path)
        assert answer.status == 404, (path, answer.body)
        assert len(answer.body) < 100


def test_of_links_only_those_that_ingest_made_are_followed(project: Path, tmp_path: Path) -> None:
    away = tmp_path.parent / f"{tmp_path.name}_music"
    song, secret = sing(away / "song.wav"), away / "secret.wav"
    secret.write_text("password", encoding="utf-8")
    audio = project / "data" / "audio"
    for id_, target in (("bn_000", song), ("bn_002", secret), ("en_001", audio / "bn" / "bn_004.wav")):
        link = audio / id_[:2] / f"{id_}.wav"
        link.unlink()
        link.symlink_to(target)
    (project / "data" / "ingested.csv").write_text(f"id,path\nbn_000,{song}\n", encoding="utf-8")
    (audio / "en").rename(away / "en")
    (audio / "en").symlink_to(away / "en")
    songs = Listening(Library.open(project), project / "playlists")
    assert songs.file("bn_000").read_bytes() == song.read_bytes()
    for id_, why in (("bn_002", "did not make"), ("en_001", "outside"), ("en_003", "outside"), ("nobody", "no such")):
        with pytest.raises(Problem, match=why):
            songs.file(id_)


def test_a_list_is_saved_as_playlists_writes_it_and_never_in_place_of_one_of_those(page: Served, project: Path) -> None:
    def save(name: str, ids: list[Any], **more: Any) -> tuple[int, dict[str, Any]]:
        answer = page.post("/api/playlists", json.dumps({"name": name, "ids": ids} | more).encode())
        return answer.status, json.loads(answer.body)

    status, saved = save("../../বৃষ্টি: \n#1", ["en_001", "bn_000"])
    assert (status, saved["songs"]) == (200, 2)
    file = project / saved["file"]
    assert file.parent == project / "playlists"
    lines = file.read_text(encoding="utf-8").splitlines()
    assert lines[1] == "#PLAYLIST:../../বৃষ্টি: #1"
    assert [(file.parent / line).resolve().name for line in lines if not line.startswith("#")] == [
        "en_001.wav",
        "bn_000.wav",
    ]
    assert file.with_suffix(".csv").exists()
    assert save("../../বৃষ্টি: \n#1", ["bn_000"])[0] == 409
    assert len(file.read_text(encoding="utf-8").splitlines()) == len(lines)
    assert save("../../বৃষ্টি: \n#1", ["bn_000"], replace=True)[0] == 200
    assert len(file.read_text(encoding="utf-8").splitlines()) == len(lines) - 2
    main(["playlists"])
    kept = next(file for file in (project / "playlists").glob("sound*.m3u8"))
    before = kept.read_bytes()
    assert save(kept.stem, ["bn_000"], replace=True)[0] == 400
    assert kept.read_bytes() == before
    for ids in ([], ["nobody"], [7], "bn_000"):
        assert save("x", ids)[0] == 400  # type: ignore[arg-type]
    assert page.post("/api/playlists", b"[" * 99_999).status == 400
    for body in (b"\xff", b'{"name": "\\ud800", "ids": ["bn_000"]}', b'{"name": "x", "ids": ["\\ud800"]}'):
        assert page.post("/api/playlists", body).status == 400
    assert save("🎵" * 80, ["bn_000"])[0] == 200
    (project / "playlists" / "folder.m3u8").mkdir()
    assert save("folder", ["bn_000"], replace=True)[0] == 400


def test_a_dropped_song_is_placed_and_removed(
    page: Served, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "temporary"
    kept.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(kept))
    sound = (project / "data" / "audio" / "bn" / "bn_006.ogg").read_bytes()
    answer = page.post("/api/place?name=..%2F%3Cb%3E.OGG", sound)
    assert answer.status == 200, answer.body
    placed = json.loads(answer.body)
    assert placed["song"] == "../<b>.OGG"
    by_sound = placed["facets"]["sound"]
    assert len(by_sound["nearest"]) == 10
    content = json.loads(page.ask("/api/library").body)
    row = content["ids"].index("bn_006")
    assert by_sound["nearest"][0] == {"row": row, "distance": pytest.approx(0, abs=0.01)}
    assert by_sound["cluster"] == content["facets"][0]["labels"][row]
    assert by_sound["place"] == pytest.approx(content["facets"][0]["places"][row], abs=0.02)
    for name, body, status, why in (
        ("a.exe", sound, 415, "no sound file"),
        ("a", sound, 415, "no sound file"),
        ("a.ogg", b"no sound", 400, ""),
        ("a.ogg", b"", 400, ""),
    ):
        refused = page.post(f"/api/place?name={name}", body)
        assert (refused.status, why in json.loads(refused.body)["problem"]) == (status, True)
        assert str(kept) not in refused.body.decode()
    assert page.ask("/api/place?name=a.ogg", "POST", origin=page.address, content_length="500000001").status == 413
    assert list(kept.iterdir()) == []


def test_of_two_dropped_songs_the_second_waits_and_the_page_answers(
    page: Served, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, answers = threading.Event(), threading.Event(), []
    place = Listening.place

    def slow(self: Listening, file: Path, name: str) -> dict[str, Any]:
        begun.set()
        assert go_on.wait(60)
        return place(self, file, name)

    monkeypatch.setattr(Listening, "place", slow)
    sound = (project / "data" / "audio" / "bn" / "bn_006.ogg").read_bytes()
    first = threading.Thread(target=lambda: answers.append(page.post("/api/place?name=a.ogg", sound)))
    first.start()
    assert begun.wait(60)
    assert page.post("/api/place?name=b.ogg", sound).status == 409
    assert page.ask("/api/near?id=bn_000&by=sound&language=any").status == 200
    assert page.ask("/songs/bn_000").status == 200
    go_on.set()
    first.join()
    assert answers[0].status == 200


def test_an_upload_stops_at_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    sent = 0

    async def receive() -> dict[str, Any]:
        nonlocal sent
        sent += 1
        return {"type": "http.request", "body": bytes(1000), "more_body": True}

    async def upload() -> None:
        request = Request({"type": "http", "method": "POST", "headers": []}, receive)
        async with uploads.uploaded(request, "endless.mp3", 10_000):
            pass

    with pytest.raises(uploads.Refused, match=r"larger than 0\.01 MB"):
        asyncio.run(upload())
    assert sent == 11
    assert list(tmp_path.iterdir()) == []


def test_nearest_songs_are_of_the_language_that_is_asked_for(page: Served) -> None:
    ids = json.loads(page.ask("/api/library").body)["ids"]
    answer = page.ask("/api/near?id=bn_000&by=sound&language=other")
    assert {ids[each["row"]][:2] for each in json.loads(answer.body)} == {"en"}
    for query in ("id=nobody&by=sound", "id=en_003&by=words", "id=bn_000&by=nothing", "id=bn_000&by=sound&language=fr"):
        answer = page.ask(f"/api/near?{query}")
        assert (answer.status, list(json.loads(answer.body))) == (400, ["problem"])


def test_the_command_takes_the_next_port_and_ends_quietly(project: Path) -> None:
    with listening(0) as taken:
        port = int(taken.getsockname()[1])
        command = [sys.executable, "-m", "pipeline.library", "listen", "--no-browser", "--port", str(port)]
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, cwd=project, env=environment, **pipes) as program:
            assert program.stdout
            assert f"port {port} is taken" in program.stdout.readline()
            address = re.match(r"http://127\.0\.0\.1:(\d+)/ ", program.stdout.readline())
            assert address
            page = Served(int(address[1]))
            assert page.ask("/").status == 200
            with socket.create_connection(("127.0.0.1", page.port)):  # somebody who never asks
                start = time.monotonic()
                program.send_signal(signal.SIGINT)
                assert program.wait(60) == 0
                assert time.monotonic() - start < 10
            rest = program.communicate()
    assert rest[0] == ""
    assert "Traceback" not in rest[1]


def said(arguments: list[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["listen", "--no-browser", *arguments])
    return str(ended.value)


def test_what_is_missing_is_said(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "--port is 70000" in said(["--port", "70000"])
    monkeypatch.delitem(sys.modules, "pipeline.player.server")
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert "run `pip install -e '.[listen]'`" in said([])
    monkeypatch.undo()
    monkeypatch.chdir(project)
    monkeypatch.setattr("pipeline.core.catalog.heard_tracks", lambda: catalog.usable_tracks().iloc[:0])
    assert "the library has no songs" in said([])


def test_songs_of_one_file_and_few_songs_are_shown(project: Path) -> None:
    opened = Library.open(project)
    few = Library(project, opened.tracks.iloc[:3], opened.p)
    content = Listening(few, project / "playlists").content()
    assert [facet["clusters"] for facet in content["facets"]] == [[], [], []]
    assert all("groups need 12" in facet["note"] for facet in content["facets"])
    assert soundfile.info(Listening(few, project).file("bn_000")).duration == 7
