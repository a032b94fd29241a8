"""`apply`: put the decisions of a journal into a flat frame."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal

import pandas as pd

from cvocr_lab.errors import ArgumentError, caller_stacklevel
from cvocr_lab.frames import (
    READING_COLUMNS,
    REVIEWED_COLUMN,
    TAGS_COLUMN,
    UNREADABLE,
    Records,
    restore,
)
from cvocr_lab.frames.columns import as_column, column_types, triple
from cvocr_lab.journal.decision import Item
from cvocr_lab.journal.file import JournalWarning
from cvocr_lab.journal.fold import InputKey, Ledger, Standing
from cvocr_lab.journal.items import QUAD, frame_items, picture_digest, quad_of, tags_of
from cvocr_lab.journal.tables import Decisions, read_decisions

_OF_PAPER: Final = ("ocr_type", "ocr_side")
_Face = tuple[int, str, int]


def apply(
    frame: pd.DataFrame,
    decisions: Decisions,
    *,
    match: Literal["path", "content"] = "path",
) -> pd.DataFrame:
    """Put the decisions of a review into a flat frame of any engine.

    Parameters
    ----------
    frame
        A flat frame; it is not changed.
    decisions
        A journal, several journals (they are merged), or decisions.
    match
        How rows are matched with decisions.  ``"path"`` uses the path of the picture, and reads a
        file only if a journal knows two pictures with the same path.  ``"content"`` reads every
        file and uses its digest, so that pictures may have been moved.

    Returns
    -------
    pandas.DataFrame
        The same rows with the same index.  Confirmed and corrected values have confidence 1.0.
        Absent values are missing, without confidence and quad.  Unreadable values are ``###``, as
        in a truth.  Skipped, prefilled and disputed fields keep the value of the engine.
        ``ocr_reviewed`` contains the state of each decided field:
        ``"id:confirmed;name:disputed"``.  Corrected boxes replace the quads
        (``"name_quad:corrected"``), and ``ocr_tags`` contains the tags of the rows.  If a person
        has decided fields of a failed row, its error is removed, and its type, side and page are
        taken from the decisions.

    Raises
    ------
    ArgumentError
        `frame` is not a flat frame, or the journal does not exist.

    Warns
    -----
    JournalWarning
        Some decisions are about faces that `frame` does not contain.

    Examples
    --------
    >>> from cvocr_lab.journal import Decision
    >>> frame = pd.DataFrame({"image": ["a.jpg"], "ocr_type": ["tcc_chip"], "name": ["TRẦN AN"]})
    >>> item = Item("a.jpg", side="front", field="name")
    >>> reviewed = apply(frame, [Decision(item, "corrected", "TRẦN ÂN")])
    >>> reviewed[["name", "name_confidence", "ocr_reviewed"]].to_dict("records")
    [{'name': 'TRẦN ÂN', 'name_confidence': 1.0, 'ocr_reviewed': 'name:corrected'}]
    """
    if match not in ("path", "content"):
        raise ArgumentError(f"match must be 'path' or 'content', not {match!r}")
    given = list(frame.columns)
    frame = restore(frame)
    records = Records(frame)
    ledger = Ledger(read_decisions(decisions))
    by_input: defaultdict[InputKey, dict[_Face, list[Standing]]] = defaultdict(dict)
    for (of, page, side, nth, _), stands in ledger.standings.items():
        by_input[of].setdefault((page, side, nth), []).append(stands)
    doubtful = {source for source, known in ledger.digests.items() if len(known) > 1}
    items = frame_items(records, sha256=True if match == "content" else None)
    cells = _Cells(frame)
    unmatched = 0
    for rows in pd.Series(range(len(frame))).groupby(records.inputs).agg(list):
        item = items[rows[0]]
        if item.source in doubtful and not item.sha256:
            item = replace(item, sha256=picture_digest(records, rows[0]))
        of = ledger.input_of(item)
        if of not in by_input and item.sha256:
            of = ledger.input_of(replace(item, sha256=""))  # decided with only the path known
        left = dict(by_input.get(of, {}))
        for at in rows:
            face = items[at].page, items[at].side, items[at].nth
            cells.put(at, left.pop(face, ()))
        if len(left) == len(rows) == 1 and rows[0] not in cells.touched:
            # The engine failed or found the wrong side, and there is only one possible face.
            cells.put(rows[0], next(iter(left.values())))
            left = {}
        unmatched += sum(map(len, left.values()))
    if unmatched:
        text = f"ignored {unmatched} decisions about faces that are not in the frame"
        warnings.warn(text, JournalWarning, stacklevel=caller_stacklevel())
    made = cells.frame()
    if not set(frame.columns) - set(given):
        return made
    # Columns that `restore` added are dropped again if they are still empty.
    own = [c for c in given if c in made]
    return made[[*own, *(c for c in made if c not in own and made[c].notna().any())]]


class _Cells:
    """The columns of a frame as lists, into which decisions are written."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame
        # Source columns and other columns of the caller must not be changed by decisions.
        self._closed = set(frame.columns) - set(column_types(frame.columns))
        self._columns: dict[str, list[object]] = {}
        self._states: list[dict[str, str]] = [
            dict(part.split(":", 1) for part in s.split(";")) if isinstance(s, str) else {}
            for s in self._column(REVIEWED_COLUMN)
        ]
        self.touched: set[int] = set()

    def put(self, at: int, standings: Sequence[Standing]) -> None:
        """Write the decisions about one face into one row."""
        # Boxes first, because an absent value has no quad even if a box was drawn before.
        for standing in sorted(standings, key=lambda s: not s.item.field.endswith(QUAD)):
            field = standing.item.field
            if field == TAGS_COLUMN:
                self.touched.add(at)
                self._column(TAGS_COLUMN)[at] = tags_of(standing)
                continue
            if field in self._closed or (field.startswith("ocr_") and field not in _OF_PAPER):
                continue
            self.touched.add(at)
            if standing.state == "untouched":
                continue
            self._states[at][field] = standing.state
            if not standing.reviewed:
                continue
            value = UNREADABLE if standing.state == "unreadable" else standing.value
            if field in _OF_PAPER:
                self._column(field)[at] = value
                continue
            texts, confidences, quads = map(self._column, triple(field.removesuffix(QUAD)))
            if field.endswith(QUAD):
                quads[at] = quad_of(value)
                continue
            texts[at] = value
            certain = value is not None and standing.state != "unreadable"
            confidences[at] = 1.0 if certain else None
            if value is None:
                quads[at] = None
            self._clear_failure(at, standing.item)

    def frame(self) -> pd.DataFrame:
        """Return the frame, with new fields after the others and ``ocr_reviewed`` at the end."""
        self._columns[REVIEWED_COLUMN] = [
            ";".join(f"{f}:{s}" for f, s in states.items()) for states in self._states
        ]
        given = list(self._frame.columns)
        kinds = column_types([*given, *self._columns])
        made = {
            name: as_column(values, kinds[name], self._frame.index)
            for name, values in self._columns.items()
        }
        last = [c for c in (TAGS_COLUMN, REVIEWED_COLUMN) if c in made and c not in given]
        fields = [c for c in made if c not in given and c not in last]
        first = given.index(READING_COLUMNS[1])
        return self._frame.assign(**made)[[*given[:first], *fields, *given[first:], *last]]

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
