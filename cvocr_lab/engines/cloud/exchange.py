"""One call over HTTP, with retries."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import IncompleteRead
from time import monotonic
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urljoin, urlsplit

from cvocr_lab.engines.cloud.login import Signs
from cvocr_lab.engines.cloud.rate_limit import RateLimit, backoff_s, retry_after_s
from cvocr_lab.engines.cloud.request_body import HttpRequest
from cvocr_lab.errors import AnswerError, BatchError, TransportError
from cvocr_lab.wire import error_of

if TYPE_CHECKING:
    import requests

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS: Final = 5
_LARGEST_ANSWER: Final = 64 * 2**20
_CHECK: Final = "check base_url"
_CONNECTIONS: Final = 64
"""Connections kept open; more threads than this open and close theirs."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Time limits, and how often a call is repeated.

    Parameters
    ----------
    connect_s, read_s
        Seconds to wait for a connection, and for the next bytes of an answer.
    total_s
        Seconds in which an answer must have come to its end once it began.
    retries
        Attempts after the first.
    retry_after_s
        Longest wait that a ``Retry-After`` may ask for.
    """

    connect_s: float
    read_s: float
    total_s: float
    retries: int
    retry_after_s: float


@dataclass(frozen=True, slots=True)
class Received:
    """A complete answer.

    Parameters
    ----------
    status
        Of HTTP.
    body
        The content.
    attempts
        Attempts it took.
    """

    status: int
    body: bytes = field(repr=False)
    attempts: int


class _TransientError(Exception):
    """Transient error; the call is retried.

    Parameters
    ----------
    reason
        What happened, for the message after the last attempt.
    wait_s
        The wait that the service asks for.
    """

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait_s = wait_s


class Exchange:
    """Asks one host; shared by threads.

    Parameters
    ----------
    base
        Scheme and host, and what comes before the paths.
    login
        Signs requests to this host, and to no other.
    policy, rate
        Time limits and retries; calls a second.
    is_last_word
        Tells by an answer's body that no waiting changes it.
    """

    def __init__(
        self,
        base: str,
        login: Signs,
        policy: RetryPolicy,
        rate: RateLimit,
        is_last_word: Callable[[bytes], bool] | None = None,
    ) -> None:
        self._base = base
        self._origin = _origin(urlsplit(base))
        self._login = login
        self._policy = policy
        self._rate = rate
        self._is_last_word = is_last_word or _is_last_word
        self._session = _session(base)

    def ask(self, asked: HttpRequest) -> Received:
        """Send until an answer comes.

        Connection errors and the statuses 408, 429 and 5xx are retried, unless they come with the
        codes of a spent account or a wrong key.  A complete answer is never asked for again,
        whatever it says.

        Raises
        ------
        TransportError
            No answer came, or it is one that cannot be trusted.
        AnswerError
            The answer is too large.
        """
        attempts = 0
        while True:
            attempts += 1
            _wait(self._rate.reserve())
            try:
                status, body = self._once(asked)
            except _TransientError as error:
                reason, wait_s = error.reason, error.wait_s
            except (TransportError, AnswerError) as error:
                error.attempts = attempts
                raise
            else:
                return Received(status, body, attempts)
            if attempts > self._policy.retries:
                times = "once" if attempts == 1 else f"{attempts} times"
                failure = TransportError(f"the service {reason} (asked {times})")
                failure.attempts = attempts
                raise failure
            _wait(min(wait_s or 0.0, self._policy.retry_after_s) + backoff_s(attempts))

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _once(self, asked: HttpRequest) -> tuple[int, bytes]:
        url = self._base + asked.path + (f"?{asked.query}" if asked.query else "")
        method = asked.method
        for _ in range(_MOST_REDIRECTS + 1):
            status, headers, body = self._sent(method, url, asked)
            where = headers.get("Location") if status in _REDIRECTS else None
            if where is None:
                if (status in (408, 429) or status >= 500) and not self._is_last_word(body):
                    wait_s = retry_after_s(headers.get("Retry-After"))
                    raise _TransientError(_said(status), wait_s)
                return status, body
            if method == "POST" and status == 303:
                method = "GET"
            url = self._led(url, where, uploads=method == "POST")
        raise TransportError(f"the service redirects more than {_MOST_REDIRECTS} times: {_CHECK}")

    def _led(self, url: str, where: str, *, uploads: bool) -> str:
        """Where a redirect leads, if it may be followed."""
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
            # People's papers go to the host they were meant for, and to no other.
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
            # Not `Session.request`: it follows or reads redirects, which are judged here first.
            with self._session.get_adapter(url).send(
                self._session.prepare_request(
                    Request(
                        method,
                        url,
                        headers=self._headers(url, asked),  # no local: tracebacks may show those
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
        # Not in the handler: the frames of the libraries, with the login in them, must not hang on.
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
    """Make a session with the proxies and certificates that the environment names for `base`."""
    import requests
    from requests.adapters import HTTPAdapter

    session = requests.Session()
    found = session.merge_environment_settings(base, {}, None, None, None)
    session.proxies = found["proxies"]
    session.verify = found["verify"]
    # Looked up once above; for each call it would cost time, and bring in logins of a .netrc.
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
            return TransportError(f"the service's address is no web address: {_CHECK}")
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


def _is_last_word(body: bytes) -> bool:
    """Whether it says that the account is spent or the key wrong: no waiting changes that."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return False
    if not isinstance(answer, dict):
        return False
    code = answer.get("errorCode", answer.get("error_code"))
    return isinstance(error_of(code), BatchError)


def _said(status: int) -> str:
    known = {429: "asks for fewer requests: lower per_second or workers", 503: "is busy"}
    return known.get(status, f"failed with status {status}")


def _whole(response: requests.Response, total_s: float) -> bytes:
    deadline = monotonic() + total_s
    taken = io.BytesIO()
    # read1 gives what has come, however little; waiting for full pieces would miss the deadline.
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
