"""Which rows are shown, and in what order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import field_columns
from cvocr_lab.scoring.texts import as_text
from cvocr_lab.views.judged import Judge

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


def options(frame: pd.DataFrame) -> dict[str, list[str]]:
    """List the types and warnings that occur, the failed rows among the types."""
    types = [t for t in map(str, frame["ocr_type"].dropna().unique().tolist()) if t]
    failed = [FAILED] if frame["ocr_error"].notna().any() else []
    lists = map(str, frame["ocr_warnings"].dropna().unique().tolist())
    warnings = sorted({code for codes in lists for code in codes.split(";") if code})
    return {"types": [*sorted(types)[:MANY], *failed], "warnings": warnings[:MANY]}


def chosen(frame: pd.DataFrame, wish: Wish, judge: Judge | None = None) -> Places:
    """Give the positions of the rows wished for, in the order wished for.

    Raises
    ------
    ArgumentError
        The query or the order cannot be understood; the message says why.
    """
    keep = np.ones(len(frame), bool)
    if wish.type == FAILED:
        keep &= frame["ocr_error"].notna().to_numpy(bool)
    elif wish.type:
        keep &= as_text(frame["ocr_type"]).to_numpy(object) == wish.type
    if wish.warning:
        codes = as_text(frame["ocr_warnings"])
        has = {c: wish.warning in c.split(";") for c in codes.unique().tolist()}
        keep &= codes.map(has).to_numpy(bool)
    if wish.outcome:
        keep &= _with_outcome(wish.outcome, judge)
    if wish.below > 0:
        keep &= least_confidence(frame) < wish.below
    if wish.query.strip():
        keep &= _queried(frame, wish.query)
    at = np.flatnonzero(keep).astype(np.int64)
    return at[_order(frame, wish.sort, judge)[at].argsort(kind="stable")] if wish.sort else at


def least_confidence(frame: pd.DataFrame) -> npt.NDArray[np.float64]:
    """The least confidence of each row's values; 1 where none is known."""
    least = np.ones(len(frame))
    for field in field_columns(frame.columns):
        own = pd.to_numeric(frame[f"{field}_confidence"], errors="coerce")
        np.fmin(least, own.to_numpy(np.float64, na_value=np.nan), out=least)
    return least


def _with_outcome(outcome: str, judge: Judge | None) -> npt.NDArray[np.bool_]:
    if judge is None:
        raise ArgumentError("outcomes need a truth: view(truth=…)")
    counts = judge.outcomes
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


def _order(frame: pd.DataFrame, sort: str, judge: Judge | None) -> npt.NDArray[np.float64]:
    if sort == "confidence":
        return least_confidence(frame)
    if sort == "wrong":
        if judge is None:
            raise ArgumentError("to sort by what is wrong needs a truth: view(truth=…)")
        counts = judge.outcomes[["wrong", "invented", "missing"]].sum(axis=1)
        return -counts.to_numpy(np.float64)
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
