"""PaddleOCR's ``Label.txt``, as written by PPOCRLabel: one line per picture, one box per text."""

from __future__ import annotations

import json
import warnings
from itertools import groupby
from os import PathLike
from pathlib import Path
from typing import Final

import pandas as pd

from cvocr_lab.errors import ArgumentError, caller_stacklevel
from cvocr_lab.exchange.papers import (
    MALFORMED,
    LeftOutWarning,
    Paper,
    Region,
    about,
    bare_name,
    frame_of,
    inside,
    outline_quad,
    papers_of,
    values_of,
    with_about,
)
from cvocr_lab.files import replacing_text
from cvocr_lab.frames import UNREADABLE
from cvocr_lab.results import Document, FieldValue
from cvocr_lab.text import nfc

_PLACEHOLDERS: Final = ("", "TEMPORARY", "待识别")
"""Placeholders of PPOCRLabel, in two languages, for boxes without a transcription."""


def to_paddle(
    frame: pd.DataFrame, path: str | PathLike[str], *, folders: bool = True, prefix: str = ""
) -> None:
    """Write a flat frame as PaddleOCR's ``Label.txt``.

    Each line contains the path of a picture, a tab, and a list of boxes with the text, four
    corners, whether it is ``difficult`` (``###``, unreadable), and the field as ``key_cls``.
    Other keys are ignored by PaddleOCR: each box has the type, side and face of its paper, and
    the first box of a paper has its other attributes (``ocr_valid``, warnings, corners …) as
    ``reading``.

    Parameters
    ----------
    frame
        A flat frame.
    path
        The file, created with mode 0600, since it contains personal data.
    folders
        Whether to write paths with their folders; False writes only the file names.
    prefix
        Prefix of each path: PPOCRLabel expects ``folder/name.jpg``.

    Raises
    ------
    ArgumentError
        `frame` is not a flat frame, or contains pictures instead of paths.

    Warns
    -----
    LeftOutWarning
        Values without a quad were left out, since the format cannot represent them.
    """
    homeless = 0
    # A picture has one line; if several rows have read it, the first row is written.
    lines: dict[str, list[dict[str, object]]] = {}
    for source, papers in groupby(papers_of(frame), key=lambda paper: paper.source):
        boxes: list[dict[str, object]] = []
        for paper in papers:
            if paper.document is None:
                continue
            fields = paper.document.fields
            own = [_box(paper.document, name, paper.nth) for name in fields if fields[name].quad]
            homeless += len(fields) - len(own)
            if own and (said := about(paper.document)):
                own[0]["reading"] = said
            boxes += own
        lines.setdefault(source if folders else bare_name(source), boxes)
    with replacing_text(path) as file:
        for source, boxes in lines.items():
            if any(c in source for c in "\t\n\r"):
                raise ArgumentError("Label.txt cannot contain a path with a tab or a line break")
            file.write(f"{prefix}{source}\t{json.dumps(boxes, ensure_ascii=False)}\n")
    if homeless:
        text = f"{homeless} values without a quad were left out: Label.txt contains only boxes"
        warnings.warn(text, LeftOutWarning, stacklevel=caller_stacklevel())


def from_paddle(
    path: str | PathLike[str], *, prefix: str = "", column: str = "image", outside: bool = False
) -> pd.DataFrame:
    """Read PaddleOCR's ``Label.txt`` into a flat frame with index labels from 0.

    Boxes with the same ``key_cls`` are the lines of one field; boxes without one (or with
    ``None``, as written by PPOCRLabel) are lines of ``text``.  A box that is ``difficult``, or has
    a placeholder of PPOCRLabel as its text, is unreadable (``###``).

    Parameters
    ----------
    path
        The file.
    prefix
        Prefix that is removed from the paths.
    column
        Name of the column of paths.
    outside
        Whether pictures outside the folder of the file are allowed: absolute paths, ``..``.

    Raises
    ------
    ArgumentError
        A line does not have the format (the message contains its number), or a picture is outside
        the folder.
    """
    papers: list[Paper] = []
    labels: dict[str, int] = {}
    try:
        text = Path(path).read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise ArgumentError(f"{path} is not UTF-8 text: save it as UTF-8") from None
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            source, boxes = line.rstrip("\r").split("\t", 1)
            source = inside(source.removeprefix(prefix), path, outside=outside)
            papers += _papers(labels.setdefault(source, len(labels)), source, json.loads(boxes))
        except ArgumentError:
            raise
        except MALFORMED:
            raise ArgumentError(
                f"{path}, line {number}: not a path, a tab and a list of boxes"
            ) from None
    return frame_of(papers, path, column=column)


def _box(document: Document, field: str, nth: int) -> dict[str, object]:
    value = document.fields[field]
    quad = value.quad or ()
    box: dict[str, object] = {
        "transcription": value.text,
        "points": [quad[at : at + 2] for at in range(0, 8, 2)],
        "difficult": value.text == UNREADABLE,
        "key_cls": field,
        "type": document.type,
        "side": document.side,
    }
    if document.page != 1:
        box["page"] = document.page
    if value.confidence is not None:
        box["confidence"] = value.confidence
    if nth > 1:
        box["face"] = nth
    return box


def _papers(label: int, source: str, boxes: list[dict[str, object]]) -> list[Paper]:
    of_face: dict[int, list[dict[str, object]]] = {}
    for box in boxes:
        of_face.setdefault(int(str(box.get("face", 1))), []).append(box)
    papers = []
    for nth, (_, mine) in enumerate(sorted(of_face.items()) or [(1, [])], 1):
        first = mine[0] if mine else {}
        keyed = any(_key(box) != "text" for box in mine)
        kind = str(first.get("type", "" if keyed or not mine else "scan"))
        page = int(str(first.get("page", 1)))
        values = values_of([_region(box) for box in mine])
        document = Document(kind, str(first.get("side", "")), values, page)
        said = next((box["reading"] for box in mine if "reading" in box), None)
        papers.append(Paper(label, source, with_about(document, said), nth))
    return papers


def _key(box: dict[str, object]) -> str:
    key = box.get("key_cls")
    return "text" if key in (None, "", "None", "none") else str(key)


def _region(box: dict[str, object]) -> Region:
    text = box["transcription"]
    if not isinstance(text, str):
        raise TypeError("a transcription is a text")
    confidence = box.get("confidence")
    unread = box.get("difficult") is True or text in _PLACEHOLDERS
    return _key(box), FieldValue(
        UNREADABLE if unread else nfc(text),
        None if confidence is None else float(str(confidence)),
        outline_quad(box["points"]),
    )
