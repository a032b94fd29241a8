"""Runs the three nets that find papers, their corners and their lines, on onnxruntime."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from cvocr_lab.engines.local import line_finder, papers
from cvocr_lab.engines.local.corners import best_corners, smoothed
from cvocr_lab.engines.local.geometry import (
    Image,
    Matrix,
    Points,
    Quads,
    apart,
    around,
    overlap,
    rectangle,
    side_lengths,
    warp_points,
)
from cvocr_lab.engines.local.models import Model, open_model, shipped, softmax
from cvocr_lab.engines.local.papers import Outline
from cvocr_lab.images.crops import shrunk
from cvocr_lab.kinds import TYPES

_LONGEST = 1400
"""Largest side of the picture that the second net's crops are taken from, to avoid aliasing."""
MODELS = ("papers.onnx", "turns.onnx", "text.onnx")
_LEAST_SIDE = 40
"""Length of a paper's longer side, in pixels, below which it cannot be read."""
_LEAST_SHOWN = 0.45
"""Least share of a paper that must be inside the picture."""
_MOST_LOOKS, _STILL = 5, 0.012
"""How often the second net is applied at most, and the movement of the corners, as a share of the
paper's length, below which it stops."""
_SMALL, _AROUND, _SAME_PAPER = 0.55, 0.3, 0.4
"""Papers shorter than this share of the picture are searched again in a crop around them, with a
margin of this share of their length; an outline that overlaps the first by more than the third
number is the same paper."""
_DOUBTFUL, _CLEAR = -2.0, 0.0
"""Log likelihood of an outline below which the paper is searched again in other views of it, and
from which no further view is tried."""
_VIEWS = ((0.15, 0), (0.3, 1), (0.6, 2), (1.0, 3))
"""These views: margins around the outline, as shares of its length, and quarter turns."""
_TOUCHING, _MOST_SEEN = 0.15, 3
"""Overlap from which an outline found there may be of the same paper, and the number of them that
are looked at."""
_LANDSCAPE = 1.25
"""Aspect ratio from which an outline cannot be a paper standing on its short side: all papers are
landscape, and perspective never distorts them that much."""
_OVERLAP = 0.5
"""Share of the smaller of two outlines above which they are the same paper found twice."""


@dataclass(frozen=True, slots=True)
class _Picture:
    """A picture reduced by the factor `scale`, and the same smoothed."""

    small: Image
    smooth: Image
    scale: float

    @classmethod
    def of(cls, image: Image) -> _Picture:
        small = shrunk(image, _LONGEST)
        return cls(small, smoothed(small), min(1.0, _LONGEST / max(image.shape[:2])))


class FinderNets:
    """Finds papers in a picture and lines of text on a paper.

    Each net has `threads` threads; 0 for as many as there are cores.
    """

    def __init__(self, *, threads: int = 0) -> None:
        self._threads = threads

    def _model(self, number: int) -> Model:
        return open_model(shipped(MODELS[number]), self._threads)

    def outlines(self, image: Image) -> list[Outline]:
        """Return the papers of a picture, RGB ``(height, width, 3)``, the largest first."""
        picture = _Picture.of(image)
        seen: list[Outline] = []
        for rough in self._rough(picture.small):
            if max(side_lengths(rough)) < _SMALL * max(picture.small.shape):
                rough = self._closer(picture.small, rough)
            if (outline := self._outline(picture, rough)) is not None:
                seen.append(outline)
        clear = [
            self._likelier(picture, outline) if outline.score < _DOUBTFUL else outline
            for outline in _apart(seen)
        ]
        return _apart(clear)

    def _rough(self, small: Image) -> list[Points]:
        """Return rough outlines of the papers of a picture, the largest first."""
        canvas, matrix = papers.thumbnail(small)
        answer = self._model(0).run(pictures=canvas[None])[0][0]
        back = np.linalg.inv(matrix)
        return [warp_points(back, quad) for quad in papers.instances(answer)]

    def _closer(self, small: Image, rough: Points) -> Points:
        """Return the outline of a small paper as found in a crop around it."""
        part, low = around(small, rough, _AROUND * max(side_lengths(rough)))
        if not part.size:
            return rough
        seen = [quad + low for quad in self._rough(part)]
        best = max(seen, key=lambda quad: overlap(quad, rough), default=rough)
        return best if overlap(best, rough) > _SAME_PAPER else rough

    def _likelier(self, picture: _Picture, outline: Outline) -> Outline:
        """Return the likeliest outline of a paper that is also searched in other views of it."""
        first = outline
        for roughs in self._seen_again(picture.small, first.corners * picture.scale):
            seen = filter(None, (self._outline(picture, rough) for rough in roughs))
            # The page under a paper touches it too, but is hardly ever clear.
            same = [
                other
                for other in seen
                if other.score >= _CLEAR or overlap(other.corners, first.corners) > _SAME_PAPER
            ]
            outline = max((outline, *same), key=lambda other: other.score)
            if outline.score >= _CLEAR:
                break
        return outline

    def _seen_again(self, small: Image, quad: Points) -> Iterator[list[Points]]:
        """Yield, view by view, the rough outlines that may be of the same paper."""
        for margin, turns in _VIEWS:
            part, low = around(small, quad, margin * max(side_lengths(quad)))
            to_part = _turning(part.shape[1], part.shape[0], turns)
            found = self._rough(np.ascontiguousarray(np.rot90(part, turns)))
            roughs = [warp_points(to_part, rough) + low for rough in found]
            roughs.sort(key=lambda rough: -overlap(rough, quad))
            yield [rough for rough in roughs[:_MOST_SEEN] if overlap(rough, quad) > _TOUCHING]

    def near(self, image: Image, corners: Points) -> list[Outline]:
        """Return the paper whose outline is close to these corners, as a list of at most one."""
        picture = _Picture.of(image)
        outline = self._outline(picture, corners * picture.scale)
        return [] if outline is None else [outline]

    def whole(self, image: Image) -> Outline:
        """Return the frame of the picture as the outline of a paper that fills it."""
        picture = _Picture.of(image)
        frame = rectangle(picture.small.shape[1], picture.small.shape[0])
        outline = self._outline(picture, frame)
        if outline is not None:
            return outline
        return Outline(papers.long_side_first(frame) / picture.scale, 0.5, {})

    def _outline(self, picture: _Picture, rough: Points) -> Outline | None:
        """Refine a rough outline until it no longer moves; None if it is too small or outside."""
        if max(side_lengths(rough)) < _LEAST_SIDE or _shown(rough, picture.small) < _LEAST_SHOWN:
            return None
        net = self._model(1)
        quad = best = papers.long_side_first(rough)
        most = -math.inf
        for _ in range(_MOST_LOOKS):
            crop, matrix = papers.crop(picture.small, quad)
            heat, names = net.run(pictures=crop[None])
            logits = names[0]
            types = dict(zip(net.card["types"], softmax(logits[4:], (0,)).tolist(), strict=True))
            found = best_corners(quad, matrix, heat[0], _ratios(types), picture.smooth)
            if found is None:
                break
            moved = float(np.hypot(*(found[0] - quad).T).max()) / max(side_lengths(quad))
            quad, score = found
            if score > most:
                best, most = quad, score
            if moved < _STILL:
                break
        quad = best
        turns = softmax(logits[:4], (0,)).astype(float)
        across, down = side_lengths(quad)
        if across > _LANDSCAPE * down:
            turns[1::2] = 0
            turns /= turns.sum()
        turn = int(turns.argmax())
        return Outline(
            np.roll(quad, -turn, axis=0) / picture.scale, float(turns[turn]), types, most
        )

    def lines(self, image: Image, scale: float) -> Quads:
        """Return the lines of text of an upright picture, ``(n, 4, 2)`` in its pixels.

        `scale` is the factor by which the picture is scaled for the net.
        """
        height, width = image.shape[:2]
        step = line_finder.MULTIPLE
        size = [max(1, round(side * scale / step)) * step for side in (width, height)]
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        small = cv2.resize(image, size, interpolation=method)
        answer = self._model(2).run(pictures=small[None])[0][0]
        quads = line_finder.quads_of(answer)
        return quads * np.array([width / size[0], height / size[1]], np.float32)


def _ratios(types: Mapping[str, float]) -> dict[float, float]:
    """Return the aspect ratio of each layout with its probability; "" counts for every type."""
    chances: dict[float, float] = {}
    for kind in TYPES.values():
        share = (types.get(kind.name, 0.0) + types.get("", 0.0) / len(TYPES)) / len(kind.layouts)
        for layout in kind.layouts:
            ratio = round(layout.size[0] / layout.size[1], 3)
            chances[ratio] = chances.get(ratio, 0.0) + share
    return chances


def _apart(outlines: list[Outline]) -> list[Outline]:
    """Return the outlines, each of them the likeliest of its paper, in the same order."""
    likeliest = sorted(outlines, key=lambda outline: -outline.score)
    found = apart(likeliest, lambda outline: outline.corners, _OVERLAP)
    return [outline for outline in outlines if outline in found]


def _turning(width: int, height: int, turns: int) -> Matrix:
    """Return the affine map to a picture of that size from the same turned by `numpy.rot90`."""
    corner = [(0, 0), (width, 0), (width, height), (0, height)][turns]
    x, y = [((1, 0), (0, 1)), ((0, 1), (-1, 0)), ((-1, 0), (0, -1)), ((0, -1), (1, 0))][turns]
    return np.array([[x[0], y[0], corner[0]], [x[1], y[1], corner[1]], [0, 0, 1.0]])


def _shown(quad: Points, image: Image) -> float:
    """Return the share of a quadrilateral that is inside the picture."""
    frame = rectangle(image.shape[1], image.shape[0]).astype(np.float32)
    common, _ = cv2.intersectConvexConvex(cv2.convexHull(quad.astype(np.float32)), frame)
    return float(common / max(cv2.contourArea(quad.astype(np.float32)), 1e-6))


def model_files() -> tuple[Path, ...]:
    """Return the paths of the models in the package."""
    return tuple(map(shipped, MODELS))
