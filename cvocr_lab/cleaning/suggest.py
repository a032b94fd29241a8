"""`suggestions`: what cleaning and checking propose, as a queue that a person reviews."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from rapidfuzz.distance import Levenshtein

from cvocr_lab.cleaning.checking import check
from cvocr_lab.cleaning.clean import THRESHOLD, changes, field_types
from cvocr_lab.cleaning.from_codes import labels_from_codes
from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import TEXT, Records
from cvocr_lab.kinds import FieldType
from cvocr_lab.kinds import _forms as forms
from cvocr_lab.text import comparison_key, fold_key

COLUMNS: Final = ("row", "field", "value", "after", "rule", "score", "severity", "reason")
_RANK: Final = {"high": 0, "medium": 1, "low": 2}
_MOST_LETTERS: Final = 0.2
"""Largest share of letters that a repair may change for its result to count as the printed text."""


def suggestions(
    frame: pd.DataFrame,
    *,
    fields: Sequence[str] | None = None,
    threshold: float = THRESHOLD,
    rules: Sequence[str] | None = None,
    on: str | None = None,
    today: dt.date | None = None,
) -> pd.DataFrame:
    """List the values to look at, with a proposal where one is known.

    The list combines the repairs of `clean`, the values without a normal form, and the issues of
    `check`.  Where a code on the paper contradicts a value (`labels_from_codes`), the proposal is
    what the code says.  The result is a queue for `cvocr_lab.review`, which offers the
    proposals::

        review(frame, "review.jsonl", queue=suggestions(frame))

    Parameters
    ----------
    frame
        A flat frame, or a truth with `type` and a column per field.
    fields
        Fields to include; None for all.
    threshold
        As for `clean`.
    rules, on, today
        As for `check`.

    Returns
    -------
    pandas.DataFrame
        One row per value, the weightiest first: `row` (position in `frame`, from 0), `field`,
        `value` (as read; missing where nothing was), `after` (the same as the paper should print
        it; missing where nobody knows), `rule` (what speaks up, joined by ``;``), `score` (of the
        repair, 0 to 1), `severity` (``high``, ``medium``, ``low``), `reason` (in words; holds no
        value).

    Raises
    ------
    ArgumentError
        As for `clean` and `check`.

    Examples
    --------
    >>> read = pd.DataFrame({"type": ["tcc"], "id": ["O01099000l23"], "sex": ["Nữ"]})
    >>> suggestions(read)[["field", "after", "rule", "severity"]].to_dict("split")["data"]
    [['id', '001099000123', 'form;look_alikes', 'high']]
    """
    said: dict[tuple[int, str], list[_Said]] = {}
    for one in (*_issues(frame, rules, on, today), *_repairs(frame, fields, threshold)):
        if fields is None or one.field in fields:
            said.setdefault((one.row, one.field), []).append(one)
    proven = _proven(frame, on)
    rows = []
    for (at, name), own in said.items():
        value = _text(frame[name].iloc[at]) if name in frame else None
        after = proven.get((at, name)) or next((s.after for s in own if s.after is not None), None)
        if after and value and comparison_key(after) == comparison_key(value):
            after = None
        score = min((s.score for s in own if s.score is not None), default=None)
        severity = min((s.severity for s in own), key=_RANK.__getitem__)
        rule, reason = _joined(s.rule for s in own), _joined((s.reason for s in own), "; ")
        rows.append((at, name, value, after, rule, score, severity, reason))
    rows.sort(key=lambda r: (_RANK[r[6]], r[0]))
    made = pd.DataFrame(rows, columns=list(COLUMNS))
    texts = dict.fromkeys(("field", "value", "after", "rule", "severity", "reason"), TEXT)
    return made.astype({"row": "int64", "score": "float64", **texts})


def suggested(frame: pd.DataFrame, proposals: pd.DataFrame) -> pd.DataFrame:
    """Replace values by the proposals of `suggestions`.

    Parameters
    ----------
    frame
        The frame that `proposals` were made from.
    proposals
        The result of `suggestions`, or some of its rows.

    Returns
    -------
    pandas.DataFrame
        A new frame.  The confidences of replaced values are missing.

    Raises
    ------
    ArgumentError
        The proposals refer to rows that the frame does not have.

    Examples
    --------
    >>> read = pd.DataFrame({"type": ["tcc"], "id": ["O01099000l23"], "sex": ["Nam"]})
    >>> suggested(read, suggestions(read))["id"].tolist()
    ['001099000123']
    """
    known = proposals[proposals["after"].notna()]
    if len(known) and not 0 <= known["row"].min() <= known["row"].max() < len(frame):
        raise ArgumentError("the suggestions speak of rows that the frame does not have")
    made = frame.copy()
    for field, own in known.groupby("field", sort=False):
        name = str(field)
        if name not in made:
            made[name] = pd.Series(None, index=made.index, dtype=TEXT)
        at = own["row"].to_numpy()
        values = made[name].astype(object).to_numpy(copy=True)
        values[at] = own["after"].to_numpy(object)
        made[name] = pd.Series(values, index=made.index, dtype=TEXT)
        if f"{name}_confidence" in made:
            sure = made[f"{name}_confidence"].to_numpy(np.float64, copy=True)
            sure[at] = np.nan
            made[f"{name}_confidence"] = sure
    return made


class _Said(NamedTuple):
    """One thing that speaks up about a value."""

    row: int
    field: str
    after: str | None
    rule: str
    score: float | None
    severity: str
    reason: str


def _issues(
    frame: pd.DataFrame, rules: Sequence[str] | None, on: str | None, today: dt.date | None
) -> Iterator[_Said]:
    found = check(frame, rules=rules, on=on, today=today)
    columns = (found[c].tolist() for c in ("position", "field", "rule", "severity", "message"))
    for row, field, rule, severity, message in zip(*columns, strict=True):
        yield _Said(row, field, None, rule, None, severity, message)


def _repairs(
    frame: pd.DataFrame, fields: Sequence[str] | None, threshold: float
) -> Iterator[_Said]:
    """Yield repairs and values without a normal form; changes of notation are left out."""
    own = [f for f in fields if f in frame] if fields is not None else None
    told = changes(frame, fields=own, threshold=threshold)
    types = field_types(frame)
    for (row, field), steps in told.groupby(["position", "field"], sort=False):
        at, name = int(str(row)), str(field)
        first, last = steps.iloc[0], steps.iloc[-1]
        mended = steps[steps["action"] == "repair"]
        if last["action"] == "kept":
            yield _Said(at, name, None, "no_normal_form", None, "medium", str(last["rule"]))
        elif len(mended):
            after = _printed(types(at, name), str(first["before"]), str(last["after"]))
            rule, score = _joined(mended["rule"]), float(steps["score"].min())
            reason = f"cleaning would repair it ({rule})"
            yield _Said(at, name, after, rule, score, "medium", reason)


def _printed(kinds: Sequence[FieldType], read: str, normal: str) -> str | None:
    """Return the normal form as papers print it, or None if that is unknown.

    Cleaning spells out or drops abbreviations of the paper, which are not misreadings.
    """
    if len(kinds) != 1:
        return None
    (kind,) = kinds
    if isinstance(kind, forms.Plate):
        return _with_marks(read, normal)
    if isinstance(kind, forms.Date):
        return kind.format(normal)
    if isinstance(kind, forms.Address) and len(read.split()) != len(normal.split()):
        return None
    was, made = fold_key(read), fold_key(normal)
    if Levenshtein.distance(was, made) > max(2, _MOST_LETTERS * len(made)):
        return None
    return normal.upper() if read.isupper() else normal


def _with_marks(read: str, normal: str) -> str | None:
    """Put the separators of the text as read back between the characters of its normal form."""
    signs = iter(normal)
    if sum(c.isalnum() or c in "|!" for c in read) != len(normal):
        return None
    return "".join(next(signs) if c.isalnum() or c in "|!" else c for c in read)


def _proven(frame: pd.DataFrame, on: str | None) -> dict[tuple[int, str], str]:
    """Return what codes prove, by row position and field."""
    labels = Records(frame).labels(on)
    plain = frame.reset_index(drop=True).assign(ocr_paper=pd.factorize(labels)[0])
    made = labels_from_codes(plain, on="ocr_paper")
    return {
        (int(at), field): text
        for field in made.columns.drop("proven_by")
        for at, value in zip(made.index, made[field], strict=True)
        if (text := _text(value)) is not None
    }


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() not in ("", "###") else None


def _joined(texts: Iterable[str], mark: str = ";") -> str:
    return mark.join(dict.fromkeys(texts))
