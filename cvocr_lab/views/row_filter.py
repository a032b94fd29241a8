"""Select the rows to show, sort them, and count them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property, reduce
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from cvocr_lab.errors import ArgumentError, unknown
from cvocr_lab.frames import Records
from cvocr_lab.kinds import TYPES
from cvocr_lab.views.tags import Tags
from cvocr_lab.views.truth_overlay import TruthOverlay

Positions = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

FAILED: Final = "(failed)"
"""The entry in the list of types for rows with an error."""

SORTS: Final = ("confidence", "outcome", "cer", "type", "index")
"""Orders besides those by a column: lowest confidence, most wrong values and highest CER first,
document type, index label."""

TRUTH_SORTS: Final = frozenset({"outcome", "cer"})
"""Orders that need a truth."""

ALL_CORRECT: Final = "all correct"
_MISTAKES: Final = ["wrong", "missing", "invented"]
_FACETS: Final = ("type", "warning", "outcome", "tag")

MANY: Final = 60
"""Maximum number of entries in each list of choices; a query finds the rest."""


_BINS: Final = 20
"""Bars of the histogram of confidences, each of 5 %."""


@dataclass(frozen=True, slots=True)
class RowFilter:
    """The rows that a person wants to see; "" and 0 mean no restriction.

    `type` may be `FAILED`; `outcome` selects rows with at least one value of this outcome, and
    ``"all correct"`` those with no other.  The lowest confidence of a row must be less than
    `below`, and `above` or more.  `query` is a boolean expression for
    `pandas.DataFrame.eval`.  `sort` is one of `SORTS` or a column, and "" the order of the frame.
    """

    type: str = ""
    warning: str = ""
    outcome: str = ""
    tag: str = ""
    below: float = 0.0
    above: float = 0.0
    query: str = ""
    sort: str = ""
    reverse: bool = False


class RowSelector:
    """Select rows by filters, and count them."""

    def __init__(
        self, records: Records, overlay: TruthOverlay | None = None, tags: Tags | None = None
    ) -> None:
        self.records, self.overlay = records, overlay
        self.tags = Tags(records) if tags is None else tags
        self._bars: dict[tuple[str, str], Mask] = {}

    def options(self) -> dict[str, list[str]]:
        """List the types, warnings and tags that occur, and the columns to sort by."""
        records = self.records
        types = [t for t in pd.unique(records.types).tolist() if t]
        failed = [FAILED] if records.failed.any() else []
        lists = records.texts("ocr_warnings").unique().tolist()
        warnings = sorted({code for codes in lists for code in codes.split(";") if code})
        columns = [
            str(c)
            for c in records.frame.columns
            if not str(c).endswith("_quad") and c not in ("ocr_corners", "ocr_type")
        ]
        return {
            "types": [*sorted(types)[:MANY], *failed],
            "warnings": warnings[:MANY],
            "tags": self.tags.known()[:MANY],
            "outcomes": [*_MISTAKES, ALL_CORRECT] if self.overlay else [],
            "sorts": [s for s in SORTS if self.overlay or s not in TRUTH_SORTS],
            "columns": columns[:MANY],
        }

    def select(self, filters: RowFilter) -> Positions:
        """Return the positions of the selected rows in the requested order.

        An invalid query or order is an `ArgumentError`, whose message says why.
        """
        at = np.flatnonzero(self._combined(self.masks(filters))).astype(np.int64)
        if not filters.sort:
            return at[::-1] if filters.reverse else at
        order = self._order(filters.sort)[at]
        return at[(-order if filters.reverse else order).argsort(kind="stable")]

    def masks(self, filters: RowFilter) -> dict[str, Mask]:
        """Return the rows that pass each filter, by its name; unused filters are left out."""
        wanted = {name: str(getattr(filters, name)) for name in _FACETS}
        found = {name: self._having(name, value) for name, value in wanted.items() if value}
        lowest = self._min_confidence
        if filters.below > 0:
            found["confidence"] = (lowest >= filters.above) & (lowest < filters.below)
        elif filters.above > 0:
            found["confidence"] = lowest >= filters.above
        if filters.query.strip():
            found["query"] = _query_mask(self.records.frame, filters.query)
        return found

    def facets(self, filters: RowFilter) -> list[dict[str, object]]:
        """Count the rows by type, warning, outcome, tag and confidence, for the bars of the page.

        Each bar has the number of all rows, and of those that pass the other filters.
        """
        masks, options = self.masks(filters), self.options()
        facets: list[dict[str, object]] = []
        for name in _FACETS:
            keep = self._combined(masks, but=name)
            bars: list[dict[str, object]] = []
            for value in options[f"{name}s"]:
                has = self._having(name, value)
                bars.append({"value": value, "label": _label(name, value), "all": int(has.sum()),
                             "kept": int((has & keep).sum())})  # fmt: skip
            if bars:
                facets.append({"name": name, "bars": bars})
        lowest = np.nan_to_num(self._min_confidence, nan=-1)
        bins = np.minimum(np.floor(lowest * _BINS + 1e-9).astype(np.int64), _BINS - 1)
        known, keep = bins >= 0, self._combined(masks, but="confidence")
        every, kept = (np.bincount(bins[m], minlength=_BINS) for m in (known, known & keep))
        bars = [
            {"above": at / _BINS, "below": (at + 1) / _BINS, "all": all_, "kept": kept_}
            for at, (all_, kept_) in enumerate(zip(every.tolist(), kept.tolist(), strict=True))
        ]
        bars[-1]["below"] = 0  # 100 % belongs to the last bar
        return [*facets, {"name": "confidence", "bars": bars}]

    def _having(self, name: str, value: str) -> Mask:
        """Return the rows of a bar; tags may change, the others are computed once."""
        if name == "tag":
            return self.tags.having(value)
        if (name, value) not in self._bars:
            self._bars[name, value] = self._bar(name, value)
        return self._bars[name, value]

    def _bar(self, name: str, value: str) -> Mask:
        if name == "warning":
            codes = self.records.texts("ocr_warnings")
            has = {c: value in c.split(";") for c in codes.unique().tolist()}
            return codes.map(has).to_numpy(bool)
        if name == "type":
            failed = value == FAILED
            return self.records.failed if failed else np.asarray(self.records.types == value)
        counts = self._overlay("filtering by outcome").outcomes
        if value == ALL_CORRECT:
            return np.asarray((counts[_MISTAKES].sum(axis=1) == 0) & (counts["correct"] > 0), bool)
        if value not in counts:
            raise unknown("outcome", value, counts.columns)
        return np.asarray(counts[value] > 0, bool)

    def _overlay(self, what: str) -> TruthOverlay:
        if self.overlay is None:
            raise ArgumentError(f"{what} needs a truth: view(truth=…)")
        return self.overlay

    def _combined(self, masks: Mapping[str, Mask], *, but: str = "") -> Mask:
        every = np.ones(len(self.records), bool)
        return reduce(np.logical_and, [m for name, m in masks.items() if name != but], every)

    @cached_property
    def _min_confidence(self) -> npt.NDArray[np.float64]:
        """The lowest confidence of each row's values; NaN if none is known.

        It is rounded to nine decimals, so that 0.7 + 0.1 is not less than 0.8.
        """
        lowest = np.full(len(self.records), np.nan)
        for field in self.records.fields:
            np.fmin(lowest, self.records.confidences(field), out=lowest)
        return lowest.round(9)

    def _order(self, sort: str) -> npt.NDArray[np.float64]:
        """Return the sort key of each row, ascending; rows with NaN always come last."""
        frame = self.records.frame
        if sort in TRUTH_SORTS:
            overlay = self._overlay(f"sorting by {sort}")
            if sort == "cer":
                return -overlay.cer
            return -overlay.outcomes[_MISTAKES].sum(axis=1).to_numpy(np.float64)
        if sort == "confidence":
            return self._min_confidence
        if sort == "type":
            return _ranks(pd.Series(self.records.types).replace("", None), sort)
        if sort == "index" and sort not in frame:
            return _ranks(frame.index.to_series(), sort)
        if sort not in frame:
            raise unknown("column to sort by", sort, [*SORTS, *self.options()["columns"]])
        return _ranks(frame[sort], sort)


def _label(name: str, value: str) -> str:
    if name == "type":
        return TYPES[value].title if value in TYPES else value.strip("()")
    return value.replace("_", " ")


def _ranks(column: pd.Series, name: str) -> npt.NDArray[np.float64]:
    try:
        ranks = column.reset_index(drop=True).rank(method="dense", na_option="keep")
    except TypeError:
        raise ArgumentError(f"column {name!r} contains values that cannot be sorted") from None
    return np.asarray(ranks, np.float64)


def _query_mask(frame: pd.DataFrame, query: str) -> Mask:
    try:
        mask = frame.eval(query)
    except SyntaxError as error:
        raise ArgumentError(f"the query is invalid: {error.msg}") from None
    except Exception as error:  # a query may raise anything, and its author needs the message
        raise ArgumentError(f"the query is invalid: {error}") from None
    if not isinstance(mask, pd.Series) or not pd.api.types.is_bool_dtype(mask.dtype):
        raise ArgumentError("a query must be true or false per row, such as: id_confidence < 0.9")
    return mask.fillna(value=False).to_numpy(bool)


def filter_from_message(request: Mapping[str, object]) -> RowFilter:
    """Return the filter that the page sent; invalid parts are ignored."""
    values: dict[str, Any] = {}
    for field in fields(RowFilter):
        value, usual = request.get(field.name), cast("object", field.default)
        if isinstance(usual, float):
            values[field.name] = float(value) if isinstance(value, int | float) else usual
        else:
            values[field.name] = bool(value) if usual is False else str(value or "")
    return RowFilter(**values)
