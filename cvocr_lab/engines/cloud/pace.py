"""How fast may be asked, for all threads together, and how long to wait before asking again."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Final

FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 8.0


@dataclass(slots=True)
class Pace:
    """Turns at a steady rate.

    Parameters
    ----------
    per_second
        Turns a second; None for no limit.
    """

    per_second: float | None = None
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def turn(self) -> float:
        """Take the next turn; gives the seconds to wait for it."""
        if self.per_second is None:
            return 0.0
        with self._lock:
            now = monotonic()
            at = max(now, self._next)
            self._next = at + 1 / self.per_second
        return at - now


def backoff_s(failures: int, *, drawn: Callable[[], float] = random.random) -> float:
    """Seconds before the next try: a random part of 0.5, doubled each time, 8 at most.

    Of the whole, not of its end, so that many who failed together do not come back together.

    Parameters
    ----------
    failures
        Tries so far.
    drawn
        Draws the part, 0 to 1.

    Examples
    --------
    >>> [backoff_s(n, drawn=lambda: 1.0) for n in (1, 2, 3, 4, 5, 6)]
    [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]
    """
    return float(drawn() * min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(failures - 1, 10)))


def retry_after_s(header: str | None, *, now: datetime | None = None) -> float | None:
    """Seconds that a ``Retry-After`` asks for, RFC 9110 section 10.2.3; None where it asks none.

    Parameters
    ----------
    header
        Seconds, or a date as HTTP writes it.
    now
        Where dates count from; None for the clock.

    Examples
    --------
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
