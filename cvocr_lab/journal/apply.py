"""What of a journal concerns which row of a flat frame."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, Literal

import pandas as pd

from cvocr_lab.errors import ArgumentError, outside
from cvocr_lab.frames import (
    READING_COLUMNS,
    REVIEWED_COLUMN,
    TAGS_COLUMN,
    UNREADABLE,
    Records,
    restore,
)
from cvocr_lab.frames.columns import column_kinds, triple, typed
from cvocr_lab.journal.decision import Item
from cvocr_lab.journal.file import JournalWarning
from cvocr_lab.journal.fold import Input, Standing, digests, fold, namer
from cvocr_lab.journal.items import frame_items, picture_digest
from cvocr_lab.journal.rows import QUAD, quad_of, tags_of
from cvocr_lab.journal.tables import Decisions, read_decisions

_OF_PAPER: Final = ("ocr_type", "ocr_side")
_Face = tuple[int, str, int]


def apply(
    frame: pd.DataFrame,
    decisions: Decisions,
    *,
    match: Literal["path", "content"] = "path",
) -> pd.DataFrame:
    """Put what people decided in a review into a flat frame, whatever engine read it.

    Parameters
    ----------
    frame
        A flat frame; it is not changed.
    decisions
        A journal, several (they are merged), or decisions.
    match
        ``"path"``: rows find their decisions by the path in the source column, and read a file
        only where a journal knows two pictures under one path.  ``"content"``: by the picture
        itself, wherever it is now; reads every file.

    Returns
    -------
    pandas.DataFrame
        The same rows under the same index.  A confirmed or corrected value has confidence 1.0; an
        absent one is missing, without confidence and quad; an unreadable one is ``###``, as in a
        truth.  Skipped, prefilled and disputed fields stay as the engine read them.
        ``ocr_reviewed`` has the state of every field that has one:
        ``"id:confirmed;name:disputed"``.  A box that was drawn or corrected is the field's quad
        (``"name_quad:corrected"``); ``ocr_tags`` has the tags of the rows.  A failed row that
        somebody read by eye is no failure any more: its error is gone, its type, side and page
        are those of the decisions.

    Raises
    ------
    ArgumentError
        `frame` is no flat frame, or there is no such journal.

    Warns
    -----
    JournalWarning
        Decisions are about a face of a picture that has no such face in `frame`.

    Examples
    --------
    >>> from cvocr_lab.frames import Reading, to_frame
    >>> from cvocr_lab.journal import Decision
    >>> from cvocr_lab.results import Document, Extraction, FieldValue
    >>> paper = Document("tcc_chip", "front", {"name": FieldValue("TRẦN AN", 0.6)})
    >>> frame = to_frame([Reading(Extraction((paper,)))], pd.DataFrame({"image": ["a.jpg"]}))
    >>> item = Item("a.jpg", side="front", field="name")
    >>> reviewed = apply(frame, [Decision(item, "corrected", "TRẦN ÂN")])
    >>> reviewed[["name", "name_confidence", "ocr_reviewed"]].to_dict("records")
    [{'name': 'TRẦN ÂN', 'name_confidence': 1.0, 'ocr_reviewed': 'name:corrected'}]
    """
    if match not in ("path", "content"):
        raise ArgumentError(f"match is 'path' or 'content', not {match!r}")
    given = list(frame.columns)
    frame = restore(frame)
    records = Records(frame)
    found = read_decisions(decisions)
    by_input: defaultdict[Input, dict[_Face, list[Standing]]] = defaultdict(dict)
    for (of, page, side, nth, _), stands in fold(found).items():
        by_input[of].setdefault((page, side, nth), []).append(stands)
    doubtful = {source for source, known in digests(found).items() if len(known) > 1}
    items = frame_items(records, sha256=True if match == "content" else None)
    name = namer(digests(found))
    cells = _Cells(frame)
    homeless = 0
    for rows in pd.Series(range(len(frame))).groupby(records.inputs).agg(list):
        item = items[rows[0]]
        if item.source in doubtful and not item.sha256:
            item = replace(item, sha256=picture_digest(records, rows[0]))
        of = name(item)
        if of not in by_input and item.sha256:
            of = name(replace(item, sha256=""))  # decided by somebody who knew the path only
        left = dict(by_input.get(of, {}))
        for at in rows:
            face = items[at].page, items[at].side, items[at].nth
            cells.put(at, left.pop(face, ()))
        if len(left) == len(rows) == 1 and not cells.touched(rows[0]):
            # The engine took the side wrong, or failed: there is only one face this can mean.
            cells.put(rows[0], next(iter(left.values())))
            left = {}
        homeless += sum(map(len, left.values()))
    if homeless:
        text = f"{homeless} decisions are about faces that have no row in the frame; ignored"
        warnings.warn(text, JournalWarning, stacklevel=outside())
    made = cells.frame()
    if not set(frame.columns) - set(given):
        return made
    # The columns that `restore` added stay out where nothing came into them.
    own = [c for c in given if c in made]
    return made[[*own, *(c for c in made if c not in own and made[c].notna().any())]]


class _Cells:
    """The columns of a frame as lists, and what is put into them."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame
        # A source or another column of the caller's is no field, whatever a journal says.
        self._closed = set(frame.columns) - set(column_kinds(frame.columns))
        self._columns: dict[str, list[object]] = {}
        self._fields: dict[str, None] = {}
        known = frame.get(REVIEWED_COLUMN)
        states = [None] * len(frame) if known is None else known.tolist()
        self._states: list[dict[str, str]] = [
            dict(part.split(":", 1) for part in s.split(";")) if isinstance(s, str) else {}
            for s in states
        ]
        self._touched: set[int] = set()

    def touched(self, at: int) -> bool:
        return at in self._touched

    def put(self, at: int, standings: Sequence[Standing]) -> None:
        """Put what was decided of one face into one row."""
        # Boxes first: a value that is absent has no place, whatever was drawn before.
        for standing in sorted(standings, key=lambda s: not s.item.field.endswith(QUAD)):
            field = standing.item.field
            if field == TAGS_COLUMN:
                self._touched.add(at)
                self._column(TAGS_COLUMN)[at] = tags_of(standing)
                continue
            if field in self._closed or (field.startswith("ocr_") and field not in _OF_PAPER):
                continue
            self._touched.add(at)
            if standing.state == "untouched":
                continue
            self._states[at][field] = standing.state
            if not standing.reviewed:
                continue
            value = UNREADABLE if standing.state == "unreadable" else standing.value
            if field in _OF_PAPER:
                self._column(field)[at] = value
                continue
            if field.endswith(QUAD):
                self._fields[field.removesuffix(QUAD)] = None
                self._column(field)[at] = quad_of(value)
                continue
            self._fields[field] = None
            text, confidence, quad = triple(field)
            self._column(text)[at] = value
            certain = value is not None and standing.state != "unreadable"
            self._column(confidence)[at] = 1.0 if certain else None
            if value is None:
                self._column(quad)[at] = None
            self._clear_failure(at, standing.item)

    def frame(self) -> pd.DataFrame:
        """Put the columns together: new fields after the others, ``ocr_reviewed`` at the end."""
        result = self._frame.copy()
        for field in self._fields:
            for name in triple(field):
                if name not in result.columns:
                    first = min(result.columns.get_indexer(pd.Index(READING_COLUMNS[1:])))
                    result.insert(int(first), name, None)
        states: list[object] = [";".join(f"{f}:{s}" for f, s in d.items()) for d in self._states]
        self._columns[REVIEWED_COLUMN] = states
        for name in (TAGS_COLUMN, REVIEWED_COLUMN):
            if name in self._columns and name not in result.columns:
                result[name] = None
        kinds = column_kinds(result.columns)
        filled: Mapping[str, pd.Series] = {
            name: typed(self._columns.get(name, result[name].tolist()), kinds[name], result.index)
            for name in result.columns
            if name in self._columns or name in {c for f in self._fields for c in triple(f)}
        }
        return result.assign(**filled)

    def _column(self, name: str) -> list[object]:
        if name not in self._columns:
            there = name in self._frame.columns
            self._columns[name] = self._frame[name].tolist() if there else [None] * len(self._frame)
        return self._columns[name]

    def _clear_failure(self, at: int, item: Item) -> None:
        if pd.isna(self._column("ocr_error")[at]):  # type: ignore[call-overload]
            return
        known = {"ocr_type": item.type, "ocr_side": item.side, "ocr_page": item.page}
        for name, value in {**known, "ocr_error": None, "ocr_error_code": None}.items():
            self._column(name)[at] = value
