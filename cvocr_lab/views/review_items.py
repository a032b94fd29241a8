"""The items of a review: the fields to decide, their states, and their order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import Record, Records, as_text
from cvocr_lab.journal import (
    QUAD,
    REVIEWED,
    STATES,
    Decision,
    Item,
    Journal,
    Standing,
    State,
    frame_items,
    picture_digest,
    quad_of,
    quad_text,
)
from cvocr_lab.text import comparison_key

DECIDED: Final = REVIEWED | {"skipped", "disputed"}
"""States set by a person; items in other states are still to do."""

SHOWN: Final = (
    "to do", "all", "corrected", "skipped", "unreadable", "disputed", "noted", "malformed",
    "differ",
)  # fmt: skip
"""Groups of items that can be shown: ``noted`` items have a note, ``malformed`` values were saved
although their form is wrong, and two engines disagree on ``differ`` items."""

_RECENT: Final = 40
"""Number of latest decisions that the pace is computed from."""

_LONGEST: Final = 600.0
"""Maximum number of seconds counted for one decision."""


class Items:
    """A queue of fields to review, and the journal of decisions about them.

    The queue has the columns `row` (position) and `field`, and optionally `reason` and `chance`; an
    `ArgumentError` is raised if one is missing or there is no such row.  `second` has the values of
    a second engine, in the form of `truth_by_row`.
    """

    def __init__(
        self,
        records: Records,
        queue: pd.DataFrame,
        journal: Journal,
        *,
        second: pd.DataFrame | None = None,
    ) -> None:
        for column in ("row", "field"):
            if column not in queue:
                raise ArgumentError(f"the review queue needs a column {column!r}")
        self.journal = journal
        self.records, self.second = records, second
        self.rows: list[int] = queue["row"].astype("int64").tolist()
        self.fields: list[str] = as_text(queue["field"]).tolist()
        if self.rows and not 0 <= min(self.rows) <= max(self.rows) < len(records):
            raise ArgumentError("the review queue contains rows that the frame does not have")
        empty = pd.Series([""] * len(queue))
        self.reasons: list[str] = as_text(queue.get("reason", empty)).tolist()
        chances = queue.get("chance", pd.Series([1.0] * len(queue)))
        self.chances: list[float] = chances.astype("float64").fillna(1.0).tolist()
        self.faces = frame_items(records)  # the journal's identifiers of the rows
        self._digested: set[int] = set()
        read = {field: records.texts(field).tolist() for field in set(self.fields)}
        self.values: list[str] = [
            read[field][row] for row, field in zip(self.rows, self.fields, strict=True)
        ]
        # Arrays, because a dict of a million items takes seconds to build.
        self._number_of = {field: n for n, field in enumerate(dict.fromkeys(self.fields))}
        # None if the second engine has no such row, or there is no second engine.
        self.others: list[str | None] = [None] * len(queue)
        if second is not None:
            there, absent = (second["row"] >= 0).tolist(), [""] * len(second)
            other = {f: second[f].tolist() if f in second else absent for f in self._number_of}
            asked = zip(self.rows, self.fields, strict=True)
            self.others = [other[field][row] if there[row] else None for row, field in asked]
        self._item_field = np.array([self._number_of[f] for f in self.fields], np.int64)
        self._item_row = np.array(self.rows, np.int64)
        faces = [(item.source or item.label, item.page, item.side, item.nth) for item in self.faces]
        pictured = pd.Index(faces, tupleize_cols=False)
        self._item_face = pd.factorize(pictured)[0][self._item_row]
        self.states = self._all_states()
        self.choose("to do", "")

    def __len__(self) -> int:
        return len(self.rows)

    def place(self, row: int, field: str) -> int | None:
        """Return the position of a field of a row in the queue, or None."""
        of_field = self._item_field == self._number_of.get(field, -1)
        found = np.flatnonzero((self._item_row == row) & of_field)
        return int(found[-1]) if len(found) else None

    def standing(self, k: int) -> Standing | None:
        """Return what the journal knows about an item, or None."""
        return self.journal.at(self.faces[self.rows[k]], self.fields[k])

    def state(self, k: int) -> State:
        """Return the state of an item; undecided items with a value are ``prefilled``."""
        found = self.standing(k)
        if found is None or found.state in ("untouched", "prefilled"):
            return "prefilled" if self.values[k] else "untouched"
        return found.state

    def _all_states(self) -> list[State]:
        if self.journal.standings:
            return [self.state(k) for k in range(len(self))]
        return ["prefilled" if value else "untouched" for value in self.values]

    def update_state(self, k: int) -> None:
        """Update the state of an item, and of all rows with the same face of the same picture."""
        of_field = self._item_field == self._item_field[k]
        for twin in np.flatnonzero((self._item_face == self._item_face[k]) & of_field).tolist():
            self.states[twin] = self.state(twin)

    def read_others(self) -> None:
        """Read decisions that others have appended to the journal."""
        if self.journal.refresh():
            self.states = self._all_states()

    def identify(self, row: int) -> None:
        """Add the digest of its picture to a row, so that decisions survive a move of the file."""
        item = self.faces[row]
        if row in self._digested or item.sha256:
            return
        self._digested.add(row)
        found = picture_digest(self.records, row)
        self.faces[row] = replace(item, sha256=found)

    def decide(
        self,
        k: int,
        state: State,
        text: str,
        *,
        note: str = "",
        doubt: str = "",
        seconds: float | None = None,
    ) -> Decision | None:
        """Write a decision to the journal, unless the same person has already made it.

        The state is ``untouched`` for a note alone, which does not change the state.  `text` is the
        value, for states that have one.  An `OSError` is raised if the journal cannot be written.
        """
        before = self.standing(k)
        if before is not None and state == "untouched":
            state, text = before.state, before.value or ""
            doubt = before.decisions[-1].doubt
        value = text if state in ("confirmed", "corrected") else None
        if before is not None:
            latest = before.decisions[-1]
            there = latest.who, before.state, before.value or "", latest.note
            if there == (self.journal.who, state, value or "", note):
                self.update_state(k)
                return None
        engine = str(self.records.engines[self.rows[k]])
        decision = self.journal.decide(
            replace(self.faces[self.rows[k]], field=self.fields[k]),
            state,
            value=value,
            engine=engine,
            engine_value=self.values[k] or None,
            seconds=None if seconds is None else min(max(seconds, 0.0), _LONGEST),
            note=note,
            doubt=doubt,
            chance=self.chances[k],
        )
        self.update_state(k)
        return decision

    def record(self, row: int) -> Record:
        """Return a row, with the boxes of its values as corrected by people."""
        record = self.records.record(row)
        moved = {
            field: replace(record.cells[field], quad=quad_of(standing.value))
            for field in record.cells
            if (standing := self.journal.at(self.faces[row], field + QUAD)) and standing.reviewed
        }
        cells = MappingProxyType({**record.cells, **moved})
        return replace(record, cells=cells) if moved else record

    def put_box(self, row: int, field: str, quad: Sequence[float] | None) -> Decision:
        """Write a box to the journal; None removes the box."""
        return self.journal.decide(
            replace(self.faces[row], field=field + QUAD),
            "corrected",
            value=quad_text(quad),
            engine=str(self.records.engines[row]),
            engine_value=quad_text(self.records.cell(row, field).quad),
        )

    def give_box(self, row: int, field: str, other: str) -> Decision | None:
        """Move the box of a field to another field; return None if there is no box."""
        cell = self.record(row).cells.get(field)
        if cell is None or cell.quad is None:
            return None
        self.put_box(row, other, cell.quad)
        return self.put_box(row, field, None)

    def find(self, item: Item) -> int | None:
        """Return the position in the queue of an item of the journal, or None."""
        field = item.field.removesuffix(QUAD)
        for row, own in enumerate(self.faces):
            if _same(own, item) and (place := self.place(row, field)) is not None:
                return place
        return None

    def choose(self, shown: str, field: str) -> None:
        """Select the items to go through: one of `SHOWN`, and a field or "" for all."""
        if shown not in SHOWN:
            raise ArgumentError(f"shown must be one of {', '.join(SHOWN)}, not {shown!r}")
        self.shown, self.field = shown, field
        # Decided items stay in the list, so that one can go back to them; `next` skips them.
        every = shown in ("to do", "all")
        self.walk = [
            k
            for k in range(len(self))
            if (not field or self.fields[k] == field) and (every or self._wanted(k))
        ]

    def _wanted(self, k: int) -> bool:
        if self.shown in ("noted", "malformed"):
            found = self.standing(k)
            there = found.decisions if found else ()
            return any(d.note if self.shown == "noted" else d.doubt for d in there)
        if self.shown == "differ":
            other = self.others[k]
            return other is not None and comparison_key(other) != comparison_key(self.values[k])
        return self.states[k] == self.shown

    def next(self, k: int, *, step: int = 1, undecided: bool = False) -> int | None:
        """Return the next selected item, or the next undecided one; None at the end."""
        at = bisect_right(self.walk, k) if step > 0 else bisect_left(self.walk, k) - 1
        while 0 <= at < len(self.walk):
            if not undecided or self.states[self.walk[at]] not in DECIDED:
                return self.walk[at]
            at += step
        return None

    def first(self) -> int | None:
        """Return the first undecided item, or else the first item."""
        found = self.next(-1, undecided=self.shown == "to do")
        return self.next(-1) if found is None else found

    def progress(self) -> dict[str, object]:
        """Return counts of items by state, and the time left at the present pace."""
        counts = Counter(self.states)
        own = [
            d.seconds
            for d in self.journal.decisions
            if d.who == self.journal.who and d.seconds and d.state in DECIDED
        ][-_RECENT:]
        pace = float(median(own)) if own else None
        left = sum(counts[s] for s in STATES if s not in DECIDED)
        return {
            "total": len(self),
            "left": left,
            "counts": {s: counts[s] for s in STATES},
            "pace": pace,
            "seconds_left": None if pace is None else pace * left,
        }


def _same(one: Item, other: Item) -> bool:
    """Return whether two items are the same face of the same picture."""
    if (one.page, one.side, one.nth) != (other.page, other.side, other.nth):
        return False
    if one.sha256 and other.sha256:
        return one.sha256 == other.sha256
    return one.source == other.source if one.source else one.label == other.label
