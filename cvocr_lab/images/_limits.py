"""`Limits`: the allowed sizes of pictures, checked before decoding."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from cvocr_lab.errors import ArgumentError


def changed_fields(settings: Any) -> str:
    """Format a dataclass of settings with only the changed ones, so that signatures are short.

    >>> Limits(), Limits(min_side=20)
    (Limits(), Limits(min_side=20))
    """
    values = ((f, getattr(settings, f.name)) for f in fields(settings))
    changed = [f"{f.name}={value!r}" for f, value in values if value != f.default]
    return f"{type(settings).__name__}({', '.join(changed)})"


def check_positive(settings: Any, *names: str) -> None:
    """Raise an `ArgumentError` if one of these attributes is not greater than 0."""
    for name in names:
        value = getattr(settings, name)
        if not value > 0:
            where = f"{type(settings).__name__}.{name}"
            raise ArgumentError(f"{where} must be greater than 0, not {value!r}")


@dataclass(frozen=True, slots=True)
class Limits:
    """Allowed sizes of pictures.

    Parameters
    ----------
    max_bytes
        Maximum size of the encoded file.
    max_pixels
        Maximum number of pixels of all pages together, checked with the header before decoding.
        Pillow's own limit (``2 * PIL.Image.MAX_IMAGE_PIXELS`` per page) applies as well.
    min_side
        Minimum length of the shorter side in pixels.
    max_pages
        Maximum number of pages of one PDF or TIFF.
    pdf_dpi
        Resolution at which PDF pages are rendered, in dots per inch.  Scans with a higher
        resolution are rendered at up to twice this value, very large pages at less.
    pdf_s
        Seconds that rendering a PDF may take.
    """

    max_bytes: int = 64 * 2**20
    max_pixels: int = 100_000_000
    min_side: int = 8
    max_pages: int = 20
    pdf_dpi: float = 200.0
    pdf_s: float = 20.0

    def __repr__(self) -> str:
        return changed_fields(self)

    def __post_init__(self) -> None:
        check_positive(self, *(f.name for f in fields(self)))
