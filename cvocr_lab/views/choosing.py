"""Which rows are shown, and in what order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import Records
from cvocr_lab.views.truth_overlay import TruthOverlay

Places = npt.NDArray[np.int64]

FAILED: Final = "(failed)"
"""Stands among the types for rows with an error."""

SORTS: Final = ("confidence", "wrong")
"""Orders beside those of a column: least confident first, most wrong values first."""

MANY: Final = 60
"""Choices of one kind that are offered; a query finds the rest."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants to see; "" and 0 stand for anything.

    Parameters
    ----------
    type
        Document type, or `FAILED`.
    warning
        A warning's code.
    outcome
        Rows that have a value with it; ``"all correct"`` for rows that have no other.
    below
        Rows with a value of less confidence.
    query
        What `pandas.DataFrame.eval` makes a mask of.
    sort
        One of `SORTS`, or a column; "" for the order of the frame.
    """

    type: str = ""
    warning: str = ""
    outcome: str = ""
    below: float = 0.0
    query: str = ""
    sort: str = ""


def options(records: Records) -> dict[str, list[str]]:
    """List the types and warnings that occur, the failed rows among the types."""
    types = [t for t in pd.unique(records.types).tolist() if t]
    failed = [FAILED] if records.failed.any() else []
    lists = records.texts("ocr_warnings").unique().tolist()
    warnings = sorted({code for codes in lists for code in codes.split(";") if code})
    return {"types": [*sorted(types)[:MANY], *failed], "warnings": warnings[:MANY]}


def chosen(records: Records, wish: Wish, overlay: TruthOverlay | None = None) -> Places:
    """Give the positions of the rows wished for, in the order wished for.

    Raises
    ------
    ArgumentError
        The query or the order cannot be understood; the message says why.
    """
    keep = np.ones(len(records), bool)
    if wish.type == FAILED:
        keep &= records.failed
    elif wish.type:
        keep &= records.types == wish.type
    if wish.warning:
        codes = records.texts("ocr_warnings")
        has = {c: wish.warning in c.split(";") for c in codes.unique().tolist()}
        keep &= codes.map(has).to_numpy(bool)
    if wish.outcome:
        keep &= _with_outcome(wish.outcome, overlay)
    if wish.below > 0:
        keep &= least_confidence(records) < wish.below
    if wish.query.strip():
        keep &= _queried(records.frame, wish.query)
    at = np.flatnonzero(keep).astype(np.int64)
    return at[_order(records, wish.sort, overlay)[at].argsort(kind="stable")] if wish.sort else at


def least_confidence(records: Records) -> npt.NDArray[np.float64]:
    """The lowest confidence of each row's values; 1 where none is known."""
    least = np.ones(len(records))
    for field in records.fields:
        np.fmin(least, records.confidences(field), out=least)
    return least


def _with_outcome(outcome: str, overlay: TruthOverlay | None) -> npt.NDArray[np.bool_]:
    if overlay is None:
        raise ArgumentError("outcomes need a truth: view(truth=…)")
    counts = overlay.outcomes
    if outcome == "all correct":
        bad = counts[["wrong", "invented", "missing"]].sum(axis=1)
        return np.asarray((bad == 0) & (counts["correct"] > 0), bool)
    if outcome not in counts:
        raise ArgumentError(f"no such outcome; there are {', '.join(counts.columns)}")
    return np.asarray(counts[outcome] > 0, bool)


def _queried(frame: pd.DataFrame, query: str) -> npt.NDArray[np.bool_]:
    try:
        mask = frame.eval(query)
    except Exception as error:  # whatever a query of a person's raises is theirs to read
        raise ArgumentError(f"the query cannot be read: {error}") from None
    if not isinstance(mask, pd.Series) or not pd.api.types.is_bool_dtype(mask.dtype):
        raise ArgumentError("a query says yes or no of each row, such as: id_confidence < 0.9")
    return mask.fillna(value=False).to_numpy(bool)


def _order(records: Records, sort: str, overlay: TruthOverlay | None) -> npt.NDArray[np.float64]:
    if sort == "confidence":
        return least_confidence(records)
    if sort == "wrong":
        if overlay is None:
            raise ArgumentError("to sort by what is wrong needs a truth: view(truth=…)")
        counts = overlay.outcomes[["wrong", "invented", "missing"]].sum(axis=1)
        return -counts.to_numpy(np.float64)
    frame = records.frame
    if sort not in frame:
        raise ArgumentError(f"no column {sort!r} to sort by")
    try:
        ranks = frame[sort].reset_index(drop=True).rank(method="dense", na_option="bottom")
    except TypeError:
        raise ArgumentError(f"column {sort!r} has no order") from None
    return np.asarray(ranks, np.float64)


def wish_of(said: Mapping[str, object]) -> Wish:
    """Make a wish of what the page sent; anything odd counts as not said."""
    texts = {k: str(said.get(k) or "") for k in ("type", "warning", "outcome", "query", "sort")}
    below = said.get("below")
    return Wish(**texts, below=float(below) if isinstance(below, int | float) else 0.0)
