"""All crops of one field side by side: only the wrong ones need a hand."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from math import ceil
from os import PathLike
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd

from cvocr_lab.errors import ArgumentError, CvocrError, unknown
from cvocr_lab.frames import Records
from cvocr_lab.images import Fetch, Limits
from cvocr_lab.images.crops import Points, corners_of, cut, grown, jpeg
from cvocr_lab.journal import Check, Journal
from cvocr_lab.kinds import caption
from cvocr_lab.views.boxes import Boxes
from cvocr_lab.views.items import Items
from cvocr_lab.views.pictures import Pictures
from cvocr_lab.views.session import Ear, Session
from cvocr_lab.views.viewer import pictured, whole
from cvocr_lab.views.widget import Mimebundle, Said, mimebundle

SweepOrder = Literal["confidence", "value", "row"]

_CROP: Final = (720, 150)
_MARGIN: Final = 0.3
_ALONG: Final = 1.2
"""Of a crop's height: what more is shown on its left and right.  A value that shares a line with
its caption is placed by counting letters, and may begin a little earlier."""
_KEPT: Final = 600
"""Crops kept, encoded: some ten kilobytes each."""


class Sweeper(Session):
    """What `sweep` gives: displayed by a notebook, it shows one field of many papers at a time.

    Attributes
    ----------
    journal
        The journal that decisions go to.
    field
        The field.
    """

    def __init__(
        self,
        field: str,
        records: Records,
        pictures: Pictures,
        items: Items,
        *,
        checks: Mapping[str, Check | None],
        per_page: int,
        height: int,
    ) -> None:
        super().__init__("sweep", records, pictures, items, checks=checks, height=height)
        self.field, self._per_page = field, per_page
        self._boxes = Boxes(records, items)
        self._crops: OrderedDict[int, bytes] = OrderedDict()
        self._done: set[str] = set()
        self._page = 0

    def __repr__(self) -> str:
        left, where = self._items.progress()["left"], self.journal.path.name
        return f"Sweeper of {len(self)} × {self.field}, {left} to do, journal {where}; run the cell"

    def _repr_mimebundle_(self, **_: object) -> Mimebundle:
        return mimebundle(self._talk, repr(self))

    def _ears(self) -> Mapping[str, Ear]:
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

    def _first_page(self) -> int:
        first = self._items.first()
        return 0 if first is None else first // self._per_page

    def _open(self, view: str, said: Said) -> None:  # noqa: ARG002 - all ears take the same
        self._items.read_others()
        self._talk.tell(
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
        self._show(view, self._first_page())

    def _turn(self, view: str, said: Said) -> None:
        self._items.read_others()
        self._show(view, min(max(whole(said.get("page")), 0), self._pages - 1))

    def _show(self, view: str, page: int) -> None:
        self._page = page
        cells = [self._cell(k) for k in self._on(page)]
        told = {"page": page, "cells": cells, "progress": self._items.progress()}
        self._talk.tell(view, "page", told)
        self._talk.later(view, lambda: self._send_crops(view, page))

    def _cell(self, k: int) -> dict[str, object]:
        row = self._items.rows[k]
        standing = self._items.standing(k)
        cell = self._boxes.record(row).cells[self.field]
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
        """Send the crops of a page one by one, then make those of the next."""
        for k in self._on(page):
            if page != self._page:
                return  # turned on meanwhile
            crop, trouble = self._crop(k)
            told = {"k": k, "trouble": trouble}
            self._talk.tell(view, "crop", told, [crop] if crop else [])
        for k in self._on(page + 1):
            if page != self._page:
                return
            self._crop(k)

    def _crop(self, k: int) -> tuple[bytes, str]:
        if k in self._crops:
            self._crops.move_to_end(k)
            return self._crops[k], ""
        record = self._boxes.record(self._items.rows[k])
        corners = corners_of(record.cells[self.field].quad)
        if corners is None:
            return b"", "its place on the picture is not known"
        try:
            pixels = self._pictures.pixels(record)
        except CvocrError as error:
            return b"", str(error)
        wide, tall = _CROP
        made = jpeg(cut(pixels, _widened(grown(corners, _MARGIN)), width=wide, height=tall))
        self._crops[k] = made
        while len(self._crops) > _KEPT:
            self._crops.popitem(last=False)
        return made, ""

    # --- decisions

    def _decide(self, view: str, said: Said) -> None:
        k, token = whole(said.get("at")), str(said.get("token", ""))
        if not 0 <= k < len(self._items):
            return
        if token not in self._done:  # a message that came twice is one decision
            why_not, _ = self._decided(k, said)
            if why_not:
                self._talk.tell(view, "refused", {"at": k, "token": token, **why_not})
                return
            self._done.add(token)
        progress = self._items.progress()
        self._talk.tell(
            view, "decided", {"token": token, "cells": [self._cell(k)], "progress": progress}
        )

    def _confirm_rest(self, view: str, said: Said) -> None:
        """Confirm what a person says is right: the values of a page that nobody decided.

        Only what the person saw, crop and value, counts: the page names them.
        """
        self._items.read_others()
        named = said.get("at")
        asked = [whole(k) for k in named] if isinstance(named, list) else []
        why_not: Mapping[str, str] = {}
        done = []
        for k in asked:
            if not 0 <= k < len(self._items) or self._items.states[k] != "prefilled":
                continue
            if self._complaint(k, self._items.values[k]):
                continue  # a malformed value is confirmed by itself, with its own key
            why_not, _ = self._put(k, "confirmed", self._items.values[k], said)
            if why_not:
                break
            done.append(self._cell(k))
        told = {"cells": done, "progress": self._items.progress(), "rest": True}
        self._talk.tell(view, "decided", {**told, "token": str(said.get("token", ""))})
        if why_not:
            self._talk.tell(view, "trouble", {"text": why_not["refused"]})

    def _undo(self, view: str, said: Said) -> None:  # noqa: ARG002 - all ears take the same
        undone = self._undone(view)
        if undone is None:
            return
        field, k = undone
        if k is None:
            text = f"Undone, of another field or paper: {field}."
            self._talk.tell(view, "trouble", {"text": text})
            return
        if k not in self._on(self._page):
            self._show(view, k // self._per_page)
        told = {"cells": [self._cell(k)], "progress": self._items.progress(), "at": k}
        self._talk.tell(view, "undone", told)


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
    """Go through one field of all papers at once: a grid of crops, each over what was read.

    Only the wrong ones need a hand: type what stands there.  The others of the page are confirmed
    by one key that says so (Alt+A), never by turning the page, but for values whose form is wrong:
    each of those is confirmed by itself.  Decisions go to the same
    journal as those of `cvocr_lab.review`, on disk before the screen says so, and can be undone.

    Parameters
    ----------
    frame
        A flat frame; it is not changed.  `cvocr_lab.batch.locate` gives places to answers that
        have none.
    field
        The field to sweep.
    journal
        File that decisions are appended to, made if it is not there (readable by you alone), or
        an open journal.
    order
        ``"confidence"``, least first; ``"value"``, equal values side by side; ``"row"``.
    per_page
        Crops on a page, 1 to 200.
    checks, who, height, limits, fetch
        As for `cvocr_lab.review`.

    Raises
    ------
    ArgumentError
        `frame` is no flat frame, has no such field, or an argument is not understood.
    MissingPartError
        anywidget is not installed.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from cvocr_lab.frames import Reading, to_frame
    >>> from cvocr_lab.results import Document, Extraction, FieldValue
    >>> paper = Document("tcc_chip", "front", {"id": FieldValue("001090000001", 0.7)})
    >>> frame = to_frame([Reading(Extraction((paper,)))], pd.DataFrame({"image": ["a.jpg"]}))
    >>> with TemporaryDirectory() as folder:
    ...     sweep(frame, "id", f"{folder}/review.jsonl")
    Sweeper of 1 × id, 1 to do, journal review.jsonl; run the cell
    """
    if order not in ("confidence", "value", "row"):
        raise unknown("order", order, get_args(SweepOrder))
    if not 1 <= per_page <= 200:
        raise ArgumentError(f"per_page is a number from 1 to 200, not {per_page}")
    records = pictured(frame)
    if field not in records.fields:
        raise unknown("field", field, records.fields)
    opened = journal if isinstance(journal, Journal) else Journal(journal, who=who)
    items = Items(records, _queue(records, field, order), opened)
    pictures = Pictures(limits=limits, fetch=fetch)
    return Sweeper(
        field, records, pictures, items, checks=checks or {}, per_page=per_page, height=height
    )


def _queue(records: Records, field: str, order: SweepOrder) -> pd.DataFrame:
    """The rows that have a value, in the order asked for."""
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
