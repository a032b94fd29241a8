"""The messages that send a row to the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cvocr_lab.frames import Cell, Record
from cvocr_lab.scoring.mistakes import edits
from cvocr_lab.views.truth_overlay import Judgement

HIDDEN: Final = "••••••"
"""Shown instead of a hidden value, independent of its length."""


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
