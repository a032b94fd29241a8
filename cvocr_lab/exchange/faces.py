"""What all formats share: the faces of a flat frame with their places, and frames of them."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path, PureWindowsPath
from types import MappingProxyType

import pandas as pd

from cvocr_lab.errors import ArgumentError
from cvocr_lab.files import escaped
from cvocr_lab.frames import Reading, from_frame, restore, to_frame
from cvocr_lab.frames.flat import input_starts
from cvocr_lab.images import load
from cvocr_lab.journal.rows import source_columns
from cvocr_lab.results import Document, Extraction, FieldValue, Quad, box_quad, checked


class LeftOutWarning(UserWarning):
    """The format has no room for something; the rest was written."""


@dataclass(frozen=True, slots=True)
class Face:
    """One row of a flat frame.

    Parameters
    ----------
    label
        Its index label.
    source
        Path or URL of the picture it is in, of its own side where there are two.
    document
        What was read; None for a failed row.
    nth
        Which face of its picture, from 1.
    engine
        Who read it.
    """

    label: object
    source: str
    document: Document | None
    nth: int = 1
    engine: str = ""


def faces_of(frame: pd.DataFrame, column: str | Sequence[str] | None = None) -> list[Face]:
    """Take a flat frame apart, row by row.

    Raises
    ------
    ArgumentError
        It is no flat frame, or its source column holds pictures instead of paths.
    """
    frame = restore(frame)
    columns = source_columns(frame, column)
    readings, _ = from_frame(frame)
    sources = list(zip(*(frame[c].tolist() for c in columns), strict=True))
    faces: list[Face] = []
    at = 0
    for start, reading in zip(input_starts(frame), readings, strict=True):
        assert start == at
        found = reading.result
        documents = found.documents if isinstance(found, Extraction) else (None,)
        nth: Counter[str] = Counter()
        for document in documents:
            second = len(columns) == 2 and document is not None and document.side == "back"
            source = sources[at][1 if second else 0]
            if not isinstance(source, str | Path):
                raise ArgumentError(
                    f"column {columns[-1 if second else 0]!r} holds pictures, not paths: the "
                    "format names files; save the pictures and put their paths there"
                )
            nth[str(source)] += 1
            engine = found.engine if isinstance(found, Extraction) else reading.engine
            faces.append(Face(frame.index[at], str(source), document, nth[str(source)], engine))
            at += 1
    return faces


def frame_of(faces: Iterable[Face], *, column: str = "image") -> pd.DataFrame:
    """Put faces into a flat frame; neighbours of one label and source are one input.

    A face with neither type nor value is a row all the same.
    """
    inputs: list[tuple[object, str, str, list[Document]]] = []
    last: Face | None = None
    for face in faces:
        try:
            document = checked(Extraction((face.document or Document(""),))).documents[0]
        except ValueError as error:
            raise ArgumentError(f"the file holds what is no reading: {error}") from None
        if last and face.nth > 1 and (last.label, last.source) == (face.label, face.source):
            inputs[-1][3].append(document)
        else:
            inputs.append((face.label, face.source, face.engine, [document]))
        last = face
    labels = [label for label, *_ in inputs]
    index = pd.Index(labels) if labels else pd.RangeIndex(0)
    sources = pd.DataFrame({column: [escaped(source) for _, source, *_ in inputs]}, index=index)
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


def picture_size(source: str, base: str | PathLike[str] | None) -> tuple[int, int]:
    """Width and height of an upright picture in pixels, read from its head where that will do.

    Raises
    ------
    ImageError, FetchError
        It cannot be read.
    """
    from PIL import Image, UnidentifiedImageError

    path = Path(base or "") / source
    if path.is_file():
        try:
            with Image.open(path) as picture:
                turned = picture.getexif().get(0x0112, 1) in (5, 6, 7, 8)
                width, height = picture.size
                return (height, width) if turned else (width, height)
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
            pass  # a PDF, or a format that Pillow alone does not know
    pixels = load(source, base=None if base is None else Path(base)).pixels
    return pixels.shape[1], pixels.shape[0]


def inside(source: str, file: str | PathLike[str], *, outside: bool) -> str:
    """Give a path that an imported file names, if it stays in the folder the file came with.

    Otherwise a stranger's file could name the reader's own files, and an export would copy them.

    Parameters
    ----------
    source
        The path, or a URL.
    file
        The imported file.
    outside
        Whether every path is allowed.

    Raises
    ------
    ArgumentError
        It leads out of the folder.
    """
    if outside or re.match(r"https?://", source, re.I):
        return source
    folder = Path(file).resolve().parent
    path = Path(os.path.normpath(folder / source))
    is_foreign = PureWindowsPath(source).drive or "\\" in source or source.startswith("~")
    if is_foreign or not path.is_relative_to(folder):
        raise ArgumentError(
            f"{file} names a picture outside its own folder: say outside=True if you trust the "
            "file, or root=… or prefix=… for what stands before the paths"
        )
    return source
