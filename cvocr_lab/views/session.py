"""The common base of `Reviewer` and `Sweeper`: a page of items whose decisions go to a journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import RLock
from typing import TYPE_CHECKING, Final

import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import Records
from cvocr_lab.journal import Check, Decision, State, check_value
from cvocr_lab.text import nfc
from cvocr_lab.views.apply_decisions import apply
from cvocr_lab.views.messages import not_written
from cvocr_lab.views.pictures import Pictures
from cvocr_lab.views.review_items import Items
from cvocr_lab.views.widget import Channel, Message, Page

if TYPE_CHECKING:
    from anywidget import AnyWidget

Handler = Callable[[str, Message], None]
"""A function that is called with the view of the page and its message."""

_STATES: Final[Mapping[str, State]] = {
    "skipped": "skipped", "unreadable": "unreadable", "disputed": "disputed", "note": "untouched",
}  # fmt: skip
"""Decisions other than a value; a note does not change the state."""


class Session:
    """Items that a person decides on a page; subclasses define the page.

    Attributes
    ----------
    journal
        The journal that decisions are written to.
    """

    def __init__(
        self,
        page: Page,
        records: Records,
        pictures: Pictures,
        items: Items,
        *,
        checks: Mapping[str, Check | None],
        height: int,
    ) -> None:
        self.journal = items.journal
        self._records, self._pictures, self._items = records, pictures, items
        self._checks, self._height = checks, height
        # JupyterLab's subshells answer the page while other cells run.
        self._lock = RLock()
        self._channel = Channel(self._hear, page)

    @property
    def widget(self) -> AnyWidget:
        """The widget itself, for combining several widgets on a page."""
        return self._channel.widget

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

    def _handlers(self) -> Mapping[str, Handler]:
        """Return the function for each request of the page."""
        raise NotImplementedError

    def _hear(self, view: str, ask: str, request: Message) -> None:
        handler = self._handlers().get(ask)
        if handler:
            with self._lock:
                handler(view, request)

    def _decided(self, k: int, request: Message) -> tuple[Mapping[str, str], Decision | None]:
        """Write the decision that the page sent, or return why it was not written."""
        self._items.read_others()
        act, text = str(request.get("act", "value")), nfc(str(request.get("value") or "")).strip()
        state, doubt = _STATES.get(act), ""
        if act == "value":
            doubt = self._complaint(k, text)
            if doubt and not request.get("force"):
                return {"doubt": doubt}, None
            state = "confirmed" if text == nfc(self._items.values[k]).strip() else "corrected"
        if state is None:
            raise ArgumentError("the page sent an unknown decision")
        return self._put(k, state, text, request, doubt)

    def _put(
        self, k: int, state: State, text: str, request: Message, doubt: str = ""
    ) -> tuple[Mapping[str, str], Decision | None]:
        self._items.identify(self._items.rows[k])
        note, seconds = str(request.get("note") or ""), request.get("seconds")
        spent = float(seconds) if isinstance(seconds, int | float) else None
        return self._written(
            lambda: self._items.decide(k, state, text, note=note, doubt=doubt, seconds=spent)
        )

    def _written(
        self, write: Callable[[], Decision | None]
    ) -> tuple[Mapping[str, str], Decision | None]:
        """Write to the journal, or return why it cannot be written."""
        try:
            return {}, write()
        except OSError as error:
            return {"refused": not_written(error)}, None

    def _complaint(self, k: int, text: str) -> str:
        field = self._items.fields[k]
        cell = self._records.cell(self._items.rows[k], field)
        return check_value(field, cell.form, text, self._checks)

    def _undone(self, view: str) -> tuple[str, int | None] | None:
        """Undo the latest decision, and return its field and the position of its item."""
        self._items.read_others()
        undone = self.journal.undo()
        if undone is None:
            self._channel.tell(view, "trouble", {"text": "There is nothing to undo."})
            return None
        k = self._items.find(undone.item)
        if k is not None:
            self._items.update_state(k)
        return undone.item.field, k
