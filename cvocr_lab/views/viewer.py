"""Look at what was read, and where, row by row."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import Record, Records, Table
from cvocr_lab.images import Fetch, Limits
from cvocr_lab.journal import Journal
from cvocr_lab.views.choosing import Chooser, Wish, wish_of
from cvocr_lab.views.drawing import drawn
from cvocr_lab.views.facets import Facets
from cvocr_lab.views.gallery import Gallery
from cvocr_lab.views.messages import row_message, sheet_message
from cvocr_lab.views.pictures import FIRST, Pictures
from cvocr_lab.views.tags import Tags, split
from cvocr_lab.views.truth_overlay import Judgement, TruthOverlay
from cvocr_lab.views.widget import Mimebundle, Said, Talk, mimebundle

if TYPE_CHECKING:
    from anywidget import AnyWidget
    from PIL import Image

_EDGES = (400, 4096)


class Viewer:
    """What `view` gives: displayed by a notebook, it shows one row at a time.

    Attributes
    ----------
    rows
        Positions in the frame of the rows chosen, in the order shown.
    at
        Which of them is shown, from 0.
    """

    def __init__(
        self,
        chooser: Chooser,
        pictures: Pictures,
        wish: Wish,
        *,
        mask: bool,
        height: int,
    ) -> None:
        self._chooser, self._pictures = chooser, pictures
        self._records, self._overlay = chooser.records, chooser.overlay
        self._mask, self._height = mask, height
        self._wish = wish
        self.rows = chooser.chosen(wish)
        self.at = 0
        self._talk = Talk(self._hear)
        self._gallery = Gallery(self._talk, chooser, pictures, mask=mask)
        self._facets = Facets(chooser)

    @property
    def widget(self) -> AnyWidget:
        """The widget itself, for those who build a page of several."""
        return self._talk.widget

    def show(self) -> Image.Image:
        """Draw the row shown as a plain picture; see `cvocr_lab.views.show`.

        Raises
        ------
        ArgumentError
            No row is chosen.
        RowError
            Its picture cannot be read.
        """
        if not len(self.rows):
            raise ArgumentError("no row is chosen")
        record = self._records.record(int(self.rows[self.at]))
        pixels = self._pictures.pixels(record)
        return drawn(pixels, record, self._judgements(record), mask=self._mask)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"Viewer of {len(self.rows)} of {len(self._records)} rows; run the cell to see them"

    def _repr_mimebundle_(self, **_: object) -> Mimebundle:
        if len(self.rows):
            warm(self._talk, self._pictures, self._records, int(self.rows[self.at]))
        return mimebundle(self._talk, repr(self))

    def _hear(self, view: str, ask: str, said: Said) -> None:
        if ask == "open":
            self._open(view)
        elif ask == "show":
            self._show(view, said)
        elif ask == "choices":
            self._talk.tell(view, "choices", self._chooser.options())
        elif ask == "choose":
            self._choose(view, wish_of(said))
        elif ask == "sharp":
            self._sharpen(view, said)
        elif ask == "thumbs":
            self._gallery.send(view, self.rows, said)
        elif ask == "facets":
            self._talk.tell(view, "facets", {"facets": self._facets.told(self._wish)})
        elif ask == "tag":
            self._tag(view, said)
        elif ask == "moved" and 0 <= whole(said.get("at")) < len(self.rows):
            self.at = whole(said["at"])

    def _open(self, view: str) -> None:
        self._talk.tell(
            view,
            "open",
            {
                "mode": "view",
                "height": self._height,
                "mask": self._mask,
                "total": len(self._records),
                "count": len(self.rows),
                "at": self.at,
                "tagging": self._chooser.tags.journal is not None,
                "wish": {s: getattr(self._wish, s) for s in Wish.__slots__},
            },
        )

    def _choose(self, view: str, wish: Wish) -> None:
        rows = self._chooser.chosen(wish)
        before = int(self.rows[self.at]) if len(self.rows) else -1
        there = np.flatnonzero(rows == before)
        self._wish, self.rows = wish, rows
        self.at = int(there[0]) if len(there) else 0
        self._talk.tell(view, "chosen", {"count": len(rows), "at": self.at})

    def _show(self, view: str, said: Said) -> None:
        at = whole(said.get("at"))
        if not 0 <= at < len(self.rows):
            return
        if not said.get("ahead"):
            self.at = at
        record = self._records.record(int(self.rows[at]))
        message = {"at": at, **row_message(record, self._judgements(record), mask=self._mask)}
        message |= {"tags": self._chooser.tags.of(record.row), "choice": said.get("choice")}
        send_row(self._talk, view, self._pictures, record, message, said)

    def _sharpen(self, view: str, said: Said) -> None:
        record = self._records.record(whole(said.get("row")))
        send_sharp(self._talk, view, self._pictures, record, said)

    def _tag(self, view: str, said: Said) -> None:
        at, tags = whole(said.get("at")), self._chooser.tags
        if tags.journal is None or not 0 <= at < len(self.rows):
            return
        row = int(self.rows[at])
        try:
            tags.put(row, split(str(said.get("tags", ""))))
        except OSError as error:
            reason = error.strerror or type(error).__name__
            self._talk.tell(view, "trouble", {"text": f"The journal cannot be written: {reason}."})
            return
        self._talk.tell(view, "tagged", {"at": at, "tags": tags.of(row), "known": tags.known()})

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
    """Show a flat frame row by row: the photo, where each value was read, and how sure.

    In the notebook, rows are chosen by type, warning, outcome, tag, confidence or any query; a
    gallery shows many papers at once, and bars show how the rows are distributed and choose rows
    when they are clicked.  The keyboard does everything; F1 lists the keys.  Pictures reach the
    page one by one as they are looked at; a saved notebook holds neither pictures nor values.

    Parameters
    ----------
    frame
        A flat frame; the first row shows at once, however long it is.
    truth
        Labels, or the path of their CSV file, matched as by `cvocr_lab.score`: colours then tell
        outcomes instead of confidence, and wrong values show letter by letter where they differ.
    mask
        Hide every value, and cover portrait, codes and printed values on the picture, for
        looking on with others.  Where type or corners of the paper are unknown, the whole picture
        becomes coarse blocks.
    query
        Rows to show, as `pandas.DataFrame.query` takes it: ``"ocr_type == 'cmt'"``; "" for all.
    sort
        ``"confidence"`` for the least confident first; ``"outcome"`` for the most wrong values
        and ``"cer"`` for the most wrong letters first (both need `truth`); ``"type"``;
        ``"index"``; or a column.  "" for the order of the frame.
    reverse
        Whether to turn the order round.
    journal
        File, or open journal, that tags put on rows are written to, see `cvocr_lab.review`; None
        for a viewer that only looks.
    on
        Column of both that says which rows of `truth` belong to which; None for the index.
    height
        Of the viewer, in pixels of the page; it is never higher than the window.
    limits, fetch
        As for `cvocr_lab.images.load`.

    Raises
    ------
    ArgumentError
        `frame` is no flat frame or does not say where its pictures are, or the query or order is
        not understood.
    MissingPartError
        anywidget is not installed; `cvocr_lab.views.show` needs none.

    Examples
    --------
    >>> from cvocr_lab.frames import Reading, to_frame
    >>> from cvocr_lab.results import Document, Extraction, FieldValue
    >>> paper = Document("tcc_chip", "front", {"id": FieldValue("001090000001", 0.7)})
    >>> frame = to_frame([Reading(Extraction((paper,)))], pd.DataFrame({"image": ["a.jpg"]}))
    >>> view(frame, query="id_confidence < 0.9")
    Viewer of 1 of 1 rows; run the cell to see them
    """
    records = pictured(frame)
    overlay = None if truth is None else TruthOverlay(records, truth, on=on)
    pictures = Pictures(limits=limits, fetch=fetch, mask=mask)
    opened = journal if isinstance(journal, Journal | None) else Journal(journal)
    chooser = Chooser(records, overlay, Tags(records, opened))
    wish = Wish(query=query, sort=sort, reverse=reverse)
    return Viewer(chooser, pictures, wish, mask=mask, height=height)


def pictured(frame: pd.DataFrame) -> Records:
    """Give the rows of a frame, once it is known that it says where its pictures are.

    Raises
    ------
    ArgumentError
        It is no flat frame, or does not say so.
    """
    records = Records(frame)
    if len(records):
        records.source(0)
    return records


def send_row(
    talk: Talk, view: str, pictures: Pictures, record: Record, message: Said, said: Said
) -> None:
    """Send a row with its pictures, or without where the page says that it has them."""
    have = said.get("have")
    if isinstance(have, list) and record.row in have:
        talk.tell(view, "show", message)
        return
    edge = edge_of(said)

    def send() -> None:
        about, parts = sheet_message(pictures.sheet(record, edge))
        talk.tell(view, "show", {**message, "sheet": about}, parts)

    if pictures.kept(record, edge):
        send()
    else:
        talk.later(view, send)


def warm(talk: Talk, pictures: Pictures, records: Records, row: int) -> None:
    """Load the first picture while the page is still being built."""
    talk.later("", lambda: pictures.sheet(records.record(row), FIRST))


def send_sharp(talk: Talk, view: str, pictures: Pictures, record: Record, said: Said) -> None:
    """Send the photo of a row alone, larger."""
    edge = edge_of(said)

    def send() -> None:
        photo = pictures.sharp(record, edge)
        talk.tell(view, "sharp", {"row": record.row}, [photo] if photo else [])

    talk.later(view, send)


def whole(said: object) -> int:
    """The whole number that the page sent; -1 for anything else."""
    return said if isinstance(said, int) and not isinstance(said, bool) else -1


def edge_of(said: Said) -> int:
    """How large the page wants pictures: in steps, so that a moved window needs no new ones."""
    least, most = _EDGES
    return min(max(-(-whole(said.get("edge")) // 200) * 200, least), most)
