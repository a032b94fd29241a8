"""What a reading is: lines of text, field values, documents, and the extraction that holds them.

Every later stage takes these; they hold plain values and no pictures.  Pixel coordinates are
those of the upright (EXIF-applied) input image, origin at its top left, x to the right, y down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

Quad = tuple[float, float, float, float, float, float, float, float]
"""Four corners ``x1 y1 x2 y2 x3 y3 x4 y4``, clockwise from the text's own top left, in pixels."""


def box_quad(xmin: float, ymin: float, xmax: float, ymax: float) -> Quad:
    """The quad of an upright box.

    >>> box_quad(1, 2, 30, 10)
    (1, 2, 30, 2, 30, 10, 1, 10)
    """
    return (xmin, ymin, xmax, ymin, xmax, ymax, xmin, ymax)


def as_quad(points: Iterable[Iterable[float]]) -> Quad:
    """Four points as a quad, rounded to a tenth of a pixel.

    >>> as_quad([(1, 2), (30, 2), (30, 10), (1, 10)])
    (1.0, 2.0, 30.0, 2.0, 30.0, 10.0, 1.0, 10.0)
    """
    x1, y1, x2, y2, x3, y3, x4, y4 = (round(float(v), 1) for point in points for v in point)
    return (x1, y1, x2, y2, x3, y3, x4, y4)


def quad_part(quad: Quad, left: float, right: float) -> Quad:
    """The part of a quad between two shares of its length.

    >>> quad_part((0, 0, 100, 0, 100, 20, 0, 20), 0.25, 0.5)
    (25.0, 0.0, 50.0, 0.0, 50.0, 20.0, 25.0, 20.0)
    """
    x0, y0, x1, y1, x2, y2, x3, y3 = quad
    tx, ty, bx, by = x1 - x0, y1 - y0, x2 - x3, y2 - y3
    return (
        x0 + left * tx, y0 + left * ty, x0 + right * tx, y0 + right * ty,
        x3 + right * bx, y3 + right * by, x3 + left * bx, y3 + left * by,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text as the recogniser read it.

    Parameters
    ----------
    text
        NFC text, never None; empty when nothing was legible.
    confidence
        Mean character confidence, 0 to 1.
    quad
        Where the line stands; None for a line that came as a crop of its own.
    characters
        Confidence of each character of `text`, 0 to 1; empty when the reader gives none.
    """

    text: str
    confidence: float
    quad: Quad | None = None
    characters: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldValue:
    """The value of one field.

    Parameters
    ----------
    text
        As printed, NFC; never empty (an absent field is left out of its document).
    confidence
        Estimated chance that `text` is exactly right, 0 to 1; None when unknown.
    quad
        Where the value stands; None when unknown.
    """

    text: str
    confidence: float | None = None
    quad: Quad | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One face of one paper.

    Parameters
    ----------
    type
        The API's word for it: ``cmt``, ``tcc_chip``, ``vehicle_registration_back`` …
    side
        ``"front"``, ``"back"`` or ``""`` for papers without sides.
    fields
        Values by field name; absent fields are not in it.
    page
        Page of a PDF, counted from 1; 1 for pictures.
    confidence
        Estimated chance that `type` is right, 0 to 1; None when unknown.
    valid
        The API's verdict on the picture; None when not judged.
    invalid_code, invalid_message
        The verdict's reason (API v2 codes); None and "" when there is none.
    warnings
        Short codes of what was noticed, e.g. ``"id:from_qr"``.
    corners
        The paper's corners, clockwise from its own top left; None when unknown.
    thumb
        The aligned crop as PNG bytes when it was asked for; else None.
    extra
        Answer fields no spec knows, kept as they came.
    """

    type: str
    side: str = ""
    fields: Mapping[str, FieldValue] = field(default_factory=lambda: MappingProxyType({}))
    page: int = 1
    confidence: float | None = None
    valid: bool | None = None
    invalid_code: int | None = None
    invalid_message: str = ""
    warnings: tuple[str, ...] = ()
    corners: Quad | None = None
    thumb: bytes | None = field(default=None, repr=False)
    extra: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Extraction:
    """What an engine found in one request.

    Parameters
    ----------
    documents
        The papers found, in reading order of page and place; never empty for a kind that asks
        for documents (an engine that finds none raises `NoDocumentError`).
    lines
        All lines in reading order, for kind ``scan`` and for engines that offer them.
    engine
        Name and version of the engine, e.g. ``"local 1"``.
    attempts
        Times it was asked for until it came; more than 1 only over a network.
    """

    documents: tuple[Document, ...] = ()
    lines: tuple[Line, ...] = ()
    engine: str = ""
    attempts: int = field(default=1, repr=False, compare=False)
