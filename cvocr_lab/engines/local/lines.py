"""Reads the lines of text of a picture: finds them, turns them upright and reads them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import cv2
import numpy as np

from cvocr_lab.engines.local import orient
from cvocr_lab.engines.local.eyes import Eyes
from cvocr_lab.engines.local.geometry import Image, Quads
from cvocr_lab.engines.local.papers import Outline
from cvocr_lab.engines.local.recogniser import crop_line
from cvocr_lab.results import Line, as_quad
from cvocr_lab.text import plain

_SURE, _LONG, _FEW = 0.7, 8, 0.6
"""A line longer than `_LONG` characters with a confidence below `_SURE` is not text if its three
most common characters make up more than the share `_FEW` of it."""


class Reader(Protocol):
    """Reads crops of single lines."""

    def read(self, crops: Sequence[Image]) -> list[Line]:
        """Return one line for each crop, RGB ``(height, width, 3)``, in order."""
        ...


def read_quads(image: Image, quads: Quads, reader: Reader, *, book: bool = False) -> list[Line]:
    """Read the lines at quads that are already in reading order.

    `book` keeps the quotation marks and dashes of printed books, which no paper has.
    """
    crops = [crop_line(image, as_quad(quad)) for quad in quads]
    return [
        replace(line, text=line.text if book else plain(line.text), quad=as_quad(quad))
        for line, quad in zip(reader.read(crops), quads, strict=True)
        if book or not _is_leader(line)
    ]


def _is_leader(line: Line) -> bool:
    """Return whether a line is dots, rules or a pattern, read with few different characters."""
    text = line.text.replace(" ", "")
    if not text:
        return True
    if line.confidence > _SURE or len(text) < _LONG:
        return False
    common = sum(count for _, count in Counter(text).most_common(3))
    return common > _FEW * len(text)


_GROW = (0.13, 0.17)
"""Margin added to a line before it is read, at top and bottom and at its ends, as a share of its
height; the recogniser was trained on slightly loose boxes."""
_SAME_LINE, _PARALLEL = 0.35, 0.97
"""Largest offset of lines that follow one another, in line heights, and the least cosine of the
angle between them."""
_LONGEST = 1600
"""Length in pixels to which pages are scaled before their lines are found; at most enlarged
twofold."""
_UPRIGHT_SHARE = 0.5
_LEVEL_DEG = 12
"""Slant up to which the lines of a page are found without turning it."""


def grown(quads: Quads) -> Quads:
    """Enlarge the quads of lines to the margins that the recogniser expects."""
    if not len(quads):
        return quads
    along, down = quads[:, 1] - quads[:, 0], quads[:, 3] - quads[:, 0]
    tall = np.maximum(np.hypot(*down.T), 1e-6)[:, None]
    along = along / np.maximum(np.hypot(*along.T), 1e-6)[:, None] * tall * _GROW[1]
    down = down * _GROW[0]
    return _parted(
        np.asarray(
            quads + np.stack([-along - down, along - down, along + down, down - along], 1),
            np.float32,
        )
    )


def _parted(quads: Quads) -> Quads:
    """Separate lines that follow one another at the middle of their overlap.

    Otherwise the first letter of the second would also be read at the end of the first.
    """
    parted = quads.copy()
    starts, ends = quads[:, [0, 3]].mean(1), quads[:, [1, 2]].mean(1)
    along = (ends - starts) / np.maximum(np.hypot(*(ends - starts).T), 1e-6)[:, None]
    tall = np.hypot(*(quads[:, 3] - quads[:, 0]).T)
    for i in range(len(quads)):
        ahead = (starts - starts[i]) @ along[i]
        over = (ends[i] - starts) @ along[i]
        beside = np.abs((starts - ends[i]) @ np.array([-along[i, 1], along[i, 0]]))
        follows = (ahead > over) & (over > 0) & (over < tall[i]) & (beside < _SAME_LINE * tall[i])
        for j in np.flatnonzero(follows & (along @ along[i] > _PARALLEL)):
            cut = along[i] * over[j] / 2
            parted[i, 1:3] -= cut
            parted[j, [0, 3]] += cut
    return parted


def read_page(image: Image, eyes: Eyes, reader: Reader) -> list[list[Line]]:
    """Read every line of a page, grouped by reading direction, the group with most text first."""
    quads = _page_lines(image, eyes)
    if not len(quads):
        return []

    def read(picture: Image, some: Quads) -> list[Line]:
        return read_quads(picture, some, reader, book=True)

    groups = []
    for along_deg, members in orient.directions(quads):
        mine = quads[members]
        angle = orient.reading_angle(image, mine, along_deg, read)
        groups.append(read(image, orient.along(mine, angle)))
    return groups


def _page_lines(image: Image, eyes: Eyes) -> Quads:
    """Find the lines of a page in any orientation by turning it until they are horizontal."""
    slant = _slant(eyes.outlines(image))
    quads = _lines_at(image, eyes, slant)
    sides = np.abs(quads[:, 1] - quads[:, 0])
    upright = (sides[:, 1] > sides[:, 0]) * np.hypot(*sides.T)
    if len(quads) and upright.sum() > _UPRIGHT_SHARE * np.hypot(*sides.T).sum():
        turned = _lines_at(image, eyes, slant + 90)
        quads = turned if len(turned) else quads
    return grown(quads)


def _slant(outlines: Sequence[Outline]) -> float:
    """Return the angle of the largest paper in degrees, or 0 if it is only a few degrees."""
    if not outlines:
        return 0.0
    across = outlines[0].corners[1] - outlines[0].corners[0]
    degrees = (math.degrees(math.atan2(across[1], across[0])) + 45) % 90 - 45
    return degrees if abs(degrees) > _LEVEL_DEG else 0.0


def _lines_at(image: Image, eyes: Eyes, degrees: float) -> Quads:
    """Find the lines after turning the page by `degrees`; return them in its own pixels."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    size = np.ceil(np.abs(matrix[:, :2]) @ (width, height) - 1e-6).astype(int)
    matrix[:, 2] += size / 2 - (width / 2, height / 2)
    scale = min(_LONGEST / max(height, width), 2.0)
    level = image
    if degrees:
        level = np.asarray(
            cv2.warpAffine(image, matrix, size.tolist(), borderMode=cv2.BORDER_REPLICATE), np.uint8
        )
    quads = eyes.lines(level, scale)
    back = cv2.invertAffineTransform(matrix)
    return np.asarray(quads @ back[:, :2].T + back[:, 2], np.float32)
