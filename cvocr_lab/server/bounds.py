"""What is too large, too long or too much for the server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cvocr_lab.errors import ArgumentError
from cvocr_lab.images import Fetch, Limits

_MIB: Final = 2**20
_LIMITS: Final = Limits(max_bytes=32 * _MIB, max_pixels=60_000_000, max_pages=20)
_FETCH: Final = Fetch(max_bytes=32 * _MIB, total_s=30.0)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is refused.

    Parameters
    ----------
    body_bytes
        Largest body of a request.
    body_s
        Seconds in which it must have come.
    queue
        Requests that may wait beside those being read; None for 16 a worker.
    time_limit_s
        Seconds a worker may take for one request, fetching included.
    grace_s
        Seconds that requests under way are given when the server is told to stop.
    limits
        Sizes and pages of pictures.
    fetch
        How links are fetched; private addresses only where it allows them.
    """

    body_bytes: int = 96 * _MIB
    body_s: float = 60.0
    queue: int | None = None
    time_limit_s: float = 60.0
    grace_s: float = 30.0
    limits: Limits = _LIMITS
    fetch: Fetch = _FETCH

    def __post_init__(self) -> None:
        for name in ("body_bytes", "body_s", "time_limit_s", "grace_s"):
            if not getattr(self, name) > 0:
                raise ArgumentError(f"Bounds.{name} is {getattr(self, name)!r}: give more than 0")
        if self.queue is not None and self.queue < 0:
            raise ArgumentError(f"Bounds.queue is {self.queue}: give 0 or more")
