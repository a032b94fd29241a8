"""One picture to its lines of text: found, turned upright, read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from cvocr_lab.engines.local import orient
from cvocr_lab.engines.local.find import Finder, Image, Quads
from cvocr_lab.engines.local.recogniser import crop_line
from cvocr_lab.results import Line, as_quad
from cvocr_lab.text import plain


class Reader(Protocol):
    """Reads crops of single lines."""

    def read(self, crops: Sequence[Image]) -> list[Line]:
        """One line for each crop, RGB ``(height, width, 3)``, in order."""
        ...


def read_quads(image: Image, quads: Quads, reader: Reader, *, book: bool = False) -> list[Line]:
    """Lines read at quads that are in reading order already.

    Parameters
    ----------
    book
        Keep the quotation marks and dashes of printed books, which no paper has.
    """
    crops = [crop_line(image, as_quad(quad)) for quad in quads]
    read = reader.read(crops)
    return [
        replace(line, text=line.text if book else plain(line.text), quad=as_quad(quad))
        for line, quad in zip(read, quads, strict=True)
    ]


def read_lines(
    image: Image, finder: Finder, reader: Reader, *, book: bool = False
) -> list[tuple[float, list[Line]]]:
    """Lines of a picture by reading direction in degrees, the direction with most text first."""
    quads = find_lines(image, finder)
    if len(quads) == 0:
        return []

    def read(picture: Image, some: Quads) -> list[Line]:
        return read_quads(picture, some, reader, book=book)

    groups = []
    for along_deg, members in orient.directions(quads):
        mine = quads[members]
        angle = orient.reading_angle(image, mine, along_deg, read)
        groups.append((angle, read(image, orient.along(mine, angle))))
    return groups


def find_lines(image: Image, finder: Finder) -> Quads:
    """Quads of the lines; where they fill a small part of the picture, that part looked at again.

    A card far from the camera has letters of a few pixels once the picture is brought to size.
    """
    quads = finder.find(image)
    if len(quads) < 2:
        return quads
    height, width = image.shape[:2]
    low, high = quads.reshape(-1, 2).min(0), quads.reshape(-1, 2).max(0)
    pad = 0.08 * float((high - low).max()) + 8
    x0, y0 = np.maximum(low - pad, 0).astype(int)
    x1, y1 = np.minimum(high + pad, (width, height)).astype(int)
    if max(x1 - x0, y1 - y0) > 0.66 * max(height, width):
        return quads
    closer = finder.find(np.ascontiguousarray(image[y0:y1, x0:x1]))
    return closer + np.array([x0, y0], np.float32) if len(closer) >= len(quads) else quads
