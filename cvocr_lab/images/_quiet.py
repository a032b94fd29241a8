"""Pillow's warnings silenced while it works, also from several threads.

`warnings.catch_warnings` swaps the whole filter list, and two threads that leave it in another
order than they entered leave the wrong list behind.  Here one filter, for Pillow's own modules
only, is put in by the first that enters and taken out by the last that leaves.
"""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

_LOCK: Final = threading.Lock()
_FILTER: Final[Any] = ("ignore", None, Warning, re.compile(r"PIL\b"), 0)
_inside = 0


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Run a block in which Pillow warns of nothing."""
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter() -> None:
    global _inside
    with _LOCK:
        _inside += 1
        if _FILTER not in warnings.filters:
            warnings.filters.insert(0, _FILTER)  # type: ignore[attr-defined]


def _leave() -> None:
    global _inside
    with _LOCK:
        _inside -= 1
        if not _inside and _FILTER in warnings.filters:
            warnings.filters.remove(_FILTER)  # type: ignore[attr-defined]
