"""Handle a request: check the key, parse the pictures, read them, and charge the quota."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import re
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import monotonic, perf_counter
from typing import Final, Generic, TypeVar

from fastapi import Request, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from cvocr_lab.errors import (
    CredentialsError,
    CvocrError,
    FetchError,
    FormatTypeError,
    ImageError,
    NoDocumentError,
    QuotaError,
    TimeLimitError,
)
from cvocr_lab.results import Extraction
from cvocr_lab.server import request_parsing
from cvocr_lab.server.job import Bounds, Job, Queue
from cvocr_lab.server.keys import Keys
from cvocr_lab.wire import Endpoint, encode

_LOG: Final = logging.getLogger("cvocr_lab.server.requests")
_STATUS: Final[Mapping[type[CvocrError], int]] = {
    NoDocumentError: 422,
    FetchError: 422,
    ImageError: 400,
    FormatTypeError: 400,
    QuotaError: 402,
}
_ENGINE_FAILED: Final = 502
_OVERHEAD: Final = 1000
"""Approximate memory of a cached reply in bytes, besides its body."""

_SMALL: Final = 2**16
"""Up to this many bytes are parsed or encoded in the event loop and not in a thread."""

_BUCKETS_S: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

T = TypeVar("T")


class Metrics:
    """Requests by path, status and error code, their times, and simulated faults, for Prometheus.

    They contain no values of papers.
    """

    def __init__(self, queue: Queue) -> None:
        self._registry = registry = CollectorRegistry()
        self.replayed = Counter(
            "cvocr_replayed", "replies repeated for the same request", registry=registry
        )
        self.faults = Counter("cvocr_faults", "simulated faults", ["fault"], registry=registry)
        self._requests = Counter(
            "cvocr_requests", "requests answered", ["path", "status", "code"], registry=registry
        )
        self._seconds = Histogram(
            "cvocr_request_seconds", "time to answer", buckets=_BUCKETS_S, registry=registry
        )
        for name, text, figure in (
            ("requests_inside", "requests waiting or being read", lambda: queue.inside),
            ("queue_places", "requests that may wait", lambda: queue.waiting),
            ("workers", "workers", lambda: len(queue.pool.workers)),
            ("worker_restarts", "restarts of workers", lambda: queue.pool.restarts),
        ):
            Gauge(f"cvocr_{name}", text, registry=registry).set_function(figure)

    def count(self, path: str, status: int, code: str, seconds: float) -> None:
        """Count one answered request."""
        self._requests.labels(path, str(status), code).inc()
        self._seconds.observe(seconds)

    def text(self) -> bytes:
        """Return all metrics in the text format of Prometheus."""
        return generate_latest(self._registry)


class IdempotencyCache(Generic[T]):
    """Cache of the latest answers in memory.

    If a connection breaks, the client can repeat the request with the same ``Idempotency-Key`` and
    gets the same answer, without a second reading and charge.  `size` returns the size of an answer
    in bytes; answers are removed after `most_s` seconds, or if all are larger than `most_bytes`.
    """

    def __init__(
        self, size: Callable[[T], int], *, most_bytes: int = 1 << 26, most_s: float = 900.0
    ) -> None:
        self._size, self._most_bytes, self._most_s = size, most_bytes, most_s
        self._bytes = 0
        self._made: dict[str, tuple[float, T]] = {}
        self._making: dict[str, asyncio.Future[None]] = {}

    async def once(
        self, asked: str, make: Callable[[], Awaitable[T]], keep: Callable[[T], bool]
    ) -> tuple[T, bool]:
        """Return the answer to `asked`, and whether it comes from the cache.

        `make` creates the answer, and `keep` says whether it is final and can be cached.
        """
        while (making := self._making.get(asked)) is not None:
            await asyncio.wait({making})
        if asked in self._made:
            return self._made[asked][1], True
        self._making[asked] = asyncio.get_running_loop().create_future()
        try:
            answer = await make()
            if keep(answer):
                self._keep(asked, answer)
        finally:
            self._making.pop(asked).set_result(None)
        return answer, False

    def _keep(self, asked: str, answer: T) -> None:
        now = monotonic()
        self._made[asked] = now, answer
        self._bytes += self._size(answer)
        for key, (made, old) in list(self._made.items()):
            if self._bytes <= self._most_bytes and made >= now - self._most_s:
                break
            del self._made[key]
            self._bytes -= self._size(old)


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply as it is sent; `code` is the ``errorCode``, "" if the reply has none."""

    status: int
    code: str
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_final(self) -> bool:
        """Whether the same request would get the same reply."""
        return self.status in (200, 400, 422)

    def response(self) -> Response:
        """Return the response to send."""
        return Response(self.body, self.status, dict(self.headers), "application/json")


def refusal(error: Exception, endpoint: Endpoint) -> Reply:
    """Return the reply for an error; one without a code of the API has only an HTTP status."""
    if isinstance(error, HTTPException):
        status, reason, headers = error.status_code, str(error.detail), dict(error.headers or {})
    else:
        status = next((s for t, s in _STATUS.items() if isinstance(error, t)), _ENGINE_FAILED)
        reason, headers = str(error), {}
    code: CvocrError
    if isinstance(error, CvocrError) and status != _ENGINE_FAILED:
        code = error
    elif status == 401:
        code = CredentialsError()
    else:
        # In the API's documentation, 2 and 3 mean a failed download (GET) and upload (POST).
        code = FetchError() if endpoint.method == "GET" else ImageError()
    headers["X-Reason"] = re.sub(r"[^ -~]", "?", reason)[:300]
    body = json.dumps(encode(code, endpoint), ensure_ascii=False).encode()
    return Reply(status, str(code.code), body, headers)


class RequestHandler:
    """Handle the requests of all endpoints."""

    def __init__(self, queue: Queue, keys: Keys, metrics: Metrics, bounds: Bounds) -> None:
        self._queue, self._keys, self._metrics, self._bounds = queue, keys, metrics, bounds
        self._idempotency = IdempotencyCache[Reply](lambda reply: len(reply.body) + _OVERHEAD)

    def route(self, endpoints: Sequence[Endpoint]) -> Callable[[Request], Awaitable[Response]]:
        """Return the function for the endpoints with the same path and method."""

        async def answer(request: Request) -> Response:
            start = perf_counter()
            first = endpoints[0]
            try:
                reply = await self._reply(endpoints, request)
            except ClientDisconnect:
                reply = refusal(HTTPException(400, "the client has disconnected"), first)
            except Exception as error:
                # Its message may contain values of a paper, so only its type and place are logged.
                *_, (frame, line) = traceback.walk_tb(error.__traceback__)
                place = frame.f_globals.get("__name__")
                _LOG.error("%s at %s:%d", type(error).__name__, place, line)
                reply = refusal(HTTPException(500, "internal server error"), first)
            seconds = perf_counter() - start
            self._metrics.count(first.path, reply.status, reply.code, seconds)
            _LOG.info(
                "%s %s: %d, errorCode %s, %.0f ms",
                first.method, first.path, reply.status, reply.code or "-", seconds * 1000,
            )  # fmt: skip
            return reply.response()

        return answer

    async def _reply(self, endpoints: Sequence[Endpoint], request: Request) -> Reply:
        first = endpoints[0]
        try:
            key = self._keys.holder(request.headers.get("authorization", ""))
            if key is None:
                login = {"WWW-Authenticate": 'Basic realm="api_key:api_secret"'}
                raise HTTPException(401, "wrong api_key or api_secret", login)
            with self._queue.place():
                return await self._admitted(endpoints, request, key)
        except TimeLimitError:
            return refusal(HTTPException(504, "reading the picture took too long"), first)
        except (CvocrError, HTTPException) as error:
            return refusal(error, first)

    async def _admitted(self, endpoints: Sequence[Endpoint], request: Request, key: str) -> Reply:
        content_type = request.headers.get("content-type", "")
        plain_type = content_type.partition(";")[0].strip().lower()
        query = bytes(request.scope["query_string"]).decode("utf-8", "replace")
        found = request_parsing.query_parameters(query, endpoints[0].params)
        endpoint = request_parsing.choose_endpoint(endpoints, found.get("format_type"), plain_type)
        pictures: tuple[bytes | str, ...]
        if endpoint.transport == "url":
            pictures = request_parsing.links(found, endpoint)
        else:
            if plain_type != endpoint.content_type:
                raise HTTPException(415, f"the content type must be {endpoint.content_type}")
            body = await self._body(request)
            most = self._bounds.limits.max_bytes
            pictures = await _in_thread(
                len(body), request_parsing.pictures, body, content_type, endpoint, most
            )
        thumb = found.get("get_thumb", "").strip().lower() in ("true", "1")
        job = Job(endpoint.kind, pictures, thumb, self._bounds.limits, self._bounds.fetch)
        read = partial(self._read, job, endpoint, key, partial(_gone, request))
        token = request.headers.get("idempotency-key")
        if not token:
            return await read()
        asked = _fingerprint(key, token, endpoint, job)
        reply, is_replay = await self._idempotency.once(asked, read, lambda g: g.is_final)
        if is_replay:
            self._metrics.replayed.inc()
        return reply

    async def _body(self, request: Request) -> bytes:
        most = self._bounds.body_bytes
        too_large = HTTPException(413, f"the body is larger than {most} bytes")
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > most:
            raise too_large
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise HTTPException(415, "the body must not be compressed")
        body = bytearray()
        try:
            async with asyncio.timeout(self._bounds.body_s):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > most:
                        raise too_large
        except TimeoutError:
            raise HTTPException(408, "the body did not arrive in time") from None
        return bytes(body)

    async def _read(
        self, job: Job, endpoint: Endpoint, key: str, gone: Callable[[], Awaitable[None]]
    ) -> Reply:
        with self._keys.reserved(key) as charge:
            start = perf_counter()
            result = await self._queue.read(job, gone)
            seconds = perf_counter() - start
            if isinstance(result, Extraction):
                size = sum(len(d.thumb or b"") for d in result.documents)
                answer = await _in_thread(size, _json, result, endpoint, seconds)
                await charge()
                return Reply(200, "0", answer)
        if endpoint.shape == "lines" and isinstance(result, NoDocumentError):
            return Reply(200, "", _json(result, endpoint, seconds))
        return refusal(result, endpoint)


async def _gone(request: Request) -> None:
    """Wait until the client closes the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _in_thread(size: int, work: Callable[..., T], *arguments: object) -> T:
    """Run work in a thread so that the event loop is not blocked; small work runs at once."""
    if size < _SMALL:
        return work(*arguments)
    return await asyncio.to_thread(work, *arguments)


def _json(result: Extraction | CvocrError, endpoint: Endpoint, seconds: float) -> bytes:
    return json.dumps(encode(result, endpoint, seconds=seconds), ensure_ascii=False).encode()


def _fingerprint(key: str, token: str, endpoint: Endpoint, job: Job) -> str:
    content = hashlib.sha256()
    for part in (key, token, endpoint.method, endpoint.path, endpoint.transport, str(job.thumb)):
        content.update(part.encode() + b"\0")
    for picture in job.pictures:
        sent = picture if isinstance(picture, bytes) else picture.encode()
        content.update(hashlib.sha256(sent).digest())
    return content.hexdigest()
