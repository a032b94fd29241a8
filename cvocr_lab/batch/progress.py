"""The progress bar: a widget in notebooks, text elsewhere."""

from __future__ import annotations

import warnings
from types import TracebackType
from typing import Self


class Progress:
    """Counts rows done and failed while a run goes on.

    Parameters
    ----------
    total
        Rows to come.
    show
        Whether there is a bar at all.
    """

    def __init__(self, total: int, *, show: bool) -> None:
        self._failed = 0
        with warnings.catch_warnings():
            # Without ipywidgets tqdm warns and falls back to text; the text is good enough.
            warnings.simplefilter("ignore")
            from tqdm.auto import tqdm

            self._bar = tqdm(total=total, unit="row", disable=not show)

    def step(self, *, failed: bool) -> None:
        """Note one finished row."""
        if failed:
            self._failed += 1
            self._bar.set_postfix(failed=self._failed, refresh=False)
        self._bar.update()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.close()
