"""The rate limit of all threads, and the waits before retries."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Final

from cvocr_lab.errors import ArgumentError

FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 8.0


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
