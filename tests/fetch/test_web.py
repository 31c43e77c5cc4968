"""Requests that fail, wait, renew their token, and never show a secret to another host."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from urllib3 import HTTPResponse

from pipeline.fetch.web import patience
from tests.drive.caller import Caller
from tests.drive.corpus import SMALL, download_of, shared, songs
from tests.drive.emulator import Fault

HEALS = ["403 rateLimitExceeded", "403 userRateLimitExceeded", "429", "500", "503", "dropped connection"]
HEALS += ["cut body", "short body", "corrupt body", "slow body"]
ENDS = ["404", "403 downloadQuotaExceeded", "403 cannotDownloadFile", "quota page"]


@pytest.mark.parametrize("kind", HEALS)
def test_a_fault_that_passes_heals(kind: str, caller: Caller, output_of: Callable[..., str]) -> None:
    folder = shared(caller.drive)
    fault = Fault(kind, download_of("two.ogg", caller.drive), times=2, retry_after="1" if kind == "429" else "")
    caller.drive.faults.append(fault)
    output_of(folder, "--timeout", "0.3")
    assert fault.times == 0
    assert songs() == SMALL


def test_it_waits_as_long_as_google_asks_for(
    caller: Caller, output_of: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    slept = list[float]()
    monkeypatch.setattr(time, "sleep", slept.append)
    monkeypatch.setenv("SURBANI_FETCH_PACE", "1")
    folder = shared(caller.drive)
    caller.drive.faults.append(Fault("429", download_of("two.ogg", caller.drive), retry_after="77"))
    assert "waiting 77 s before asking again" in output_of(folder)
    assert 77 in slept
    caller.drive.faults.append(Fault("503", lambda call: "q" in call.query, times=6))
    slept.clear()
    output_of(folder)
    waits = [seconds for seconds in slept if seconds]
    assert len(waits) == 6
    assert all(2**turn / 2 <= seconds <= 2**turn for turn, seconds in enumerate(waits))


@pytest.mark.parametrize("kind", [*HEALS[:1], *HEALS[2:], *ENDS])
def test_a_fault_that_stays_ends_with_one_line_and_the_next_run_completes(
    kind: str, caller: Caller, output_of: Callable[..., str]
) -> None:
    """The other files have come by then; the one that did not has no half of itself under its name."""
    folder = shared(caller.drive)
    caller.drive.faults.append(Fault(kind, download_of("two.ogg", caller.drive), times=10_000))
    output = output_of(folder, "--timeout", "0.1", code=1)
    assert "1 of 4 files did not come, the others are there: " in output
    assert "two.ogg" in output
    assert ("a web page came in place of the file" in output) == (kind == "quota page")
    assert songs() == {name: content for name, content in SMALL.items() if name != "audio/bn/two.ogg"}
    assert not Path("data/tracks.csv").exists()
    caller.drive.faults.clear()
    assert "1 files came, 3 were there already" in output_of(folder)
    assert songs() == SMALL


@pytest.mark.parametrize(
    ("kind", "where"),
    [
        *((kind, "list") for kind in ("401", "500", "429", "403 userRateLimitExceeded", "dropped connection")),
        ("dropped connection", "token"),
        ("503", "token"),
    ],
)
def test_a_listing_or_a_token_that_fails_heals_too(
    kind: str, where: str, caller: Caller, output_of: Callable[..., str]
) -> None:
    caller.trusted(Path.cwd(), "unused")
    folder = shared(caller.drive)
    fault = Fault(kind, lambda call: "q" in call.query if where == "list" else call.path == "/token")
    caller.drive.faults.append(fault)
    output_of(folder)
    assert fault.times == 0
    assert songs() == SMALL


def test_an_expired_token_is_renewed_in_the_middle(caller: Caller, output_of: Callable[..., str]) -> None:
    caller.trusted(Path.cwd(), "unused")
    folder = shared(caller.drive)
    caller.drive.faults.append(Fault("401", download_of("two.ogg", caller.drive)))
    output_of(folder)
    assert songs() == SMALL
    assert len([call for call in caller.drive.calls if call.path == "/token"]) == 2


@pytest.mark.parametrize("trusted", [False, True])
def test_a_host_that_google_sends_us_to_gets_no_credential(
    trusted: bool, caller: Caller, output_of: Callable[..., str]
) -> None:
    if trusted:
        caller.trusted(Path.cwd(), "unused")
    folder = shared(caller.drive)
    caller.drive.web["songs.example/two"] = SMALL["audio/bn/two.ogg"]
    hit = download_of("two.ogg", caller.drive)
    caller.drive.faults.append(Fault("302", hit, location="https://songs.example/two"))
    output_of(folder)
    assert songs() == SMALL
    (call,) = [call for call in caller.drive.calls if call.host == "songs.example"]
    assert not call.header("authorization")
    assert not call.header("x-goog-api-key")


def test_nothing_is_asked_without_https(caller: Caller, output_of: Callable[..., str]) -> None:
    folder = shared(caller.drive)
    hit = download_of("two.ogg", caller.drive)
    caller.drive.faults.append(Fault("302", hit, location="http://www.googleapis.com/two"))
    assert "two.ogg cannot be requested" in output_of(folder, code=1)
    assert songs() == {name: content for name, content in SMALL.items() if name != "audio/bn/two.ogg"}


def test_a_login_of_other_programs_is_not_shown_to_google(caller: Caller, output_of: Callable[..., str]) -> None:
    (caller.home / ".netrc").write_text("default login somebody password word\n", encoding="utf-8")
    caller.trusted(Path.cwd(), "unused")
    output_of(shared(caller.drive))
    assert songs() == SMALL
    assert not [call for call in caller.drive.calls if call.header("authorization").startswith("Basic")]


def test_who_answers_for_google_must_be_vouched_for(
    caller: Caller, output_of: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no trust in the proxy's authority no credential is sent, and waiting would not help."""
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name)
    assert "TLS certificate of" in output_of(shared(caller.drive), code=1)
    caller.trusted(Path.cwd(), "unused")
    assert "TLS certificate of" in output_of(shared(caller.drive), code=1)
    assert caller.drive.calls == []


def test_a_token_that_stays_refused_ends_with_one_line(caller: Caller, output_of: Callable[..., str]) -> None:
    caller.trusted(Path.cwd(), "unused")
    folder = shared(caller.drive)
    caller.drive.faults.append(Fault("401", lambda call: "q" in call.query, times=100))
    assert "Google refuses the credentials in " in output_of(folder, code=1)


@pytest.mark.parametrize(("header", "low", "high"), [("soon", 0.5, 1), ("0", 0.5, 1), ("99999", 320, 320)])
def test_a_retry_after_without_meaning_is_ignored_and_a_long_one_is_cut(
    header: str, low: float, high: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept = list[float]()
    monkeypatch.setattr(time, "sleep", slept.append)
    monkeypatch.delenv("SURBANI_FETCH_PACE", raising=False)
    patience().increment().sleep(HTTPResponse(headers={"Retry-After": header}))
    assert low <= slept[0] <= high
