"""`view`: look at values and their places on the picture, row by row."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from os import PathLike
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import Record, Records, Table
from cvocr_lab.images import Fetch, Limits
from cvocr_lab.journal import Journal
from cvocr_lab.views.live_page import Handler, LivePage, Message, row_message
from cvocr_lab.views.pictures import Pictures
from cvocr_lab.views.row_filter import RowFilter, RowSelector, filter_from_message
from cvocr_lab.views.static_picture import drawn
from cvocr_lab.views.tags import Tags
from cvocr_lab.views.truth_overlay import Judgement, TruthOverlay

if TYPE_CHECKING:
    from PIL import Image

_EDGE: Final = 260
"""Longest side of a thumbnail in pixels."""

_KEPT: Final = 3000
"""Number of cached thumbnails, of some ten kilobytes each."""

_MOST: Final = 200
"""Maximum number of thumbnails in one request of the page."""


class Viewer(LivePage):
    """The widget returned by `view`, which shows one row at a time.

    Attributes
    ----------
    rows
        Positions in the frame of the selected rows, in the order shown.
    at
        Index in `rows` of the row that is shown.
    """

    def __init__(
        self,
        selector: RowSelector,
        pictures: Pictures,
        filters: RowFilter,
        *,
        mask: bool,
        height: int,
    ) -> None:
        super().__init__("board", selector.records, pictures, height=height)
        self._selector, self._overlay = selector, selector.overlay
        self._mask, self._filters = mask, filters
        self.rows = selector.select(filters)
        self.at = 0
        records = selector.records
        self._thumb = lru_cache(_KEPT)(lambda row: pictures.thumb(records.record(row), _EDGE))
        self._asked_for_thumbs = 0

    def show(self) -> Image.Image:
        """Draw the current row as a static picture; see `cvocr_lab.views.show`.

        Raises
        ------
        ArgumentError
            No row is selected.
        RowError
            The picture cannot be read.
        """
        if not len(self.rows):
            raise ArgumentError("no row is selected")
        record = self._records.record(int(self.rows[self.at]))
        pixels = self._pictures.pixels(record)
        return drawn(pixels, record, self._judgements(record), mask=self._mask)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"Viewer of {len(self.rows)} of {len(self._records)} rows; run the cell to see them"

    def _first_row(self) -> int | None:
        return int(self.rows[self.at]) if len(self.rows) else None

    def _handlers(self) -> Mapping[str, Handler]:
        tell, selector = self._tell, self._selector
        return {
            "open": self._open, "show": self._show, "moved": self._moved, "choose": self._choose,
            "sharp": self._sharpen, "tag": self._tag,
            "choices": lambda view, _: tell(view, "choices", selector.options()),
            "facets": lambda view, _: tell(
                view, "facets", {"facets": selector.facets(self._filters)}
            ),
            "thumbs": self._send_thumbs,
        }  # fmt: skip

    def _open(self, view: str, _: Message) -> None:
        self._tell(
            view,
            "open",
            {
                "mode": "view",
                "height": self._height,
                "mask": self._mask,
                "total": len(self._records),
                "count": len(self.rows),
                "at": self.at,
                "tagging": self._selector.tags.journal is not None,
                "wish": {s: getattr(self._filters, s) for s in RowFilter.__slots__},
            },
        )

    def _choose(self, view: str, request: Message) -> None:
        filters = filter_from_message(request)
        rows = self._selector.select(filters)
        before = int(self.rows[self.at]) if len(self.rows) else -1
        there = np.flatnonzero(rows == before)
        self._filters, self.rows = filters, rows
        self.at = int(there[0]) if len(there) else 0
        self._tell(view, "chosen", {"count": len(rows), "at": self.at})

    def _show(self, view: str, request: Message) -> None:
        at = self._at(request)
        if not request.get("ahead"):
            self.at = at
        record = self._records.record(int(self.rows[at]))
        message = {"at": at, **row_message(record, self._judgements(record), mask=self._mask)}
        message |= {"tags": self._selector.tags.of(record.row), "choice": request.get("choice")}
        self._send_row(view, record, message, request)

    def _moved(self, _: str, request: Message) -> None:
        self.at = self._at(request)

    def _tag(self, view: str, request: Message) -> None:
        if self._selector.tags.journal is not None:
            row = int(self.rows[self._at(request)])
            self._put_tags(view, self._selector.tags, row, request)

    def _send_thumbs(self, view: str, request: Message) -> None:
        """Send the requested thumbnails one by one; those of earlier requests are cancelled."""
        self._asked_for_thumbs += 1
        asked, wanted = self._asked_for_thumbs, request.get("at")
        for at in wanted[:_MOST] if isinstance(wanted, list) else []:
            if isinstance(at, int) and 0 <= at < len(self.rows):
                message = {"at": at, "choice": request.get("choice")}
                send = partial(self._send_thumb, view, asked, message, int(self.rows[at]))
                self._run_in_background(view, send)

    def _send_thumb(self, view: str, asked: int, message: Message, row: int) -> None:
        if asked != self._asked_for_thumbs:
            return  # a newer request has replaced this one
        record = self._records.record(row)
        known = [c.confidence for c in record.cells.values() if c.confidence is not None]
        outcomes = [judgement.outcome for judgement in self._judgements(record).values()]
        wrong = sum(outcome in ("wrong", "missing", "invented") for outcome in outcomes)
        about = {
            "row": row,
            # Index labels are hidden too, since they may identify a person.
            "label": "" if self._mask else str(record.label),
            "title": record.title,
            "failed": bool(record.error),
            "warnings": len(record.warnings),
            "confidence": min(known, default=None),
            "wrong": wrong if outcomes else None,
            "tags": self._selector.tags.of(row),
        }
        self._send_picture(view, "thumb", {**message, **about}, lambda: self._thumb(row))

    def _judgements(self, record: Record) -> dict[str, Judgement]:
        return self._overlay.of(record.row) if self._overlay else {}


def view(
    frame: pd.DataFrame,
    *,
    truth: Table | None = None,
    mask: bool = False,
    query: str = "",
    sort: str = "",
    reverse: bool = False,
    journal: str | PathLike[str] | Journal | None = None,
    on: str | None = None,
    height: int = 720,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    fetch: Fetch = Fetch(),  # noqa: B008 - frozen
) -> Viewer:
    """Show a flat frame row by row: the photo, the place of each value, and its confidence.

    Rows can be filtered by type, warning, outcome, tag, confidence or any query.  A gallery shows
    many papers at once, and bars show the distribution of the rows and filter them when clicked.
    Every command has a key; F1 lists them.  Pictures are sent to the page when they are viewed; a
    saved notebook contains neither pictures nor values.

    Parameters
    ----------
    frame
        A flat frame of any length.
    truth
        Labels, or the path of their CSV file, paired as by `cvocr_lab.score`.  Colours then show
        outcomes instead of confidence, and the letters that differ are marked.
    mask
        Whether to hide every value, and to cover portrait, codes and printed values on the
        picture.  If the type or the corners of the paper are unknown, the whole picture becomes
        coarse blocks.
    query
        Rows to show, in the syntax of `pandas.DataFrame.query`, such as ``"ocr_type == 'cmt'"``;
        "" for all.
    sort
        ``"confidence"`` for the lowest confidence first; ``"outcome"`` for the most wrong values
        and ``"cer"`` for the highest character error rate first (both need `truth`); ``"type"``;
        ``"index"``; or a column.  "" for the order of the frame.
    reverse
        Whether to reverse the order.
    journal
        File or open journal that tags of rows are written to, see `cvocr_lab.review`; None for a
        read-only viewer.
    on
        Column of both tables by which rows are paired with `truth`; None for the index.
    height
        Height of the viewer in pixels; it is never higher than the window.
    limits, fetch
        See `cvocr_lab.images.load`.

    Raises
    ------
    ArgumentError
        `frame` is not a flat frame or does not contain its pictures or their paths, or the query or
        order is invalid.

    Examples
    --------
    >>> paper = {"image": "a.jpg", "id": "001090000001", "id_confidence": 0.7}
    >>> frame = pd.DataFrame([paper])
    >>> view(frame, query="id_confidence < 0.9")
    Viewer of 1 of 1 rows; run the cell to see them
    """
    records = pictured(frame)
    overlay = None if truth is None else TruthOverlay(records, truth, on=on)
    pictures = Pictures(limits=limits, fetch=fetch, mask=mask)
    opened = journal if isinstance(journal, Journal | None) else Journal(journal)
    selector = RowSelector(records, overlay, Tags(records, opened))
    filters = RowFilter(query=query, sort=sort, reverse=reverse)
    return Viewer(selector, pictures, filters, mask=mask, height=height)


def pictured(frame: pd.DataFrame) -> Records:
    """Return the rows of a frame that contains its pictures or their paths.

    Anything else is an `ArgumentError`.
    """
    records = Records(frame)
    if len(records):
        records.source(0)
    return records
