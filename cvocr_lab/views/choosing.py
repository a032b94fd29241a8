"""Which rows are shown, and in what order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from cvocr_lab.errors import ArgumentError, unknown
from cvocr_lab.frames import Records
from cvocr_lab.views.tags import Tags
from cvocr_lab.views.truth_overlay import TruthOverlay

Places = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

FAILED: Final = "(failed)"
"""Stands among the types for rows with an error."""

SORTS: Final = ("confidence", "outcome", "cer", "type", "index")
"""Orders beside those of a column: least confident first, most wrong values first, most wrong
letters first, by document type, by index label."""

OF_TRUTH: Final = frozenset({"outcome", "cer"})
"""Orders that need a truth."""

ALL_CORRECT: Final = "all correct"
OUTCOMES: Final = ("wrong", "missing", "invented", ALL_CORRECT)
"""Outcomes of rows that are offered."""

MANY: Final = 60
"""Choices of one kind that are offered; a query finds the rest."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants to see; "", 0 and 1 stand for anything.

    Parameters
    ----------
    type
        Document type, or `FAILED`.
    warning
        A warning's code.
    outcome
        Rows that have a value with it; ``"all correct"`` for rows that have no other.
    tag
        Rows that have the tag.
    below
        Rows whose least confidence is less.
    above
        Rows whose least confidence is this or more.
    query
        What `pandas.DataFrame.eval` makes a mask of.
    sort
        One of `SORTS`, or a column; "" for the order of the frame.
    reverse
        Whether the order is turned round.
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


class Chooser:
    """Chooses rows; what it takes a while to find is kept.

    Parameters
    ----------
    records
        The rows.
    overlay
        A truth laid over them.
    tags
        What persons tagged them with.
    """

    def __init__(
        self, records: Records, overlay: TruthOverlay | None = None, tags: Tags | None = None
    ) -> None:
        self.records, self.overlay = records, overlay
        self.tags = Tags(records) if tags is None else tags

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
            "outcomes": list(OUTCOMES) if self.overlay else [],
            "sorts": [s for s in SORTS if self.overlay or s not in OF_TRUTH],
            "columns": columns[:MANY],
        }

    def chosen(self, wish: Wish) -> Places:
        """Give the positions of the rows wished for, in the order wished for.

        Raises
        ------
        ArgumentError
            The query or the order cannot be understood; the message says why.
        """
        at = np.flatnonzero(self.joined(self.masks(wish))).astype(np.int64)
        if not wish.sort:
            return at[::-1] if wish.reverse else at
        order = self._order(wish.sort)[at]
        return at[(-order if wish.reverse else order).argsort(kind="stable")]

    def masks(self, wish: Wish) -> dict[str, Mask]:
        """Give the rows that each part of a wish leaves, by its name; parts not wished are absent.

        Raises
        ------
        ArgumentError
            The query cannot be understood.
        """
        records, found = self.records, dict[str, Mask]()
        if wish.type:
            failed = wish.type == FAILED
            found["type"] = records.failed if failed else np.asarray(records.types == wish.type)
        if wish.warning:
            codes = records.texts("ocr_warnings")
            has = {c: wish.warning in c.split(";") for c in codes.unique().tolist()}
            found["warning"] = codes.map(has).to_numpy(bool)
        if wish.outcome:
            found["outcome"] = self.with_outcome(wish.outcome)
        if wish.tag:
            found["tag"] = self.tags.having(wish.tag)
        if wish.below > 0 or wish.above > 0:
            least = self.least_confidence()
            below = least < wish.below if wish.below > 0 else np.ones(len(least), bool)
            found["confidence"] = below & (least >= wish.above) if wish.above > 0 else below
        if wish.query.strip():
            found["query"] = _queried(records.frame, wish.query)
        return found

    def joined(self, masks: Mapping[str, Mask], *, but: str = "") -> Mask:
        """Give the rows that all these masks leave, but for one of them."""
        every = np.ones(len(self.records), bool)
        return reduce(np.logical_and, [m for name, m in masks.items() if name != but], every)

    def least_confidence(self) -> npt.NDArray[np.float64]:
        """The lowest confidence of each row's values; NaN where none is known.

        Rounded to nine decimals, so that 0.7 + 0.1 is not less than 0.8.
        """
        least = np.full(len(self.records), np.nan)
        for field in self.records.fields:
            np.fmin(least, self.records.confidences(field), out=least)
        return least.round(9)

    def with_outcome(self, outcome: str) -> Mask:
        """Tell which rows have a value with an outcome."""
        if self.overlay is None:
            raise ArgumentError("outcomes need a truth: view(truth=…)")
        counts = self.overlay.outcomes
        if outcome == ALL_CORRECT:
            bad = counts[["wrong", "invented", "missing"]].sum(axis=1)
            return np.asarray((bad == 0) & (counts["correct"] > 0), bool)
        if outcome not in counts:
            raise unknown("outcome", outcome, counts.columns)
        return np.asarray(counts[outcome] > 0, bool)

    def _order(self, sort: str) -> npt.NDArray[np.float64]:
        """What rows are sorted by, the least first; NaN for what goes last either way round."""
        frame = self.records.frame
        if sort in OF_TRUTH:
            if self.overlay is None:
                raise ArgumentError(f"to sort by {sort} needs a truth: view(truth=…)")
            if sort == "cer":
                return -self.overlay.cer
            counts = self.overlay.outcomes[["wrong", "invented", "missing"]].sum(axis=1)
            return -counts.to_numpy(np.float64)
        if sort == "confidence":
            return self.least_confidence()
        if sort == "type":
            return _ranks(pd.Series(self.records.types).replace("", None), sort)
        if sort == "index" and sort not in frame:
            return _ranks(frame.index.to_series(), sort)
        if sort not in frame:
            raise unknown("column to sort by", sort, [*SORTS, *self.options()["columns"]])
        return _ranks(frame[sort], sort)


def _ranks(column: pd.Series, name: str) -> npt.NDArray[np.float64]:
    try:
        ranks = column.reset_index(drop=True).rank(method="dense", na_option="keep")
    except TypeError:
        raise ArgumentError(f"column {name!r} has no order") from None
    return np.asarray(ranks, np.float64)


def _queried(frame: pd.DataFrame, query: str) -> Mask:
    try:
        mask = frame.eval(query)
    except SyntaxError as error:
        raise ArgumentError(f"the query cannot be read: {error.msg}") from None
    except Exception as error:  # whatever a query of a person's raises is theirs to read
        raise ArgumentError(f"the query cannot be read: {error}") from None
    if not isinstance(mask, pd.Series) or not pd.api.types.is_bool_dtype(mask.dtype):
        raise ArgumentError("a query says yes or no of each row, such as: id_confidence < 0.9")
    return mask.fillna(value=False).to_numpy(bool)


def wish_of(said: Mapping[str, object]) -> Wish:
    """Make a wish of what the page sent; anything odd counts as not said."""

    def text(name: str) -> str:
        return str(said.get(name) or "")

    def number(name: str) -> float:
        value = said.get(name)
        return float(value) if isinstance(value, int | float) else 0.0

    return Wish(
        type=text("type"),
        warning=text("warning"),
        outcome=text("outcome"),
        tag=text("tag"),
        below=number("below"),
        above=number("above"),
        query=text("query"),
        sort=text("sort"),
        reverse=bool(said.get("reverse")),
    )
