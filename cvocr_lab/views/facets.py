"""How the rows are distributed, for bars that choose rows when they are clicked."""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from cvocr_lab.kinds import TYPES
from cvocr_lab.views.choosing import FAILED, MANY, OUTCOMES, Chooser, Mask, Wish

_BINS: Final = 20
"""Bars of the histogram of confidences, each of 5 %."""


class Facets:
    """Counts of the rows by type, warning, outcome, tag and confidence.

    Parameters
    ----------
    chooser
        What chooses rows.
    """

    def __init__(self, chooser: Chooser) -> None:
        self._chooser = chooser

    def told(self, wish: Wish) -> list[dict[str, object]]:
        """Count the rows of each bar: all of them, and those that the other filters leave.

        Raises
        ------
        ArgumentError
            The query of the wish cannot be understood.
        """
        chooser = self._chooser
        masks = chooser.masks(wish)
        told: list[dict[str, object]] = []
        groups = {
            "type": self._types, "warning": self._warnings, "outcome": self._outcomes,
            "tag": self._tags(),
        }  # fmt: skip
        for name, members in groups.items():
            keep = chooser.joined(masks, but=name)
            bars = [
                {"value": value, "label": _label(name, value), "all": int(has.sum()),
                 "kept": int((has & keep).sum())}
                for value, has in members.items()
            ]  # fmt: skip
            if bars:
                told.append({"name": name, "bars": bars})
        keep = chooser.joined(masks, but="confidence")
        every, kept = self._bars(np.ones_like(keep)), self._bars(keep)
        bars = [
            {"above": at / _BINS, "below": (at + 1) / _BINS, "all": every[at], "kept": kept[at]}
            for at in range(_BINS)
        ]
        bars[-1]["below"] = 0  # 100 % belongs to the last bar
        told.append({"name": "confidence", "bars": bars})
        return told

    @cached_property
    def _types(self) -> dict[str, Mask]:
        records, options = self._chooser.records, self._chooser.options()["types"]
        return {
            name: records.failed if name == FAILED else np.asarray(records.types == name)
            for name in options
        }

    @cached_property
    def _warnings(self) -> dict[str, Mask]:
        return {
            code: self._chooser.masks(Wish(warning=code))["warning"]
            for code in self._chooser.options()["warnings"]
        }

    @cached_property
    def _outcomes(self) -> dict[str, Mask]:
        if self._chooser.overlay is None:
            return {}
        return {name: self._chooser.with_outcome(name) for name in OUTCOMES}

    def _tags(self) -> dict[str, Mask]:
        tags = self._chooser.tags
        return {tag: tags.having(tag) for tag in tags.known()[:MANY]}

    @cached_property
    def _codes(self) -> npt.NDArray[np.int64]:
        least = self._chooser.least_confidence()
        at = np.floor(np.nan_to_num(least, nan=-1) * _BINS + 1e-9).astype(np.int64)
        return np.minimum(at, _BINS - 1)

    def _bars(self, keep: Mask) -> list[int]:
        known = self._codes[keep & (self._codes >= 0)]
        counts: list[int] = np.bincount(known, minlength=_BINS).tolist()
        return counts


def _label(name: str, value: str) -> str:
    if name == "type":
        return TYPES[value].title if value in TYPES else value.strip("()")
    return value.replace("_", " ")
