"""Send an HTTP request with retries: what is retried, how often, and after which waits."""

from __future__ import annotations

import io
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import IncompleteRead
from itertools import count
from time import monotonic
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urljoin, urlsplit

from cvocr_lab.engines.cloud.request_body import HttpRequest
from cvocr_lab.errors import AnswerError, ArgumentError, RowError, TransportError
from cvocr_lab.images._limits import check_positive
from cvocr_lab.results import Extraction

if TYPE_CHECKING:
    import requests

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS: Final = 5
_LARGEST_ANSWER: Final = 64 * 2**20
FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 8.0
_CHECK: Final = "check base_url"
_CONNECTIONS: Final = 64
"""Maximum number of connections that are kept open."""


@dataclass(slots=True)
class RateLimit:
    """Spread requests evenly over time: `per_second` of them, or None for no limit."""

    per_second: float | None = None
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        if self.per_second is not None and not self.per_second > 0:
            raise ArgumentError(f"per_second must be greater than 0, not {self.per_second!r}")

    def reserve(self) -> float:
        """Reserve the next request, and return the seconds to wait for it."""
        if self.per_second is None:
            return 0.0
        with self._lock:
            now = monotonic()
            at = max(now, self._next)
            self._next = at + 1 / self.per_second
        return at - now


def backoff_s(failures: int, *, drawn: Callable[[], float] = random.random) -> float:
    """Return the seconds before the next attempt: exponential backoff with full jitter.

    The upper limit is 0.5 s, doubled with each failure, at most 8 s; `drawn` returns the share of
    it, 0 to 1.  Because of the jitter, clients that failed at the same time do not retry at the
    same time.

    >>> [backoff_s(n, drawn=lambda: 1.0) for n in (1, 2, 3, 4, 5, 6)]
    [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]
    """
    return float(drawn() * min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(failures - 1, 10)))


def retry_after_s(header: str | None, *, now: datetime | None = None) -> float | None:
    """Parse a ``Retry-After`` header (RFC 9110, section 10.2.3): seconds, or None without one.

    An HTTP date is compared with `now`; None for the current time.

    >>> retry_after_s("7"), retry_after_s("soon")
    (7.0, None)
    """
    text = (header or "").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - (now or datetime.now(UTC))).total_seconds())


@dataclass(frozen=True, slots=True)
class Login:
    """The header ``Authorization`` ("" for none), which never appears in a repr or traceback.

    `variables` are the environment variables from which it can be made.
    """

    header: str = field(repr=False)
    variables: str


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Time limits and number of retries; see `cvocr_lab.engines.cloud.CloudEngine`."""

    connect_s: float
    read_s: float
    total_s: float
    retries: int
    per_second: float | None
    retry_after_s: float = 60.0

    def __post_init__(self) -> None:
        check_positive(self, "connect_s", "read_s", "total_s")
        if self.retries < 0 or not self.retry_after_s >= 0:
            raise ArgumentError("retries and retry_after_s must be 0 or more")


class _TransientError(Exception):
    """Transient error; the call is retried after the wait that the service requested."""

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s or 0.0


class RetryingClient:
    """Send requests to one host, with retries; thread-safe.

    `base` is the scheme, the host, and an optional prefix of the paths.  The login is sent to this
    host, and to no other.  `is_final_answer` says whether an error with this body cannot change.
    """

    def __init__(
        self,
        base: str,
        login: Login,
        policy: RetryPolicy,
        is_final_answer: Callable[[bytes], bool],
    ) -> None:
        self._base = base
        self._origin = _origin(urlsplit(base))
        self._login = login
        self._policy = policy
        self._rate = RateLimit(policy.per_second)
        self._is_final_answer = is_final_answer
        self._session = _session(base)

    def ask(self, asked: HttpRequest, read: Callable[[int, bytes], Extraction]) -> Extraction:
        """Send a request until there is an answer, and `read` its status and body.

        Connection errors and the statuses 408, 429 and 5xx are retried, except for final answers.
        A complete answer is never requested again.  A `TransportError` is raised if there was no
        answer or the connection cannot be trusted, an `AnswerError` if the answer is too large.
        """
        for attempts in count(1):
            _wait(self._rate.reserve())
            try:
                return replace(read(*self._once(asked)), attempts=attempts)
            except _TransientError as error:
                reason, wait_s = str(error), error.wait_s
            except RowError as error:
                error.attempts = attempts
                raise
            if attempts > self._policy.retries:
                break
            _wait(min(wait_s, self._policy.retry_after_s) + backoff_s(attempts))
        times = "once" if attempts == 1 else f"{attempts} times"
        failure = TransportError(f"the service {reason} (asked {times})")
        failure.attempts = attempts
        raise failure

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def __getstate__(self) -> dict[str, object]:
        raise TypeError(
            "this engine cannot be pickled, to protect its credentials: pass its name as engine=…, "
            f"and set {self._login.variables} in the other process"
        )

    def _once(self, asked: HttpRequest) -> tuple[int, bytes]:
        url = self._base + asked.path + (f"?{asked.query}" if asked.query else "")
        method = asked.method
        for _ in range(_MOST_REDIRECTS + 1):
            status, headers, body = self._sent(method, url, asked)
            where = headers.get("Location") if status in _REDIRECTS else None
            if where is None:
                if (status in (408, 429) or status >= 500) and not self._is_final_answer(body):
                    wait_s = retry_after_s(headers.get("Retry-After"))
                    raise _TransientError(_said(status), wait_s)
                return status, body
            if method == "POST" and status == 303:
                method = "GET"
            url = self._led(url, where, uploads=method == "POST")
        raise TransportError(f"the service redirects more than {_MOST_REDIRECTS} times: {_CHECK}")

    def _led(self, url: str, where: str, *, uploads: bool) -> str:
        """Return the target of a redirect, if it may be followed."""
        from requests.utils import requote_uri

        here = urlsplit(url)
        try:
            to = requote_uri(urljoin(url, where))
            there = urlsplit(to)
            same = _origin(here) == _origin(there)
        except ValueError:
            raise TransportError(f"the service redirects to no web address: {_CHECK}") from None
        if there.scheme not in ("http", "https") or not there.hostname:
            raise TransportError(f"the service redirects to no web address: {_CHECK}")
        if here.scheme == "https" and there.scheme == "http":
            raise TransportError(f"the service redirects from https to http: {_CHECK}")
        if uploads and not same:
            # Papers must not be sent to another host than the one given by the user.
            raise TransportError(
                f"the service redirects uploads to another host ({there.hostname}), which is not "
                "followed: set base_url if you trust it"
            )
        return to

    def _sent(
        self, method: str, url: str, asked: HttpRequest
    ) -> tuple[int, Mapping[str, str], bytes]:
        from requests import Request, RequestException
        from urllib3.exceptions import HTTPError

        failure: Exception
        try:
            # `Session.request` is not used, since redirects must be checked before they are read.
            with self._session.get_adapter(url).send(
                self._session.prepare_request(
                    Request(
                        method,
                        url,
                        headers=self._headers(url, asked),  # no variable, for safe tracebacks
                        data=asked.body if method == "POST" else None,
                    )
                ),
                stream=True,
                timeout=(self._policy.connect_s, self._policy.read_s),
                verify=True if self._session.verify is None else self._session.verify,
                proxies=self._session.proxies,
            ) as response:
                body = _whole(response, self._policy.total_s)
                return response.status_code, response.headers, body
        except AnswerError as error:
            failure = AnswerError(*error.args)
        except (OSError, RequestException, HTTPError) as error:
            failure = _failure(error)
        # Raised outside the handler, so that no traceback contains the credentials.
        raise failure

    def _headers(self, url: str, asked: HttpRequest) -> dict[str, str]:
        headers = dict(asked.headers)
        if _origin(urlsplit(url)) == self._origin:
            if self._login.header:
                headers["Authorization"] = self._login.header
        else:
            headers.pop("Idempotency-Key")
        return headers


def _session(base: str) -> requests.Session:
    """Create a session with the proxies and certificates of the environment for `base`."""
    import requests
    from requests.adapters import HTTPAdapter

    session = requests.Session()
    found = session.merge_environment_settings(base, {}, None, None, None)
    session.proxies = found["proxies"]
    session.verify = found["verify"]
    # They are looked up only once, and credentials in a .netrc must not be used.
    session.trust_env = False
    session.headers["User-Agent"] = "cvocr-lab"
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=_CONNECTIONS, max_retries=0))
    return session


def _failure(error: Exception) -> Exception:
    from requests import exceptions as of
    from urllib3 import exceptions as below

    match error:
        case of.SSLError() if "CERTIFICATE" in str(error):
            return TransportError("the service's certificate cannot be trusted: check base_url")
        case of.InvalidURL() | of.InvalidSchema() | of.MissingSchema():
            return TransportError(f"the service's address is not a web address: {_CHECK}")
        case of.ConnectTimeout():
            return _TransientError("could not be connected to in time")
        case TimeoutError() | of.ReadTimeout() | below.TimeoutError():
            return _TransientError("did not answer in time")
        case below.IncompleteRead() | below.DecodeError():
            return _TransientError("broke off in the middle of an answer")
        case below.ProtocolError(args=(_, IncompleteRead())):
            return _TransientError("broke off in the middle of an answer")
        case _:
            return _TransientError("could not be reached, or broke off")


def _said(status: int) -> str:
    known = {429: "asks for fewer requests: lower per_second or workers", 503: "is busy"}
    return known.get(status, f"failed with status {status}")


def _whole(response: requests.Response, total_s: float) -> bytes:
    deadline = monotonic() + total_s
    taken = io.BytesIO()
    # read1 returns the bytes that are available; waiting for more could miss the deadline.
    while piece := response.raw.read1(1 << 16, decode_content=True):
        taken.write(piece)
        if taken.tell() > _LARGEST_ANSWER:
            raise AnswerError(f"the answer is larger than {_LARGEST_ANSWER} bytes: check base_url")
        if monotonic() > deadline:
            raise TimeoutError
    return taken.getvalue()


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    scheme = parts.scheme.lower()
    return scheme, parts.hostname or "", parts.port or (443 if scheme == "https" else 80)


def _wait(seconds: float) -> None:
    if seconds > 0:
        time.sleep(seconds)
