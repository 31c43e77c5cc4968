"""Asking over https with patience: what may heal is asked again, what does not ends with one line."""

import email.utils
import logging
import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from pipeline.core.command import Problem
from pipeline.fetch.keys import API_KEY, Access, Unanswered

log = logging.getLogger(__name__)

HEALS = {408, 429, 500, 502, 503, 504}
SLOWER = {"rateLimitExceeded", "userRateLimitExceeded"}
ALL_THE_SAME = {"accessNotConfigured", "keyInvalid", "keyExpired", "ipRefererBlocked", "dailyLimitExceededUnreg"}
CHUNK = 1 << 16
LINK_KEY = "X-Goog-Drive-Resource-Keys"  # without it Drive hides some files that were shared by link long ago


class Refused(Exception):
    """This one file does not come, and why; the others may."""


class Exhausted(Refused):
    """It was asked for again and again in vain."""


class Absent(Refused):
    """There is no such file, or not for us."""


@dataclass(frozen=True)
class Patience:
    """How often to ask, and how long to wait in seconds; `pace` scales every wait."""

    tries: int = 7
    first: float = 1.0
    longest: float = 64.0
    timeout: float = 30.0
    pace: float = 1.0

    def wait(self, failed: int, asked: str | None = None) -> None:
        """Waits as long as the server asked for, else twice as long after each failure, with some chance in it."""
        seconds = _seconds(asked)
        if seconds is None:
            seconds = min(self.longest, self.first * 2**failed) * random.uniform(0.5, 1)
        seconds = min(seconds, 5 * self.longest) * self.pace
        if seconds >= 5:
            log.info("waiting %.0f s before asking again", seconds)
        time.sleep(seconds)


def patience(timeout: float) -> Patience:
    """With the pace of SURBANI_FETCH_PACE: below 1 waits less than Google asks for."""
    try:
        return Patience(timeout=timeout, pace=float(os.environ.get("SURBANI_FETCH_PACE", "1")))
    except ValueError:
        raise Problem("SURBANI_FETCH_PACE must be a number, such as 1: correct or unset it") from None


def _seconds(asked: str | None) -> float | None:
    """What Retry-After means: seconds, or a date."""
    if not asked:
        return None
    if asked.strip().isdigit():
        return float(asked)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(asked).timestamp() - time.time())
    except ValueError:
        return None


class _Session(requests.Session):
    """Leaves the keys behind when Google sends us to another host, as requests does with a token."""

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        super().rebuild_auth(prepared_request, response)
        if self.should_strip_auth(response.url, str(prepared_request.url)):
            for name in (API_KEY, LINK_KEY):
                prepared_request.headers.pop(name, None)


class Web:
    """A session that several threads may use. No exception's own text is shown: it could hold a link's secret."""

    def __init__(self, patience: Patience, jobs: int, access: Access | None = None) -> None:
        self.patience, self.access = patience, access
        self.session = _Session()
        self.session.headers["Accept-Encoding"] = "identity"  # sizes and ranges mean the file's own bytes
        self.session.mount("https://", HTTPAdapter(pool_connections=4, pool_maxsize=jobs))
        self.session.adapters.pop("http://")  # what is sent on to there could be anybody's
        if access:
            self.session.auth = lambda asked: asked  # or a login in ~/.netrc would stand in place of ours

    def json(self, url: str, what: str, params: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
        for failed in range(self.patience.tries):
            with self.ask(url, what, params, headers) as response:
                try:
                    return response.json()
                except (requests.RequestException, ValueError):
                    self.patience.wait(failed)
        raise Exhausted(f"{what} could not be read: run the same command again")

    def ask(self, url: str, what: str, params: Mapping[str, Any], headers: Mapping[str, str]) -> requests.Response:
        """An answer that is good, its body still to be read."""
        refused, asked, why = "", None, ""
        for failed in range(self.patience.tries):
            if failed and why != "401":
                self.patience.wait(failed - 1, asked)
            sent, asked = dict(headers), None
            try:
                if self.access:
                    sent |= self.access.header(self.session, refused)
                response = self.session.get(
                    url, params=params, headers=sent, stream=True, timeout=self.patience.timeout
                )
            except (requests.ConnectionError, requests.Timeout, Unanswered) as error:
                if "CERTIFICATE_VERIFY_FAILED" in str(error):
                    raise Problem(
                        f"nobody here vouches for who answers in place of {urlsplit(url).hostname}: "
                        "set REQUESTS_CA_BUNDLE to the certificates of your network, or use another one"
                    ) from None
                why = "no answer"
                continue
            except requests.RequestException as error:
                raise Refused(f"{what} cannot be asked for ({type(error).__name__}): correct the link") from None
            if response.ok or response.status_code == 416:
                return response
            with response:
                reason, why = _reason(response), str(response.status_code)
            if response.status_code == 401 and self.access and not self.access.key and not refused:
                refused = sent["Authorization"]
            elif response.status_code in HEALS or reason in SLOWER:
                asked, why = response.headers.get("Retry-After"), reason or why
            else:
                raise self._no(response.status_code, reason, what)
        raise Exhausted(
            f"{what} did not come after {self.patience.tries} tries ({why}): run the same command again later"
        )

    def _no(self, status: int, reason: str, what: str) -> Exception:
        if not self.access:
            return Refused(
                f"{what} does not come ({status}): open the link in a browser, and name the file that it gives"
            )
        who = self.access.who
        if status == 401 or reason in ALL_THE_SAME or (status == 400 and self.access.key):
            return Problem(f"Google refuses {who} ({reason or status}): make new credentials (README, Google Drive)")
        if status == 404:
            return Absent(f"{what} is not there, or not for {who}: share it with them, or correct the link")
        if reason == "downloadQuotaExceeded":
            return Refused(f"{what} was downloaded too often today: run the same command again tomorrow")
        return Refused(f"{what} is refused to {who} ({reason or status}): ask its owner for the right to download")

    def download(
        self,
        url: str,
        part: Path,
        what: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        size: int | None = None,
        same: str = "",
        add: Callable[[int], object] = int,
    ) -> None:
        """Brings the bytes to `part`, from where it ends; `same` is the ETag that the part must belong to."""
        failed = 0
        while failed < self.patience.tries:
            have = part.stat().st_size if part.exists() else 0
            sent = dict(headers or {})
            if have:
                sent["Range"] = f"bytes={have}-"
            if have and same:
                sent["If-Range"] = same
            with self.ask(url, what, params or {}, sent) as response:
                if response.status_code == 416:  # more than there is: what lies here is of another file
                    part.unlink(missing_ok=True)
                    failed += 1
                    continue
                _refuse_page(response, size, what)
                if self._saved(response, part, add) and (size is None or part.stat().st_size >= size):
                    return
                if part.exists() and part.stat().st_size > have > 0:
                    failed = 0  # it goes on
            self.patience.wait(failed)
            failed += 1
        raise Exhausted(
            f"{what} broke off {self.patience.tries} times: run the same command again, it goes on from there"
        )

    def _saved(self, response: requests.Response, part: Path, add: Callable[[int], object]) -> bool:
        """Whether the body came to its end; what came is kept."""
        with part.open("ab" if response.status_code == 206 else "wb") as file:
            try:
                for chunk in response.iter_content(CHUNK):
                    file.write(chunk)
                    add(len(chunk))
            except requests.RequestException:
                return False
        return True


def _reason(response: requests.Response) -> str:
    """Google's word for what is wrong."""
    try:
        reason = response.json()["error"]["errors"][0]["reason"]
    except (requests.RequestException, ValueError, LookupError, TypeError):
        return ""
    return reason if isinstance(reason, str) and reason.isalnum() else ""


def _refuse_page(response: requests.Response, size: int | None, what: str) -> None:
    """A page for people in place of the file: quotas, warnings and logins come with status 200."""
    page = response.headers.get("Content-Type", "").startswith("text/html")
    if page and (size is None or response.headers.get("Content-Length") != str(size)):
        raise Refused(
            f"{what}: a web page came in place of the file (a login, a warning or a used-up quota): open the link in a "
            "browser to see which, or try again tomorrow"
        )
