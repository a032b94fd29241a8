"""How much a paper's sides stand out from what lies around it.

Along a true side, the colour just inside differs from the colour just outside by about the same
amount everywhere.  Along a line through a printed page or through the paper itself, it does not.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from cvocr_lab.engines.local.geometry import Image

_POINTS: Final = 24
"""Points compared along a side, away from its ends: corners may be round."""
_ALONG: Final = 0.07 + 0.86 * (np.arange(_POINTS) + 0.5) / _POINTS
_BESIDE: Final = 0.008
"""Distance of the points compared from the side, as a share of the paper's length."""
_NOISE: Final = 4.0
"""Spread of the colour's difference, in levels of 255, that every picture has."""
_EVEN: Final = 0.6
"""Difference over its spread at which a line is as likely a side as not."""
_SLOPE, _LEAST, _MOST = 1.1, -1.5, 2.0
"""The logarithm of the odds grows so fast with that of the difference, between these bounds."""
_HIDDEN: Final = 0.1
"""Share of papers whose sides cannot be seen."""


def smoothed(image: Image) -> Image:
    """Return a picture in which single pixels no longer count."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 1.0), np.uint8)


def side_odds(image: Image, quads: NDArray[np.float64], length: float) -> NDArray[np.float64]:
    """Return the logarithm of the odds that outlines run along the sides of a paper.

    Parameters
    ----------
    image
        As `smoothed` returns it, ``(height, width, 3)``.
    quads
        Outlines in its pixels, ``(n, 4, 2)``.
    length
        About the paper's length in pixels.

    Returns
    -------
    ndarray
        ``(n,)``; sides beyond the picture's frame count as neither likely nor unlikely.
    """
    sides = np.roll(quads, -1, 1) - quads
    lengths = np.maximum(np.hypot(sides[..., 0], sides[..., 1]), 1e-6)[..., None]
    outwards = np.stack([sides[..., 1], -sides[..., 0]], -1) / lengths
    outwards *= max(1.5, _BESIDE * length)
    places = (quads[:, :, None] + sides[:, :, None] * _ALONG[:, None]).astype(np.float32)
    shift = outwards[:, :, None].astype(np.float32)
    outer, inner = places + shift, places - shift
    colours = [
        cv2.remap(
            image, p.reshape(len(quads), -1, 2), None, cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ).reshape(*p.shape[:3], 3).astype(np.int16)
        for p in (inner, outer)
    ]  # fmt: skip
    steps = np.sort((colours[0] - colours[1]).swapaxes(2, 3), -1)
    step = np.abs(steps[..., _POINTS // 2])
    spread = (steps[..., 3 * _POINTS // 4] - steps[..., _POINTS // 4]) / 2
    clear = (step / (1.5 * spread + _NOISE)).max(-1)
    odds = np.clip(_SLOPE * np.log((clear + 0.02) / _EVEN), _LEAST, _MOST)
    height, width = image.shape[:2]
    shown = ((outer >= 0) & (outer < (width, height))).all(-1).mean(-1)
    total = (odds * shown).sum(1)
    return np.asarray(np.logaddexp(np.log(1 - _HIDDEN) + total, np.log(_HIDDEN)))
