"""The cloud engine: asks the HTTP API, or anything that answers like it.

The picture's source decides how it is sent: a link as a link, a file as a file, anything else as
base64.  Only sources leave the machine that the caller names; nothing is written down.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import ClassVar, Final, Literal
from urllib.parse import urlsplit

from cvocr_lab.engines import Request
from cvocr_lab.engines.cloud.exchange import Exchange, Received, RetryPolicy
from cvocr_lab.engines.cloud.login import Login
from cvocr_lab.engines.cloud.rate_limit import RateLimit
from cvocr_lab.engines.cloud.request_body import http_request
from cvocr_lab.errors import (
    AnswerError,
    ArgumentError,
    CredentialsError,
    CvocrError,
    FormatTypeError,
    ImageError,
    QuotaError,
    RowError,
)
from cvocr_lab.results import Extraction
from cvocr_lab.wire import HOST, Transport, decode

__all__ = ["ENGINE", "CloudEngine"]

_BY_STATUS: Final[Mapping[int, CvocrError]] = MappingProxyType(
    {
        401: CredentialsError("the service refused the key or the secret: check both"),
        402: QuotaError("the account has no requests left: buy more, then run the rest"),
        403: CredentialsError("the service refuses this key: ask its provider"),
        404: AnswerError("the service knows no such address: check base_url"),
        413: ImageError("the picture is larger than the service takes: make it smaller"),
        415: FormatTypeError("the service refused the way the picture was sent: say transport=…"),
    }
)
"""What a status means whose answer is not the API's own."""


class CloudEngine:
    """Reads by the HTTP API.  Threads may share it.

    A row's trouble (error codes 1, 2, 3, 6) is raised as that row's error; a wrong key and a spent
    account (5, 4) stop a run.  Connection errors and the statuses 408, 429 and 5xx are tried
    again, after a random part of 0.5, 1, 2, 4, 8, 8 … seconds and what ``Retry-After`` asks for.
    A complete answer is never asked for again.  Each call carries an ``Idempotency-Key`` made
    of its content, by which a service may know a repeated one.

    Parameters
    ----------
    key, secret
        Credentials; None for the environment's ``CVOCR_API_KEY`` and ``CVOCR_API_SECRET``.
    base_url
        Scheme and host, and what comes before the paths of the pages.  Plain http is for this
        machine and private addresses.
    transport
        ``"url"``, ``"file"`` or ``"base64"``; None for what fits the source.
    get_thumb
        Whether to ask for the aligned crop of vehicle registrations: `Document.thumb`.
    connect_s, read_s
        Seconds to wait for a connection, and for the next bytes of an answer.
    total_s
        Seconds in which an answer must have come to its end once it began.
    retries
        Attempts after the first.
    retry_after_s
        Longest wait that a ``Retry-After`` may ask for.
    per_second
        Most calls a second, of all threads together; None for no limit.

    Raises
    ------
    ArgumentError
        No credentials, a `base_url` that is none, or a number out of range.

    Examples
    --------
    >>> CloudEngine(key="made-up", secret="made-up", base_url="http://127.0.0.1:8080")
    CloudEngine('http://127.0.0.1:8080')
    """

    parallel: ClassVar[Literal["process", "thread"]] = "thread"
    undecoded: ClassVar[bool] = True

    def __init__(
        self,
        *,
        key: str | None = None,
        secret: str | None = None,
        base_url: str = HOST,
        transport: Transport | None = None,
        get_thumb: bool = False,
        connect_s: float = 10.0,
        read_s: float = 60.0,
        total_s: float = 180.0,
        retries: int = 4,
        retry_after_s: float = 60.0,
        per_second: float | None = None,
    ) -> None:
        if transport not in (None, "url", "file", "base64"):
            raise ArgumentError(f"transport is 'url', 'file' or 'base64', not {transport!r}")
        for name, seconds in (("connect_s", connect_s), ("read_s", read_s), ("total_s", total_s)):
            if not seconds > 0:
                raise ArgumentError(f"{name}={seconds!r}: give more than 0")
        if per_second is not None and not per_second > 0:
            raise ArgumentError(f"per_second={per_second!r}: give more than 0, or None")
        if retries < 0 or not retry_after_s >= 0:
            raise ArgumentError("retries and retry_after_s are not below 0")
        self._base = checked_base(base_url)
        self._transport = transport
        self._get_thumb = get_thumb
        self._login = Login(key, secret)
        policy = RetryPolicy(connect_s, read_s, total_s, retries, retry_after_s)
        self._exchange = Exchange(self._base, self._login, policy, RateLimit(per_second))
        self.name = "cloud" if self._base == HOST else f"cloud {urlsplit(self._base).netloc}"

    @property
    def options(self) -> Mapping[str, object]:
        """What makes another engine of it: who is asked, and how."""
        options = {"base_url": self._base, "transport": self._transport}
        return options | {"get_thumb": self._get_thumb}

    def extract(self, request: Request) -> Extraction:
        """Read one request.

        Raises
        ------
        NoDocumentError, FetchError, ImageError, FormatTypeError
            The service says so of this picture.
        TransportError
            No answer came, after retries.
        AnswerError
            The answer is not the API's.
        CredentialsError, QuotaError
            The service refuses the key, or the account is spent.
        ArgumentError
            The kind cannot be sent in the way that was asked for.
        """
        asked = http_request(
            request.images, request.kind, transport=self._transport, get_thumb=self._get_thumb
        )
        received = self._exchange.ask(asked)
        try:
            found = _read(received, request.kind, self.name)
        except RowError as error:
            error.attempts = received.attempts
            raise
        return replace(found, attempts=received.attempts)

    def close(self) -> None:
        """Close the connections; the next call opens them again."""
        self._exchange.close()

    def __repr__(self) -> str:
        return f"CloudEngine({self._base!r})"

    def __getstate__(self) -> dict[str, object]:
        raise TypeError(
            "a cloud engine is not sent to other processes, for the sake of its credentials: "
            "name it, engine='cloud', and set CVOCR_API_KEY and CVOCR_API_SECRET there"
        )


def _read(received: Received, kind: str, engine: str) -> Extraction:
    refusal = _BY_STATUS.get(received.status)
    try:
        answer = json.loads(received.body)
        return decode(answer, kind, engine=engine)
    except AnswerError as error:
        failure = refusal or error
    except (ValueError, RecursionError):
        failure = refusal or AnswerError(
            f"the service answered with status {received.status} and no JSON: check base_url"
        )
    raise type(failure)(*failure.args)


def checked_base(url: str) -> str:
    """Give a base address without the slash at its end.

    Raises
    ------
    ArgumentError
        It is no web address, holds a login, or would send people's papers in the open.
    """
    advice = "give it like https://host"
    try:
        parts = urlsplit(url.strip())
        host, has_login = parts.hostname, "@" in parts.netloc
        _ = parts.port
    except ValueError:
        raise ArgumentError(f"base_url is no web address: {advice}") from None
    if has_login:
        raise ArgumentError("base_url holds a login: give key=… and secret=… instead")
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise ArgumentError(f"base_url is no web address: {advice}")
    if parts.scheme == "http" and not _is_near(host):
        raise ArgumentError(
            "base_url is plain http, which would show the key to the way: use https"
        )
    return url.strip().rstrip("/")


def _is_near(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        # A name without a dot is of the own network: localhost, a container's.
        return "." not in host or host.endswith((".localhost", ".local", ".internal"))


ENGINE = CloudEngine
