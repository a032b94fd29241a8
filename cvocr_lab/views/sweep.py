"""`sweep`: check one field of many papers at a time, in a grid of crops."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache, partial
from math import ceil
from os import PathLike
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd

from cvocr_lab.errors import ArgumentError, CvocrError, RowError, unknown
from cvocr_lab.frames import Records
from cvocr_lab.images import Fetch, Limits
from cvocr_lab.images.crops import Points, corners_of, cut, grown, jpeg
from cvocr_lab.journal import Check, Journal
from cvocr_lab.kinds import caption
from cvocr_lab.views.live_page import Handler, Message, Session, as_position
from cvocr_lab.views.pictures import Pictures
from cvocr_lab.views.review_items import Items
from cvocr_lab.views.viewer import pictured

SweepOrder = Literal["confidence", "value", "row"]

_CROP: Final = (720, 150)
_MARGIN: Final = 0.3
_ALONG: Final = 1.2
"""Margin on the left and right, in crop heights.  The start of a value on the line of its caption
is estimated from the number of letters, so it may be cut off without a margin."""
_KEPT: Final = 600
"""Number of cached crops, of some ten kilobytes each."""


class Sweeper(Session):
    """The widget returned by `sweep`, which shows one field of many papers at a time.

    Attributes
    ----------
    journal
        The journal that decisions are written to.
    field
        The field.
    """

    def __init__(
        self,
        field: str,
        pictures: Pictures,
        items: Items,
        *,
        checks: Mapping[str, Check | None],
        per_page: int,
        height: int,
    ) -> None:
        super().__init__("sweep", pictures, items, checks=checks, height=height)
        self.field, self._per_page = field, per_page
        self._cached_crop = lru_cache(maxsize=_KEPT)(self._crop)
        self._page = 0

    def __repr__(self) -> str:
        left, where = self._items.progress()["left"], self.journal.path.name
        return f"Sweeper of {len(self)} × {self.field}, {left} to do, journal {where}; run the cell"

    def _handlers(self) -> Mapping[str, Handler]:
        return {
            "open": self._open, "page": self._turn, "decide": self._decide,
            "rest": self._confirm_rest, "undo": self._undo,
        }  # fmt: skip

    # --- pages

    @property
    def _pages(self) -> int:
        return max(1, ceil(len(self._items) / self._per_page))

    def _on(self, page: int) -> range:
        return range(page * self._per_page, min((page + 1) * self._per_page, len(self._items)))

    def _open(self, view: str, _: Message) -> None:
        self._items.read_others()
        self._tell(
            view,
            "open",
            {
                "field": self.field,
                "caption": caption(self.field),
                "count": len(self._items),
                "pages": self._pages,
                "height": self._height,
                "journal": self.journal.path.name,
            },
        )
        self._show(view, (self._items.first() or 0) // self._per_page)

    def _turn(self, view: str, request: Message) -> None:
        self._items.read_others()
        self._show(view, min(max(as_position(request.get("page")), 0), self._pages - 1))

    def _show(self, view: str, page: int) -> None:
        self._page = page
        cells = [self._cell(k) for k in self._on(page)]
        message = {"page": page, "cells": cells, "progress": self._items.progress()}
        self._tell(view, "page", message)
        self._run_in_background(view, lambda: self._send_crops(view, page))

    def _cell(self, k: int) -> dict[str, object]:
        row = self._items.rows[k]
        standing = self._items.standing(k)
        cell = self._items.record(row).cells[self.field]
        return {
            "k": k,
            "label": str(self._records.frame.index[row]),
            "value": self._items.values[k],
            "confidence": cell.confidence,
            "state": self._items.states[k],
            "said": standing.value if standing else None,
            "doubt": self._complaint(k, self._items.values[k]),
            "malformed": standing.decisions[-1].doubt if standing else "",
            "placed": cell.quad is not None,
        }

    def _send_crops(self, view: str, page: int) -> None:
        """Send the crops of a page one by one, then prepare those of the next page."""
        for k in (*self._on(page), *self._on(page + 1)):
            if page != self._page:
                return  # another page is shown now
            if k in self._on(page):
                self._send_picture(view, "crop", {"k": k}, partial(self._cached_crop, k))
            else:
                with suppress(CvocrError):
                    self._cached_crop(k)

    def _crop(self, k: int) -> bytes:
        record = self._items.record(self._items.rows[k])
        corners = corners_of(record.cells[self.field].quad)
        if corners is None:
            raise RowError("the place of the value on the picture is unknown")
        points = _widened(grown(corners, _MARGIN))
        wide, tall = _CROP
        return jpeg(cut(self._pictures.pixels(record), points, width=wide, height=tall))

    # --- decisions

    def _answer_decision(self, view: str, k: int, request: Message) -> None:
        message = {"token": request.get("token"), "progress": self._items.progress()}
        self._tell(view, "decided", {**message, "cells": [self._cell(k)]})

    def _confirm_rest(self, view: str, request: Message) -> None:
        """Confirm the undecided values of a page.

        The page names the items whose crop and value the person has seen; only these count.
        """
        self._items.read_others()
        named = request.get("at")
        asked = [as_position(k) for k in named] if isinstance(named, list) else []
        done = []
        try:
            for k in asked:
                if 0 <= k < len(self._items) and self._items.states[k] == "prefilled":
                    as_read = {"value": self._items.values[k], "seconds": request.get("seconds")}
                    doubt, _ = self._decided(k, as_read)
                    if not doubt:  # malformed values must be confirmed one by one
                        done.append(self._cell(k))
        finally:  # even if the journal cannot be written any more
            message = {"cells": done, "progress": self._items.progress(), "rest": True}
            self._tell(view, "decided", {**message, "token": str(request.get("token", ""))})

    def _undo(self, view: str, _: Message) -> None:
        undone = self._undone(view)
        if undone is None:
            return
        field, k = undone
        if k is None:
            text = f"Undone: a decision about another field or paper ({field})."
            self._tell(view, "trouble", {"text": text})
            return
        if k not in self._on(self._page):
            self._show(view, k // self._per_page)
        message = {"cells": [self._cell(k)], "progress": self._items.progress(), "at": k}
        self._tell(view, "undone", message)


def sweep(
    frame: pd.DataFrame,
    field: str,
    journal: str | PathLike[str] | Journal = "review.jsonl",
    *,
    order: SweepOrder = "confidence",
    per_page: int = 40,
    checks: Mapping[str, Check | None] | None = None,
    who: str | None = None,
    height: int = 720,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    fetch: Fetch = Fetch(),  # noqa: B008 - frozen
) -> Sweeper:
    """Check one field of all papers in a grid of crops, with the values below them.

    Correct the wrong values by typing, and confirm all others of the page with one key (Alt+A).
    Turning the page confirms nothing.  Values whose form is wrong must be confirmed one by one.
    Decisions are written to the same journal as those of `cvocr_lab.review`, before the screen
    shows them, and can be undone.

    Parameters
    ----------
    frame
        A flat frame; it is not changed.  `cvocr_lab.batch.locate` adds missing quads.
    field
        The field to check.
    journal
        An open journal, or the file that decisions are appended to.  A new file is created with
        mode 0600.
    order
        ``"confidence"``, lowest first; ``"value"``, equal values side by side; or ``"row"``.
    per_page
        Number of crops per page, 1 to 200.
    checks, who, height, limits, fetch
        See `cvocr_lab.review`.

    Raises
    ------
    ArgumentError
        `frame` is not a flat frame, has no such field, or an argument is invalid.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> paper = {"image": "a.jpg", "id": "001090000001", "id_confidence": 0.7}
    >>> frame = pd.DataFrame([paper])
    >>> with TemporaryDirectory() as folder:
    ...     sweep(frame, "id", f"{folder}/review.jsonl")
    Sweeper of 1 × id, 1 to do, journal review.jsonl; run the cell
    """
    if order not in ("confidence", "value", "row"):
        raise unknown("order", order, get_args(SweepOrder))
    if not 1 <= per_page <= 200:
        raise ArgumentError(f"per_page must be from 1 to 200, not {per_page}")
    records = pictured(frame)
    if field not in records.fields:
        raise unknown("field", field, records.fields)
    opened = journal if isinstance(journal, Journal) else Journal(journal, who=who)
    items = Items(records, _queue(records, field, order), opened)
    pictures = Pictures(limits=limits, fetch=fetch)
    return Sweeper(field, pictures, items, checks=checks or {}, per_page=per_page, height=height)


def _queue(records: Records, field: str, order: SweepOrder) -> pd.DataFrame:
    """Return the rows that have a value, in the requested order."""
    cells = pd.DataFrame(
        {
            "row": range(len(records)),
            "value": records.texts(field),
            "confidence": records.confidences(field),
        }
    )
    cells = cells[cells["value"] != ""]
    if order != "row":
        first = "value" if order == "value" else "confidence"
        cells = cells.sort_values(first, kind="stable", na_position="first")
    return pd.DataFrame({"row": cells["row"].to_numpy(), "field": field, "chance": 1.0})


def _widened(points: Points) -> Points:
    along = points[1] - points[0]
    more = along / np.hypot(*along) * np.hypot(*(points[3] - points[0])) * _ALONG
    return np.asarray(points + np.stack([-more, more, more, -more]), np.float64)
