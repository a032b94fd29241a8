"""Faults on purpose, at set rates: to rehearse a bulk run."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from prometheus_client import Counter
from starlette.responses import PlainTextResponse, Response

from cvocr_lab.errors import ArgumentError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

FAULTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "slow": "answers SECONDS late (slow=RATE:SECONDS)",
        "drop": "closes the connection before reading the picture",
        "lose": "reads the picture, then closes the connection without an answer",
        "429": "says 429 with Retry-After: 1",
        "500": "says 500",
        "503": "says 503 with Retry-After: 1",
        "garbage": "says 200 and something that is not the API's JSON",
        "quota": "says that there are no requests left (errorCode 4)",
    }
)
"""What each fault does."""

_SLOW_S: Final = 2.0
_GARBAGE: Final = (
    b"<html><body><h1>Welcome</h1></body></html>",
    b'{"data": {"id": "0',
    b"",
    b"null",
    b'{"unexpected": true}',
    b"\xff\xfe\x00",
)


@dataclass(frozen=True, slots=True)
class Faults:
    """How often which fault happens.

    Parameters
    ----------
    rates
        Share of requests, 0 to 1, by a name of `FAULTS`; together at most 1.
    slow_s
        How late a slow answer is, in seconds.
    seed
        Makes the same faults each time; None for others each time.
    """

    rates: Mapping[str, float]
    slow_s: float = _SLOW_S
    seed: int | None = None

    def __post_init__(self) -> None:
        for name, rate in self.rates.items():
            if name not in FAULTS:
                raise ArgumentError(f"unknown fault {name!r}; known: {', '.join(FAULTS)}")
            if not 0 <= rate <= 1:
                raise ArgumentError(f"the rate of {name} is a share from 0 to 1, not {rate:g}")
        if sum(self.rates.values()) > 1 + 1e-9:
            raise ArgumentError("the rates of all faults together are more than 1")
        if not 0 <= self.slow_s < 3600:
            raise ArgumentError(f"slow answers come 0 to 3600 s late, not {self.slow_s:g}")


def parse_faults(text: str) -> Faults:
    """Faults as the command line says them.

    Parameters
    ----------
    text
        ``NAME=RATE`` by commas; ``slow=RATE:SECONDS``; ``seed=N``.

    Raises
    ------
    ArgumentError
        It cannot be understood.

    Examples
    --------
    >>> parse_faults("slow=0.1:3,429=0.05,seed=7")
    Faults(rates=mappingproxy({'slow': 0.1, '429': 0.05}), slow_s=3.0, seed=7)
    """
    rates: dict[str, float] = {}
    slow_s, seed = _SLOW_S, None
    for part in text.split(","):
        name, equals, value = part.strip().partition("=")
        try:
            if not equals:
                raise ValueError
            if name == "seed":
                seed = int(value)
                continue
            rate, colon, seconds = value.partition(":")
            if colon and name != "slow":
                raise ValueError
            rates[name] = float(rate)
            slow_s = float(seconds) if colon else slow_s
        except ValueError:
            raise ArgumentError(
                f"fault {part.strip()!r} is not NAME=RATE, slow=RATE:SECONDS or seed=N"
            ) from None
    return Faults(MappingProxyType(rates), slow_s, seed)


class FaultyApp:
    """The server's app, with faults on the paths of the API.

    Parameters
    ----------
    app
        The app itself.
    faults
        How often which happens.
    counted
        Where they are counted.
    out_of_requests
        The answer of a spent quota, by what the paths of its version start with.
    """

    def __init__(
        self,
        app: ASGIApp,
        faults: Faults,
        *,
        counted: Counter,
        out_of_requests: Mapping[str, Response],
    ) -> None:
        self.app = app
        self._faults = faults
        self._counted = counted
        self._quota = out_of_requests
        self._random = random.Random(faults.seed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or do harm instead."""
        path = scope.get("path", "")
        start = next((s for s in self._quota if path.startswith(s)), None)
        fault = self._draw() if scope["type"] == "http" and start else None
        if fault is None or start is None:
            await self.app(scope, receive, send)
            return
        self._counted.labels(fault).inc()
        if fault == "slow":
            await asyncio.sleep(self._faults.slow_s)
            await self.app(scope, receive, send)
        elif fault == "drop":
            await _close(send)
        elif fault == "lose":
            await self.app(scope, receive, _nowhere)
            await _close(send)
        else:
            await _read_out(receive)
            await self._response(fault, start)(scope, receive, send)

    def _draw(self) -> str | None:
        drawn = self._random.random()
        for name, rate in self._faults.rates.items():
            drawn -= rate
            if drawn < 0:
                return name
        return None

    def _response(self, fault: str, start: str) -> Response:
        if fault == "quota":
            return self._quota[start]
        if fault == "garbage":
            garbage = self._random.choice(_GARBAGE)
            return Response(garbage, media_type="application/json")
        headers = {} if fault == "500" else {"Retry-After": "1"}
        return PlainTextResponse("a fault put in on purpose", int(fault), headers)


async def _nowhere(_: Message) -> None:
    """Take an answer that the client never gets."""


async def _read_out(receive: Receive) -> None:
    while (await receive()).get("more_body"):
        pass


async def _close(send: Send) -> None:
    """Close the connection in the middle of an answer: ASGI has no other way to close it."""
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{", "more_body": True})
    raise ConnectionAbortedError("a connection closed on purpose")
