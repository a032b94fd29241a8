"""Many papers at once: thumbnails, sent as they come into sight."""

from __future__ import annotations

from functools import partial

from cvocr_lab.errors import CvocrError
from cvocr_lab.frames import Record
from cvocr_lab.views.choosing import Chooser, Places
from cvocr_lab.views.pictures import Pictures
from cvocr_lab.views.widget import Said, Talk

EDGE = 260
"""Longest side of a thumbnail in pixels."""

_MOST = 200
"""Thumbnails that a page may ask for at once."""


class Gallery:
    """Thumbnails of rows, made one by one beside the kernel's thread.

    Parameters
    ----------
    talk
        The widget that shows them.
    chooser
        The rows.
    pictures
        Where their pictures come from.
    mask
        Hide labels, which may say who it is.
    """

    def __init__(self, talk: Talk, chooser: Chooser, pictures: Pictures, *, mask: bool) -> None:
        self._talk, self._chooser, self._pictures, self._mask = talk, chooser, pictures, mask
        self._asked = 0

    def send(self, view: str, rows: Places, said: Said) -> None:
        """Send the thumbnails that the page asks for; those of an earlier question are dropped."""
        self._asked += 1
        asked, wanted = self._asked, said.get("at")
        choice = said.get("choice")
        places = wanted[:_MOST] if isinstance(wanted, list) else []
        for at in places:
            if isinstance(at, int) and 0 <= at < len(rows):
                self._talk.later(view, partial(self._send, view, asked, choice, at, int(rows[at])))

    def _send(self, view: str, asked: int, choice: object, at: int, row: int) -> None:
        if asked != self._asked:
            return  # scrolled on meanwhile
        record = self._chooser.records.record(row)
        trouble, thumb = "", b""
        try:
            thumb = self._pictures.thumb(record, EDGE)
        except CvocrError as error:
            trouble = "The picture cannot be read." if self._mask else str(error)
        told = {"at": at, "choice": choice, "trouble": trouble, **self._about(record)}
        self._talk.tell(view, "thumb", told, [thumb] if thumb else [])

    def _about(self, record: Record) -> dict[str, object]:
        known = [c.confidence for c in record.cells.values() if c.confidence is not None]
        overlay = self._chooser.overlay
        judged = [j.outcome for j in overlay.of(record.row).values()] if overlay else []
        return {
            "row": record.row,
            "label": "" if self._mask else str(record.label),
            "title": record.title,
            "failed": bool(record.error),
            "warnings": len(record.warnings),
            "confidence": min(known, default=None),
            "wrong": sum(o in ("wrong", "missing", "invented") for o in judged) if judged else None,
            "tags": self._chooser.tags.of(record.row),
        }
