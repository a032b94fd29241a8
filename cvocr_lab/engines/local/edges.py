"""Measures how clearly the sides of a paper stand out from the background.

Along a true side, the colour just inside differs from the colour just outside by about the same
amount everywhere.  Along a line across a printed page or the paper itself, it does not.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from cvocr_lab.engines.local.geometry import Image

_POINTS: Final = 24
"""Number of points compared along a side, away from its ends, as corners may be round."""
_ALONG: Final = 0.07 + 0.86 * (np.arange(_POINTS) + 0.5) / _POINTS
_BESIDE: Final = 0.008
"""Distance of the compared points from the side, as a share of the paper's length."""
_NOISE: Final = 4.0
"""Spread of the colour difference that every picture has, in levels of 255."""
_EVEN: Final = 0.6
"""Ratio of the difference to its spread at which a line is equally likely to be a side or not."""
_SLOPE, _LEAST, _MOST = 1.1, -1.5, 2.0
"""The log odds grow by this factor with the logarithm of that ratio, within these bounds."""
_HIDDEN: Final = 0.1
"""Share of papers whose sides cannot be seen."""


def smoothed(image: Image) -> Image:
    """Return the picture blurred, so that single pixels have no influence."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 1.0), np.uint8)


def side_odds(image: Image, quads: NDArray[np.float64], length: float) -> NDArray[np.float64]:
    """Return the log odds that outlines run along the sides of a paper.

    Parameters
    ----------
    image
        As `smoothed` returns it, ``(height, width, 3)``.
    quads
        Outlines in pixels of the image, ``(n, 4, 2)``.
    length
        Approximate length of the paper in pixels.

    Returns
    -------
    ndarray
        ``(n,)``; sides outside the picture count as neither likely nor unlikely.
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
