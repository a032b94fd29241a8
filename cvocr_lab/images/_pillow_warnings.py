"""Silence Pillow's warnings, also in several threads.

`warnings.catch_warnings` is not thread-safe, since it replaces the whole list of filters.  Instead,
the first thread that enters adds a filter for Pillow's modules, and the last one removes it.
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
    """Run a block without Pillow's warnings."""
    global _inside
    with _LOCK:
        _inside += 1
        if _FILTER not in warnings.filters:
            warnings.filters.insert(0, _FILTER)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        with _LOCK:
            _inside -= 1
            if not _inside and _FILTER in warnings.filters:
                warnings.filters.remove(_FILTER)  # type: ignore[attr-defined]
