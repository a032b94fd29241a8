"""The journal's identifiers of the rows of a flat frame."""

from __future__ import annotations

import pandas as pd

from cvocr_lab import images
from cvocr_lab.errors import CvocrError
from cvocr_lab.frames import Records
from cvocr_lab.journal.decision import Item, plain_label


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
