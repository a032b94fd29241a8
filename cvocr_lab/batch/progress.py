"""The progress bar: a widget in notebooks, text elsewhere."""

from __future__ import annotations

import sys
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NoReturn, Self

if TYPE_CHECKING:
    from tqdm import tqdm

_LOG_S: Final = 10.0
"""Seconds between two updates when the output is a log file and not a terminal."""


class Progress:
    """Show the finished and failed rows of a run, their rate, and the time remaining."""

    def __init__(self, total: int, *, show: bool) -> None:
        self._failed = 0
        self._bar = _bar(total, show=show)

    def step(self, *, failed: bool) -> None:
        """Count one finished row."""
        if failed:
            self._failed += 1
            self._bar.set_postfix_str(f"failed={self._failed}", refresh=False)
        self._bar.update()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()


def _bar(total: int, *, show: bool) -> tqdm[NoReturn]:
    with warnings.catch_warnings():
        # Without ipywidgets, tqdm warns and falls back to text, which is good enough.
        warnings.simplefilter("ignore")
        from tqdm import tqdm
        from tqdm.auto import tqdm as fitting

        if show and any(c.__module__ == "tqdm.notebook" for c in fitting.__mro__):
            with suppress(Exception):  # a widget that cannot be shown must not end the run
                return fitting(total=total, unit="row")
        every = 0.1 if sys.stderr is not None and sys.stderr.isatty() else _LOG_S
        return tqdm(total=total, unit="row", disable=not show, mininterval=every)
