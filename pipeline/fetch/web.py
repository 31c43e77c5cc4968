"""Requests over https that urllib3 repeats while a fault may pass; a fault that stays ends with one line."""

import logging
import os
import random
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import InvalidHeader, MaxRetryError
from urllib3.util import Retry

from pipeline.core.command import Problem
from pipeline.fetch.keys import API_KEY, Access, Unanswered

log = logging.getLogger(__name__)

TRIES = 7
PASSING = {408, 429, 500, 502, 503, 504}  # statuses that may pass
RATE_LIMITS = {"rateLimitExceeded", "userRateLimitExceeded"}  # Drive sends them with status 403
BAD_CREDENTIALS = {"accessNotConfigured", "keyInvalid", "keyExpired", "ipRefererBlocked", "dailyLimitExceededUnreg"}
UNVERIFIED = "CERTIFICATE_VERIFY_FAILED"  # in the text of an error; no library has a class for it
CHUNK = 1 << 16
LINK_KEY = "X-Goog-Drive-Resource-Keys"  # without it Drive hides some files that were shared by link long ago


class Refused(Exception):
    """One file does not come, and the reason; other files may come."""


class Exhausted(Refused):
    """Every try failed."""


class Absent(Refused):
    """There is no such file, or we may not see it."""


@dataclass(frozen=True)
class Resource:
    """Something to get, and its name in messages."""

    url: str
    name: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class Patience(Retry):
    """Waits as long as the server asks, else about 1, 2, 4, ... seconds; `backoff_factor` scales every wait."""

    def increment(self, *args: Any, **kwargs: Any) -> "Patience":
        error = kwargs.get("error")
        if error and UNVERIFIED in str(error):
            raise error  # another try would fail as well
        return super().increment(*args, **kwargs)

    def get_backoff_time(self) -> float:
        """The first wait is not 0, and a random part keeps parallel downloads apart."""
        return min(self.backoff_max, 2.0 ** (len(self.history) - 1)) * random.uniform(0.5, 1)

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        wished = None
        if response is not None:
            with suppress(InvalidHeader):
                wished = self.get_retry_after(response)
        seconds = self.backoff_factor * (wished or self.get_backoff_time())
        if seconds >= 5:
            log.info("waiting %.0f s before asking again", seconds)
        time.sleep(seconds)


def patience() -> Patience:
    """Patience at the pace of SURBANI_FETCH_PACE: below 1 it waits less than the server asks for."""
    try:
        pace = float(os.environ.get("SURBANI_FETCH_PACE", "1"))
    except ValueError:
        raise Problem("SURBANI_FETCH_PACE must be a number, such as 1: correct or unset it") from None
    return Patience(
        total=TRIES - 1,
        allowed_methods=None,  # also POST, which asks for a token
        status_forcelist=PASSING,
        raise_on_status=False,
        backoff_factor=pace,
        backoff_max=64,
        retry_after_max=320,
    )


class _Adapter(HTTPAdapter):
    """Repeats what Retry repeats, and Drive's rate limits: they have status 403, and only the body says so."""

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        response, retry = super().send(*args, **kwargs), self.max_retries
        while retry.total and response.status_code == 403 and _reason(response) in RATE_LIMITS:
            retry = retry.increment(response=response.raw)
            retry.sleep(response.raw)
            response = super().send(*args, **kwargs)
        return response


class _Session(requests.Session):
    """Drops our keys when Google redirects to another host, as requests drops a token."""

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        super().rebuild_auth(prepared_request, response)
        if self.should_strip_auth(response.url, str(prepared_request.url)):
            for name in (API_KEY, LINK_KEY):
                prepared_request.headers.pop(name, None)


class Web:
    """A session that several threads may use. It shows no exception's own text, which could hold a link's secret."""

    def __init__(self, timeout: float, jobs: int, access: Access | None = None) -> None:
        self.timeout, self.access, self.patience = timeout, access, patience()
        self.session = _Session()
        self.session.headers["Accept-Encoding"] = "identity"  # sizes and ranges mean the file's own bytes
        self.session.mount("https://", _Adapter(pool_connections=4, pool_maxsize=jobs, max_retries=self.patience))
        self.session.adapters.pop("http://")  # anybody could read and answer a redirect to http
        if access:
            self.session.auth = lambda request: request  # else requests would send a login from ~/.netrc

    def json(self, resource: Resource) -> Any:
        retry = self.patience
        while True:
            with self.ask(resource) as response, suppress(requests.RequestException, ValueError):
                return response.json()
            retry = _waited(retry, f"{resource.name} could not be read: run the same command again")

    def ask(self, resource: Resource) -> requests.Response:
        """A good answer with its body unread; a token that expired is renewed once."""
        response = self._get(resource)
        if response.status_code == 401 and self.access and self.access.credentials:
            response.close()
            response = self._get(resource, refused=str(response.request.headers.get("Authorization", "")))
        if response.ok or response.status_code == 416:
            return response
        with response:
            raise self._refusal(response.status_code, _reason(response), resource.name)

    def _get(self, resource: Resource, refused: str = "") -> requests.Response:
        url, name = resource.url, resource.name
        try:
            headers = {**resource.headers, **(self.access.header(self.session, refused) if self.access else {})}
            return self.session.get(url, params=resource.params, headers=headers, stream=True, timeout=self.timeout)
        except (requests.ConnectionError, requests.Timeout, Unanswered) as error:
            if UNVERIFIED in str(error):
                raise Problem(
                    f"the TLS certificate of {urlsplit(url).hostname} cannot be verified: set REQUESTS_CA_BUNDLE to "
                    "the certificates of your network, or use another network"
                ) from None
            raise _exhausted(name, "no answer") from None
        except requests.RequestException as error:
            raise Refused(f"{name} cannot be requested ({type(error).__name__}): correct the link") from None

    def _refusal(self, status: int, reason: str, what: str) -> Exception:
        if status in PASSING or reason in RATE_LIMITS:
            return _exhausted(what, reason or str(status))
        if not self.access:
            return Refused(
                f"{what} does not come ({status}): open the link in a browser, and name the link of the file itself"
            )
        who = self.access.who
        if status == 401 or reason in BAD_CREDENTIALS or (status == 400 and self.access.key):
            return Problem(f"Google refuses {who} ({reason or status}): make new credentials (README, Google Drive)")
        if status == 404:
            return Absent(f"{what} does not exist, or {who} may not see it: share it with them, or correct the link")
        if reason == "downloadQuotaExceeded":
            return Refused(f"{what} was downloaded too often today: run the same command again tomorrow")
        return Refused(f"{who} may not download {what} ({reason or status}): ask its owner for the right to download")

    def download(
        self, resource: Resource, part: Path, add: Callable[[int], object], size: int | None, etag: str = ""
    ) -> None:
        """Appends to `part` until the file is whole; `etag` is the version that the part must belong to."""
        retry = self.patience
        while True:
            have = _size(part)
            with self.ask(replace(resource, headers={**resource.headers, **_range(have, etag)})) as response:
                _refuse_page(response, size, resource.name)
                if _saved(response, part, add) and (size is None or _size(part) >= size):
                    return
            if _size(part) > have > 0:
                retry = self.patience  # some bytes came
            retry = _waited(
                retry, f"{resource.name} broke off {TRIES} times: run the same command again, it continues there"
            )


def _exhausted(what: str, reason: str) -> Exhausted:
    return Exhausted(f"{what} did not come after {TRIES} tries ({reason}): run the same command again later")


def _waited(retry: Patience, failure: str) -> Patience:
    """The patience that is left after one more wait."""
    try:
        retry = retry.increment()
    except MaxRetryError:
        raise Exhausted(failure) from None
    retry.sleep()
    return retry


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _range(have: int, etag: str) -> dict[str, str]:
    """The headers that ask for the rest of a file."""
    if not have:
        return {}
    return {"Range": f"bytes={have}-"} | ({"If-Range": etag} if etag else {})


def _saved(response: requests.Response, part: Path, add: Callable[[int], object]) -> bool:
    """Whether the body came to its end; the bytes that came are kept."""
    if response.status_code == 416:  # the part is longer than the file, so it belongs to another version
        part.unlink(missing_ok=True)
        return False
    with part.open("ab" if response.status_code == 206 else "wb") as file:
        try:
            for chunk in response.iter_content(CHUNK):
                file.write(chunk)
                add(len(chunk))
        except requests.RequestException:
            return False
    return True


def _reason(response: requests.Response) -> str:
    """Google's word for the failure."""
    try:
        reason = response.json()["error"]["errors"][0]["reason"]
    except (requests.RequestException, ValueError, LookupError, TypeError):
        return ""
    return reason if isinstance(reason, str) and reason.isalnum() else ""


def is_page(response: requests.Response) -> bool:
    return response.headers.get("Content-Type", "").startswith("text/html")


def _refuse_page(response: requests.Response, size: int | None, what: str) -> None:
    """Quotas, warnings and logins come with status 200, as a web page in place of the file."""
    if response.ok and is_page(response) and (size is None or response.headers.get("Content-Length") != str(size)):
        raise Refused(
            f"{what}: a web page came in place of the file (a login, a warning or a used-up quota): open the link in a "
            "browser to see which, or try again tomorrow"
        )
