"""Simulate faults at given rates, for testing clients."""

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
        "slow": "replies SECONDS late (slow=RATE:SECONDS)",
        "drop": "closes the connection before reading the picture",
        "lose": "reads the picture, then closes the connection without a reply",
        "429": "replies 429 with Retry-After: 1",
        "500": "replies 500",
        "503": "replies 503 with Retry-After: 1",
        "garbage": "replies 200 with a body that is not JSON of the API",
        "quota": "replies that no requests are left (errorCode 4)",
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
    """Share of requests with a fault by its name in `FAULTS`; the sum of `rates` is at most 1.

    `slow_s` is the delay of slow replies.  Without a `seed`, the faults differ each time.
    """

    rates: Mapping[str, float]
    slow_s: float = _SLOW_S
    seed: int | None = None

    def __post_init__(self) -> None:
        for name, rate in self.rates.items():
            if name not in FAULTS:
                raise ArgumentError(f"unknown fault {name!r}; known: {', '.join(FAULTS)}")
            if not 0 <= rate <= 1:
                raise ArgumentError(f"the rate of {name} must be from 0 to 1, not {rate:g}")
        if sum(self.rates.values()) > 1 + 1e-9:
            raise ArgumentError("the sum of all rates must not be more than 1")
        if not 0 <= self.slow_s < 3600:
            raise ArgumentError(f"the delay must be from 0 to 3600 s, not {self.slow_s:g}")


def parse_faults(text: str) -> Faults:
    """Parse ``NAME=RATE``, ``slow=RATE:SECONDS`` and ``seed=N``, separated by commas.

    Raises ArgumentError if the text is invalid.

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
    """The app of the server with simulated faults on the paths of the API.

    `out_of_requests` has the reply for a spent quota, by the prefix of the paths of its version.
    """

    def __init__(
        self, app: ASGIApp, faults: Faults, *, counted: Counter,
        out_of_requests: Mapping[str, Response],
    ) -> None:  # fmt: skip
        self.app = app
        self._faults = faults
        self._counted = counted
        self._quota = out_of_requests
        self._random = random.Random(faults.seed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or simulate a fault."""
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
        rates = self._faults.rates
        none = max(0.0, 1 - sum(rates.values()))
        return self._random.choices([*rates, None], [*rates.values(), none])[0]

    def _response(self, fault: str, start: str) -> Response:
        if fault == "quota":
            return self._quota[start]
        if fault == "garbage":
            garbage = self._random.choice(_GARBAGE)
            return Response(garbage, media_type="application/json")
        headers = {} if fault == "500" else {"Retry-After": "1"}
        return PlainTextResponse("a simulated fault", int(fault), headers)


async def _nowhere(_: Message) -> None:
    """Discard the reply."""


async def _read_out(receive: Receive) -> None:
    while (await receive()).get("more_body"):
        pass


async def _close(send: Send) -> None:
    """Close the connection in the middle of a reply: ASGI has no other way to close it."""
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{", "more_body": True})
    raise ConnectionAbortedError("simulated fault: connection closed")
