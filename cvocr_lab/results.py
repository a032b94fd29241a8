"""The results of engines: lines of text, values of fields, documents, and extractions.

They contain plain values and no pictures.  Coordinates are pixels of the upright (EXIF-applied)
input image, with the origin at its top left, x to the right and y down.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from operator import is_
from types import MappingProxyType
from typing import Final, SupportsFloat, SupportsIndex, TypeVar, cast

from cvocr_lab.errors import Usage

Quad = tuple[float, float, float, float, float, float, float, float]
"""Four corners ``x1 y1 x2 y2 x3 y3 x4 y4`` in pixels, clockwise from the top left of the text."""


def box_quad(xmin: float, ymin: float, xmax: float, ymax: float) -> Quad:
    """Convert an upright box to a quad.

    >>> box_quad(1, 2, 30, 10)
    (1, 2, 30, 2, 30, 10, 1, 10)
    """
    return (xmin, ymin, xmax, ymin, xmax, ymax, xmin, ymax)


def as_quad(points: Iterable[Iterable[float]]) -> Quad:
    """Convert four points to a quad, rounded to a tenth of a pixel.

    >>> as_quad([(1, 2), (30, 2), (30, 10), (1, 10)])
    (1.0, 2.0, 30.0, 2.0, 30.0, 10.0, 1.0, 10.0)
    """
    x1, y1, x2, y2, x3, y3, x4, y4 = (round(float(v), 1) for point in points for v in point)
    return (x1, y1, x2, y2, x3, y3, x4, y4)


def quad_part(quad: Quad, left: float, right: float) -> Quad:
    """Return the part of a quad between two shares of its length.

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
    """One line of text from a recogniser.

    Parameters
    ----------
    text
        NFC text; empty if nothing was legible.
    confidence
        Mean confidence of the characters, 0 to 1.
    quad
        Place of the line; None for a line that was read from a crop.
    characters
        Confidence of each character of `text`, 0 to 1; empty if unknown.
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
        Estimated probability that `text` is exactly right, 0 to 1; None if unknown.
    quad
        Place of the value; None if unknown.
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
        Document type by the name of the API: ``cmt``, ``tcc_chip``,
        ``vehicle_registration_back`` …
    side
        ``"front"``, ``"back"`` or ``""`` for papers without sides.
    fields
        Values by field name; absent fields are left out.
    page
        Page of a PDF, from 1; 1 for pictures.
    confidence
        Estimated probability that `type` is right, 0 to 1; None if unknown.
    valid
        Whether the picture is fit for use; None if this was not checked.
    invalid_code, invalid_message
        Why it is not (codes of API v2); None and "" otherwise.
    warnings
        Short codes such as ``"id:from_qr"``.
    corners
        Corners of the paper, clockwise from its top left; None if unknown.
    thumb
        The rectified crop as PNG, if it was requested; else None.
    extra
        Unknown fields of the answer, unchanged.
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
    """The answer of an engine to one request.

    Parameters
    ----------
    documents
        The papers in order of page and place; never empty for a kind that asks for documents (an
        engine that finds none raises `NoDocumentError`).
    lines
        All lines in reading order, for kind ``scan`` and for engines that return them.
    engine
        Name and version of the engine, such as ``"local 1"``.
    attempts
        Number of attempts; more than 1 only over a network.
    usage
        Tokens and cost; None if unknown.
    """

    documents: tuple[Document, ...] = ()
    lines: tuple[Line, ...] = ()
    engine: str = ""
    attempts: int = field(default=1, repr=False, compare=False)
    usage: Usage | None = field(default=None, repr=False, compare=False)


def checked(extraction: object) -> Extraction:
    r"""Check an untrusted extraction: an answer of an engine, or a row of a store.

    It is returned itself, or as a copy in which numbers of other libraries are converted to Python
    numbers, and confidences and quads that are not finite to None.

    Raises ValueError if a part has the wrong type, or a text is not valid Unicode (it contains a
    lone surrogate).  The message names the part, and never contains its value.

    >>> checked(Extraction((Document("cmt", fields={"id": FieldValue("00\ud800")}),)))
    Traceback (most recent call last):
    ...
    ValueError: field 'id': the text is not valid Unicode
    """
    if not isinstance(extraction, Extraction):
        raise ValueError("it is not an Extraction")
    documents = _each(extraction.documents, "documents", _checked_document)
    lines = _each(extraction.lines, "lines", _checked_line)
    _text(extraction.engine, "the engine's name")
    _integer(extraction.attempts, "attempts", lowest=0)
    if extraction.usage is not None and not isinstance(extraction.usage, Usage):
        raise ValueError("usage is not a Usage")
    if documents is extraction.documents and lines is extraction.lines:
        return extraction
    return replace(extraction, documents=documents, lines=lines)


def _checked_document(document: object) -> Document:
    if not isinstance(document, Document):
        raise ValueError("a document is not a Document")
    for name in ("type", "side", "invalid_message"):
        _text(getattr(document, name), name)
    _each(document.warnings, "warnings", _checked_warning)
    for key, value in _mapping(document.extra, "extra").items():
        _text(value, f"extra {_text(key, 'a name')!r}")
    given = _mapping(document.fields, "fields")
    fields = {name: _checked_value(name, value) for name, value in given.items()}
    if document.thumb is not None and not isinstance(document.thumb, bytes):
        raise ValueError("thumb is not bytes")
    same = all(map(is_, fields.values(), given.values()))
    plain: dict[str, object] = {
        "fields": given if same else MappingProxyType(fields),
        "valid": _bool(document.valid),
        "page": _integer(document.page, "page", lowest=1),
        "confidence": _share(document.confidence, "confidence"),
        "corners": _checked_quad(document.corners, "corners"),
    }
    if document.invalid_code is not None:
        plain["invalid_code"] = _integer(document.invalid_code, "invalid_code", lowest=-(2**62))
    changed = {n: v for n, v in plain.items() if v is not getattr(document, n)}
    return replace(document, **changed) if changed else document  # type: ignore[arg-type]


def _checked_value(name: object, value: object) -> FieldValue:
    if _text(name, "a name").startswith("ocr_"):
        raise ValueError(f"field {name!r}: names that begin with 'ocr_' are reserved")
    if not isinstance(value, FieldValue):
        raise ValueError(f"field {name!r} is not a FieldValue")
    try:
        _text(value.text, "the text")
        confidence = _share(value.confidence, "the confidence")
        quad = _checked_quad(value.quad, "the quad")
    except ValueError as error:
        raise ValueError(f"field {name!r}: {error}") from None
    if confidence is value.confidence and quad is value.quad:
        return value
    return FieldValue(value.text, confidence, quad)


def _checked_warning(warning: object) -> str:
    return _text(warning, "a warning")


def _checked_line(line: object) -> Line:
    if not isinstance(line, Line):
        raise ValueError("a line is not a Line")
    _text(line.text, "a line")
    quad = _checked_quad(line.quad, "the quad of a line")
    characters = _each(line.characters, "characters", _character)
    confidence = _share(line.confidence, "the confidence of a line")
    if confidence is line.confidence and quad is line.quad and characters is line.characters:
        return line
    return Line(line.text, _character(confidence), quad, characters)


_Part = TypeVar("_Part")


def _each(parts: object, what: str, check: Callable[[object], _Part]) -> tuple[_Part, ...]:
    """Check each part; return the same tuple if nothing changed."""
    if not isinstance(parts, tuple | list):
        raise ValueError(f"{what} is not a tuple")
    found = tuple(map(check, parts))
    same = isinstance(parts, tuple) and all(a is b for a, b in zip(found, parts, strict=True))
    return cast("tuple[_Part, ...]", parts) if same else found


def _mapping(value: object, what: str) -> Mapping[str, object]:
    # A read-only mapping, which most are, is recognised faster by its type.
    if type(value) is not MappingProxyType and not isinstance(value, Mapping):
        raise ValueError(f"{what} is not a mapping")
    return value


def _text(text: object, what: str) -> str:
    if not isinstance(text, str):
        raise ValueError(f"{what} is not text")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueError(f"{what} is not valid Unicode") from None
    return text


def _character(value: object) -> float:
    found = _share(value, "the confidence of a character")
    return 0.0 if found is None else found


def _share(value: object, what: str) -> float | None:
    """Convert a number to float; None if it is not finite."""
    if value is None or (type(value) is float and math.isfinite(value)):
        return value
    try:
        if isinstance(value, str | bytes):
            raise TypeError
        number = float(cast("SupportsFloat", value))
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{what} is not a number") from None
    return number if math.isfinite(number) else None


def _integer(value: object, what: str, *, lowest: int) -> int:
    if type(value) is int and lowest <= value < 2**62:
        return value
    try:
        number = int(cast("SupportsIndex", value)) if hasattr(value, "__index__") else lowest - 1
    except (TypeError, ValueError):
        number = lowest - 1
    if not lowest <= number < 2**62 or isinstance(value, bool):
        raise ValueError(f"{what} is not an integer from {lowest}")
    return number


def _bool(value: object) -> bool | None:
    if value is None:
        return None
    item = getattr(value, "item", None)  # of a numpy number
    found = item() if callable(item) else value
    if not isinstance(found, bool):
        raise ValueError("valid is neither True nor False")
    return found


_EIGHT_FLOATS: Final = (float,) * 8


def _checked_quad(quad: object, what: str) -> Quad | None:
    if quad is None:
        return None
    # Nearly all quads are right, and every answer has about ten.
    if (
        type(quad) is tuple
        and tuple(map(type, quad)) == _EIGHT_FLOATS
        and math.isfinite(math.hypot(*quad))
    ):
        return quad
    try:
        numbers = tuple(cast("Iterable[object]", quad))
    except TypeError:
        raise ValueError(f"{what} is not a quad") from None
    if len(numbers) != 8:
        raise ValueError(f"{what} does not have eight numbers")
    plain = _each(numbers, what, lambda number: _share(number, what))
    return None if None in plain else cast("Quad", plain)
