"""What all formats share: the papers of a flat frame with their places, and frames of them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import IO

import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.frames import Reading, Records, to_frame
from cvocr_lab.frames.truth import refuse_numbers
from cvocr_lab.images import load
from cvocr_lab.results import Document, Extraction, FieldValue, Quad, box_quad


class LeftOutWarning(UserWarning):
    """The format has no room for something; the rest was written."""


@dataclass(frozen=True, slots=True)
class Paper:
    """One row of a flat frame, as another tool knows it.

    Parameters
    ----------
    label
        Its index label.
    source
        Path or URL of its picture.
    document
        What was read; None for a failed row.
    nth
        Which paper of its picture, from 1.
    engine
        Who read it.
    """

    label: object
    source: str
    document: Document | None
    nth: int = 1
    engine: str = ""


def papers_of(frame: pd.DataFrame) -> list[Paper]:
    """Take the papers out of a flat frame, row by row.

    Raises
    ------
    ArgumentError
        It is no flat frame, or holds pictures instead of paths.
    """
    records = Records(frame)
    refuse_numbers(records.frame, records.fields)
    papers: list[Paper] = []
    seen: Counter[tuple[int, str]] = Counter()
    for record in records:
        if not record.name:
            raise ArgumentError(
                f"the frame holds pictures, not paths (row {record.label!r}): the format names "
                "files; save the pictures and put their paths into column 'ocr_source'"
            )
        document = None
        if not record.error:
            fields = {
                name: FieldValue(cell.text, cell.confidence, cell.quad)
                for name, cell in record.cells.items()
                if cell.text is not None
            }
            document = Document(record.type, record.side, MappingProxyType(fields), record.page)
        key = int(records.inputs[record.row]), record.name
        seen[key] += 1
        papers.append(Paper(record.label, record.name, document, seen[key], record.engine))
    return papers


def bare_name(source: str) -> str:
    """The last part of a path or URL."""
    return source.rstrip("/").rpartition("/")[2] or source


def frame_of(papers: Iterable[Paper], *, column: str = "image") -> pd.DataFrame:
    """Put papers into a flat frame; neighbours of one label and source are one input.

    A paper with neither type nor value is a row all the same.
    """
    inputs: list[tuple[object, str, str, list[Document]]] = []
    last: Paper | None = None
    for paper in papers:
        document = paper.document or Document("")
        if last and paper.nth > 1 and (last.label, last.source) == (paper.label, paper.source):
            inputs[-1][3].append(document)
        else:
            inputs.append((paper.label, paper.source, paper.engine, [document]))
        last = paper
    labels = [label for label, *_ in inputs]
    index = pd.Index(labels) if labels else pd.RangeIndex(0)
    sources = pd.DataFrame({column: [source for _, source, *_ in inputs]}, index=index)
    readings = [
        Reading(Extraction(tuple(documents), engine=engine), engine)
        for _, _, engine, documents in inputs
    ]
    return to_frame(readings, sources)


@dataclass(frozen=True, slots=True)
class Region:
    """A text and where it stands."""

    field: str
    text: str
    confidence: float | None = None
    quad: Quad | None = None


def regions_of(document: Document) -> Iterator[Region]:
    """The values of a face, those of its fields in order."""
    for field, value in document.fields.items():
        yield Region(field, value.text, value.confidence, value.quad)


def values_of(regions: Iterable[Region]) -> Mapping[str, FieldValue]:
    """Make values of regions: those of one field are its lines, joined in the order given.

    A joined value has the least of the confidences, and the upright box around the quads.
    """
    of_field: dict[str, list[Region]] = {}
    for region in regions:
        if region.text.strip():
            of_field.setdefault(region.field, []).append(region)
    values = {}
    for field, lines in of_field.items():
        text = ("\n" if field == "text" else " ").join(line.text for line in lines)
        known = [line.confidence for line in lines]
        confidence = None if None in known else min(k for k in known if k is not None)
        quads = [line.quad for line in lines if line.quad]
        values[field] = FieldValue(text, confidence, _around(quads))
    return MappingProxyType(values)


def _around(quads: Sequence[Quad]) -> Quad | None:
    if len(quads) < 2:
        return quads[0] if quads else None
    xs = [x for quad in quads for x in quad[::2]]
    ys = [y for quad in quads for y in quad[1::2]]
    return box_quad(min(xs), min(ys), max(xs), max(ys))


def picture_size(source: str) -> tuple[int, int]:
    """Width and height of an upright picture in pixels, read from its head where that will do.

    Raises
    ------
    ImageError, FetchError
        It cannot be read.
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


def create(path: str | PathLike[str]) -> IO[str]:
    """Open a file for writing that only its owner may read; one that is there is replaced."""
    Path(path).unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return open(descriptor, "w", encoding="utf-8", newline="\n")  # noqa: PTH123 - a descriptor
