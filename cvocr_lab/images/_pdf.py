"""PDF pages -> upright RGB arrays."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from typing import Final

import numpy as np

from cvocr_lab.errors import ImageError
from cvocr_lab.images._decode import (
    Pixels,
    check_page_numbers,
    check_size,
    frozen,
    translated,
)
from cvocr_lab.images._limits import Limits

_LOCK: Final = threading.Lock()  # PDFium serves one thread at a time

_POINTS_PER_INCH: Final = 72
_LONGEST_SIDE_POINTS: Final = 14_400  # PDF 32000-1, annex C.2
_LARGEST_PAGE_PIXELS: Final = 25_000_000  # a card filling an A4 page needs no more


def decode_pdf(
    data: bytes, name: str, *, pages: Sequence[int] | None, limits: Limits
) -> tuple[Pixels, ...]:
    """Pixels of the pages of a PDF.

    Parameters
    ----------
    data
        The file.
    name
        What stands for it in messages.
    pages
        Numbers of the wanted pages, from 1; None for all.
    limits
        Its `pdf_dpi` is the resolution; pages too large for it are drawn smaller.

    Raises
    ------
    ImageError
        Broken, cut off, locked, without pages, too large.
    """
    if _is_cut_off(data):
        raise ImageError(f"PDF {name} is cut off: get a new copy")
    with _LOCK, translated(name, "PDF"):
        import pypdfium2 as pdfium

        try:
            document = pdfium.PdfDocument(data)
        except pdfium.PdfiumError as error:
            if "password" in str(error).lower():
                advice = "save a copy without one"
                raise ImageError(f"PDF {name} is locked with a password: {advice}") from error
            raise
        try:
            count = len(document)
            if not count:
                raise ImageError(f"PDF {name} has no pages: get a new copy")
            drawn: list[Pixels] = []
            before = 0
            for number in check_page_numbers(pages, count, name, limits):
                page = document[number - 1]
                try:
                    scale = _scale(page.get_size(), name, limits)
                    size = _pixel_size(page.get_size(), scale)
                    check_size(size, name, limits, before=before)
                    before += size[0] * size[1]
                    bitmap = page.render(scale=scale, rev_byteorder=True)
                    drawn.append(frozen(np.array(bitmap.to_numpy()[..., :3])))
                    bitmap.close()
                finally:
                    page.close()
            return tuple(drawn)
        finally:
            document.close()


def _scale(points: tuple[float, float], name: str, limits: Limits) -> float:
    width, height = points
    if not (0 < width <= _LONGEST_SIDE_POINTS and 0 < height <= _LONGEST_SIDE_POINTS):
        raise ImageError(f"PDF {name} has a page of impossible size: get a new copy")
    most = min(_LARGEST_PAGE_PIXELS, limits.max_pixels)
    return min(limits.pdf_dpi / _POINTS_PER_INCH, math.sqrt(most / (width * height)) * 0.999)


def _pixel_size(points: tuple[float, float], scale: float) -> tuple[int, int]:
    width, height = points
    return math.ceil(width * scale), math.ceil(height * scale)


def _is_cut_off(data: bytes) -> bool:
    # PDFium mends a file without its end and draws the half that is there.
    end = data.rfind(b"startxref")
    return end < 0 or b" obj" in data[end:]
