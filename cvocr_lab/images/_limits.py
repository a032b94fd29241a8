"""How large a picture may be, before anything is decoded."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from cvocr_lab.errors import ArgumentError


def changed_fields(settings: Any) -> str:
    """Write a dataclass of settings with those that are not as usual, so signatures stay short.

    >>> Limits(), Limits(min_side=20)
    (Limits(), Limits(min_side=20))
    """
    values = ((f.name, getattr(settings, f.name), f.default) for f in fields(settings))
    changed = [f"{name}={value!r}" for name, value, usual in values if value != usual]
    return f"{type(settings).__name__}({', '.join(changed)})"


@dataclass(frozen=True, slots=True)
class Limits:
    """What is refused as too large or too small.

    Parameters
    ----------
    max_bytes
        Size of the encoded file.
    max_pixels
        Pixels of all pages together; a picture is judged by its header, before decoding.
        Pillow's own limit (``2 * PIL.Image.MAX_IMAGE_PIXELS`` a page) holds as well.
    min_side
        Shortest side in pixels; below it there is nothing to read.
    max_pages
        Pages of one PDF or TIFF that are loaded at once.
    pdf_dpi
        Usual resolution of PDF pages, in dots per inch: scans that hold more are drawn at up
        to twice that, pages too large for it at less.
    pdf_s
        Seconds that drawing a PDF may take.
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
        for name in ("max_bytes", "max_pixels", "min_side", "max_pages", "pdf_dpi", "pdf_s"):
            if not getattr(self, name) > 0:
                raise ArgumentError(f"Limits.{name} is {getattr(self, name)!r}: give more than 0")
