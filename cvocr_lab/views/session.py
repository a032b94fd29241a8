"""The common base of `Reviewer` and `Sweeper`: a page of items whose decisions go to a journal."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from functools import wraps
from typing import Final, Literal

import pandas as pd

from cvocr_lab import cleaning, journal
from cvocr_lab.errors import ArgumentError
from cvocr_lab.journal import Check, Decision, Decisions, State, check_value
from cvocr_lab.text import nfc
from cvocr_lab.views.live_page import LivePage, Message, Page, not_written
from cvocr_lab.views.pictures import Pictures
from cvocr_lab.views.review_items import Items

_STATES: Final[Mapping[str, State]] = {
    "skipped": "skipped", "unreadable": "unreadable", "disputed": "disputed", "note": "untouched",
}  # fmt: skip
"""Decisions other than a value; a note does not change the state."""


class Session(LivePage):
    """A page of items that a person decides; the decisions are written to `journal`."""

    def __init__(
        self,
        page: Page,
        pictures: Pictures,
        items: Items,
        *,
        checks: Mapping[str, Check | None],
        height: int,
    ) -> None:
        super().__init__(page, items.records, pictures, height=height)
        self.journal = items.journal
        self._items, self._checks = items, checks
        self._done: set[str] = set()

    @property
    def progress(self) -> pd.Series:
        """Number of items by state."""
        counts = pd.Series(self._items.states, dtype="object").value_counts()
        return counts.rename("items").rename_axis("state")

    def frame(self) -> pd.DataFrame:
        """Return the frame with all decisions applied; see `cvocr_lab.views.apply`."""
        with self._lock:
            self.journal.refresh()
            decisions = self.journal.decisions
        return apply(self._records.frame, decisions)

    def __len__(self) -> int:
        return len(self._items)

    @abstractmethod
    def _answer_decision(self, view: str, k: int, request: Message) -> None:
        """Tell the page that an item is decided."""

    def _decide(self, view: str, request: Message) -> Decision | None:
        """Write the decision that the page sent, and answer it."""
        k, token = self._at(request), str(request.get("token", ""))
        decision = None
        if token not in self._done:  # a message that arrives twice is one decision
            try:
                doubt, decision = self._decided(k, request)
                refusal = {"doubt": doubt} if doubt else {}
            except OSError as error:
                refusal = {"refused": not_written(error)}
            if refusal:
                self._tell(view, "refused", {"token": token, "at": k, **refusal})
                return None
            self._done.add(token)
        self._answer_decision(view, k, request)
        return decision

    def _decided(self, k: int, request: Message) -> tuple[str, Decision | None]:
        """Write a decision, or return why its value must be confirmed first."""
        self._items.read_others()
        act, text = str(request.get("act", "value")), nfc(str(request.get("value") or "")).strip()
        state, doubt = _STATES.get(act), ""
        if act == "value":
            doubt = self._complaint(k, text)
            if doubt and not request.get("force"):
                return doubt, None
            state = "confirmed" if text == nfc(self._items.values[k]).strip() else "corrected"
        if state is None:
            raise ArgumentError("the page sent an unknown decision")
        self._items.identify(self._items.rows[k])
        note, seconds = str(request.get("note") or ""), request.get("seconds")
        spent = float(seconds) if isinstance(seconds, int | float) else None
        return "", self._items.decide(k, state, text, note=note, doubt=doubt, seconds=spent)

    def _complaint(self, k: int, text: str) -> str:
        field = self._items.fields[k]
        cell = self._records.cell(self._items.rows[k], field)
        return check_value(field, cell.form, text, self._checks)

    def _undone(self, view: str) -> tuple[str, int | None] | None:
        """Undo the latest decision, and return its field and the position of its item."""
        self._items.read_others()
        undone = self.journal.undo()
        if undone is None:
            self._tell(view, "trouble", {"text": "There is nothing to undo."})
            return None
        k = self._items.find(undone.item)
        if k is not None:
            self._items.update_state(k)
        return undone.item.field, k


@wraps(journal.apply)
def apply(  # noqa: D103 - the docstring is that of `journal.apply`
    frame: pd.DataFrame,
    decisions: Decisions,
    *,
    match: Literal["path", "content"] = "path",
) -> pd.DataFrame:
    return cleaning.refreshed(journal.apply(frame, decisions, match=match))
