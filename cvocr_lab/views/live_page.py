"""The common bases of `Viewer`, `Reviewer` and `Sweeper`: pages that show rows and pictures.

The scripts and styles of the pages are in ``static/``.  The script of a widget must be one ES
module without imports, so its parts are concatenated here, without a bundler or a network.

Pictures and values are sent as custom messages and never as traits, so that the widget state in a
saved notebook does not contain them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, wraps
from importlib.resources import files
from threading import RLock
from typing import TYPE_CHECKING, Final, Literal

import pandas as pd

from cvocr_lab import cleaning, journal
from cvocr_lab.errors import ArgumentError, CvocrError
from cvocr_lab.frames import Cell, Record, Records
from cvocr_lab.journal import Check, Decision, Decisions, State, check_value
from cvocr_lab.scoring.mistakes import edits
from cvocr_lab.text import nfc
from cvocr_lab.views.pictures import FIRST, Pictures
from cvocr_lab.views.review_items import Items
from cvocr_lab.views.tags import Tags, split
from cvocr_lab.views.truth_overlay import Judgement

if TYPE_CHECKING:
    from anywidget import AnyWidget

Page = Literal["board", "sweep"]

PARTS: Final[Mapping[Page, tuple[str, ...]]] = {
    "board": (
        "page.js", "box.js", "stage.js", "drawing.js", "tags.js", "gallery.js", "facets.js",
        "view.js", "review.js", "keys.js", "board.js", "board.css", "gallery.css",
    ),
    "sweep": ("page.js", "box.js", "sweep.js", "board.css", "sweep.css"),
}  # fmt: skip
"""Parts of the script and style of each page, in order."""

Message = Mapping[str, object]

Handler = Callable[[str, Message], object]
"""A function that is called with the view of the page and its message."""

_STATES: Final[Mapping[str, State]] = {
    "skipped": "skipped", "unreadable": "unreadable", "disputed": "disputed", "note": "untouched",
}  # fmt: skip
"""Decisions other than a value; a note does not change the state."""

_EDGES: Final = (400, 4096)
HIDDEN: Final = "••••••"
"""Shown instead of a hidden value, independent of its length."""


class _NoPositionError(Exception):
    """The page sent a position that does not exist, such as one before a filter was changed."""


class LivePage(ABC):
    """A widget that answers the requests of its page; subclasses define the page."""

    def __init__(self, page: Page, records: Records, pictures: Pictures, *, height: int) -> None:
        self._records, self._pictures, self._height = records, pictures, height
        # JupyterLab's subshells answer the page while other cells run.
        self._lock = RLock()
        self._widget = _widget_type(page)()
        self._widget.on_msg(self._hear)

    @property
    def widget(self) -> AnyWidget:
        """The widget itself, for combining several widgets on a page."""
        return self._widget

    @abstractmethod
    def _handlers(self) -> Mapping[str, Handler]:
        """Return the function for each request of the page."""

    @abstractmethod
    def __len__(self) -> int: ...

    def _at(self, request: Message) -> int:
        """Return the position that the page sent; an invalid one ends the request."""
        at = as_position(request.get("at"))
        if not 0 <= at < len(self):
            raise _NoPositionError
        return at

    def _hear(self, _: object, request: object, __: object) -> None:
        """Answer a message of the page, in the main thread of the kernel."""
        ask = request.get("ask") if isinstance(request, dict) else None
        handler = self._handlers().get(ask) if isinstance(ask, str) else None
        if handler is None or not isinstance(request, dict):
            return
        view = str(request.get("view", ""))

        def answer() -> None:
            with self._lock:
                try:
                    handler(view, request)
                except _NoPositionError:
                    return
                except OSError as error:  # only the journal is a file; pictures load in a thread
                    self._tell(view, "trouble", {"text": not_written(error)})

        self._guarded(view, answer)

    def _tell(self, view: str, what: str, message: Message, pictures: Sequence[bytes] = ()) -> None:
        """Send a message to a view of the page; thread-safe."""
        self._widget.send({"tell": what, "view": view, **message}, list(pictures))

    def _run_in_background(self, view: str, work: Callable[[], object]) -> None:
        """Run something slow in another thread, so that the kernel can go on answering."""
        _thread().submit(self._guarded, view, work)

    def _guarded(self, view: str, work: Callable[[], object]) -> None:
        try:
            work()
        except CvocrError as error:
            self._tell(view, "trouble", {"text": str(error)})
        except Exception as error:  # a traceback in the log of the page could show values
            text = f"Something went wrong in the kernel ({type(error).__name__})."
            self._tell(view, "trouble", {"text": text})

    def _first_row(self) -> int | None:
        """Return the row whose picture is loaded while the page is being built."""
        return None

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, object], dict[str, object]]:
        """Return what a notebook saves of the widget: its id and a plain text."""
        row = self._first_row()
        if row is not None:
            record = self._records.record(row)
            self._run_in_background("", lambda: self._pictures.sheet(record, FIRST))
        made = self.widget._repr_mimebundle_()
        data, about = made if made is not None else ({}, {})
        return {**data, "text/plain": repr(self)}, {**about}

    def _send_row(self, view: str, record: Record, message: Message, request: Message) -> None:
        """Send a row with its pictures, unless the page already has them."""
        have = request.get("have")
        if isinstance(have, list) and record.row in have:
            self._tell(view, "show", message)
            return
        edge = _edge_of(request)

        def send() -> None:
            about, parts = self._pictures.sheet(record, edge)
            self._tell(view, "show", {**message, "sheet": about}, parts)

        if self._pictures.kept(record, edge):
            send()
        else:
            self._run_in_background(view, send)

    def _sharpen(self, view: str, request: Message) -> None:
        """Send the photo of a row in a larger size."""
        record = self._records.record(as_position(request.get("row")))
        edge = _edge_of(request)

        def sharp() -> bytes:
            return self._pictures.sharp(record, edge)

        self._run_in_background(
            view, lambda: self._send_picture(view, "sharp", {"row": record.row}, sharp)
        )

    def _send_picture(
        self, view: str, what: str, message: Message, make: Callable[[], bytes]
    ) -> None:
        """Make a picture and send it with a message, which says why if it cannot be made."""
        trouble, pictures = "", []
        try:
            pictures.append(make())
        except CvocrError as error:
            trouble = self._pictures.trouble(error)
        self._tell(view, what, {**message, "trouble": trouble}, pictures)

    def _put_tags(self, view: str, tags: Tags, row: int, request: Message) -> None:
        """Replace the tags of a row by those that the page sent."""
        tags.put(row, split(str(request.get("tags", ""))))
        told = {"at": request["at"], "tags": tags.of(row), "known": tags.known()}
        self._tell(view, "tagged", told)


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


def as_position(value: object) -> int:
    """Return the integer that the page sent; -1 for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


def _edge_of(request: Message) -> int:
    """Return the requested picture size, rounded up so that resizing needs few new pictures."""
    smallest, largest = _EDGES
    return min(max(-(-as_position(request.get("edge")) // 200) * 200, smallest), largest)


def not_written(error: OSError) -> str:
    """Return the message for a journal that cannot be written."""
    return f"The journal cannot be written: {error.strerror or type(error).__name__}."


def row_message(
    record: Record, judgements: Mapping[str, Judgement], *, mask: bool
) -> dict[str, object]:
    """Return the message of a row, without its pictures.

    Fields that only the truth has are included.  With `mask`, every text that may identify a
    person is left out.
    """
    cells = dict(record.cells)
    for name in judgements:
        cells.setdefault(name, Cell(name))
    return {
        "row": record.row,
        "label": "" if mask else str(record.label),
        "source": "" if mask else record.name,
        "title": record.title,
        "kind": record.type,
        "side": record.side,
        "page": record.page,
        "engine": record.engine,
        "error": ("This row failed." if mask else record.error) if record.error else "",
        "warnings": list(record.warnings),
        "corners": record.corners,
        "fields": [_field(cell, judgements.get(name), mask) for name, cell in cells.items()],
    }


def _field(cell: Cell, judgement: Judgement | None, mask: bool) -> dict[str, object]:
    message: dict[str, object] = {
        "name": cell.field,
        "caption": cell.caption,
        "english": cell.english,
        "value": cell.text,
        "confidence": cell.confidence,
        "quad": cell.quad,
        "format": cell.form,
    }
    if mask and cell.text is not None:
        message["value"] = HIDDEN
    if judgement is not None:
        message["outcome"] = judgement.outcome
        if not mask:
            message["truth"] = judgement.truth
            if judgement.outcome in ("wrong", "missing", "invented"):
                message["edits"] = edits(judgement.truth, cell.text or "")
    return message


def static(page: Page, ending: Literal[".js", ".css"]) -> str:
    """Return the script or the style of a page."""
    folder = files("cvocr_lab.views") / "static"
    parts = [part for part in PARTS[page] if part.endswith(ending)]
    return "\n".join((folder / part).read_text(encoding="utf-8") for part in parts)


@cache
def _thread() -> ThreadPoolExecutor:
    """Return the thread for everything slow, so that the kernel can go on answering."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="cvocr-pictures")


@cache
def _widget_type(page: Page) -> type[AnyWidget]:
    """Return the class of the widgets of a page."""
    import anywidget

    # The browser keeps one style per class name.
    parts = {"_esm": static(page, ".js"), "_css": static(page, ".css")}
    return type(page.capitalize(), (anywidget.AnyWidget,), parts)
