"""The paper's outline in the picture, for papers whose captions place too few points."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from cvocr_lab.engines.local.find import Image, Quads
from cvocr_lab.engines.local.orient import along

_LONGEST = 700
_LEAST_AREA = 0.06
_RATIO_SLACK = math.log(1.3)


def paper_corners(
    image: Image, size: tuple[float, float], *, angle_deg: float
) -> NDArray[np.float64] | None:
    """Corners of the largest four-sided outline of the paper's proportions.

    Parameters
    ----------
    size
        Width and height of the paper, any unit.
    angle_deg
        Reading direction, which tells the top left corner.

    Returns
    -------
    ndarray or None
        ``(4, 2)`` pixels, clockwise from the paper's own top left; None when there is none.
    """
    scale = min(1.0, _LONGEST / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    grey = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), (5, 5), 0)
    middle = float(np.median(grey))
    found: list[tuple[float, Quads]] = []
    for low, high in ((0.4 * middle, 0.9 * middle), (20.0, 60.0)):
        drawn = cv2.dilate(cv2.Canny(grey, low, high), np.ones((3, 3), np.uint8))
        outlines, _ = cv2.findContours(drawn, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        for outline in outlines:
            hull = cv2.convexHull(outline)
            corners = cv2.approxPolyDP(hull, 0.03 * cv2.arcLength(hull, True), True)
            area = cv2.contourArea(corners)
            if len(corners) == 4 and area > _LEAST_AREA * grey.size:
                quad = along(corners.reshape(1, 4, 2).astype(np.float32), angle_deg)
                if abs(math.log(_ratio(quad[0]) / (size[0] / size[1]))) < _RATIO_SLACK:
                    found.append((area, quad))
    if not found:
        return None
    return np.asarray(max(found, key=lambda pair: pair[0])[1][0] / scale, np.float64)


def _ratio(quad: NDArray[np.float32]) -> float:
    sides = np.hypot(*(np.roll(quad, -1, axis=0) - quad).T)
    return float((sides[0] + sides[2]) / max(sides[1] + sides[3], 1e-6))
