"""Convert a flat frame to papers with regions and back, for all formats."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path, PureWindowsPath
from types import MappingProxyType
from typing import Final

import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.files import escaped
from cvocr_lab.frames import REVIEWED_COLUMN, UNREADABLE, Reading, Records, documents_of, to_frame
from cvocr_lab.frames.truth import refuse_numbers
from cvocr_lab.images import load
from cvocr_lab.journal import REVIEWED
from cvocr_lab.results import Document, Extraction, FieldValue, Quad, box_quad, checked
from cvocr_lab.store.codec import as_json

_ABOUT: Final = (
    "confidence", "valid", "invalid_code", "invalid_message", "warnings", "corners", "extra",
)  # fmt: skip
"""Attributes of a document as a whole, other than type, side and page."""


MALFORMED: Final = (
    ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError,
)  # fmt: skip
"""Exceptions that JSON of an unexpected shape can cause."""


class LeftOutWarning(UserWarning):
    """Some data was left out, because the format cannot represent it."""


@dataclass(frozen=True, slots=True)
class Paper:
    """One row of a flat frame, as it is exchanged with other tools."""

    label: object
    source: str
    document: Document | None
    """What was read; None for a failed row."""

    nth: int = 1
    """Number among the papers of its picture, from 1."""

    engine: str = ""
    reviewed: frozenset[str] = frozenset()
    """The fields that a person has confirmed, corrected or marked as unreadable."""


def papers_of(frame: pd.DataFrame) -> list[Paper]:
    """Return the papers of a flat frame, one per row.

    Raises ArgumentError if it is not a flat frame, or contains pictures instead of paths.
    """
    records = Records(frame)
    refuse_numbers(records.frame, records.fields)
    papers: list[Paper] = []
    seen: Counter[tuple[int, str]] = Counter()
    reviewed = records.texts(REVIEWED_COLUMN).tolist()
    for row, face in enumerate(documents_of(frame)):
        label, source = records.frame.index[row], records.source(row)
        if not isinstance(source, str | Path) or not source:
            raise ArgumentError(
                f"the frame contains pictures, not paths (row {label!r}), but the format needs "
                "files: save the pictures, and put their paths into column 'ocr_source'"
            )
        page = int(records.pages[row])
        face = replace(face, type=records.types[row], side=records.sides[row], page=page)
        document = None if records.failed[row] else face
        key = int(records.inputs[row]), str(source)
        seen[key] += 1
        states = (part.rpartition(":") for part in reviewed[row].split(";"))
        by_person = frozenset(field for field, _, state in states if state in REVIEWED)
        papers.append(Paper(label, key[1], document, seen[key], records.engines[row], by_person))
    return papers


def about(document: Document) -> dict[str, object]:
    """Return the attributes of the paper as a whole for JSON; the inverse of `with_about`.

    >>> about(Document("cmt", valid=False, warnings=("blurred",)))
    {'valid': False, 'warnings': ('blurred',)}
    """
    return {name: value for name, value in as_json(document).items() if name in _ABOUT}


def with_about(document: Document, said: object) -> Document:
    """Return the document with the attributes from `about`; they are checked later."""
    if not isinstance(said, Mapping):
        return document
    found = {name: said[name] for name in _ABOUT if name in said}
    for name in ("warnings", "corners"):
        if isinstance(found.get(name), list):
            found[name] = tuple(found[name])
    return replace(document, **found)


def bare_name(source: str) -> str:
    """Return the last part of a path or URL."""
    return source.rstrip("/").rpartition("/")[2] or source


def frame_of(
    papers: Iterable[Paper], name: str | PathLike[str], *, column: str = "image"
) -> pd.DataFrame:
    """Build a flat frame from papers; consecutive papers with one label and source are one input.

    A paper without type and values is a row as well.
    """
    inputs: list[list[Paper]] = []
    for paper in papers:
        last = inputs[-1][-1] if inputs else None
        if last and paper.nth > 1 and (last.label, last.source) == (paper.label, paper.source):
            inputs[-1].append(paper)
        else:
            inputs.append([paper])
    try:
        results = [
            checked(Extraction(tuple(paper.document or Document("") for paper in faces)))
            for faces in inputs
        ]
    except ValueError as error:
        raise ArgumentError(f"{name} contains an invalid reading: {error}") from None
    firsts = [faces[0] for faces in inputs]
    index = pd.Index([first.label for first in firsts]) if firsts else pd.RangeIndex(0)
    sources = pd.DataFrame({column: [escaped(first.source) for first in firsts]}, index=index)
    readings = map(Reading, results, (first.engine for first in firsts))
    return to_frame(readings, sources)


Region = tuple[str, FieldValue]
"""A field and a line of its value."""


def values_of(regions: Iterable[Region]) -> Mapping[str, FieldValue]:
    """Join the regions of each field, which are its lines, to values.

    A joined value has the lowest of the confidences, and the upright box around the quads.  A
    value with an unreadable line is unreadable; free text is unreadable only if all its lines are.
    """
    of_field: dict[str, list[FieldValue]] = {}
    for field, line in regions:
        if line.text.strip():
            of_field.setdefault(field, []).append(line)
    values = {}
    for field, lines in of_field.items():
        text = ("\n" if field == "text" else " ").join(line.text for line in lines)
        unread = [line.text == UNREADABLE for line in lines]
        if all(unread) or (any(unread) and field != "text"):
            text = UNREADABLE
        known = [line.confidence for line in lines]
        confidence = None if None in known else min(k for k in known if k is not None)
        quads = [line.quad for line in lines if line.quad]
        corners = [(quad[at], quad[at + 1]) for quad in quads for at in range(0, 8, 2)]
        values[field] = FieldValue(text, confidence, outline_quad(corners) if corners else None)
    return MappingProxyType(values)


def outline_quad(points: object) -> Quad:
    """Return the four corners of an outline, or the upright box around any other polygon."""
    corners = [(float(x), float(y)) for x, y in points]  # type: ignore[attr-defined]
    if len(corners) != 4:
        xs, ys = zip(*corners, strict=True)
        return box_quad(min(xs), min(ys), max(xs), max(ys))
    (x1, y1), (x2, y2), (x3, y3), (x4, y4) = corners
    return (x1, y1, x2, y2, x3, y3, x4, y4)


def picture_size(source: str) -> tuple[int, int]:
    """Return width and height of an upright picture in pixels, from its header if possible.

    Raises ImageError or FetchError if the picture cannot be read.
    """
    from PIL import Image, UnidentifiedImageError

    path = Path(source)
    if path.is_file():
        try:
            with Image.open(path) as picture:
                turned = picture.getexif().get(0x0112, 1) in (5, 6, 7, 8)
                width, height = picture.size
                return (height, width) if turned else (width, height)
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
            pass  # a PDF, or a format that Pillow alone does not know
    pixels = load(source).pixels
    return pixels.shape[1], pixels.shape[0]


def inside(source: str, file: str | PathLike[str], *, outside: bool) -> str:
    """Return a path in an imported file, if it is in the folder of this file.

    Otherwise a file from somebody else could refer to private files of the user, and an export
    would copy them.

    Raises ArgumentError if the path is outside the folder.
    """
    if outside or re.match(r"https?://", source, re.I):
        return source
    folder = Path(file).resolve().parent
    path = Path(os.path.normpath(folder / source))
    is_foreign = PureWindowsPath(source).drive or "\\" in source or source.startswith("~")
    if is_foreign or not path.is_relative_to(folder):
        raise ArgumentError(
            f"{file} refers to a picture outside its own folder: pass outside=True if you trust "
            "the file, or root=… or prefix=… to remove a prefix of the paths"
        )
    return source
