"""Load, resize and cache the pictures of rows for the screen."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Final

import numpy as np

from cvocr_lab.errors import CvocrError
from cvocr_lab.frames import Record
from cvocr_lab.images import Fetch, Limits, load
from cvocr_lab.images.crops import (
    Pixels,
    Points,
    corners_of,
    cut,
    fitting_size,
    grown,
    jpeg,
    load_small,
    rectification,
    rectified,
    shrunk,
)
from cvocr_lab.kinds import TYPES, Layout
from cvocr_lab.results import Quad, box_quad

_KEPT: Final = 12
"""Number of rows whose encoded pictures are cached: some megabytes."""

FIRST: Final = 1200
"""Longest side of the photo that is prepared before the size of the page is known."""

_NEARLY: Final = 0.75
"""A cached photo is used if it has at least this share of the requested size."""

_PAPER: Final = 900
_CROP: Final = (1400, 220)
_MARGIN: Final = 0.3
_EDGE: Final = 0.04
"""Margin around the paper on a thumbnail, as a share of its shorter side."""

_PERSONAL: Final = ("portrait", "qr", "barcode", "finger", "signature", "mrz")
_COVER_MARGIN: Final = 0.35
_BLOCKS: Final = 24
"""Number of blocks across a picture with unknown places; each hides a face or a line of text."""

_INK: Final = (150, 156, 164)

Sheet = tuple[dict[str, object], list[bytes]]
"""The message about a row's pictures, which refers to positions in the list of JPEG files.

`size` is that of the upright page in pixels, 0 if it could not be read; `photo` is the page, no
larger than requested; `paper` the rectified paper, if its corners are known, with `paper_size` and
the `paper_quads` on it; `crops` are those of the values.  `turn` is the clockwise rotation in
degrees, a multiple of 90, that makes the paper upright.  `trouble` says why there is no picture."""


class Pictures:
    """Load pictures and cache the last few; thread-safe.

    With `mask`, portrait, codes and values are covered.
    """

    def __init__(
        self,
        *,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        fetch: Fetch = Fetch(),  # noqa: B008 - frozen
        mask: bool = False,
    ) -> None:
        self._limits, self._fetch, self._mask = limits, fetch, mask
        self._kept: OrderedDict[int, tuple[int, Sheet]] = OrderedDict()
        self._lock = Lock()

    def kept(self, record: Record, edge: int) -> Sheet | None:
        """Return the cached pictures of a row if they are large enough, else None."""
        with self._lock:
            size, found = self._kept.get(record.row, (0, None))
            if found is None or size < _NEARLY * edge:
                return None
            self._kept.move_to_end(record.row)
            return found

    def sheet(self, record: Record, edge: int) -> Sheet:
        """Load the pictures of a row.

        `edge` is the approximate length of the longest side of the photo in pixels.
        """
        found = self.kept(record, edge)
        if found is None:
            found = self._made(record, edge)
            with self._lock:
                self._kept[record.row] = edge, found
                self._kept.move_to_end(record.row)
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
        return found

    def forget(self, row: int) -> None:
        """Remove a row from the cache, since its quads have changed."""
        with self._lock:
            self._kept.pop(row, None)

    def thumb(self, record: Record, edge: int) -> bytes:
        """Return a thumbnail of the paper, or of the page if its corners are unknown.

        A picture that cannot be read is a `RowError`.
        """
        # The paper is only a part of the page, so the page is loaded in a larger size.
        pixels, share = load_small(
            record.source, 3 * edge, page=record.page, limits=self._limits, fetch=self._fetch
        )
        corners = corners_of(record.corners)
        if self._mask:
            pixels = masked(pixels, record.type, record.corners, record.quads.values(), scale=share)
        if corners is None:
            return jpeg(shrunk(pixels, edge))
        return jpeg(cut(pixels, grown(corners * share, _EDGE), width=edge, height=edge))

    def sharp(self, record: Record, edge: int) -> bytes:
        """Return the photo in a larger size, not cached."""
        return jpeg(shrunk(self.pixels(record), edge))

    def pixels(self, record: Record) -> Pixels:
        """Return the page, with personal parts covered if `mask` was set.

        A picture that cannot be read is a `RowError`.
        """
        image = load(record.source, pages=(record.page,), limits=self._limits, fetch=self._fetch)
        if self._mask:
            return masked(image.pixels, record.type, record.corners, record.quads.values())
        return image.pixels

    def trouble(self, error: CvocrError) -> str:
        """Return why there is no picture; with `mask`, the message may identify a person."""
        return "The picture cannot be read." if self._mask else str(error)

    def _made(self, record: Record, edge: int) -> Sheet:
        message: dict[str, object] = {
            "size": [0, 0], "photo": None, "paper": None, "paper_size": [0, 0], "paper_quads": {},
            "crops": {}, "turn": 0, "trouble": "",
        }  # fmt: skip
        try:
            pixels = self.pixels(record)
        except CvocrError as error:
            return message | {"trouble": self.trouble(error)}, []
        height, width = pixels.shape[:2]
        corners = corners_of(record.corners)
        places = {f: p for f, q in record.quads.items() if (p := corners_of(q)) is not None}
        small = shrunk(pixels, edge)
        pictures = [jpeg(small)]
        message |= {"size": [width, height], "photo": 0, "turn": _turn(corners)}
        if corners is not None:
            size = fitting_size(corners, width=_PAPER, height=_PAPER)
            share = small.shape[1] / width
            # Cut from the small picture if it has enough pixels, which is much faster.
            enough = share * max(np.ptp(corners, axis=0)) >= max(size)
            source, place = (small, corners * share) if enough else (pixels, corners)
            pictures.append(jpeg(rectified(source, place, size)))
            turn = rectification(corners, size)
            on_paper = {f: _moved(points, turn) for f, points in places.items()}
            message |= {"paper": 1, "paper_size": list(size), "paper_quads": on_paper}
        if not self._mask:
            wide, tall = _CROP
            message["crops"] = {f: at for at, f in enumerate(places, len(pictures))}
            pictures += [
                jpeg(cut(pixels, grown(points, _MARGIN), width=wide, height=tall))
                for points in places.values()
            ]
        return message, pictures


def _moved(points: Points, turn: Points) -> tuple[float, ...]:
    import cv2

    moved = cv2.perspectiveTransform(points[None], np.asarray(turn, np.float64))[0]
    return tuple(round(float(v), 1) for v in moved.reshape(-1))


def _turn(corners: Points | None) -> int:
    if corners is None:
        return 0
    across = corners[1] - corners[0]
    return round(-float(np.degrees(np.arctan2(across[1], across[0]))) / 90) * 90 % 360


def masked(
    pixels: Pixels,
    type_name: str,
    corners: Sequence[float] | None,
    quads: Iterable[Sequence[float]],
    *,
    scale: float = 1.0,
) -> Pixels:
    """Return a copy of the picture with portrait, codes and values covered.

    `scale` is the size of the picture as a share of the page, whose pixels the quads are in.
    It covers the quads that were read and all personal areas in the layouts of the type.  If the
    type or the corners of the paper are unknown, the whole picture becomes coarse blocks.
    """
    import cv2

    paper = corners_of(corners)
    if paper is None or type_name not in TYPES:
        height, width = pixels.shape[:2]
        size = _BLOCKS, max(1, round(_BLOCKS * height / width))
        coarse = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        blocks = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST)
        return np.asarray(blocks, np.uint8)
    covered = np.array(pixels)
    places = [grown(p * scale, _COVER_MARGIN) for p in map(corners_of, quads) if p is not None]
    for layout in TYPES[type_name].layouts:
        target = np.reshape(box_quad(0, 0, *layout.size), (4, 2)).astype(np.float32)
        turn = cv2.getPerspectiveTransform(target, (paper * scale).astype(np.float32))
        boxes = np.reshape(_personal(layout), (-1, 4, 2)).astype(np.float64)
        places += [cv2.perspectiveTransform(box[None], turn)[0] for box in boxes]
    for place in places:
        cv2.fillPoly(covered, [np.round(place).astype(np.int32)], _INK)
    return covered


def _personal(layout: Layout) -> list[Quad]:
    boxes = [
        box_quad(p.x - 0.5, p.y - 0.5, p.x + p.width + 0.5, p.y + p.height + 0.5)
        for p in layout.pictures
        if p.role in _PERSONAL
    ]
    for slot in layout.slots:
        left = slot.value_x if slot.wrap_x is None else min(slot.value_x, slot.wrap_x)
        tall = slot.size * (1.7 + 1.45 * (slot.lines - 1))
        right = slot.value_x + slot.width
        top = slot.value_y - 1.2 * slot.size
        boxes.append(box_quad(left - 1, top, right + 1, top + tall))
    return boxes
