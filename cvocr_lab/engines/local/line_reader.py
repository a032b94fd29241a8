"""Reads the lines of text of a picture: finds them, turns them upright and reads them.

The readers of single lines are the built-in recogniser, or Tesseract for comparison.
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from cvocr_lab.engines.local.finder_nets import FinderNets
from cvocr_lab.engines.local.geometry import Image, Quads, clockwise
from cvocr_lab.engines.local.papers import Outline
from cvocr_lab.engines.local.recogniser import Recogniser, crop_line
from cvocr_lab.errors import ArgumentError, MissingPartError, unknown
from cvocr_lab.results import Line, as_quad
from cvocr_lab.text import comparison_key, plain

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


def read_page(image: Image, nets: FinderNets, reader: Reader) -> list[list[Line]]:
    """Read every line of a page, grouped by reading direction, the group with most text first."""
    quads = _page_lines(image, nets)
    if not len(quads):
        return []

    def read(picture: Image, some: Quads) -> list[Line]:
        return read_quads(picture, some, reader, book=True)

    groups = []
    for along_deg, members in directions(quads):
        mine = quads[members]
        angle = reading_angle(image, mine, along_deg, read)
        groups.append(read(image, along(mine, angle)))
    return groups


def _page_lines(image: Image, nets: FinderNets) -> Quads:
    """Find the lines of a page in any orientation by turning it until they are horizontal."""
    slant = _slant(nets.outlines(image))
    quads = _lines_at(image, nets, slant)
    sides = np.abs(quads[:, 1] - quads[:, 0])
    upright = (sides[:, 1] > sides[:, 0]) * np.hypot(*sides.T)
    if len(quads) and upright.sum() > _UPRIGHT_SHARE * np.hypot(*sides.T).sum():
        turned = _lines_at(image, nets, slant + 90)
        quads = turned if len(turned) else quads
    return grown(quads)


def _slant(outlines: Sequence[Outline]) -> float:
    """Return the angle of the largest paper in degrees, or 0 if it is only a few degrees."""
    if not outlines:
        return 0.0
    across = outlines[0].corners[1] - outlines[0].corners[0]
    degrees = (math.degrees(math.atan2(across[1], across[0])) + 45) % 90 - 45
    return degrees if abs(degrees) > _LEVEL_DEG else 0.0


def _lines_at(image: Image, nets: FinderNets, degrees: float) -> Quads:
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
    quads = nets.lines(level, scale)
    back = cv2.invertAffineTransform(matrix)
    return np.asarray(quads @ back[:, :2].T + back[:, 2], np.float32)


def open_reader(
    reader: str | Reader = "own", *, model: str | Path | None = None, threads: int = 0
) -> Reader:
    """Return the reader of that name, or the object itself.

    An `ArgumentError` is raised if there is no reader of that name or no such model file, and a
    `MissingPartError` if the reader's optional dependency is not installed.
    """
    if not isinstance(reader, str):
        return reader
    if reader == "own":
        if model and not Path(model).is_file():
            raise ArgumentError(f"there is no recogniser model {str(model)!r}")
        return Recogniser(Path(model) if model else None, threads=threads)
    if reader == "tesseract":
        if model:
            raise ArgumentError("model= applies to the built-in recogniser, not to Tesseract")
        return TesseractReader()
    raise unknown("reader", reader, ("own", "tesseract"), more=", or pass an object")


class TesseractReader:
    """Reads lines with Tesseract's ``vie`` data, one at a time, through ``tesserocr``."""

    def __init__(self) -> None:
        try:
            import tesserocr
        except ImportError:
            raise MissingPartError(
                "tesserocr is not installed: pip install 'cvocr-lab[tesseract]' "
                "and apt-get install tesseract-ocr-vie"
            ) from None
        folders = [
            *Path("/usr/share/tesseract-ocr").glob("*/tessdata"),
            Path("/usr/share/tessdata"),
        ]
        found = next((f for f in folders if (f / "vie.traineddata").exists()), None)
        if found is None:
            raise MissingPartError(
                "Tesseract has no Vietnamese data: apt-get install tesseract-ocr-vie"
            )
        self._lock = threading.Lock()
        self._api = tesserocr.PyTessBaseAPI(path=str(found), lang="vie", psm=tesserocr.PSM.RAW_LINE)

    def read(self, crops: Sequence[Image]) -> list[Line]:
        """Return one line for each crop, RGB or grey."""
        from PIL import Image as Pillow

        lines = []
        for crop in crops:
            with self._lock:  # the API holds one picture at a time
                self._api.SetImage(Pillow.fromarray(np.ascontiguousarray(crop)))
                text = comparison_key(self._api.GetUTF8Text())
                sure = self._api.MeanTextConf() / 100
            lines.append(Line(text, sure, None, (sure,) * len(text)))
        return lines


Read = Callable[[Image, Quads], Sequence[Line]]
_PROBES = 6
_SAME_DEG = 14


def _sides(quads: Quads) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return quads[:, 1] - quads[:, 0], quads[:, 2] - quads[:, 1]


def directions(quads: Quads, *, most: int = 3) -> list[tuple[float, NDArray[np.intp]]]:
    """Group lines by the direction of their long sides, the group with most text first.

    Each group has an angle in degrees in [-90, 90), y down, and the indices of its lines.  Lines
    too short to have a direction join their nearest neighbour.
    """
    first, second = _sides(quads)
    lengths = np.stack([np.hypot(*first.T), np.hypot(*second.T)], 1)
    sides = np.where((lengths[:, 0] >= lengths[:, 1])[:, None], first, second)
    long, short = lengths.max(1), np.maximum(lengths.min(1), 1)
    angles = np.degrees(np.arctan2(sides[:, 1], sides[:, 0])) % 180
    weights = long * np.clip(long / short - 1.5, 0, 6)
    if weights.sum() <= 0:
        return [(0.0, np.arange(len(quads)))]
    free = weights > 0
    groups: list[tuple[float, NDArray[np.intp]]] = []
    while free.any() and len(groups) < most:
        votes = np.zeros(180)
        np.add.at(votes, angles[free].astype(int) % 180, weights[free])
        peak = float(np.argmax(sum(np.roll(votes, k) for k in range(-6, 7))))
        off = (angles - peak + 90) % 180 - 90
        mine = free & (np.abs(off) < _SAME_DEG)
        # A card on a printed page has only a small share of the lines.
        if groups and mine.sum() < max(4, 0.05 * len(quads)):
            break
        angle = peak + float(np.average(off[mine], weights=weights[mine])) if mine.any() else peak
        groups.append(((angle + 90) % 180 - 90, np.flatnonzero(mine)))
        free &= ~mine
    centres = quads.mean(1)
    settled = np.concatenate([members for _, members in groups])
    owner = np.concatenate([np.full(len(m), g) for g, (_, m) in enumerate(groups)])
    rest = np.setdiff1d(np.arange(len(quads)), settled)
    if len(rest) and len(settled):
        gaps = np.hypot(*(centres[rest][:, None] - centres[settled][None]).transpose(2, 0, 1))
        nearest = owner[np.argmin(gaps, 1)]
        groups = [
            (angle, np.sort(np.concatenate([members, rest[nearest == g]])))
            for g, (angle, members) in enumerate(groups)
        ]
    return groups


def along(quads: Quads, angle_deg: float) -> Quads:
    """Return the quads clockwise from the corner that is top left in the reading direction."""
    towards = np.array([math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))])
    ordered = np.empty_like(quads)
    for i, quad in enumerate(quads):
        points = clockwise(quad)
        edges = np.roll(points, -1, axis=0) - points
        dots = edges @ towards / np.maximum(np.hypot(*edges.T), 1e-6)
        ordered[i] = np.roll(points, -int(np.argmax(dots)), axis=0)
    return ordered


def reading_angle(image: Image, quads: Quads, angle_deg: float, read: Read) -> float:
    """Return the reading direction of the lines, degrees in [-180, 180).

    The long lines are read in both directions along `angle_deg`; the one with higher confidence
    wins.
    """
    ordered = along(quads, angle_deg)
    first, second = _sides(ordered)
    long, short = np.hypot(*first.T), np.maximum(np.hypot(*second.T), 1)
    shape = np.where((long / short > 3) & (long / short < 25), long * np.sqrt(short), 0.1 * long)
    probes = ordered[np.argsort(-shape)[:_PROBES]]
    upright, flipped = read(image, probes), read(image, np.roll(probes, 2, axis=1))
    if sum(map(sureness, flipped)) > sum(map(sureness, upright)):
        angle_deg += 180
    return (angle_deg + 180) % 360 - 180


def sureness(line: Line) -> float:
    """Return a score of confidence above the level of guesses, which grows with length."""
    return max(line.confidence - 0.3, 0) ** 2 * min(len(line.text), 30)
