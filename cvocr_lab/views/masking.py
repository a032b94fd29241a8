"""Cover the personal parts of a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from cvocr_lab.images.crops import Pixels, Points, corners_of, grown
from cvocr_lab.kinds import TYPES, Layout

_PERSONAL: Final = ("portrait", "qr", "barcode", "finger", "signature", "mrz")
_MARGIN: Final = 0.35
_BLOCKS: Final = 24
"""Number of blocks across a picture with unknown places; each hides a face or a line of text."""

_INK: Final = (150, 156, 164)


def masked(
    pixels: Pixels,
    type_name: str,
    corners: Sequence[float] | None,
    quads: Iterable[Sequence[float]],
) -> Pixels:
    """Return a copy of the picture with portrait, codes and values covered.

    It covers the quads that were read and all personal areas in the layouts of the type.  If the
    type or the corners of the paper are unknown, the whole picture becomes coarse blocks.
    """
    import cv2

    paper = corners_of(corners)
    if paper is None or type_name not in TYPES:
        return _blocks(pixels)
    covered = np.array(pixels)
    places = [grown(p, _MARGIN) for p in map(corners_of, quads) if p is not None]
    for layout in TYPES[type_name].layouts:
        target = np.asarray(_box(0, 0, *layout.size), np.float32)
        turn = cv2.getPerspectiveTransform(target, paper.astype(np.float32))
        places += [
            cv2.perspectiveTransform(box[None].astype(np.float64), turn)[0]
            for box in _personal(layout)
        ]
    for place in places:
        cv2.fillPoly(covered, [np.round(place).astype(np.int32)], _INK)
    return covered


def _personal(layout: Layout) -> list[Points]:
    boxes = [
        _box(p.x - 0.5, p.y - 0.5, p.width + 1, p.height + 1)
        for p in layout.pictures
        if p.role in _PERSONAL
    ]
    for slot in layout.slots:
        left = slot.value_x if slot.wrap_x is None else min(slot.value_x, slot.wrap_x)
        tall = slot.size * (1.7 + 1.45 * (slot.lines - 1))
        right = slot.value_x + slot.width
        boxes.append(_box(left - 1, slot.value_y - 1.2 * slot.size, right - left + 2, tall))
    return boxes


def _box(x: float, y: float, width: float, height: float) -> Points:
    return np.asarray([[x, y], [x + width, y], [x + width, y + height], [x, y + height]])


def _blocks(pixels: Pixels) -> Pixels:
    import cv2

    height, width = pixels.shape[:2]
    size = _BLOCKS, max(1, round(_BLOCKS * height / width))
    coarse = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return np.asarray(
        cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8
    )
