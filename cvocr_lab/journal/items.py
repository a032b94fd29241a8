"""The items of a flat frame, and the values of decisions: fields, boxes and tags.

A decision about a box or the tags of a row is an ordinary decision about an item with the field
``<field>_quad`` or ``ocr_tags``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import pandas as pd

from cvocr_lab import images
from cvocr_lab.errors import CvocrError
from cvocr_lab.frames import Records
from cvocr_lab.frames.columns import parse_quad
from cvocr_lab.journal.decision import Item, plain_label
from cvocr_lab.journal.fold import Standing
from cvocr_lab.kinds import FIELD_TYPES, FieldError
from cvocr_lab.results import Quad, as_quad

QUAD: Final = "_quad"
"""Suffix of the field name in decisions about a box."""

Check = Callable[[str], str]
"""A function that takes a value and returns briefly what is wrong with it, or ""."""


def frame_items(frame: pd.DataFrame | Records, *, sha256: bool | None = None) -> list[Item]:
    """Return the item of each row of a flat frame, without a field.

    `sha256` says whether to compute digests: True for all pictures, which reads every file; None
    only for pictures without a path; False for none.

    Raises ArgumentError if `frame` is not a flat frame.

    >>> frame = pd.DataFrame({"image": ["a.jpg"], "ocr_type": ["tcc_chip"], "name": ["TRẦN AN"]})
    >>> item = frame_items(frame)[0]
    >>> item.source, item.type, item.side, item.page, item.nth
    ('a.jpg', 'tcc_chip', 'front', 1, 1)
    """
    records = frame if isinstance(frame, Records) else Records(frame)
    known: dict[int, str] = {}
    items: list[Item] = []
    columns = (records.types, records.sides, records.pages, records.nths, records.inputs)
    labels = records.frame.index.tolist()
    rows = zip(labels, *(column.tolist() for column in columns), strict=True)
    for row, (label, type_name, side, page, nth, number) in enumerate(rows):
        source = records.origin(row)
        wanted = not source if sha256 is None else sha256
        if wanted and number not in known:
            known[number] = picture_digest(records, row)
        digest = known[number] if wanted else ""
        items.append(Item(source, digest, plain_label(label), type_name, side, page, nth))
    return items


def picture_digest(records: Records, row: int) -> str:
    """Return the digests of the pictures of a row's input; "" if one cannot be read."""
    try:
        return "\n".join(images.digest(picture) for picture in records.pictures(row))
    except CvocrError:
        return ""


def quad_text(quad: Sequence[float] | None) -> str:
    """Format a quad as the value of a decision; "" for None.

    >>> quad_text((10, 10, 90, 10, 90, 30, 10, 30.04))
    '10 10 90 10 90 30 10 30'
    """
    return " ".join(f"{v:.1f}".removesuffix(".0") for v in quad or ())


def quad_of(text: str | None) -> Quad | None:
    """Parse a quad from `quad_text`; None for anything else.

    >>> quad_of("10 10 90 10 90 30 10 30")
    (10.0, 10.0, 90.0, 10.0, 90.0, 30.0, 10.0, 30.0)
    """
    try:
        found = parse_quad(text)
    except ValueError:
        return None
    if found is None or len(found) != 8 or not all(map(math.isfinite, found)):
        return None
    return as_quad(zip(found[::2], found[1::2], strict=True))


def tags_of(standing: Standing) -> str | None:
    """Return the tags of a row from all people, joined by ``;``."""
    texts = [decision.value for decision in standing.decisions if decision.value]
    return ";".join(dict.fromkeys(tag for text in texts for tag in text.split(";"))) or None


def check_value(
    field: str, form: str, text: str, checks: Mapping[str, Check | None] | None = None
) -> str:
    """Return briefly what is wrong with the form of a value; "" if nothing is.

    `form` is the name of the field's type, "" for none.  An empty text, for an absent value, is
    always right.  For some fields, `checks` may have a function to use instead of the type, or
    None for no check.

    >>> check_value("id", "CITIZEN_ID", "00109000000")
    'not 12 digits'
    >>> check_value("id", "CITIZEN_ID", "00109000000", {"id": None})
    ''
    """
    if not text.strip():
        return ""
    if checks and field in checks:
        own = checks[field]
        return own(text) if own else ""
    if form not in FIELD_TYPES:
        return ""
    try:
        FIELD_TYPES[form].parse(text)
    except FieldError as error:
        message = str(error).replace(f"of the form of a {form}", "of the usual form")
        return message.replace(f"in the list of {form}", "one of the usual values")
    return ""
