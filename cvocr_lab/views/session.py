"""What reviewer and sweeper share: items, a journal, and a page whose decisions go to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import RLock
from typing import TYPE_CHECKING, Final

import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import Records
from cvocr_lab.journal import Check, Decision, State, complaint
from cvocr_lab.text import nfc
from cvocr_lab.views.applied import apply
from cvocr_lab.views.items import Items
from cvocr_lab.views.pictures import Pictures
from cvocr_lab.views.widget import Page, Said, Talk

if TYPE_CHECKING:
    from anywidget import AnyWidget

Ear = Callable[[str, Said], None]
"""What is called with the page's view and the whole message."""

_STATES: Final[Mapping[str, State]] = {
    "skipped": "skipped", "unreadable": "unreadable", "disputed": "disputed", "note": "untouched",
}  # fmt: skip
"""What a page may ask for beside a value; a note leaves things where they stand."""


class Session:
    """Items that a person decides on a page; which page, is for those that extend it.

    Attributes
    ----------
    journal
        The journal that decisions go to.
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
        # The page is answered beside the cells that run (JupyterLab's subshells).
        self._lock = RLock()
        self._talk = Talk(self._hear, page)

    @property
    def widget(self) -> AnyWidget:
        """The widget itself, for those who build a page of several."""
        return self._talk.widget

    @property
    def progress(self) -> pd.Series:
        """How many items stand in which state."""
        counts = pd.Series(self._items.states, dtype="object").value_counts()
        return counts.rename("items").rename_axis("state")

    def frame(self) -> pd.DataFrame:
        """The frame with what was decided so far, see `cvocr_lab.views.apply`."""
        with self._lock:
            self.journal.refresh()
            decisions = self.journal.decisions
        return apply(self._records.frame, decisions)

    def __len__(self) -> int:
        return len(self._items)

    def _ears(self) -> Mapping[str, Ear]:
        """What is called for which question of the page."""
        raise NotImplementedError

    def _hear(self, view: str, ask: str, said: Said) -> None:
        hear = self._ears().get(ask)
        if hear:
            with self._lock:
                hear(view, said)

    def _decided(self, k: int, said: Said) -> tuple[Mapping[str, str], Decision | None]:
        """Put what the page said of an item on disk, or say why not."""
        self._items.read_others()
        act, text = str(said.get("act", "value")), nfc(str(said.get("value") or "")).strip()
        state, doubt = _STATES.get(act), ""
        if act == "value":
            doubt = self._complaint(k, text)
            if doubt and not said.get("force"):
                return {"doubt": doubt}, None
            state = "confirmed" if text == nfc(self._items.values[k]).strip() else "corrected"
        if state is None:
            raise ArgumentError("the page asked for what is no decision")
        return self._put(k, state, text, said, doubt)

    def _put(
        self, k: int, state: State, text: str, said: Said, doubt: str = ""
    ) -> tuple[Mapping[str, str], Decision | None]:
        self._items.identify(self._items.rows[k])
        note, seconds = str(said.get("note") or ""), said.get("seconds")
        spent = float(seconds) if isinstance(seconds, int | float) else None
        return self._written(
            lambda: self._items.decide(k, state, text, note=note, doubt=doubt, seconds=spent)
        )

    def _written(
        self, write: Callable[[], Decision | None]
    ) -> tuple[Mapping[str, str], Decision | None]:
        """Write to the journal, or say why it cannot be written."""
        try:
            return {}, write()
        except OSError as error:
            reason = error.strerror or type(error).__name__
            return {"refused": f"The journal cannot be written: {reason}."}, None

    def _complaint(self, k: int, text: str) -> str:
        field = self._items.fields[k]
        cell = self._records.cell(self._items.rows[k], field)
        return complaint(field, cell.form, text, self._checks)

    def _undone(self, view: str) -> tuple[str, int | None] | None:
        """Undo the latest decision: of which field, and where it stands among the items."""
        self._items.read_others()
        undone = self.journal.undo()
        if undone is None:
            self._talk.tell(view, "trouble", {"text": "There is nothing to undo."})
            return None
        k = self._items.find(undone.item)
        if k is not None:
            self._items.take_state(k)
        return undone.item.field, k
