"""`clean` and `changes`: normal forms beside what was read, and how each came about."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import pandas as pd

from cvocr_lab.cleaning.columns import (
    Codes,
    Column,
    clean_columns,
    cleaned,
    column_of,
    fields_of,
    kinds_of,
    processes,
    shape_of,
    types_of,
    uncollected,
)
from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import TEXT
from cvocr_lab.frames.columns import triple
from cvocr_lab.frames.truth import refuse_numbers
from cvocr_lab.kinds import TYPES, FieldType

THRESHOLD: Final = 0.7
FLAGS: Final = "clean_flags"
_MERGERS: Final = np.datetime64("2025-07-01")
# Issued for the last time before the mergers of 2025-07-01, so their addresses have three levels:
# CMND until 2021, barcode CCCD until 2021, chip CCCD until 2024-06-30 (Circular 16/2024/TT-BCA).
_OLD_PAPERS: Final = frozenset(
    {"cmt", "matsaucmt", "tcc", "matsautcc", "tcc_chip", "matsautcc_chip"}
)
_ISSUED: Final = ("date", "issue_date", "last_issue_date")


@uncollected()
def clean(
    frame: pd.DataFrame,
    *,
    fields: Sequence[str] | None = None,
    threshold: float = THRESHOLD,
    parts: bool = False,
    details: bool = False,
    workers: int | None = None,
) -> pd.DataFrame:
    """Put the normal form of every value beside it.

    The sources come first, then each ``<field>`` as read with ``<field>_clean`` right after it,
    then ``clean_flags``, then the ``ocr_`` columns.  With `parts`, further columns follow each
    normal form:

    ================  ================  ========================================================
    field type        ``<field>_clean``  further columns ``<field>_clean_…``
    ================  ================  ========================================================
    date              datetime64[us]    ``iso``: ``1957-03-14``, or ``1957-03``, ``1957`` where no
                                        more is printed (``_clean`` is then missing), or the words
                                        for no end
    address           text              ``house ward district province era ward_2025
                                        province_2025 score country``
    plate             text, ``99A12345`` ``class province province_2025``
    closed list       text              ``score``: likeness to the entry, 0 to 1
    police            text              ``province score``
    province          text              ``province_2025 score``
    amount            Int64             none
    the rest          text              none
    ================  ================  ========================================================

    ``clean_flags`` names the columns of the row that have no normal form, whose units are in no
    list, or that say no whole day where the paper must, joined by ``;``.  Texts without a normal
    form stay as read; dates and amounts are then missing.  A birth year alone is no fault on papers
    that may print one, nor are the words for no end.
    `changes` gives the reasons, and the steps of every other cell.

    Parameters
    ----------
    frame
        A flat frame, a wide one, or a table with field columns and a column ``type``.  If a row
        has no type, a value is cleaned if all field types of that name give the same normal form.
    fields
        Columns to clean; None for every column that is named like a field.
    threshold
        Least score of a repair, 0 to 1.  Less certain repairs are not made; the value is flagged.
    parts
        Whether to add the further columns ``<field>_clean_…``.
    details
        Whether to keep the columns ``<field>_confidence`` and ``<field>_quad`` of the reading, at
        the end.  Without them a frame of many document types has half as many columns;
        everything that takes a flat frame also takes one without them.
    workers
        Processes that clean at the same time; None for one for each processor core where there
        are many different values, and otherwise none but this one.  The result is always the same.

    Returns
    -------
    pandas.DataFrame
        A new frame with the same rows and index.  Columns of an earlier cleaning are made anew.

    Raises
    ------
    ArgumentError
        A column is missing or no field, or `threshold` or `workers` is out of range.

    Examples
    --------
    >>> read = pd.DataFrame({"type": ["tcc"], "born": ["O2/09/l957"], "dantoc": ["Muờng"]})
    >>> clean(read)[["born", "born_clean", "dantoc_clean"]].astype(str).to_dict("records")
    [{'born': 'O2/09/l957', 'born_clean': '1957-09-02', 'dantoc_clean': 'Mường'}]
    """
    columns = {
        column.name: column for column in _judged(frame, fields, threshold, workers, parts=parts)
    }
    kept = [c for c in frame.columns if c != FLAGS and not _is_made(str(c), columns)]
    made: dict[str, pd.Series] = {c: frame[c] for c in kept if _is_source(str(c), columns)}
    for name, column in columns.items():
        made[name] = frame[name]
        made |= column.series(frame.index, parts=parts)
    made[FLAGS] = _flags(list(columns.values()), frame.index)
    left_out = set() if details else {c for n in fields_of(frame, None) for c in triple(n)[1:]}
    made |= {c: frame[c] for c in kept if c not in made and c not in left_out}
    return pd.DataFrame(made, index=frame.index)


def _is_source(name: str, columns: dict[str, Column]) -> bool:
    """Return whether a column belongs to the sources and document types, which come first."""
    about = re.search(r"(^|_)ocr_", name) and not re.search(r"(^|_)ocr_(source|type|side)$", name)
    beside = name.removesuffix("_confidence").removesuffix("_quad")
    return not (about or name in columns or beside in columns or "_clean" in name)


def refreshed(frame: pd.DataFrame) -> pd.DataFrame:
    """Recompute the columns of an earlier cleaning, if any, after values have changed."""
    cleaned = [c.removesuffix("_clean") for c in map(str, frame.columns) if c.endswith("_clean")]
    fields = [name for name in cleaned if name in fields_of(frame, None)]
    if not fields:
        return frame
    parts = any(re.search("_clean_.", str(c)) for c in frame.columns)
    made: pd.DataFrame = clean(frame, fields=fields, parts=parts, details=True)
    return made[[*frame.columns, *(c for c in made.columns if c not in frame.columns)]]


@uncollected()
def changes(
    frame: pd.DataFrame,
    *,
    fields: Sequence[str] | None = None,
    threshold: float = THRESHOLD,
    workers: int | None = None,
) -> pd.DataFrame:
    """List what `clean` does to each cell of a frame, and why; the arguments are the same.

    Returns
    -------
    pandas.DataFrame
        One row per step, in the order of the frame: `row` (the index label), `field`, `before`,
        `after`, `rule`, `score` (0 to 1), `action`: ``form`` (the same value in its normal
        notation), ``repair`` (a misread character was corrected), ``kept`` (left as read: `rule`
        says why, `after` is missing), and `position` of the row, from 0.

    Examples
    --------
    >>> read = pd.DataFrame({"type": ["cmt"], "id": ["O23 456 789"]})
    >>> changes(read)[["field", "before", "after", "rule", "action"]].to_dict("split")["data"]
    [['id', 'O23 456 789', 'O23456789', 'separators', 'form'], \
['id', 'O23456789', '023456789', 'look_alikes', 'repair']]
    """
    rows: list[tuple[int, str, str, str | None, str, float, str]] = []
    for column in _judged(frame, fields, threshold, workers, steps=True):
        told = [at for at, cell in enumerate(column.cells) if cell and (cell.steps or cell.flag)]
        for position in np.flatnonzero(np.isin(column.codes, told)).tolist():
            at = column.codes[position]
            question, cell = column.questions[at], column.cells[at]
            assert question is not None
            assert cell is not None
            steps = [(s.before, s.after, s.rule, s.score, s.action) for s in cell.steps]
            kept = [(question[0], None, cell.flag, 0.0, "kept")] if cell.flag else []
            rows += [(position, column.name, *step) for step in [*steps, *kept]]
    rows.sort(key=lambda row: row[0])
    texts = ("field", "before", "after", "rule", "action")
    made = pd.DataFrame(rows, columns=["position", *texts[:4], "score", "action"])
    made = made.astype({"position": "int64", "score": "float64", **dict.fromkeys(texts, TEXT)})
    made.insert(0, "row", pd.Series(frame.index.to_flat_index().take(made["position"].to_numpy())))
    return made[["row", *texts[:4], "score", "action", "position"]]


def _flags(columns: Sequence[Column], index: pd.Index) -> pd.Series:
    flags = np.full(len(index), "", dtype=object)
    for column in columns:
        at = column.flagged()
        flags[at] = [f"{flag};{column.name}" if flag else column.name for flag in flags[at]]
    return pd.Series([flag or None for flag in flags], index=index, dtype=TEXT)


def _judged(
    frame: pd.DataFrame,
    fields: Sequence[str] | None,
    threshold: float,
    workers: int | None,
    *,
    steps: bool = False,
    parts: bool = False,
) -> list[Column]:
    """Clean every distinct value of the frame once."""
    if not 0 <= threshold <= 1:
        raise ArgumentError(f"threshold is a share from 0 to 1, not {threshold}")
    if not frame.columns.is_unique:
        raise ArgumentError("the frame has two columns of one name")
    found = fields_of(frame, fields)
    refuse_numbers(frame, found)
    types = {prefix: types_of(frame, prefix) for prefix in {prefix for prefix, _ in found.values()}}
    addresses = [
        frame[name]
        for name, (prefix, field) in found.items()
        if "era" in shape_of(field, types[prefix][1]).parts
    ]
    with processes(addresses, threshold, workers=workers, steps=steps, parts=parts) as pool:
        eras = {prefix: _eras(frame, prefix, *of, threshold) for prefix, of in types.items()}
        columns = [
            column_of(frame[name], name, field, *types[prefix], eras[prefix])
            for name, (prefix, field) in found.items()
        ]
        clean_columns(columns, threshold, pool)
        return columns


def _is_made(name: str, columns: dict[str, Column]) -> bool:
    head, mark, part = name.partition("_clean")
    if not mark or head not in columns:
        return False
    return not part or part.removeprefix("_") in columns[head].rule.parts


def _eras(
    frame: pd.DataFrame, prefix: str, codes: Codes, types: list[str], threshold: float
) -> Codes:
    """Return the era of each row's addresses: 1 old, 2 new, 0 unknown."""
    old = np.array([t in _OLD_PAPERS for t in types] + [False])
    eras = np.where(old[codes], 1, 0).astype(np.int64)
    # Only identity papers use the provinces of their day of issue.
    known = [t in TYPES and TYPES[t].family == "id" for t in types]
    identity = np.array([*known, False])[codes]
    for field in _ISSUED:
        name, open_ = f"{prefix}{field}", eras == 0
        if name not in frame.columns or not open_.any():
            continue
        dates = column_of(frame[name][open_], name, field, codes[open_], types, eras[open_])
        dates.cells = cleaned(dates.questions, threshold)
        days = dates.series(frame.index[open_], parts=False)[f"{name}_clean"].to_numpy()
        if days.dtype.kind == "M":
            new = (days >= _MERGERS) & identity[open_]
            eras[open_] = np.select([days < _MERGERS, new], [1, 2], 0)
    return eras


def field_types(frame: pd.DataFrame) -> Callable[[int, str], tuple[FieldType, ...]]:
    """Return a function that gives the possible field types of a row's field."""
    codes, types = types_of(frame, "")
    known = [*types, ""]
    return lambda at, field: kinds_of(known[codes[at]], field)
