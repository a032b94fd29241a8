"""The distribution of the rows, shown as bars that filter the rows when clicked."""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from cvocr_lab.kinds import TYPES
from cvocr_lab.views.row_filter import Mask, RowFilter, RowSelector

_BINS: Final = 20
"""Bars of the histogram of confidences, each of 5 %."""


class Facets:
    """Count the rows by type, warning, outcome, tag and confidence."""

    def __init__(self, selector: RowSelector) -> None:
        self._selector = selector
        self._masks: dict[tuple[str, str], Mask] = {}

    def counts(self, filters: RowFilter) -> list[dict[str, object]]:
        """Count the rows of each bar: all of them, and those that pass the other filters."""
        selector = self._selector
        masks = selector.masks(filters)
        facets: list[dict[str, object]] = []
        options = selector.options()
        for name in ("type", "warning", "outcome", "tag"):
            keep = selector.combined(masks, but=name)
            bars: list[dict[str, object]] = []
            for value in options[f"{name}s"]:
                has = self._mask(name, value)
                bars.append({"value": value, "label": _label(name, value), "all": int(has.sum()),
                             "kept": int((has & keep).sum())})  # fmt: skip
            if bars:
                facets.append({"name": name, "bars": bars})
        keep = selector.combined(masks, but="confidence")
        every, kept = self._bars(np.ones_like(keep)), self._bars(keep)
        bars = [
            {"above": at / _BINS, "below": (at + 1) / _BINS, "all": every[at], "kept": kept[at]}
            for at in range(_BINS)
        ]
        bars[-1]["below"] = 0  # 100 % belongs to the last bar
        facets.append({"name": "confidence", "bars": bars})
        return facets

    def _mask(self, name: str, value: str) -> Mask:
        """Return the rows of a bar; tags may change, the others are computed once."""
        found = self._masks.get((name, value))
        if found is None or name == "tag":
            found = self._selector.masks(RowFilter(**{name: value}))[name]  # type: ignore[arg-type]
            self._masks[name, value] = found
        return found

    @cached_property
    def _codes(self) -> npt.NDArray[np.int64]:
        lowest = self._selector.min_confidence()
        at = np.floor(np.nan_to_num(lowest, nan=-1) * _BINS + 1e-9).astype(np.int64)
        return np.minimum(at, _BINS - 1)

    def _bars(self, keep: Mask) -> list[int]:
        known = self._codes[keep & (self._codes >= 0)]
        counts: list[int] = np.bincount(known, minlength=_BINS).tolist()
        return counts


def _label(name: str, value: str) -> str:
    if name == "type":
        return TYPES[value].title if value in TYPES else value.strip("()")
    return value.replace("_", " ")
