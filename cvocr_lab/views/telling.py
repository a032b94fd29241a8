"""A row as the page gets it: plain values, and its pictures beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cvocr_lab.views.faces import Face, Value
from cvocr_lab.views.judged import Judgement, edits
from cvocr_lab.views.pictures import Sheet

HIDDEN: Final = "••••••"
"""Stands for a value under `mask`, whatever its length."""


def told_face(face: Face, judgements: Mapping[str, Judgement], *, mask: bool) -> dict[str, object]:
    """Tell all of a row that does not wait for its picture.

    Parameters
    ----------
    judgements
        What a truth says of its values; fields that only the truth has are told too.
    mask
        Leave out every text that may say who it is.
    """
    values = dict(face.values)
    for name in judgements:
        values.setdefault(name, Value(name))
    return {
        "row": face.row,
        "label": "" if mask else face.label,
        "source": "" if mask else face.source,
        "title": face.title,
        "kind": face.kind,
        "side": face.side,
        "page": face.page,
        "engine": face.engine,
        "error": ("This row failed." if mask else face.error) if face.error else "",
        "warnings": list(face.warnings),
        "corners": face.shot.corners,
        "fields": [_told(v, judgements.get(name), mask) for name, v in values.items()],
    }


def _told(value: Value, judgement: Judgement | None, mask: bool) -> dict[str, object]:
    told: dict[str, object] = {
        "name": value.name,
        "caption": value.caption,
        "english": value.english,
        "value": value.text,
        "confidence": value.confidence,
        "quad": value.quad,
        "format": value.format,
    }
    if mask and value.text is not None:
        told["value"] = HIDDEN
    if judgement is not None:
        told["outcome"] = judgement.outcome
        if not mask:
            told["truth"] = judgement.truth
            if judgement.outcome in ("wrong", "missing", "invented"):
                told["edits"] = edits(judgement.truth, value.text or "")
    return told


def told_sheet(sheet: Sheet) -> tuple[dict[str, object], list[bytes]]:
    """Tell what there is of pictures; numbers stand for places in the list of bytes."""
    pictures: list[bytes] = []

    def place(picture: bytes) -> int | None:
        if not picture:
            return None
        pictures.append(picture)
        return len(pictures) - 1

    return {
        "size": [sheet.width, sheet.height],
        "photo": place(sheet.photo),
        "paper": place(sheet.paper),
        "paper_size": list(sheet.paper_size),
        "paper_quads": dict(sheet.paper_quads),
        "crops": {name: place(crop) for name, crop in sheet.crops.items()},
        "turn": sheet.turn,
        "trouble": sheet.trouble,
    }, pictures
