"""`Bounds`: the limits of the server's requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cvocr_lab.errors import ArgumentError
from cvocr_lab.images import Fetch, Limits
from cvocr_lab.images._limits import check_positive

_MIB: Final = 2**20
_LIMITS: Final = Limits(max_bytes=32 * _MIB, max_pixels=60_000_000, max_pages=20)
_FETCH: Final = Fetch(max_bytes=32 * _MIB, total_s=30.0)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of requests.

    A request body may have `body_bytes` and must arrive within `body_s` seconds.  At most `queue`
    requests wait (None: 16 per worker).  A worker may take `time_limit_s` seconds for one request,
    including fetching, and current requests may take `grace_s` seconds when the server stops.
    `limits` has the maximum sizes and pages of pictures, and `fetch` says how links are fetched,
    and whether private addresses are allowed.
    """

    body_bytes: int = 96 * _MIB
    body_s: float = 60.0
    queue: int | None = None
    time_limit_s: float = 60.0
    grace_s: float = 30.0
    limits: Limits = _LIMITS
    fetch: Fetch = _FETCH

    def __post_init__(self) -> None:
        check_positive(self, "body_bytes", "body_s", "time_limit_s", "grace_s")
        if self.queue is not None and self.queue < 0:
            raise ArgumentError(f"Bounds.queue must be 0 or more, not {self.queue}")
