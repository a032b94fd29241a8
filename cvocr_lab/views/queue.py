"""`review_queue`: order values by expected corrections per second, with a random share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from cvocr_lab.cleaning import check
from cvocr_lab.errors import ArgumentError, unknown
from cvocr_lab.frames import (
    LOCATED_COLUMN,
    TEXT,
    UNREADABLE,
    Records,
    Table,
    Truth,
    expected,
    truth_by_row,
)
from cvocr_lab.journal import REVIEWED, Decisions, frame_items, read_decisions
from cvocr_lab.journal.fold import Ledger
from cvocr_lab.kinds._forms import QrText
from cvocr_lab.scoring.thresholds import journal_seconds
from cvocr_lab.text import comparison_key

Order = Literal["gain", "row", "confidence"]
Seconds = Mapping[str, float] | pd.DataFrame

DTYPES: Final = {
    "row": "int64", "field": TEXT, "value": TEXT, "reason": TEXT, "gain": "float64",
    "audit": "bool", "chance": "float64", "rank": "int64",
}  # fmt: skip
COLUMNS: Final = tuple(DTYPES)
"""Columns of a review queue, in order."""

_Floats = npt.NDArray[np.float64]
_Texts = npt.NDArray[np.object_]

_LOOK: Final = {
    "Choice": 1.0, "Amount": 1.2, "Date": 1.6, "Name": 1.8, "Plate": 2.0, "Pattern": 2.2,
    "CitizenId": 2.4, "Sign": 3.0, "Address": 4.0, "MrzText": 15.0,
}  # fmt: skip
"""Assumed seconds to compare a value with its crop, by field type; overridden by `seconds`."""

_LOOK_ELSE: Final = 2.5
_TYPE: Final = 5.0
"""Additional seconds to type the right value."""

_UNKNOWN_WRONG: Final = 0.1
"""Probability that a value without confidence is wrong."""

_BY_SEVERITY: Final = {"high": 0.5, "medium": 0.15, "low": 0.03}
"""Probability that a field with an issue is wrong: with ``high``, one of two fields is."""

_BY_PLACE: Final = {
    "not_found": (0.3, "not found on the picture"),
    "fuzzy": (0.1, "found with other letters"),
    "ambiguous": (0.02, ""),
}
"""The same by the result of `locate`, and the reason."""

_GAP: Final = 3
"""The probability that a missing value was overlooked is the share of papers of its type that have
the field, to this power.  On the samples, 2 % of missing values were overlooked if the share is
below 0.2, 29 % at 0.6 to 0.8, and 83 % above."""

_DIFFERS: Final = 0.95
_AGREES: Final = 0.05
"""With a truth: the probability of an error if they differ, and the factor if they agree."""


def review_queue(
    frame: pd.DataFrame,
    *,
    truth: Table | None = None,
    order: Order = "gain",
    audit: float = 0.1,
    seed: int = 0,
    fields: Sequence[str] | None = None,
    seconds: Seconds | None = None,
    on: str | None = None,
) -> pd.DataFrame:
    """List the values to review, the most worthwhile first.

    *Gain* is the expected number of corrections per second of a person's time: the probability
    that a value is wrong, divided by the seconds it takes to look at it and, if wrong, to type
    it.  The probability is derived from the confidence, `cvocr_lab.check`, the result of
    `cvocr_lab.batch.locate` if it was called, and the truth.  For a missing value, it depends on
    how many of the other papers of its type have one.

    Reviewing the worst values first says nothing about the other values.  Therefore a share of
    all values is drawn at random and spread evenly over the queue.  From a review that stopped at
    any point, `reviewed_values` returns the input of `cvocr_lab.scoring.accuracy_from_review`.

    Parameters
    ----------
    frame
        A flat frame.
    truth
        Labels, or the path of their CSV file, paired as by `cvocr_lab.score`.  Values that differ
        from their label come first.  Values labelled as unreadable (``###``) are left out.
    order
        ``"gain"``; ``"confidence"``, lowest first, unknown before all others; or ``"row"``, the
        order of the frame without a random share.
    audit
        Share of values drawn at random, 0 to 1.
    seed
        Random seed; the same frame and seed give the same queue.
    fields
        Fields to review; None for all fields that a person can read (not QR codes).
    seconds
        Seconds that a value takes, instead of the assumed times: a number per field, or a journal
        as a table (`cvocr_lab.journal.to_frame`), whose medians are used.
    on
        Column that identifies rows that belong together; None for the index.

    Returns
    -------
    pandas.DataFrame
        One row per field of a document face: `row` (position in `frame`), `field`, `value`
        (missing if nothing was read), `reason` (contains no values), `gain`, `audit` (whether it
        is in this place because it was drawn at random), `chance` (its probability of selection:
        the value of the argument `audit`, or 1) and `rank` (its place without the random draw).

    Raises
    ------
    ArgumentError
        `frame` is not a flat frame, or an argument is invalid.

    Examples
    --------
    >>> paper = {"id": "001099000123", "id_confidence": 0.98, "name": "TRẦN AN"}
    >>> frame = pd.DataFrame([paper | {"name_confidence": 0.6, "ocr_type": "tcc_chip"}])
    >>> review_queue(frame, audit=0, fields=["id", "name"])[["row", "field", "reason"]]
       row field          reason
    0    0  name  confidence 60%
    1    0    id  confidence 98%
    """
    if order not in ("gain", "row", "confidence"):
        raise unknown("order", order, get_args(Order))
    if not 0 <= audit <= 1:
        raise ArgumentError(f"audit must be a share from 0 to 1, not {audit}")
    records = Records(frame)
    labels = None if truth is None else truth_by_row(records, Truth(truth, records, on=on), on=on)
    known = [*records.fields, *(() if labels is None else labels.columns[1:])]
    for field in fields or ():
        if field not in known:
            raise unknown("field", field, known)
    wanted = list(dict.fromkeys(known) if fields is None else fields)
    issues: dict[str, pd.DataFrame] = {}
    if (records.types != "").any():
        found = check(records.frame, on=on).groupby("field", sort=False)
        issues = {str(field): of_field for field, of_field in found}
    if isinstance(seconds, pd.DataFrame):
        seconds = journal_seconds(seconds)
    pieces = [
        _of_field(records, f, at, issues, labels, seconds or {}) for at, f in enumerate(wanted)
    ]
    pieces = [piece for piece in pieces if len(piece)]
    if not pieces:
        return pd.DataFrame(columns=list(DTYPES)).astype(DTYPES)
    return _ordered(pd.concat(pieces, ignore_index=True), order, audit, seed)


def _of_field(
    records: Records,
    field: str,
    number: int,
    issues: Mapping[str, pd.DataFrame],
    labels: pd.DataFrame | None,
    seconds: Mapping[str, float],
) -> pd.DataFrame:
    """Return the queue of one field, in the order of the frame."""
    count = len(records)
    values: _Texts = records.texts(field).to_numpy(object)
    confidence = records.confidences(field)
    read = values != ""
    asked, looks = read.copy(), np.full(count, _LOOK_ELSE)
    wrong = np.where(np.isnan(confidence), _UNKNOWN_WRONG, 1 - np.clip(confidence, 0, 1))
    percent = (np.nan_to_num(confidence) * 100 + 1e-7).astype(int)  # only 1 is 100 %
    reasons = np.array([f"confidence {p}%" for p in range(101)], object)[np.clip(percent, 0, 100)]
    reasons[np.isnan(confidence)] = "confidence unknown"
    for name in pd.unique(records.types):
        spec = expected(str(name)).get(field)
        mine = records.types == name
        if spec is None:
            continue
        if isinstance(spec.type, QrText):
            asked &= ~mine
            continue
        looks[mine] = _LOOK.get(type(spec.type).__name__, _LOOK_ELSE)
        asked |= mine
        gaps = mine & ~read
        share = (int((mine & read).sum()) + 1) / (int(mine.sum()) + 2)
        wrong[gaps] = share**_GAP
        reasons[gaps] = f"nothing read; {share:.0%} of these papers have one"
    for at, chance, reason in _evidence(records, field, issues, read):
        wrong[at] = 1 - (1 - wrong[at]) * (1 - chance)  # as for independent reasons
        _put_first(reasons, at, reason)
    if labels is not None and field in labels:
        _weigh_truth(labels[field], values, asked, wrong, reasons)
    if field in seconds:
        if not seconds[field] > 0:
            raise ArgumentError(f"seconds of {field!r} must be greater than 0")
        looks[:] = seconds[field]
    at = np.flatnonzero(asked)
    return pd.DataFrame(
        {
            "row": at,
            "field": field,
            "value": pd.Series(values[at], dtype=TEXT).where(read[at]),
            "reason": pd.Series(reasons[at], dtype=TEXT),
            "gain": (wrong / (looks + _TYPE * wrong))[at],
            "confidence": np.where(read, confidence, np.nan)[at],
            "number": number,
        }
    )


def _put_first(reasons: _Texts, at: npt.NDArray[np.int64], reason: str) -> None:
    if reason:
        reasons[at] = [f"{reason}; {old}" if old else reason for old in reasons[at]]


def _evidence(
    records: Records, field: str, issues: Mapping[str, pd.DataFrame], read: npt.NDArray[np.bool_]
) -> Iterator[tuple[npt.NDArray[np.int64], float, str]]:
    """Yield positions of values, the probability that they are wrong, and the reason."""
    if field in issues:
        by_rule = issues[field].groupby(["message", "severity"], sort=False)["position"]
        for (message, severity), at in by_rule:
            yield at.unique().astype(np.int64), _BY_SEVERITY[str(severity)], str(message)
    if LOCATED_COLUMN in records.frame:
        located = ";" + records.texts(LOCATED_COLUMN)
        how = located.str.extract(f";{re.escape(field)}:([a-z_]+)", expand=False)
        for word, (chance, reason) in _BY_PLACE.items():
            yield np.flatnonzero(read & (how == word).to_numpy(bool)), chance, reason


def _weigh_truth(
    labels: pd.Series,
    values: _Texts,
    asked: npt.NDArray[np.bool_],
    wrong: _Floats,
    reasons: _Texts,
) -> None:
    there = labels.notna().to_numpy()
    told = labels.fillna("").to_numpy(object)
    asked &= told != UNREADABLE
    # Failed rows have no type, so only the truth says which values they should have.
    asked |= there & (told != "") & (told != UNREADABLE)
    same = np.array(
        [
            a == b or comparison_key(a) == comparison_key(b)
            for a, b in zip(told, values, strict=True)
        ],
        bool,
    )
    differs, agrees = np.flatnonzero(there & ~same), np.flatnonzero(there & same)
    wrong[differs] = np.maximum(wrong[differs], _DIFFERS)
    wrong[agrees] *= _AGREES
    _put_first(reasons, differs, "differs from the label")


def _ordered(items: pd.DataFrame, order: Order, audit: float, seed: int) -> pd.DataFrame:
    """Rank the items, and spread those drawn at random evenly over the queue."""
    count = len(items)
    by_frame = [items["number"].to_numpy(), items["row"].to_numpy()]
    if order == "gain":
        by_frame.append(-items["gain"].to_numpy())
    elif order == "confidence":
        by_frame.append(items["confidence"].fillna(-1).to_numpy())
    items = items.take(np.lexsort(by_frame)).reset_index(drop=True)
    place = np.arange(count, dtype=np.float64)
    drawn = np.full(count, np.inf)
    if order != "row":
        chosen = np.random.default_rng(seed).permutation(count)[: round(audit * count)]
        # Spread evenly, so that a review that stops at any point contains its share of them.
        drawn[chosen] = (np.arange(len(chosen)) + 0.5) / max(len(chosen), 1) * count
    early = drawn < place
    reasons = items["reason"].to_numpy(object)
    _put_first(reasons, np.flatnonzero(early), "drawn at random")
    chance, rank = np.where(early, audit, 1.0), np.arange(count)
    made = items.assign(reason=reasons, audit=early, chance=chance, rank=rank)
    came = np.argsort(np.minimum(place, drawn), kind="stable")
    return made[list(COLUMNS)].take(came).reset_index(drop=True).astype(DTYPES)


def reviewed_values(
    frame: pd.DataFrame,
    queue: pd.DataFrame,
    decisions: Decisions,
) -> pd.DataFrame:
    """List the reviewed values of `frame`, as input for `accuracy_from_review`.

    A value that was reviewed because of its rank represents only itself.  A value drawn at random
    represents all values that have not been reviewed, unless the review has reached it by its rank
    as well.  This makes the estimate unbiased at whatever point the review stopped.

    Parameters
    ----------
    frame
        The flat frame as read by the engine, without decisions.
    queue
        The `review_queue` of the frame, with the same arguments as in the review.
    decisions
        A journal, several journals, or decisions.

    Returns
    -------
    pandas.DataFrame
        One row per value that was confirmed or corrected: `row`, `field`, `right` (whether the
        value of the engine was right), `chance` (probability of selection; 1 for a value that
        represents only itself) and `seconds`.

    Raises
    ------
    ArgumentError
        The journal does not exist, or `queue` is not a review queue.

    Examples
    --------
    >>> from cvocr_lab.journal import Decision, Item
    >>> paper = {"image": "a.jpg", "ocr_type": "tcc_chip", "ocr_side": "front", "name": "TRẦN AN"}
    >>> frame = pd.DataFrame([paper])
    >>> said = Decision(Item("a.jpg", side="front", field="name"), "corrected", "TRẦN ÂN")
    >>> reviewed_values(frame, review_queue(frame), [said])[["field", "right", "chance"]]
      field  right  chance
    0  name  False     1.0
    """
    for name in ("row", "field", "value", "audit", "rank"):
        if name not in queue:
            raise ArgumentError(f"queue is not from review_queue: it has no column {name!r}")
    ledger, items = Ledger(read_decisions(decisions)), frame_items(frame)
    cells = zip(queue["row"].tolist(), queue["field"].tolist(), strict=True)
    there = [ledger.at(items[row], field) for row, field in cells]
    decided = np.array([s is not None and s.state not in ("untouched", "prefilled") for s in there])
    valued = REVIEWED - {"unreadable"}
    known = {at: s for at, s in enumerate(there) if s is not None and s.state in valued}
    judged, values = list(known), queue["value"].fillna("").tolist()
    right = [comparison_key(s.value or "") == comparison_key(values[at]) for at, s in known.items()]
    spent = [s.decisions[-1].seconds for s in known.values()]

    drawn, rank = queue["audit"].to_numpy(bool), queue["rank"].to_numpy()
    waiting = rank[~drawn & ~decided]
    reached = waiting.min() if len(waiting) else len(queue)
    drawn = drawn & (rank >= reached)
    others = int((~decided | drawn).sum())
    chance = np.where(drawn, (drawn & decided).sum() / max(others, 1), 1.0)
    return pd.DataFrame(
        {
            "row": queue["row"].to_numpy()[judged],
            "field": pd.Series(queue["field"].to_numpy(object)[judged], dtype=TEXT),
            "right": pd.Series(right, dtype=bool),
            "chance": chance[judged],
            "seconds": pd.Series(spent, dtype="float64"),
        }
    )
