"""A gallery of thumbnails, sent when they are scrolled into view."""

from __future__ import annotations

from functools import lru_cache, partial

from cvocr_lab.errors import CvocrError
from cvocr_lab.frames import Record
from cvocr_lab.views.pictures import Pictures
from cvocr_lab.views.row_filter import Positions, RowSelector
from cvocr_lab.views.widget import Channel, Message

EDGE = 260
"""Longest side of a thumbnail in pixels."""

_KEPT = 3000
"""Number of cached thumbnails, of some ten kilobytes each."""

_MOST = 200
"""Maximum number of thumbnails in one request of the page."""


class Gallery:
    """Thumbnails of rows, made one by one in a background thread.

    With `mask`, index labels are hidden, since they may identify a person.
    """

    def __init__(
        self, channel: Channel, selector: RowSelector, pictures: Pictures, *, mask: bool
    ) -> None:
        self._channel, self._selector, self._mask = channel, selector, mask
        records = selector.records
        self._thumb = lru_cache(_KEPT)(lambda row: pictures.thumb(records.record(row), EDGE))
        self._asked = 0

    def send(self, view: str, rows: Positions, request: Message) -> None:
        """Send the requested thumbnails; those of earlier requests are cancelled."""
        self._asked += 1
        asked, wanted = self._asked, request.get("at")
        choice = request.get("choice")
        places = wanted[:_MOST] if isinstance(wanted, list) else []
        for at in places:
            if isinstance(at, int) and 0 <= at < len(rows):
                self._channel.run_in_background(
                    view, partial(self._send, view, asked, choice, at, int(rows[at]))
                )

    def _send(self, view: str, asked: int, choice: object, at: int, row: int) -> None:
        if asked != self._asked:
            return  # a newer request has replaced this one
        record = self._selector.records.record(row)
        trouble, thumb = "", b""
        try:
            thumb = self._thumb(row)
        except CvocrError as error:
            trouble = "The picture cannot be read." if self._mask else str(error)
        message = {"at": at, "choice": choice, "trouble": trouble, **self._about(record)}
        self._channel.tell(view, "thumb", message, [thumb] if thumb else [])

    def _about(self, record: Record) -> dict[str, object]:
        known = [c.confidence for c in record.cells.values() if c.confidence is not None]
        overlay = self._selector.overlay
        outcomes = [j.outcome for j in overlay.of(record.row).values()] if overlay else []
        wrong = sum(outcome in ("wrong", "missing", "invented") for outcome in outcomes)
        return {
            "row": record.row,
            "label": "" if self._mask else str(record.label),
            "title": record.title,
            "failed": bool(record.error),
            "warnings": len(record.warnings),
            "confidence": min(known, default=None),
            "wrong": wrong if outcomes else None,
            "tags": self._selector.tags.of(record.row),
        }
