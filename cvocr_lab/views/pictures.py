"""Load, resize and cache the pictures of rows for the screen."""

from __future__ import annotations

from collections import OrderedDict
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
from cvocr_lab.views.masking import masked

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
        small = None if corners is None else corners * share
        if self._mask:
            quads = [np.asarray(quad) * share for quad in record.quads.values()]
            flat = None if small is None else small.reshape(-1).tolist()
            pixels = masked(pixels, record.type, flat, [quad.tolist() for quad in quads])
        if small is None:
            return jpeg(shrunk(pixels, edge))
        return jpeg(cut(pixels, grown(small, _EDGE), width=edge, height=edge))

    def sharp(self, record: Record, edge: int) -> bytes:
        """Return the photo in a larger size, not cached; empty if it cannot be read."""
        pixels = self._pixels(record)
        return b"" if isinstance(pixels, str) else jpeg(shrunk(pixels, edge))

    def pixels(self, record: Record) -> Pixels:
        """Return the page, with personal parts covered if `mask` was set.

        A picture that cannot be read is a `RowError`.
        """
        image = load(record.source, pages=(record.page,), limits=self._limits, fetch=self._fetch)
        if self._mask:
            return masked(image.pixels, record.type, record.corners, record.quads.values())
        return image.pixels

    def _pixels(self, record: Record) -> Pixels | str:
        try:
            return self.pixels(record)
        except CvocrError as error:
            return "The picture cannot be read." if self._mask else str(error)

    def _made(self, record: Record, edge: int) -> Sheet:
        message: dict[str, object] = {
            "size": [0, 0], "photo": None, "paper": None, "paper_size": [0, 0], "paper_quads": {},
            "crops": {}, "turn": 0, "trouble": "",
        }  # fmt: skip
        pixels = self._pixels(record)
        if isinstance(pixels, str):
            return message | {"trouble": pixels}, []
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
