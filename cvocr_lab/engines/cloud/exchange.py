"""One call over HTTP: sent until an answer comes, a limited number of times."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import IncompleteRead
from time import monotonic
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urljoin, urlsplit

from cvocr_lab.engines.cloud.asking import Sending
from cvocr_lab.engines.cloud.connections import Connections
from cvocr_lab.engines.cloud.login import Login
from cvocr_lab.engines.cloud.pace import Pace, backoff_s, retry_after_s
from cvocr_lab.errors import AnswerError, BatchError, TransportError
from cvocr_lab.wire import error_of

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS: Final = 5
_LARGEST_ANSWER: Final = 64 * 2**20
_CHECK: Final = "check base_url"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited, and how often asked again.

    Parameters
    ----------
    connect_s, read_s
        Seconds to wait for a connection, and for the next bytes of an answer.
    total_s
        Seconds in which an answer must have come to its end once it began.
    retries
        Tries after the first.
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
    """An answer that came whole.

    Parameters
    ----------
    status
        Of HTTP.
    body
        As it came.
    attempts
        Tries it took.
    """

    status: int
    body: bytes = field(repr=False)
    attempts: int


class _PassingError(Exception):
    """It may go better next time.

    Parameters
    ----------
    reason
        What happened, for the message when no time is next.
    wait_s
        What the service asks to wait.
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
        Signs what goes to this host, and to no other.
    patience, pace
        How long, how often, how fast.
    """

    def __init__(self, base: str, login: Login, patience: Patience, pace: Pace) -> None:
        self._base = base
        self._origin = _origin(urlsplit(base))
        self._login = login
        self._patience = patience
        self._pace = pace
        self._connections = Connections(base)

    def ask(self, sending: Sending) -> Received:
        """Send until an answer comes.

        Connection errors and the statuses 408, 429 and 5xx are tried again, unless they come with
        the codes of a spent account or a wrong key; an answer that came is never asked for again,
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
            _wait(self._pace.turn())
            try:
                status, body = self._once(sending)
            except _PassingError as error:
                passing = error.reason, error.wait_s
            except (TransportError, AnswerError) as error:
                error.attempts = attempts
                raise
            else:
                return Received(status, body, attempts)
            if attempts > self._patience.retries:
                times = "once" if attempts == 1 else f"{attempts} times"
                failure = TransportError(f"the service {passing[0]} (asked {times})")
                failure.attempts = attempts
                raise failure
            asked = min(passing[1] or 0.0, self._patience.retry_after_s)
            _wait(asked + backoff_s(attempts))

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()

    def _once(self, sending: Sending) -> tuple[int, bytes]:
        url = self._base + sending.endpoint.path + (f"?{sending.query}" if sending.query else "")
        method: str = sending.endpoint.method
        for _ in range(_MOST_REDIRECTS + 1):
            status, headers, body = self._sent(method, url, sending)
            where = headers.get("Location") if status in _REDIRECTS else None
            if where is None:
                if (status in (408, 429) or status >= 500) and not _is_last_word(body):
                    wait_s = retry_after_s(headers.get("Retry-After"))
                    raise _PassingError(_said(status), wait_s)
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
        self, method: str, url: str, sending: Sending
    ) -> tuple[int, Mapping[str, str], bytes]:
        from urllib3.exceptions import HTTPError

        failure: Exception
        try:
            with self._connections.sent(
                method,
                url,
                headers=self._headers(url, sending),  # no local: tracebacks may show those
                body=sending.body() if method == "POST" else None,
                timeout=(self._patience.connect_s, self._patience.read_s),
            ) as response:
                body = _whole(response, self._patience.total_s)
                return response.status, response.headers, body
        except AnswerError as error:
            failure = AnswerError(*error.args)
        except (OSError, HTTPError) as error:
            failure = _failure(error)
        # Not in the handler: the frames of the libraries, with the login in them, must not hang on.
        raise failure

    def _headers(self, url: str, sending: Sending) -> dict[str, str]:
        headers = dict(sending.headers)
        if _origin(urlsplit(url)) == self._origin:
            headers["Authorization"] = self._login.header
        else:
            headers.pop("Idempotency-Key")
        return headers


def _failure(error: Exception) -> Exception:
    from requests import exceptions as of
    from urllib3 import exceptions as below

    match error:
        case below.SSLError() if "CERTIFICATE" in str(error):
            return TransportError("the service's certificate cannot be trusted: check base_url")
        case of.InvalidURL() | of.InvalidSchema() | of.MissingSchema() | below.LocationValueError():
            return TransportError(f"the service's address is no web address: {_CHECK}")
        case below.NewConnectionError():  # in urllib3 a kind of the next
            return _PassingError("could not be reached, or broke off")
        case below.ConnectTimeoutError():
            return _PassingError("could not be connected to in time")
        case TimeoutError() | below.TimeoutError():
            return _PassingError("did not answer in time")
        case below.ProtocolError(args=(_, IncompleteRead())) | below.DecodeError():
            return _PassingError("broke off in the middle of an answer")
        case _:
            return _PassingError("could not be reached, or broke off")


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


def _whole(response: BaseHTTPResponse, total_s: float) -> bytes:
    deadline = monotonic() + total_s
    taken = io.BytesIO()
    # What is there, however little: who waits for whole pieces does not see the time go by.
    while piece := response.read1(1 << 16, decode_content=True):
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
