"""The cloud engine, which sends pictures to the HTTP API or to a compatible server.

Pictures are sent according to their source: links as links, files as files, anything else as
base64.  Only the caller's pictures are sent, and nothing is written to disk.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import os
from collections.abc import Mapping
from functools import partial
from typing import ClassVar, Final, Literal
from urllib.parse import urlsplit

from cvocr_lab.engines import Request
from cvocr_lab.engines.cloud.request_body import http_request
from cvocr_lab.engines.cloud.retries import Login, RetryingClient, RetryPolicy
from cvocr_lab.errors import (
    AnswerError,
    ArgumentError,
    BatchError,
    CredentialsError,
    CvocrError,
    FormatTypeError,
    ImageError,
    QuotaError,
)
from cvocr_lab.results import Extraction
from cvocr_lab.wire import HOST, Transport, decode, error_of

__all__ = ["ENGINE", "CloudEngine"]

KEY: Final = "CVOCR_API_KEY"
SECRET: Final = "CVOCR_API_SECRET"

_BY_STATUS: Final[Mapping[int, CvocrError]] = {
    401: CredentialsError("the service refused the key or the secret: check both"),
    402: QuotaError("the account has no requests left: buy more, then run the rest"),
    403: CredentialsError("the service refuses this key: ask its provider"),
    404: AnswerError("the service does not know this address: check base_url"),
    413: ImageError("the picture is too large for the service: make it smaller"),
    415: FormatTypeError("the service refused the transport of the picture: pass transport=…"),
}
"""Meaning of an HTTP status if the answer is not JSON of the API."""


class CloudEngine:
    """Read pictures with the HTTP API; threads can share it.

    The error codes 1, 2, 3 and 6 are errors of the row; a wrong key (5) and a spent account (4)
    stop the run.  Connection errors and the statuses 408, 429 and 5xx are retried, after a random
    part of 0.5, 1, 2, 4, 8, 8 … seconds plus the time in ``Retry-After``.  A complete answer is
    never requested again.  Each request has an ``Idempotency-Key`` computed from its content, by
    which a service can recognise retries.

    Parameters
    ----------
    key, secret
        Credentials; None for the environment variables ``CVOCR_API_KEY`` and
        ``CVOCR_API_SECRET``.
    base_url
        Scheme, host, and an optional prefix of the API's paths.  http without TLS is only allowed
        for this machine and private addresses.
    transport
        ``"url"``, ``"file"`` or ``"base64"``; None chooses one that suits the source.
    get_thumb
        Whether to request the rectified crop of vehicle registrations: `Document.thumb`.
    connect_s, read_s
        Seconds to wait for a connection, and for the next bytes of an answer.
    total_s
        Seconds within which an answer must be complete once it has begun.
    retries
        Number of attempts after the first.
    retry_after_s
        Maximum wait for a ``Retry-After``.
    per_second
        Maximum number of requests per second of all threads; None for no limit.

    Raises
    ------
    ArgumentError
        There are no credentials, `base_url` is invalid, or a number is out of range.

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
            raise ArgumentError(f"transport must be 'url', 'file' or 'base64', not {transport!r}")
        self._base = checked_base(base_url)
        self._transport = transport
        self._get_thumb = get_thumb
        policy = RetryPolicy(connect_s, read_s, total_s, retries, per_second, retry_after_s)
        self._client = RetryingClient(self._base, _login(key, secret), policy, _is_final)
        self.name = "cloud" if self._base == HOST else f"cloud {urlsplit(self._base).netloc}"

    @property
    def options(self) -> Mapping[str, object]:
        """The options that affect its answers."""
        options = {"base_url": self._base, "transport": self._transport}
        return options | {"get_thumb": self._get_thumb}

    def extract(self, request: Request) -> Extraction:
        """Read one request.

        Raises
        ------
        NoDocumentError, FetchError, ImageError, FormatTypeError
            The service reports this error for the picture.
        TransportError
            There was no answer, after retries.
        AnswerError
            The answer is not JSON of the API.
        CredentialsError, QuotaError
            The service refuses the key, or the account is spent.
        ArgumentError
            The kind does not support the requested transport.
        """
        asked = http_request(
            request.images, request.kind, transport=self._transport, get_thumb=self._get_thumb
        )
        return self._client.ask(asked, partial(_read, kind=request.kind, engine=self.name))

    def close(self) -> None:
        """Close the connections; the next call opens them again."""
        self._client.close()

    def __repr__(self) -> str:
        return f"CloudEngine({self._base!r})"


def _login(key: str | None, secret: str | None) -> Login:
    key = key or os.environ.get(KEY)
    secret = secret or os.environ.get(SECRET)
    if not key or not secret:
        raise ArgumentError(f"no credentials: pass key=… and secret=…, or set {KEY} and {SECRET}")
    if ":" in key:
        raise ArgumentError("a key has no colon: pass the secret as secret=…")
    header = "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()
    return Login(header, f"{KEY} and {SECRET}")


def _read(status: int, body: bytes, kind: str, engine: str) -> Extraction:
    refusal = _BY_STATUS.get(status)
    try:
        return decode(json.loads(body), kind, engine=engine)
    except AnswerError as error:
        failure = refusal or error
    except (ValueError, RecursionError):
        failure = refusal or AnswerError(
            f"the service answered with status {status} and no JSON: check base_url"
        )
    raise type(failure)(*failure.args)


def _is_final(body: bytes) -> bool:
    """Return whether an error means a spent account or a wrong key, which retries cannot change."""
    try:
        answer = json.loads(body)
        code = answer.get("errorCode", answer.get("error_code"))
    except (ValueError, RecursionError, AttributeError):
        return False
    return isinstance(error_of(code), BatchError)


def checked_base(url: str) -> str:
    """Return a base address without a slash at the end.

    An `ArgumentError` is raised for one that is no web address, contains credentials, or would send
    papers without encryption.
    """
    advice = "use the form https://host"
    try:
        parts = urlsplit(url.strip())
        host, has_login = parts.hostname, "@" in parts.netloc
        _ = parts.port
    except ValueError:
        raise ArgumentError(f"base_url is not a web address: {advice}") from None
    if has_login:
        raise ArgumentError("base_url contains credentials: pass key=… and secret=… instead")
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise ArgumentError(f"base_url is not a web address: {advice}")
    if parts.scheme == "http" and not _is_near(host):
        raise ArgumentError("base_url is http, which sends the key without encryption: use https")
    return url.strip().rstrip("/")


def _is_near(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        # A name without a dot is on the local network, such as localhost or a container.
        return "." not in host or host.endswith((".localhost", ".local", ".internal"))


ENGINE = CloudEngine
