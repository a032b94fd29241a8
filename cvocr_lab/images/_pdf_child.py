"""The script that `_pdf` runs in a separate process to render PDF pages.

It imports nothing of the package, so that it starts quickly.  Standard input: a line of JSON
(`pages`, `max_pages`, `max_pixels`, `dpi`, `seconds`, `memory`), then the PDF.  Standard output: a
line of JSON, then the rows of each rendered page.  Pages that are too large are only reported.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import math
import sys
from typing import Any, Final

import pypdfium2 as pdfium
from pypdfium2 import raw

_LONGEST_SIDE: Final = 14_400  # points; PDF 32000-1, annex C.2
_LARGEST_PAGE: Final = 25_000_000  # pixels; enough for a card that fills an A4 page
_FINEST: Final = 2.0  # maximum resolution of pages with fine scans, as a multiple of `dpi`
_SMALLEST_SCAN: Final = 0.05  # share of the page; smaller pictures are logos


def main() -> None:
    """Answer one request."""
    ask = json.loads(sys.stdin.buffer.readline())
    _bound(ask["memory"], ask["seconds"])
    data = sys.stdin.buffer.read()
    drawn: list[Any] = []
    try:
        told = _draw(data, ask, drawn)
    except pdfium.PdfiumError as error:
        told = {"trouble": "password" if "password" in str(error).lower() else "broken"}
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n")
    for bitmap in drawn if len(drawn) == len(told.get("sizes", ())) else ():
        sys.stdout.buffer.write(bitmap.buffer)
    sys.stdout.buffer.flush()


def _bound(memory: int, seconds: float) -> None:
    with contextlib.suppress(ImportError, AttributeError, OSError, ValueError):
        import resource

        # The parent checks the time too, but it may die.
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(seconds) + 1,) * 2)
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _draw(data: bytes, ask: dict[str, Any], drawn: list[Any]) -> dict[str, Any]:
    document = pdfium.PdfDocument(data)
    document.init_forms()  # renders the values of forms as well
    count = len(document)
    told: dict[str, Any] = {"count": count, "sizes": []}
    wanted = ask["pages"] or range(1, count + 1)
    if len(wanted) > ask["max_pages"] or not all(1 <= number <= count for number in wanted):
        return told
    left = ask["max_pixels"]
    for number in wanted:
        page = document[number - 1]
        width, height = page.get_size()
        if not (0 < width <= _LONGEST_SIDE and 0 < height <= _LONGEST_SIDE):
            return {"trouble": "size"}
        scale = _scale(page, width, height, ask["dpi"] / 72)
        size = math.ceil(width * scale), math.ceil(height * scale)
        left -= size[0] * size[1]
        if left < 0:
            told["sizes"].append((*size, 0))
            return told
        bitmap = page.render(scale=scale, rev_byteorder=True)
        told["sizes"].append((bitmap.width, bitmap.height, bitmap.stride))
        drawn.append(bitmap)
        page.close()
    return told


def _scale(page: Any, width: float, height: float, usual: float) -> float:
    area = width * height
    wanted = min(max(usual, _native(page, area)), usual * _FINEST)
    return min(wanted, math.sqrt(_LARGEST_PAGE / area))


def _native(page: Any, area: float) -> float:
    """Return the highest resolution in pixels per point of the scans on a page; 0 without any."""
    finest = 0.0
    for at in range(min(raw.FPDFPage_CountObjects(page), 1000)):
        thing = raw.FPDFPage_GetObject(page, at)
        if raw.FPDFPageObj_GetType(thing) != raw.FPDF_PAGEOBJ_IMAGE:
            continue
        box = [ctypes.c_float() for _ in range(4)]
        size = [ctypes.c_uint() for _ in range(2)]
        if not raw.FPDFPageObj_GetBounds(thing, *box):
            continue
        if not raw.FPDFImageObj_GetImagePixelSize(thing, *size):
            continue
        left, bottom, right, top = (edge.value for edge in box)
        covered = (right - left) * (top - bottom)
        if covered > _SMALLEST_SCAN * area:
            finest = max(finest, math.sqrt(size[0].value * size[1].value / covered))
    return finest


if __name__ == "__main__":
    main()
