"""The distribution of the rows, shown as bars that filter the rows when clicked."""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from cvocr_lab.kinds import TYPES
from cvocr_lab.views.row_filter import FAILED, MANY, OUTCOMES, Mask, RowFilter, RowSelector

_BINS: Final = 20
"""Bars of the histogram of confidences, each of 5 %."""


class Facets:
    """Count the rows by type, warning, outcome, tag and confidence."""

    def __init__(self, selector: RowSelector) -> None:
        self._selector = selector

    def counts(self, filters: RowFilter) -> list[dict[str, object]]:
        """Count the rows of each bar: all of them, and those that pass the other filters."""
        selector = self._selector
        masks = selector.masks(filters)
        facets: list[dict[str, object]] = []
        groups = {
            "type": self._types, "warning": self._warnings, "outcome": self._outcomes,
            "tag": self._tags(),
        }  # fmt: skip
        for name, members in groups.items():
            keep = selector.combined(masks, but=name)
            bars = [
                {"value": value, "label": _label(name, value), "all": int(has.sum()),
                 "kept": int((has & keep).sum())}
                for value, has in members.items()
            ]  # fmt: skip
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

    @cached_property
    def _types(self) -> dict[str, Mask]:
        records, options = self._selector.records, self._selector.options()["types"]
        return {
            name: records.failed if name == FAILED else np.asarray(records.types == name)
            for name in options
        }

    @cached_property
    def _warnings(self) -> dict[str, Mask]:
        return {
            code: self._selector.masks(RowFilter(warning=code))["warning"]
            for code in self._selector.options()["warnings"]
        }

    @cached_property
    def _outcomes(self) -> dict[str, Mask]:
        if self._selector.overlay is None:
            return {}
        return {name: self._selector.with_outcome(name) for name in OUTCOMES}

    def _tags(self) -> dict[str, Mask]:
        tags = self._selector.tags
        return {tag: tags.having(tag) for tag in tags.known()[:MANY]}

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
