"""`Decision`: a person's decision about one field, and its line in a journal."""

from __future__ import annotations

import json
import math
import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias, get_args

from cvocr_lab.errors import ArgumentError
from cvocr_lab.text import nfc

State = Literal[
    "untouched", "prefilled", "confirmed", "corrected", "skipped", "unreadable", "disputed"
]
STATES: Final[tuple[State, ...]] = get_args(State)
"""The states of a field in a review."""

_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 9000

REVIEWED: Final[frozenset[State]] = frozenset({"confirmed", "corrected", "unreadable"})
"""States in which a person has decided the value of the field."""

Label: TypeAlias = "str | int | float | bool | tuple[Label, ...] | None"


@dataclass(frozen=True, slots=True)
class Item:
    """The subject of a decision: one field on one face of one input.

    Parameters
    ----------
    source
        Path or URL of the picture as in the frame, those of a pair joined by a line break; "" for
        pictures in memory.
    sha256
        Digest of the picture from `cvocr_lab.images.digest`, those of a pair joined by a line
        break; "" if unknown.
    label
        Index label of the row; used to identify the input if `source` and `sha256` are unknown.
    type, side, page
        The face.  The type is not used for matching, since another engine may find another type.
    nth
        Number among several papers with the same side and page, from 1.
    field
        Name of the field, or ``ocr_type``, ``ocr_side`` for a decision about the paper itself.
    """

    source: str = ""
    sha256: str = ""
    label: Label = None
    type: str = ""
    side: str = ""
    page: int = 1
    nth: int = 1
    field: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's decision about an item; one line of a journal.

    Parameters
    ----------
    item
        The subject of the decision.
    state
        The new state of the item.
    value
        The value as printed, NFC; None if absent, and for states without a value.
    who, time
        The person, and the time (UTC).
    engine, engine_value
        The engine that had read the item, and its value; "" and None if unknown or absent.
    seconds
        Time the person spent on it; None if unknown.
    note
        Free text.
    doubt
        What the check of the field found wrong with the value, if it was saved nevertheless; else
        "".
    chance
        Probability with which the item was selected for review, 0 to 1: the audit share for an
        item drawn at random, else 1; None if unknown.
    undoes
        Id of the decision that this one undoes, or "".
    replaces
        Ids of the earlier decisions about the item that the person had seen.
    id
        Identifier, unique among all journals.
    """

    item: Item
    state: State
    value: str | None = None
    who: str = ""
    time: datetime = field(default_factory=lambda: datetime.now(UTC))
    engine: str = ""
    engine_value: str | None = None
    seconds: float | None = None
    note: str = ""
    doubt: str = ""
    chance: float | None = None
    undoes: str = ""
    replaces: tuple[str, ...] = ()
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def order(self) -> tuple[datetime, str]:
        """The sort key of decisions."""
        return self.time, self.id


_OF_ITEM: Final = tuple(f.name for f in fields(Item))
_OF_DECISION: Final = tuple(f.name for f in fields(Decision) if f.name != "item")
_NAMES: Final = (*_OF_ITEM, *_OF_DECISION)


def cells_of(decision: Decision) -> dict[str, object]:
    """Return the attributes of a decision and of its item, in the order of a journal."""
    about = {"id": decision.id, "time": decision.time, "who": decision.who}
    subject = {name: getattr(decision.item, name) for name in _OF_ITEM}
    return about | subject | {name: getattr(decision, name) for name in _OF_DECISION}


def line_of(decision: Decision) -> bytes:
    """Encode a decision as one line of JSON with a line break.

    Raises ArgumentError if a text is not valid Unicode.
    """
    time = decision.time.astimezone(UTC).isoformat(timespec="microseconds")
    cells = cells_of(decision) | {"time": time}
    try:
        return json.dumps(cells, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    except UnicodeEncodeError:
        raise ArgumentError(
            "the decision contains text that is not valid Unicode (a lone surrogate): correct it"
        ) from None


def decision_of(line: bytes) -> Decision:
    """Decode one line of a journal; unknown keys are ignored.

    Raises ValueError if the line is not a decision.
    """
    text = line.decode()
    cells = json.loads(text)
    if not isinstance(cells, dict) or cells.get("state") not in STATES:
        raise ValueError("a decision is an object with a state")
    if not cells.get("id") or not cells.get("time"):
        raise ValueError("a decision has an id and a time")
    if "\\u" in text:  # the only way to write a lone surrogate, which is not valid in files
        json.dumps(cells, ensure_ascii=False).encode()
    read = {name: _READERS.get(name, _text)(cells[name]) for name in _NAMES if name in cells}
    item = Item(**{name: read.pop(name) for name in _OF_ITEM if name in read})
    return Decision(item, **read)


def plain_label(label: object) -> Label:
    """Convert an index label for JSON: numbers and texts are kept, others become text.

    >>> import pandas as pd
    >>> plain_label(pd.Timestamp("2026-01-02")), plain_label(("a", 1))
    ('2026-01-02 00:00:00', ('a', 1))
    """
    if isinstance(label, tuple | list):
        return tuple(plain_label(part) for part in label)
    # numpy scalars convert themselves to Python numbers.
    item = getattr(label, "item", None)
    if callable(item) and getattr(label, "ndim", None) == 0:
        label = item()
    if isinstance(label, float) and not math.isfinite(label):
        return None
    if isinstance(label, int) and abs(label) >= 2**63:
        return None
    if label is None or isinstance(label, str | int | float):
        return label
    return str(label)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("not a text")
    return value


def _time(value: object) -> datetime:
    """Parse a time with its zone, and convert it to UTC.

    Years far in the future are refused, because later decisions need a later time.
    """
    time = datetime.fromisoformat(_text(value))
    if time.tzinfo is None or not _FIRST_YEAR <= time.year < _LAST_YEAR:
        raise ValueError("the time has no zone, or an impossible year")
    return time.astimezone(UTC)


def _ids(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError("not a list")
    return tuple(map(_text, value))


def _value(value: object) -> str | None:
    return None if value is None else nfc(_text(value)) or None


def _count(value: object) -> int:
    if not isinstance(value, int) or not 1 <= value < 2**53:
        raise ValueError("not a number from 1")
    return value


def _float(value: object) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
        raise ValueError("not a finite number")
    return float(value)


_READERS: Final[Mapping[str, Callable[[object], Any]]] = {
    "label": plain_label, "page": _count, "nth": _count, "time": _time, "value": _value,
    "engine_value": _value, "seconds": _float, "chance": _float, "replaces": _ids,
}  # fmt: skip
"""How the attributes of decisions are read that are not plain texts."""
