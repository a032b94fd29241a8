"""PaddleOCR's ``Label.txt`` as PPOCRLabel writes it: one line per picture, one box per text."""

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
    regions_of,
    values_of,
    with_about,
)
from cvocr_lab.files import replacing_text
from cvocr_lab.frames import UNREADABLE
from cvocr_lab.results import Document
from cvocr_lab.text import nfc

_PLACEHOLDERS: Final = ("", "TEMPORARY", "待识别")
"""Placeholders of PPOCRLabel, in two languages, for boxes without a transcription."""


def to_paddle(
    frame: pd.DataFrame,
    path: str | PathLike[str],
    *,
    folders: bool = True,
    prefix: str = "",
) -> None:
    """Write a flat frame as PaddleOCR's ``Label.txt``.

    Each line is a picture's path, a tab, and a list of boxes: the text, four corners, whether it
    is ``difficult`` (``###``, unreadable), and the field as ``key_cls``.  PaddleOCR ignores
    further keys: type, side and face of the paper stand in each box, and what else the reading
    says of the paper (``ocr_valid``, warnings, corners …) as ``reading`` in its first box.

    Parameters
    ----------
    frame
        A flat frame.
    path
        The file; it holds people's data and is readable by you alone.
    folders
        Whether paths keep their folders; False writes the bare names of the files.
    prefix
        Put before each path: PPOCRLabel wants ``folder/name.jpg``.

    Raises
    ------
    ArgumentError
        `frame` is no flat frame, or holds pictures instead of paths.

    Warns
    -----
    LeftOutWarning
        Values without a place, which the format cannot hold.
    """
    homeless = 0
    # A picture has one line; where several rows read it, the first wins.
    lines: dict[str, list[dict[str, object]]] = {}
    for source, papers in groupby(papers_of(frame), key=lambda paper: paper.source):
        boxes: list[dict[str, object]] = []
        for paper in papers:
            if paper.document is None:
                continue
            own = [_box(region, paper) for region in regions_of(paper.document) if region.quad]
            homeless += len(paper.document.fields) - len(own)
            if own and (said := about(paper.document)):
                own[0]["reading"] = said
            boxes += own
        lines.setdefault(source if folders else bare_name(source), boxes)
    with replacing_text(path) as file:
        for source, boxes in lines.items():
            if any(c in source for c in "\t\n\r"):
                raise ArgumentError("a path with a tab or a line break cannot stand in Label.txt")
            file.write(f"{prefix}{source}\t{json.dumps(boxes, ensure_ascii=False)}\n")
    if homeless:
        text = f"{homeless} values without a place were left out: Label.txt holds boxes only"
        warnings.warn(text, LeftOutWarning, stacklevel=caller_stacklevel())


def from_paddle(
    path: str | PathLike[str],
    *,
    prefix: str = "",
    column: str = "image",
    outside: bool = False,
) -> pd.DataFrame:
    """Read PaddleOCR's ``Label.txt`` into a flat frame, labelled from 0.

    Boxes of one ``key_cls`` are the lines of one field; boxes without one (or with ``None``, as
    PPOCRLabel writes) are lines of ``text``.  A box that is ``difficult``, or still has the
    placeholder that PPOCRLabel writes, is unreadable: ``###``, which scoring knows.

    Parameters
    ----------
    path
        The file.
    prefix
        Taken off each path that begins with it.
    column
        What to call the column of paths.
    outside
        Whether pictures outside the folder of the file are allowed: absolute paths, ``..``.

    Raises
    ------
    ArgumentError
        A line is not in the format, the message gives its number; or a picture is outside.
    """
    papers: list[Paper] = []
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
            papers += _papers(len(papers), source, json.loads(boxes))
        except ArgumentError:
            raise
        except MALFORMED:
            raise ArgumentError(
                f"{path}, line {number}: not a path, a tab and a list of boxes"
            ) from None
    labels = {source: at for at, source in enumerate(dict.fromkeys(f.source for f in papers))}
    numbered = [Paper(labels[f.source], f.source, f.document, f.nth, f.engine) for f in papers]
    return frame_of(numbered, path, column=column)


def _box(region: Region, paper: Paper) -> dict[str, object]:
    assert paper.document is not None
    assert region.quad is not None
    points = [list(region.quad[at : at + 2]) for at in range(0, 8, 2)]
    box: dict[str, object] = {
        "transcription": region.text,
        "points": points,
        "difficult": region.text == UNREADABLE,
        "key_cls": region.field,
        "type": paper.document.type,
        "side": paper.document.side,
    }
    if paper.document.page != 1:
        box["page"] = int(paper.document.page)
    if region.confidence is not None:
        box["confidence"] = region.confidence
    if paper.nth > 1:
        box["face"] = paper.nth
    return box


def _papers(at: int, source: str, boxes: list[dict[str, object]]) -> list[Paper]:
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
        document = with_about(document, said)
        papers.append(Paper(at, source, document, nth))
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
    return Region(
        _key(box),
        UNREADABLE if unread else nfc(text),
        None if confidence is None else float(str(confidence)),
        outline_quad(box["points"]),
    )
