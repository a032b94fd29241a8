"""From a request to its answer: who asks, what is sent, who reads, what it costs."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Final, TypeVar

from fastapi import Request, Response
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
from cvocr_lab.server import intake
from cvocr_lab.server.bounds import Bounds
from cvocr_lab.server.counters import Counters
from cvocr_lab.server.keys import Keys
from cvocr_lab.server.pool import BusyError, GoneError, Queue
from cvocr_lab.server.replays import Replays
from cvocr_lab.server.work import Job
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
"""Bytes of memory that a kept answer takes beside its body, about."""

_LITTLE: Final = 2**16
"""Bytes that are taken apart or put together on the event loop."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Given:
    """An answer as it is sent.

    Parameters
    ----------
    status
        Of HTTP.
    code
        The ``errorCode``; "" where the answer has none.
    body
        JSON.
    headers
        Further ones.
    """

    status: int
    code: str
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_final(self) -> bool:
        """Whether asking again would give the same."""
        return self.status in (200, 400, 422)

    def response(self) -> Response:
        """The response to send."""
        return Response(self.body, self.status, dict(self.headers), "application/json")


def refusal(error: Exception, endpoint: Endpoint) -> Given:
    """What is sent where nothing was read.

    Parameters
    ----------
    error
        Why: an error with a code of the API's, or one that only HTTP has a status for.
    endpoint
        The endpoint that was asked, or one of the version and method.
    """
    headers: dict[str, str] = {}
    if isinstance(error, HTTPException):
        status, reason = error.status_code, str(error.detail)
        headers |= dict(error.headers or {})
    else:
        status = next((s for t, s in _STATUS.items() if isinstance(error, t)), _ENGINE_FAILED)
        reason = str(error)
    if not isinstance(error, CvocrError) or (status == _ENGINE_FAILED):
        # The pages' own words for 2 and 3: download failed with GET, upload failed with POST.
        code: CvocrError = FetchError() if endpoint.method == "GET" else ImageError()
        if status == 401:
            code = CredentialsError()
    else:
        code = error
    headers["X-Reason"] = re.sub(r"[^ -~]", "?", reason)[:300]
    body = json.dumps(encode(code, endpoint), ensure_ascii=False).encode()
    return Given(status, str(code.code), body, headers)


class Answering:
    """Answers requests.

    Parameters
    ----------
    queue
        Who reads.
    keys
        Who may ask.
    counters
        What is counted.
    bounds
        What is refused.
    """

    def __init__(self, queue: Queue, keys: Keys, counters: Counters, bounds: Bounds) -> None:
        self._queue = queue
        self._keys = keys
        self._counters = counters
        self._bounds = bounds
        self._replays = Replays[Given](lambda given: len(given.body) + _OVERHEAD)

    def route(self, endpoints: Sequence[Endpoint]) -> Callable[[Request], Awaitable[Response]]:
        """The function that answers the endpoints with one path and method."""

        async def answer(request: Request) -> Response:
            start = perf_counter()
            first = endpoints[0]
            try:
                given = await self._given(endpoints, request)
            except (GoneError, ClientDisconnect):
                given = refusal(HTTPException(400, "the client is gone"), first)
            except Exception as error:
                # Its text may hold what stands on a paper, so only its kind and place are told.
                place = _place(error)
                _LOG.error("%s at %s", type(error).__name__, place)
                given = refusal(HTTPException(500, "an error in the server"), first)
            seconds = perf_counter() - start
            self._counters.count(first.path, given.status, given.code, seconds)
            _LOG.info(
                "%s %s: %d, errorCode %s, %.0f ms",
                first.method, first.path, given.status, given.code or "-", seconds * 1000,
            )  # fmt: skip
            return given.response()

        return answer

    async def _given(self, endpoints: Sequence[Endpoint], request: Request) -> Given:
        first = endpoints[0]
        try:
            key = self._keys.holder(request.headers.get("authorization", ""))
            if key is None:
                login = {"WWW-Authenticate": 'Basic realm="api_key:api_secret"'}
                raise HTTPException(401, "wrong api_key or api_secret", login)
            with self._queue.place():
                return await self._admitted(endpoints, request, key)
        except BusyError as busy:
            wait = {"Retry-After": str(busy.retry_after_s)}
            return refusal(HTTPException(503, "the queue is full", wait), first)
        except TimeLimitError:
            return refusal(HTTPException(504, "reading it took too long"), first)
        except (CvocrError, HTTPException) as error:
            return refusal(error, first)

    async def _admitted(self, endpoints: Sequence[Endpoint], request: Request, key: str) -> Given:
        content_type = request.headers.get("content-type", "")
        plain_type = content_type.partition(";")[0].strip().lower()
        found = intake.parameters(_query(request), endpoints[0].params)
        endpoint = intake.chosen(endpoints, found.get("format_type"), plain_type)
        pictures: tuple[bytes | str, ...]
        if endpoint.transport == "url":
            pictures = intake.links(found, endpoint)
        else:
            if plain_type != endpoint.content_type:
                raise HTTPException(415, f"send {endpoint.content_type} here")
            body = await self._body(request)
            most = self._bounds.limits.max_bytes
            pictures = await _aside(len(body), intake.pictures, body, content_type, endpoint, most)
        job = Job(
            endpoint.kind,
            pictures,
            thumb=found.get("get_thumb", "").strip().lower() in ("true", "1"),
            limits=self._bounds.limits,
            fetch=self._bounds.fetch,
        )

        async def read() -> Given:
            return await self._read(job, endpoint, key, partial(_gone, request))

        token = request.headers.get("idempotency-key")
        if not token:
            return await read()
        asked = _fingerprint(key, token, endpoint, job)
        given, is_replay = await self._replays.once(asked, read, lambda g: g.is_final)
        if is_replay:
            self._counters.replayed.inc()
        return given

    async def _body(self, request: Request) -> bytes:
        most = self._bounds.body_bytes
        too_large = HTTPException(413, f"the body is larger than {most} bytes")
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > most:
            raise too_large
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise HTTPException(415, "send the body unpacked")
        body = bytearray()
        try:
            async with asyncio.timeout(self._bounds.body_s):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > most:
                        raise too_large
        except TimeoutError:
            raise HTTPException(408, "the body did not come in time") from None
        return bytes(body)

    async def _read(
        self, job: Job, endpoint: Endpoint, key: str, gone: Callable[[], Awaitable[None]]
    ) -> Given:
        try:
            with self._keys.reserved(key) as reservation:
                start = perf_counter()
                result = await self._queue.read(job, gone)
                seconds = perf_counter() - start
                if isinstance(result, Extraction):
                    size = sum(len(d.thumb or b"") for d in result.documents)
                    answer = await _aside(size, _json, result, endpoint, seconds)
                    await reservation.charge()
                    return Given(200, "0", answer)
        except QuotaError as error:
            return refusal(error, endpoint)
        if endpoint.shape == "lines" and isinstance(result, NoDocumentError):
            return Given(200, "", _json(result, endpoint, seconds))
        return refusal(result, endpoint)


async def _gone(request: Request) -> None:
    """Wait until the client closes the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _query(request: Request) -> str:
    return bytes(request.scope["query_string"]).decode("utf-8", "replace")


async def _aside(size: int, work: Callable[..., T], *arguments: object) -> T:
    """Do what would hold up everyone in a thread; little things are done before one has begun."""
    if size < _LITTLE:
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


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "?"
    return f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"
