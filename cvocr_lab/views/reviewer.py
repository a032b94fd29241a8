"""`review`: confirm and correct values one by one with the keyboard."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from os import PathLike

import pandas as pd

from cvocr_lab import cleaning
from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import Records, Table, Truth, truth_by_row
from cvocr_lab.images import Fetch, Limits
from cvocr_lab.journal import Check, Decision, Journal, quad_of
from cvocr_lab.kinds import captioned
from cvocr_lab.scoring.mistakes import edits
from cvocr_lab.views.live_page import Handler, Message, Session, row_message
from cvocr_lab.views.pictures import Pictures
from cvocr_lab.views.queue import Order, review_queue
from cvocr_lab.views.review_items import SHOWN, Items
from cvocr_lab.views.tags import Tags
from cvocr_lab.views.truth_overlay import TruthOverlay
from cvocr_lab.views.viewer import pictured


class Reviewer(Session):
    """The widget returned by `review`, which shows one field after the other.

    Attributes
    ----------
    journal
        The journal that decisions are written to.
    """

    def __init__(
        self,
        pictures: Pictures,
        items: Items,
        *,
        overlay: TruthOverlay | None,
        checks: Mapping[str, Check | None],
        height: int,
    ) -> None:
        super().__init__("board", pictures, items, checks=checks, height=height)
        self._overlay = overlay
        self._listeners: list[Callable[[Decision], object]] = []

    def on_decision(self, call: Callable[[Decision], object]) -> Callable[[Decision], object]:
        """Call a function after each decision; can be used as a decorator."""
        self._listeners.append(call)
        return call

    def __repr__(self) -> str:
        left = self._items.progress()["left"]
        where = self.journal.path.name
        return f"Reviewer of {len(self)} fields, {left} to do, journal {where}; run the cell"

    def _first_row(self) -> int | None:
        first = self._items.first()
        return None if first is None else self._items.rows[first]

    def _handlers(self) -> Mapping[str, Handler]:
        return {
            "open": self._open, "show": self._show, "choose": self._choose, "check": self._check,
            "sharp": self._sharpen, "undo": self._undo, "box": self._box, "tag": self._tag,
            "decide": lambda view, request: self._called(self._decide(view, request)),
        }  # fmt: skip

    def _open(self, view: str, _: Message) -> None:
        self._items.read_others()
        self._tell(
            view,
            "open",
            {
                "mode": "review",
                "height": self._height,
                "mask": False,
                "count": len(self._items),
                "at": self._items.first(),
                # Lets the page assign unsent keystrokes to a journal without knowing its path.
                "journal": hashlib.sha256(str(self.journal.path.resolve()).encode()).hexdigest(),
                "journal_name": self.journal.path.name,
                "shown": [s for s in SHOWN if s != "differ" or self._items.second is not None],
                "fields": [[f, captioned(f)] for f in dict.fromkeys(self._items.fields)],
                "progress": self._items.progress(),
            },
        )

    def _choose(self, view: str, request: Message) -> None:
        self._items.choose(str(request.get("shown", "")), str(request.get("field", "")))
        first, found = self._items.first(), len(self._items.walk)
        message = {"at": first, "found": found, "count": len(self._items)}
        self._tell(view, "chosen", message)

    def _show(self, view: str, request: Message) -> None:
        self._send(view, self._at(request), request)

    def _send(self, view: str, k: int, request: Message) -> None:
        items, row = self._items, self._items.rows[k]
        items.identify(row)
        record = items.record(row)
        judgements = self._overlay.of(row) if self._overlay else {}
        message = row_message(record, judgements, mask=False)
        fields = message["fields"]
        assert isinstance(fields, list)
        names = {f["name"] for f in fields}
        if items.fields[k] not in names:
            fields.append({"name": items.fields[k], "value": None})
        for field in fields:
            field.update(self._about(row, field["name"]))
        message |= self._names(record.engine)
        message |= {
            "at": k,
            "field": items.fields[k],
            "tags": self._tags.of(row),
            "before": items.next(k, step=-1),
            "after": items.next(k),
            "next": items.next(k, undecided=items.shown == "to do"),
        }
        self._send_row(view, record, message, request)

    def _names(self, engine: str) -> dict[str, object]:
        """Return the names of the two engines; two readings of one engine get distinct names."""
        if self._items.second is None:
            return {"engine": engine}
        other = self._items.second.attrs["engine"]
        if other != (engine or "other"):
            return {"engine": engine, "other_engine": other}
        return {"engine": f"{engine} (frame)".strip(), "other_engine": f"{engine} (other)".strip()}

    def _about(self, row: int, field: str) -> dict[str, object]:
        """Return the state of a field in the review, and its decisions."""
        k = self._items.place(row, field)
        if k is None:
            return {"k": None}
        standing = self._items.standing(k)
        latest = standing.decisions[-1] if standing else None
        other, own = self._items.others[k], self._items.values[k]
        about: dict[str, object] = {
            "k": k,
            "state": self._items.states[k],
            "said": standing.value if standing else None,
            "versions": [
                {"who": d.who, "state": d.state, "value": d.value}
                for d in (standing.decisions if standing and standing.state == "disputed" else ())
            ],
            "note": latest.note if latest else "",
            "doubt": latest.doubt if latest else "",
            "reason": self._items.reasons[k],
        }
        if other is not None:
            about |= {"other": other, "other_edits": edits(other, own) if other and own else []}
        return about

    def _box(self, view: str, request: Message) -> None:
        """Write a box that was drawn, moved, removed or assigned to another field."""
        k, other, sent = self._at(request), request.get("to"), request.get("quad")
        quad = quad_of(" ".join(map(str, sent))) if isinstance(sent, list) else None
        if quad is None and sent is not None:
            return
        row, field = self._items.rows[k], self._items.fields[k]
        self._items.identify(row)
        if other:
            decision = self._items.give_box(row, field, str(other))
        else:
            decision = self._items.put_box(row, field, quad)
        self._pictures.forget(row)
        self._send(view, k, request)
        self._called(decision)

    def _tag(self, view: str, request: Message) -> None:
        row = self._items.rows[self._at(request)]
        self._items.identify(row)
        self._put_tags(view, self._tags, row, request)

    @cached_property
    def _tags(self) -> Tags:
        return Tags(self._records, self.journal, self._items.faces)

    def _check(self, view: str, request: Message) -> None:
        k, text = self._at(request), str(request.get("text", ""))
        self._tell(view, "checked", {"at": k, "text": text, "wrong": self._complaint(k, text)})

    def _answer_decision(self, view: str, k: int, request: Message) -> None:
        to_do = self._items.shown == "to do"
        following = self._items.next(k, undecided=to_do)
        if following is None and to_do:  # start again from the top
            following = self._items.next(-1, undecided=True)
        answer: dict[str, object] = {"at": k, "state": self._items.states[k], "next": following}
        answer |= {"token": request.get("token"), "progress": self._items.progress()}
        self._tell(view, "decided", answer)
        shown = following if request.get("go") and following is not None else k
        self._send(view, shown, request)

    def _called(self, decision: Decision | None) -> None:
        if decision is not None:
            for call in self._listeners:
                call(decision)

    def _undo(self, view: str, request: Message) -> None:
        undone = self._undone(view)
        if undone is None:
            return
        field, k = undone
        if k is not None:
            self._pictures.forget(self._items.rows[k])
        self.__dict__.pop("_tags", None)
        answer = {"at": k, "field": field, "progress": self._items.progress()}
        self._tell(view, "undone", answer)
        if k is not None:  # with its pictures, since the undone decision may be a box
            self._send(view, k, {**request, "have": []})


def review(
    frame: pd.DataFrame,
    journal: str | PathLike[str] | Journal = "review.jsonl",
    *,
    truth: Table | None = None,
    order: Order = "gain",
    audit: float = 0.1,
    seed: int = 0,
    fields: Sequence[str] | None = None,
    queue: pd.DataFrame | None = None,
    other: pd.DataFrame | None = None,
    checks: Mapping[str, Check | None] | None = None,
    who: str | None = None,
    on: str | None = None,
    height: int = 720,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    fetch: Fetch = Fetch(),  # noqa: B008 - frozen
) -> Reviewer:
    """Confirm and correct a flat frame in the notebook, field by field, with the keyboard.

    Every decision is written to disk before the next field is shown: if the kernel, the server or
    the browser dies, only text that was not yet entered is lost.  Opening the same journal again
    continues the review, and decisions of earlier sessions can be undone.  A value does not count
    as reviewed until a person has confirmed it.

    Parameters
    ----------
    frame
        A flat frame; it is not changed.
    journal
        An open journal, or the file that decisions are appended to.  A new file is created with
        mode 0600.
    truth
        Labels, or the path of their CSV file, paired as by `cvocr_lab.score`.  They are shown and
        can be selected as values; values that differ come first in the queue.
    order, audit, seed, fields
        See `cvocr_lab.views.review_queue`.
    queue
        A queue to use instead, such as the result of `cvocr_lab.cleaning.suggestions`, with the
        columns `row` (position in `frame`) and `field`, and optionally `reason`, `chance` and
        `after` (a value that can be selected).
    other
        The flat frame of a second engine for the same inputs, whose values can be selected; it
        replaces the values of the queue.
    checks
        For some fields, a function to use instead of the check of the field type: it takes a value
        and returns what is wrong with it, or "".  None means no check.  A value that fails its
        check can be saved with Ctrl+Enter, and is marked in its decision.
    who
        The author of the decisions; None for the login name.
    on, height, limits, fetch
        See `cvocr_lab.view`.

    Raises
    ------
    ArgumentError
        `frame` is not a flat frame, or an argument is invalid.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> paper = {"image": "a.jpg", "id": "001090000001", "name": "TRẦN AN"}
    >>> frame = pd.DataFrame([paper])
    >>> with TemporaryDirectory() as folder:
    ...     review(frame, f"{folder}/review.jsonl", fields=["id", "name"])
    Reviewer of 2 fields, 2 to do, journal review.jsonl; run the cell
    """
    records = pictured(frame)
    overlay = None if truth is None else TruthOverlay(records, truth, on=on)
    opened = journal if isinstance(journal, Journal) else Journal(journal, who=who)
    if queue is None:
        queue = review_queue(
            records.frame, truth=truth, order=order, audit=audit, seed=seed, fields=fields, on=on
        )
    elif other is None and "after" in queue:
        other = cleaning.suggested(records.frame, queue).assign(ocr_engine="suggestions")
    second = None if other is None else _second_engine(records, other)
    items = Items(records, queue, opened, second=second)
    pictures = Pictures(limits=limits, fetch=fetch)
    return Reviewer(pictures, items, overlay=overlay, checks=checks or {}, height=height)


def _second_engine(records: Records, other: pd.DataFrame) -> pd.DataFrame:
    """Return the other engine's values for the rows of the frame, and its name in `attrs`."""
    values = truth_by_row(records, Truth(other, records))
    if len(records) and (values["row"] < 0).all():
        raise ArgumentError("the two frames have no row in common: check their indexes")
    engines = Records(other).engines.tolist()
    values.attrs["engine"] = next(filter(None, engines), "other")
    return values
